"""A pass over a calendar with a way of reading that looks at its cost as a whole."""

from __future__ import annotations

from policy.interval import Interval
from providers.base import Event, EventRef, Owner, Unread
from providers.caldav import CalDavProvider
from providers.caldav.reading import Read
from providers.ical import Document, Note, TooMuch, read
from providers.transport import TransportRules, session
from tests.providers.caldav.answers import CALENDAR, HOST, PATH, Said, multi, standing
from tests.providers.caldav.answers import event as body_of
from tests.providers.caldav.answers import read as row_of
from tests.providers.caldav.conftest import Server
from tests.providers.ical.texts import BERLIN


class Stingy:
    """Reads one document of each calendar, and has no time for the rest."""

    passes = 0

    def __call__(self, body: bytes, owner: Owner, window: Interval | None) -> Document:
        return read(body, owner, window)

    def calendar(self) -> Read:
        self.passes += 1
        left = [read]

        def one(body: bytes, owner: Owner, window: Interval | None) -> Document:
            if not left:
                raise TooMuch(Note.TOO_SLOW)
            return left.pop()(body, owner, window)

        return one


def test_each_pass_over_a_calendar_has_its_own_time_and_what_it_has_none_for_is_unread(
    server: Server, window: Interval
) -> None:
    stingy = Stingy()
    provider = CalDavProvider(HOST + "/me/", "u", "p", BERLIN, session(TransportRules()), read=stingy)
    names = ("a.ics", "b.ics", "c.ics")
    for passed in (1, 2):
        server.say("REPORT", PATH, multi(*map(standing, names), token="t1"), multi(*map(row_of, names)))
        first, *rest = provider.changes(CALENDAR, None, known={}, window=window).items
        assert isinstance(first, Event)
        assert first.time.busy
        for one in rest:
            assert isinstance(one, Unread)
            assert (one.time.unknown, one.notes) == ((window,), ("too-slow",))
        assert stingy.passes == passed
    provider.close()


def test_a_single_look_is_no_pass(server: Server, window: Interval) -> None:
    stingy = Stingy()
    provider = CalDavProvider(HOST + "/me/", "u", "p", BERLIN, session(TransportRules()), read=stingy)
    server.say("GET", PATH + "a.ics", Said(200, body_of("a"), "text/calendar", {"ETag": '"1"'}))
    assert provider.fetch(CALENDAR, EventRef(PATH + "a.ics")).uid == "a"
    assert stingy.passes == 0
    provider.close()
