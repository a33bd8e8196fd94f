"""One request on the wire: tried again or not, let in or not, and what is made of no answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import requests

from policy.interval import Interval
from providers.base import BusyTime, EventDraft
from providers.errors import AccessLost, Loss, ProviderError, Unavailable, Unsupported
from providers.google import GoogleProvider
from providers.google.api import LONGEST_PAUSE, TRIES
from tests.providers.google.acts import ACTS, ONE, READS, REF, WRITES
from tests.providers.google.answers import CALENDAR, EVENTS, HOST, LOGIN, PORTAL, Said, event, refused
from tests.providers.google.conftest import Server, Tokens

EVENT = f"{EVENTS}/{REF}"
NOTHING = requests.ConnectionError("the connection was cut")
PASSING: dict[str, Said | Exception] = {
    "no answer": NOTHING,
    "a 500": refused(500, "backendError"),
    "a 502 of a web page": Said(502, "<html>Error 502 (Server Error)!!1</html>", "text/html"),
    "a 503 that asks for two seconds": refused(503, Retry_After="2"),
    "a rate limit": refused(403, "rateLimitExceeded"),
    "a 429": refused(429),
}


@pytest.mark.parametrize("act", READS)
@pytest.mark.parametrize("said", PASSING)
def test_a_read_is_tried_again_in_place_and_not_for_ever(
    server: Server,
    provider: GoogleProvider,
    window: Interval,
    draft: EventDraft,
    pauses: list[timedelta],
    act: str,
    said: str,
) -> None:
    server.always = PASSING[said]
    with pytest.raises(Unavailable):
        ACTS[act](provider, window, draft)
    assert len(server.asked) == TRIES == 3
    assert len(pauses) == 2
    assert all(timedelta(0) < one <= LONGEST_PAUSE + timedelta(seconds=1) for one in pauses)


@pytest.mark.parametrize("act", WRITES)
@pytest.mark.parametrize("said", PASSING)
def test_a_write_is_sent_once(
    server: Server,
    provider: GoogleProvider,
    window: Interval,
    draft: EventDraft,
    pauses: list[timedelta],
    act: str,
    said: str,
) -> None:
    server.always = PASSING[said]
    with pytest.raises(Unavailable):
        ACTS[act](provider, window, draft)
    assert len(server.asked) == 1
    assert pauses == []


@pytest.mark.parametrize("said", PASSING)
def test_a_failure_that_passes_is_not_told(server: Server, provider: GoogleProvider, said: str) -> None:
    server.say("GET", EVENT, PASSING[said], PASSING[said], Said(200, event(REF)))
    assert provider.fetch(CALENDAR, REF).ref == REF


def test_pauses_grow_and_last_as_long_as_is_asked(
    server: Server, provider: GoogleProvider, pauses: list[timedelta]
) -> None:
    server.say("GET", EVENT, Said(503), refused(503, Retry_After="4"), Said(200, event(REF)))
    provider.fetch(CALENDAR, REF)
    assert pauses[0] < timedelta(seconds=1)
    assert timedelta(seconds=4) <= pauses[1] < LONGEST_PAUSE


@pytest.mark.parametrize("headers", [{"Retry-After": "6"}, {"Retry-After": "86400"}])
def test_who_is_asked_to_wait_longer_comes_back_another_time(
    server: Server, provider: GoogleProvider, headers: dict[str, str]
) -> None:
    server.always = Said(503, "busy", "text/plain", headers)
    with pytest.raises(Unavailable) as wait:
        provider.capabilities()
    assert wait.value.retry_after == timedelta(seconds=int(headers["Retry-After"]))
    assert len(server.asked) == 1


def test_an_answer_that_is_too_long_is_not_asked_for_again(
    server: Server, connect: Callable[..., GoogleProvider]
) -> None:
    server.always = Said(200, {"kind": "calendar#calendarList", "items": [], "etag": "x" * 5000})
    with pytest.raises(Unavailable, match="longer than 4000 bytes"):
        connect(max_body=4000).capabilities()
    assert len(server.asked) == 1


# --- access tokens --------------------------------------------------------------------


@pytest.mark.parametrize("act", ACTS)
def test_a_refused_token_is_refreshed_once(
    server: Server,
    provider: GoogleProvider,
    window: Interval,
    draft: EventDraft,
    tokens: Tokens,
    act: str,
) -> None:
    server.always = refused(401, "authError")
    with pytest.raises(AccessLost) as lost:
        ACTS[act](provider, window, draft)
    assert lost.value.loss is Loss.CREDENTIALS
    assert tokens.asked == [False, True]
    assert [one.headers["Authorization"] for one in server.asked] == ["Bearer t0ken-0", "Bearer t0ken-1"]


def test_with_a_fresh_token_a_write_is_done(
    server: Server, provider: GoogleProvider, draft: EventDraft, tokens: Tokens
) -> None:
    server.say("POST", EVENTS, refused(401, "authError"), Said(200, event(REF)))
    provider.create(CALENDAR, draft)
    assert server.methods() == ["POST", "POST"]
    assert server.asked[0].body == server.asked[1].body
    assert tokens.asked == [False, True]


def test_a_write_whose_answer_is_lost_after_a_refresh_is_not_sent_again(
    server: Server, provider: GoogleProvider, draft: EventDraft
) -> None:
    server.say("POST", EVENTS, refused(401, "authError"), NOTHING)
    with pytest.raises(Unavailable):
        provider.create(CALENDAR, draft)
    assert server.methods() == ["POST", "POST"]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    "why", [AccessLost("revoked", loss=Loss.CREDENTIALS), Unavailable("no answer")], ids=str
)
def test_who_gets_no_token_asks_nothing_and_for_no_other(
    server: Server,
    provider: GoogleProvider,
    window: Interval,
    draft: EventDraft,
    tokens: Tokens,
    act: str,
    why: ProviderError,
) -> None:
    tokens.none = why
    with pytest.raises(ProviderError) as caught:
        ACTS[act](provider, window, draft)
    assert caught.value is why
    assert (server.asked, tokens.asked) == ([], [False])


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    "said", [*PASSING.values(), refused(401), refused(404), Said(200, LOGIN, "text/html")]
)
def test_no_error_tells_a_token_or_whose_calendar_it_is(
    server: Server,
    provider: GoogleProvider,
    window: Interval,
    draft: EventDraft,
    act: str,
    said: Said | Exception,
) -> None:
    server.always = said
    with pytest.raises(ProviderError) as caught:
        ACTS[act](provider, window, draft)
    told = f"{caught.value!r} {caught.value} {caught.value.where}"
    assert "t0ken" not in told
    assert "gmail" not in told
    assert "Secret" not in told
    assert caught.value.where == f"{HOST}/calendar/v3"


# --- redirects and foreign pages -------------------------------------------------------


@pytest.mark.parametrize("act", WRITES)
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirected_write_was_not_done(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str, code: int
) -> None:
    server.always = Said(code, headers={"Location": f"{HOST}/login"})
    with pytest.raises(Unavailable):
        ACTS[act](provider, window, draft)
    assert len(server.asked) == 1


@pytest.mark.parametrize("act", READS)
def test_an_answer_from_another_server_is_not_believed(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str
) -> None:
    server.always = Said(302, headers={"Location": f"{PORTAL}/login"})
    server.say(
        "GET", "/login", Said(200, {"kind": "calendar#calendarList", "items": [], "nextSyncToken": "x"})
    )
    with pytest.raises(Unavailable):
        ACTS[act](provider, window, draft)
    there = [one for one in server.asked if str(one.url).startswith(PORTAL)]
    assert bool(there) == (act != "busy"), "a question that is sent by POST is not sent on"
    assert all("Authorization" not in one.headers for one in there)


PAGES = {
    "a page": Said(200, LOGIN, "text/html"),
    "a page that calls itself JSON": Said(200, LOGIN),
    "nothing": Said(200, ""),
    "null": Said(200, "null"),
    "a list": Said(200, "[]"),
    "a word": Said(200, '"ok"'),
    "a refusal with the status of success": Said(200, refused(404, "notFound").body),
    "an object that says nothing": Said(200, {}),
    "an object that was only accepted": Said(202, {}),
    "a cut answer": Said(200, '{"kind": "calendar#events", "items": ['),
}


@pytest.mark.parametrize("act", [name for name in ACTS if name not in {"busy", "delete"}])
@pytest.mark.parametrize("said", PAGES)
def test_a_page_with_the_status_of_success_is_no_answer(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, act: str, said: str
) -> None:
    server.always = PAGES[said]
    with pytest.raises(Unavailable):
        ACTS[act](provider, window, draft)


@pytest.mark.parametrize("said", PAGES)
def test_a_page_with_the_status_of_success_makes_nobody_free(
    server: Server, provider: GoogleProvider, window: Interval, draft: EventDraft, said: str
) -> None:
    server.always = PAGES[said]
    try:
        found = provider.busy([CALENDAR], window)
    except Unavailable:
        return
    assert found == {CALENDAR: BusyTime(unknown=(window,))}


@pytest.mark.parametrize("said", [name for name in PAGES if name != "nothing"])
def test_a_page_with_the_status_of_success_removes_nothing(
    server: Server, provider: GoogleProvider, said: str
) -> None:
    server.always = PAGES[said]
    server.say("GET", EVENT, Said(200, event(REF)))
    with pytest.raises(Unavailable):
        provider.delete(CALENDAR, REF, ONE)


@pytest.mark.parametrize("act", ACTS)
def test_an_address_that_must_not_be_asked_is_a_fault_of_configuration(
    server: Server, connect: Callable[..., GoogleProvider], window: Interval, draft: EventDraft, act: str
) -> None:
    with pytest.raises(Unsupported):
        ACTS[act](connect(endpoint="http://127.0.0.1:9/calendar/v3"), window, draft)
    assert server.asked == []


def test_closing_closes_the_connections(connect: Callable[..., GoogleProvider]) -> None:
    provider = connect()
    provider.close()
    provider.close()
