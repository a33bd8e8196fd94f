"""A whole account on a misbehaving server: no write is believed, and no event is called gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from time import monotonic
from zoneinfo import ZoneInfo

import pytest

from policy.interval import Interval
from providers.base import Attendee, CalendarId, ETag, EventDraft, EventRef, Owner, SyncToken
from providers.caldav import CalDavProvider, DnsResolver, discover
from providers.errors import ProviderError, Unavailable, Unsupported
from providers.transport import TransportRules, session
from tests.providers import misbehaving as bad
from tests.providers.misbehaving import Act, answering, misbehaving

TOTAL, READ, LIMIT = 0.4, 0.2, 200_000
SOON = 30.0
TRIES = 10
BASE, REF = ETag('"1"'), EventRef("/cal/a.ics")
XML = {"Content-Type": "application/xml"}
ME = Attendee("student@school.example", "Student")
DRAFT = EventDraft(
    uid="0f0f",
    session="s1",
    start=datetime(2026, 11, 24, 10, tzinfo=UTC),
    end=datetime(2026, 11, 24, 11, tzinfo=UTC),
    summary="Mentoring",
    description="text",
    organizer=ME,
    attendees=(ME,),
    stamp=datetime(2026, 11, 20, tzinfo=UTC),
)
WINDOW = Interval(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 12, 23, tzinfo=UTC))

ACTS: dict[str, Act] = {
    "a body drip": bad.BODY_DRIP,
    "a body drip without a length": bad.BODY_DRIP_TO_THE_END,
    "a header drip": bad.HEAD_DRIP,
    "a flood of 100 Continue": bad.CONTINUE_FLOOD,
    "a gzip bomb": answering(207, bad.bomb(1024), {**XML, "Content-Encoding": "gzip"}),
    "a bomb that is no gzip": answering(200, b"BEGIN:VCALENDAR", {"Content-Encoding": "gzip"}),
    "a body without end": bad.ENDLESS,
    "a log-in page": bad.LOG_IN,
    "a log-in page that calls itself XML": answering(200, bad.LOGIN, XML),
    "a log-in page that calls itself a multistatus": answering(207, bad.LOGIN, XML),
    "a log-in page that calls itself a calendar": answering(
        200, bad.LOGIN, {"Content-Type": "text/calendar"}
    ),
    "a redirect to loopback": answering(302, headers={"Location": "http://127.0.0.1:1/"}),
    "a redirect to a log-in page": answering(302, headers={"Location": "https://login.school.example/"}),
    "a redirect to itself": answering(307, headers={"Location": "/"}),
    "a cut body": bad.CUT,
    "a cut multistatus": answering(207, b'<multistatus xmlns="DAV:"><response>', XML),
    "an empty multistatus": answering(207, b"", XML),
    "a multistatus of another type": answering(
        207, b'<multistatus xmlns="DAV:"/>', {"Content-Type": "text/html"}
    ),
    "silence": bad.silent,
    "a hung-up call": bad.NOTHING,
    "another protocol": bad.GARBAGE,
}

Asked = Callable[[CalDavProvider, CalendarId], object]
QUESTIONS: dict[str, Asked] = {
    "calendars": lambda one, _: list(one.calendars()),
    "every change": lambda one, where: one.changes(where, None, known={}, window=WINDOW),
    "the latest changes": lambda one, where: one.changes(where, SyncToken("t"), known={}, window=WINDOW),
    "an event": lambda one, where: one.fetch(where, REF),
    "busy times": lambda one, where: one.busy([where], WINDOW),
    "a new event": lambda one, where: one.create(where, DRAFT),
    "a changed event": lambda one, where: one.update(where, REF, DRAFT, BASE),
    "no event any more": lambda one, where: one.delete(where, REF, BASE),
}


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    begun = monotonic()
    yield
    assert monotonic() - begun < SOON


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS.keys())
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_nothing_of_it_is_believed(act: Act, ask: Asked) -> None:
    with misbehaving(act) as server:
        rules = TransportRules(
            allow=frozenset({server.place}), timeout=TOTAL, read_timeout=READ, max_body=LIMIT
        )
        provider = CalDavProvider(server.url("/"), "me", "pw", Owner(ZoneInfo("UTC")), session(rules))
        try:
            for _ in range(TRIES):
                with pytest.raises((Unavailable, Unsupported)) as failed:
                    ask(provider, CalendarId(server.url("/cal/")))
                assert "pw" not in str(failed.value)
                if server.requests:
                    break  # on a busy machine the time may be over before the server hears anything
        finally:
            provider.close()
        assert server.requests


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_no_account_is_found_there(act: Act) -> None:
    with misbehaving(act) as server:
        rules = TransportRules(
            allow=frozenset({server.place}), timeout=TOTAL, read_timeout=READ, max_body=LIMIT
        )
        with session(rules) as opened, pytest.raises(ProviderError) as failed:
            discover(server.url("/dav/"), "me", "pw", opened, DnsResolver())
        assert isinstance(failed.value, Unavailable | Unsupported)
