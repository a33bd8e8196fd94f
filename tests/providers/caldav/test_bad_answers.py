"""No wrong answer becomes a removal, an empty calendar or a believed write."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from policy.interval import Interval
from providers.base import ETag, EventDraft, EventRef, SyncToken
from providers.caldav import CalDavProvider
from providers.errors import AccessLost, SyncTokenExpired, Unavailable, Unreadable, Unsupported
from tests.providers.caldav.answers import ALIVE, BAD, CALENDAR, PATH, Said, alive, multi, props, row
from tests.providers.caldav.conftest import METHODS, Server

REF = EventRef(PATH + "a.ics")
ONE = ETag('"1"')

Act = Callable[[CalDavProvider, Interval, EventDraft], object]

ACTS: dict[str, Act] = {
    "capabilities": lambda provider, _, __: provider.capabilities(),
    "calendars": lambda provider, _, __: provider.calendars(),
    "busy": lambda provider, window, _: provider.busy([CALENDAR], window),
    "a delta": lambda provider, window, _: provider.changes(
        CALENDAR, SyncToken("t0"), known={}, window=window
    ),
    "a listing": lambda provider, window, _: provider.changes(CALENDAR, None, known={}, window=window),
    "fetch": lambda provider, _, __: provider.fetch(CALENDAR, REF),
    "create": lambda provider, _, draft: provider.create(CALENDAR, draft),
    "update": lambda provider, _, draft: provider.update(CALENDAR, REF, draft, ONE),
    "delete": lambda provider, _, __: provider.delete(CALENDAR, REF, ONE),
}
"""Every act, on a server that gives one and the same bad answer to everything."""

HARMLESS = (Unavailable, AccessLost, Unsupported, SyncTokenExpired)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("act", ACTS)
def test_a_bad_answer_is_an_error_and_says_nothing_of_an_event(
    server: Server, provider: CalDavProvider, window: Interval, draft: EventDraft, act: str, bad: str
) -> None:
    server.always = BAD[bad]
    with pytest.raises(HARMLESS) as caught:
        ACTS[act](provider, window, draft)
    assert type(caught.value) in HARMLESS
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("act", ["fetch", "create", "update", "delete"])
def test_a_bad_answer_from_a_calendar_that_is_well_is_no_word_on_the_event(
    server: Server, provider: CalDavProvider, window: Interval, draft: EventDraft, act: str, bad: str
) -> None:
    if bad == "a 404" and act != "create":
        return  # the one answer that says it: told apart in test_writes and test_fetch
    server.always = BAD[bad]
    server.say("PROPFIND", PATH, alive())
    with pytest.raises(HARMLESS):
        ACTS[act](provider, window, draft)


@pytest.mark.parametrize("bad", [name for name in BAD if name != "a 404"])
def test_a_look_at_a_missing_row_that_goes_wrong_makes_no_tombstone(
    server: Server, provider: CalDavProvider, window: Interval, bad: str
) -> None:
    server.say("REPORT", PATH, multi(row(PATH + "a.ics", props("<getetag>1</getetag>")), token="t"), multi())
    server.say("GET", PATH + "a.ics", BAD[bad])
    try:
        found = provider.changes(CALENDAR, SyncToken("t0"), known={}, window=window)
    except (Unavailable, AccessLost, Unsupported):
        return
    assert bad == "a 403"
    assert [one.time.unknown for one in found.items if hasattr(one, "time")] == [(window,)]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("act", ["create", "update", "delete"])
def test_a_redirected_write_was_not_done(
    server: Server,
    provider: CalDavProvider,
    window: Interval,
    draft: EventDraft,
    act: str,
    code: int,
    method: str,
) -> None:
    server.always = Said(code, headers={"Location": "https://dav.school.example/login"})
    server.say(method, "/login", Said(200, "", ""))
    with pytest.raises(Unavailable):
        ACTS[act](provider, window, draft)
    assert len(server.asked) == 1


def test_an_event_that_is_cut_is_unreadable(server: Server, provider: CalDavProvider) -> None:
    server.always = Said(200, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "text/calendar", {"ETag": '"1"'})
    with pytest.raises(Unreadable):
        provider.fetch(CALENDAR, REF)


def test_an_empty_event_is_unreadable(server: Server, provider: CalDavProvider) -> None:
    server.always = Said(200, " ", "text/calendar", {"ETag": '"1"'})
    with pytest.raises(Unreadable):
        provider.fetch(CALENDAR, REF)


def test_an_empty_listing_is_believed_only_of_a_calendar_that_says_it_is_one(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    server.say("REPORT", PATH, multi(token="t"))
    server.say("PROPFIND", PATH, multi(row(PATH, props(ALIVE.replace("<C:calendar/>", "")))))
    with pytest.raises(Unsupported):
        provider.changes(CALENDAR, None, known={}, window=window)
    server.say("PROPFIND", PATH, alive())
    assert provider.changes(CALENDAR, None, known={}, window=window).listed == {}


@pytest.mark.parametrize("there", [Said(401), Said(403), Said(404), Said(412), multi(token="t"), alive()])
@pytest.mark.parametrize("act", ACTS)
def test_what_another_server_says_without_our_password_says_nothing(
    server: Server, provider: CalDavProvider, window: Interval, draft: EventDraft, act: str, there: Said
) -> None:
    server.always = Said(302, headers={"Location": "https://dav.school.example:8443/there/"})
    for method in METHODS:
        server.say(method, "/there/", there)
    with pytest.raises(Unavailable):
        ACTS[act](provider, window, draft)
