"""What a refusal means: the reason decides, the status only where there is none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from policy.interval import Interval
from providers.base import EventDraft
from providers.errors import (
    AccessLost,
    EventExists,
    EventNotFound,
    Loss,
    PreconditionFailed,
    ProviderError,
    SyncTokenExpired,
    Unavailable,
    Unsupported,
)
from providers.google import GoogleProvider
from providers.google.reasons import BY_STATUS, MEANINGS, NO_WRITES
from tests.providers.google.acts import ACTS, ONE, READS, REF, WRITES
from tests.providers.google.answers import (
    ALIVE,
    CALENDAR,
    CALENDARS,
    EVENTS,
    LOGIN,
    Said,
    deleted,
    event,
    refused,
)
from tests.providers.google.conftest import Server

EVENT = f"{EVENTS}/{REF}"
Error = type[ProviderError]

ALL: dict[tuple[int, str], Error] = {
    (401, "authError"): AccessLost,
    (403, "rateLimitExceeded"): Unavailable,
    (403, "userRateLimitExceeded"): Unavailable,
    (403, "dailyLimitExceeded"): Unavailable,
    (403, "quotaExceeded"): Unavailable,
    (403, "insufficientPermissions"): AccessLost,
    (403, "forbidden"): AccessLost,
    (403, "requiredAccessLevel"): AccessLost,
    (403, "notACalendarUser"): AccessLost,
    (403, "domainPolicy"): AccessLost,
    (403, "forbiddenForNonOrganizer"): Unsupported,
    (403, "forbiddenForServiceAccounts"): Unsupported,
    (403, "accessNotConfigured"): Unsupported,
    (403, "somethingNew"): AccessLost,
    (403, ""): AccessLost,
    (429, "rateLimitExceeded"): Unavailable,
    (429, ""): Unavailable,
    (408, ""): Unavailable,
    (405, ""): Unavailable,
    (413, ""): Unavailable,
    (500, "backendError"): Unavailable,
    (503, ""): Unavailable,
    (504, ""): Unavailable,
    (302, ""): Unavailable,
}
"""What is so whatever was asked."""


@pytest.mark.parametrize(("pair", "error"), ALL.items(), ids=str)
@pytest.mark.parametrize("act", ACTS)
def test_what_a_refusal_means_whatever_was_asked(
    server: Server,
    provider: GoogleProvider,
    window: Interval,
    draft: EventDraft,
    act: str,
    pair: tuple[int, str],
    error: Error,
) -> None:
    server.always = refused(*pair)
    with pytest.raises(ProviderError) as caught:
        ACTS[act](provider, window, draft)
    assert type(caught.value) is error
    assert "Secret" not in str(caught.value)
    assert caught.value.status == pair[0]


@pytest.mark.parametrize(
    ("pair", "loss"),
    [
        ((401, "authError"), Loss.CREDENTIALS),
        ((403, "insufficientPermissions"), Loss.FORBIDDEN),
        ((403, "requiredAccessLevel"), Loss.FORBIDDEN),
        ((403, "domainPolicy"), Loss.FORBIDDEN),
    ],
)
def test_what_was_lost_is_named(
    server: Server,
    provider: GoogleProvider,
    window: Interval,
    draft: EventDraft,
    pair: tuple[int, str],
    loss: Loss,
) -> None:
    server.always = refused(*pair)
    for act in ACTS.values():
        with pytest.raises(AccessLost) as lost:
            act(provider, window, draft)
        assert lost.value.loss is loss


@pytest.mark.parametrize(
    ("status", "detail", "error"),
    [
        (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", AccessLost),
        (403, "RATE_LIMIT_EXCEEDED", Unavailable),
        (403, "SERVICE_DISABLED", Unsupported),
    ],
)
def test_the_newer_layers_reason_is_read_where_the_older_one_has_none(
    server: Server,
    provider: GoogleProvider,
    window: Interval,
    draft: EventDraft,
    status: int,
    detail: str,
    error: Error,
) -> None:
    for reason in ("", "unknownReason"):
        server.always = refused(status, reason, detail=detail)
        for act in ACTS.values():
            with pytest.raises(error):
                act(provider, window, draft)


def test_a_missing_permission_is_explained(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.always = refused(403, "insufficientPermissions", detail="ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    with pytest.raises(AccessLost, match="leave every box ticked"):
        provider.calendars()


@pytest.mark.parametrize("act", WRITES)
def test_too_many_invitations_stop_the_writes_for_hours(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str
) -> None:
    server.always = refused(403, "quotaExceeded")
    with pytest.raises(Unavailable) as wait:
        ACTS[act](provider, window, draft)
    assert wait.value.retry_after == NO_WRITES == timedelta(hours=6)


@pytest.mark.parametrize("act", READS)
def test_too_many_invitations_do_not_stop_the_reads(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str
) -> None:
    server.always = refused(403, "quotaExceeded")
    with pytest.raises(Unavailable) as wait:
        ACTS[act](provider, window, draft)
    assert wait.value.retry_after is None


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    "said", [refused(429, Retry_After="77"), refused(403, "rateLimitExceeded", Retry_After="77")]
)
def test_who_asks_us_to_wait_says_how_long(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str, said: Said
) -> None:
    server.always = said
    with pytest.raises(Unavailable) as wait:
        ACTS[act](provider, window, draft)
    assert wait.value.retry_after == timedelta(seconds=77)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [403, 404, 410])
@pytest.mark.parametrize("act", [name for name in ACTS if name not in {"capabilities", "calendars"}])
def test_a_page_that_forbids_or_finds_nothing_is_not_googles_word(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str, status: int
) -> None:
    server.always = Said(status, LOGIN, "text/html")
    # To give up a token is harmless: a full pass follows.
    with pytest.raises((Unavailable, SyncTokenExpired) if (act, status) == ("a delta", 410) else Unavailable):
        ACTS[act](provider, window, draft)


def test_a_page_that_finds_no_event_is_not_googles_word(server: Server, provider: GoogleProvider) -> None:
    server.say("GET", EVENT, Said(404, LOGIN, "text/html"))
    server.say("GET", EVENTS, ALIVE)
    with pytest.raises(Unavailable):
        provider.fetch(CALENDAR, REF)


# --- 400 -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "error"),
    [
        ("capabilities", Unavailable),
        ("calendars", Unavailable),
        ("busy", Unavailable),
        ("a listing", Unavailable),
        ("a delta", SyncTokenExpired),
        ("fetch", Unavailable),
        ("create", Unsupported),
        ("update", Unsupported),
        ("delete", Unsupported),
    ],
)
def test_a_bad_request_is_a_fault_of_what_was_sent(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str, error: Error
) -> None:
    server.always = refused(400, "invalid")
    with pytest.raises(ProviderError) as caught:
        ACTS[act](provider, window, draft)
    assert type(caught.value) is error
    assert len(server.asked) == 1


# --- the meanings of 410 ---------------------------------------------------------------


@pytest.mark.parametrize(
    "reason", ["fullSyncRequired", "updatedMinTooLongAgo", "deleted", "somethingNew", ""]
)
def test_a_410_of_a_delta_is_about_its_token(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, reason: str
) -> None:
    server.always = refused(410, reason)
    with pytest.raises(SyncTokenExpired):
        ACTS["a delta"](provider, window, draft)
    assert len(server.asked) == 1


@pytest.mark.parametrize("reason", ["fullSyncRequired", "updatedMinTooLongAgo"])
def test_a_410_of_a_listing_says_nothing(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, reason: str
) -> None:
    server.always = refused(410, reason)
    with pytest.raises(Unavailable):
        ACTS["a listing"](provider, window, draft)


def test_a_410_of_a_removal_says_that_it_was_done_before(server: Server, provider: GoogleProvider) -> None:
    server.say("DELETE", EVENT, refused(410, "deleted"))
    with pytest.raises(EventNotFound):
        provider.delete(CALENDAR, REF, ONE)
    assert server.methods() == ["DELETE"]


@pytest.mark.parametrize("reason", ["fullSyncRequired", ""])
def test_another_410_of_a_removal_is_looked_into(
    server: Server, provider: GoogleProvider, reason: str
) -> None:
    server.say("DELETE", EVENT, refused(410, reason))
    server.say("GET", EVENT, Said(200, event(REF)))
    with pytest.raises(Unavailable):
        provider.delete(CALENDAR, REF, ONE)


# --- 404, 409 and 412: the event's, or the calendar's ------------------------------------


@pytest.mark.parametrize("act", ["fetch", "update", "delete"])
def test_an_event_is_missing_once_its_calendar_has_answered(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str
) -> None:
    server.always = refused(404, "notFound")
    server.say("GET", EVENTS, ALIVE)
    with pytest.raises(EventNotFound) as missing:
        ACTS[act](provider, window, draft)
    assert missing.value.stamp is None
    assert server.asked[-1].url is not None
    assert "maxResults=1&" in server.asked[-1].url


@pytest.mark.parametrize("act", ["a delta", "a listing", "fetch", *WRITES])
def test_a_calendar_that_is_not_there_is_lost(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str
) -> None:
    server.always = refused(404, "notFound")
    with pytest.raises(AccessLost) as lost:
        ACTS[act](provider, window, draft)
    assert lost.value.loss is Loss.GONE


@pytest.mark.parametrize("act", ["a delta", "a listing", "create"])
def test_a_calendar_that_is_there_all_the_same_is_not_lost(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str
) -> None:
    server.always = refused(404, "notFound")
    server.say("GET", EVENTS, refused(404, "notFound"), ALIVE)
    if act == "create":
        server.say("GET", EVENTS, ALIVE)
    with pytest.raises(Unavailable):
        ACTS[act](provider, window, draft)


@pytest.mark.parametrize("act", ["fetch", "update", "delete"])
@pytest.mark.parametrize(
    "said",
    [
        Said(200, LOGIN, "text/html"),
        Said(200, {}),
        Said(200, {"kind": "calendar#event"}),
        Said(502),
        Said(302),
    ],
)
def test_only_a_calendar_that_answers_makes_an_event_missing(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str, said: Said
) -> None:
    server.always = refused(404, "notFound")
    server.say("GET", EVENTS, said)
    with pytest.raises(Unavailable):
        ACTS[act](provider, window, draft)


def test_an_address_that_is_not_googles_is_a_fault_of_configuration(
    server: Server, provider: GoogleProvider
) -> None:
    server.say("GET", CALENDARS, Said(404, "<html>no such page", "text/html"))
    for act in (provider.capabilities, provider.calendars):
        with pytest.raises(Unsupported, match="api_endpoint"):
            act()


def test_a_used_id_exists(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft
) -> None:
    server.always = refused(409, "duplicate")
    with pytest.raises(EventExists):
        ACTS["create"](provider, window, draft)
    assert server.methods() == ["POST"]


@pytest.mark.parametrize("act", ["update", "delete"])
def test_an_event_that_is_not_as_it_was(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str
) -> None:
    server.always = refused(412, "conditionNotMet")
    server.say("GET", EVENT, Said(200, event(REF)))
    with pytest.raises(PreconditionFailed):
        ACTS[act](provider, window, draft)


@pytest.mark.parametrize("act", ["update", "delete"])
def test_an_event_that_is_not_as_it_was_because_it_was_deleted(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str
) -> None:
    server.always = refused(412, "conditionNotMet")
    server.say("GET", EVENT, Said(200, deleted(REF)))
    with pytest.raises(EventNotFound) as gone:
        ACTS[act](provider, window, draft)
    assert gone.value.stamp is not None


@pytest.mark.parametrize("act", ["update", "delete"])
def test_an_event_that_is_not_as_it_was_and_cannot_be_looked_at(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str
) -> None:
    server.always = refused(412, "conditionNotMet")
    server.say("GET", EVENT, Said(503))
    with pytest.raises(PreconditionFailed):
        ACTS[act](provider, window, draft)


@pytest.mark.parametrize("act", ["update", "delete"])
@pytest.mark.parametrize("status", [404, 409, 410])
def test_an_event_that_stands_was_not_missing(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str, status: int
) -> None:
    server.always = refused(status)
    server.say("GET", EVENT, Said(200, event(REF)))
    with pytest.raises(Unavailable):
        ACTS[act](provider, window, draft)


def test_a_deleted_event_is_not_found_and_says_since_when(server: Server, provider: GoogleProvider) -> None:
    server.say("GET", EVENT, Said(200, deleted(REF)))
    with pytest.raises(EventNotFound) as gone:
        provider.fetch(CALENDAR, REF)
    assert str(gone.value.stamp) == "2026-11-21 10:00:00+00:00"


def test_every_row_of_the_table_is_tried() -> None:
    tried = {*ALL, (400, "pushNotSupportedForRequestedResource"), (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")}
    tried |= {(403, "RATE_LIMIT_EXCEEDED"), (403, "SERVICE_DISABLED"), (410, "deleted")}
    tried |= {(410, "fullSyncRequired"), (410, "updatedMinTooLongAgo")}
    assert MEANINGS.keys() <= tried
    assert BY_STATUS.keys() == {400, 401, 403, 404, 409, 410, 412, 429}
