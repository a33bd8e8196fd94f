"""What the demo finds of people's time: their hours, checked, and the hours that two have in common."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from policy.availability import Slot, State
from policy.interval import Interval, intersect
from syncd.demo.person import Known, Person
from syncd.free import Free, availability
from syncd.house import House
from syncd.sessions import person_called

AHEAD = timedelta(weeks=7)
_HOUR = timedelta(hours=1)


def hours(house: House, person: Person, length: timedelta = AHEAD) -> Free:
    """Return the hours of *person* from now on.

    :raises Problem: if the person was not added.
    """
    now = house.clock.now()
    with house.db.read() as tx:
        row = person_called(tx, person.email)
    return availability(house, row, Interval(now, now + length))


def differences(person: Person, found: Free) -> Iterator[tuple[Known, str]]:
    """Yield each hour that was worked out by hand and came out otherwise, with how it came out."""
    states = {slot.start: slot.state.value for slot in found.slots}
    for known in person.known:
        state = states.get(person.local(known.hour), "not there")
        if state != known.state:
            yield known, state


def common(one: Free, other: Free) -> tuple[datetime, ...]:
    """Return when a whole hour begins, on the clock of *one*, in which both are free."""
    both = intersect(_free(one.slots), _free(other.slots))
    return tuple(
        slot.start
        for slot in one.slots
        if any(free.start <= slot.start and slot.start + _HOUR <= free.end for free in both)
    )


def _free(slots: tuple[Slot, ...]) -> Iterator[Interval]:
    return (Interval(slot.start, slot.end) for slot in slots if slot.state is State.FREE)
