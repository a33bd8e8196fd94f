"""The desk at which a changed event becomes hours: a house with one calendar that was read before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.calendars import BERLIN, OWNER, WINDOW, Calendar
from benchmarks.ground import account, house_in, person
from policy.availability import State
from policy.interval import Interval
from providers.base import ETag, EventRef, key_of
from providers.caldav.collection import content
from providers.caldav.dav import multistatus
from providers.caldav.reading import Read, item
from providers.errors import Unreadable
from providers.ical.read import read
from syncd.clock import MovableClock
from syncd.free import availability
from syncd.house import House
from syncd.reader import limits_of, sandbox
from syncd.store.rows import Calendar as Row
from syncd.store.rows import Person
from syncd.stored import blocks, keep_resource

HOURS = (7, 8)
"""The hours in UTC of which the changed event takes one or the other, and nothing else does."""
_URL = "http://127.0.0.1:1/"
_NOW = datetime(2026, 3, 2, 6, tzinfo=BERLIN)


@dataclass(frozen=True, slots=True)
class Desk:
    """One person, one calendar."""

    house: House
    owner: Person
    place: Row
    read: Read

    def fill(self, made: Calendar) -> None:
        """Keep what a first round would have brought, but for what takes :data:`HOURS`."""
        contested = [Interval(_hour(each), _hour(each) + timedelta(hours=1)) for each in HOURS]
        with self.house.db.write() as tx:
            for number, event in enumerate(made.events):
                if any(one.overlaps(other) for one in event.taken for other in contested):
                    continue
                key = key_of(EventRef(f"/u1/calendar/{number}.ics"))
                (series,) = read(event.document(), OWNER, WINDOW).series
                tx.calendars.put_resource(self.place.id, key, ETag('"1"'), blocks(key, series.time))

    def take(self, body: bytes) -> int | None:
        """Take in the answer to a multiget, and return which of :data:`HOURS` is busy in the new grid."""
        (row,) = multistatus(body, "application/xml", self.place.remote).rows
        found = content(row)
        if found is None:
            raise Unreadable("the answer holds no event")
        text, etag = found
        there = item(text, row.ref, etag, read=lambda one: self.read(one, OWNER, WINDOW), window=WINDOW)
        if there is None:
            raise Unreadable("the answer holds no event")
        with self.house.db.write() as tx:
            keep_resource(tx, self.place.id, there)
        free = availability(self.house, self.owner, WINDOW)
        states = {slot.start: slot.state for slot in free.slots}
        taken = [hour for hour in HOURS if states[_hour(hour)] is State.BUSY]
        return taken[0] if len(taken) == 1 else None


@contextmanager
def desk(folder: Path, *, sandboxed: bool) -> Iterator[Desk]:
    """Open the desk."""
    with house_in(folder, clock=MovableClock(_NOW)) as house:
        owner = person(house)
        account(house, owner, _URL)
        with house.db.read() as tx:
            (place,) = tx.calendars.of_person(owner.id)
        yield Desk(house, owner, place, sandbox(limits_of(house.config.limits)) if sandboxed else read)


def _hour(hour: int) -> datetime:
    return datetime(2026, 3, 2, hour, tzinfo=UTC)
