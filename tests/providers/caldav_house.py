"""A house on a real CalDAV server: fresh calendars of one person, and one of somebody else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from providers.base import CalendarId
from providers.caldav.provider import CalDavProvider
from providers.transport import TransportRules, session
from syncd.demo.front import HOST, Front
from syncd.demo.hand import Hand, Refused
from syncd.demo.servers import Server
from tests.providers.hands import CalDavHand
from tests.providers.house import OWNER, House

THEIRS = "theirs"
"""A calendar of the stranger, made once for each server."""


@contextmanager
def house_on(server: Server, crowd: int) -> Iterator[House]:
    """Yield a house with calendars of its own, and remove them again."""
    front = server.front
    assert front is not None
    mine, name = server.hand("student"), uuid.uuid4().hex
    with ExitStack() as turn:

        def connect(password: str = server.users["student"]) -> CalDavProvider:
            rules = TransportRules(allow=frozenset({f"{HOST}:{server.port}"}))
            provider = CalDavProvider(server.url, "student", password, OWNER, session(rules))
            turn.callback(provider.close)
            return provider

        def make(title: str) -> CalendarId:
            url = mine.make_calendar(f"{title} {name}")
            turn.callback(_removed, mine, url)
            return CalendarId(url)

        yield House(
            provider=connect(),
            calendar=make("School"),
            make_other=lambda: make("Sport ü"),
            forbidden=CalendarId(server.hand("stranger").calendar(THEIRS)),
            no_calendar=CalendarId(mine.home),
            outside=CalDavHand(mine),
            another=connect,
            refused=connect("wrong"),
            outage=lambda: _outage(front),
            requests=lambda: len(front.seen()),
            crowd=crowd,
        )


def _removed(hand: Hand, calendar: str) -> None:
    with suppress(Refused):  # a test may have deleted it
        hand.delete(calendar)


@contextmanager
def _outage(front: Front) -> Iterator[None]:
    front.down()
    try:
        yield
    finally:
        front.up()
