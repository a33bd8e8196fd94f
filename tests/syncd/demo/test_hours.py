from __future__ import annotations

from datetime import UTC, datetime, timedelta

from policy.availability import Slot, State
from policy.interval import Interval
from syncd.demo.hours import common, differences
from syncd.demo.person import Known, Person
from syncd.free import Free
from syncd.store.rows import Person as Row
from syncd.store.rows import PersonId, Role

HOUR = timedelta(hours=1)
NINE = datetime(2026, 10, 12, 9, tzinfo=UTC)
HALF_PAST = NINE + HOUR / 2


def found(first: datetime, *states: State) -> Free:
    slots = tuple(Slot(first + n * HOUR, first + (n + 1) * HOUR, state) for n, state in enumerate(states))
    row = Row(PersonId(1), "a@b.example", "A", Role.STUDENT, "UTC", None, NINE)
    return Free(row, Interval(first, first + len(states) * HOUR), first, slots)


def test_an_hour_in_common_is_whole_on_the_clock_of_the_first() -> None:
    student = found(HALF_PAST, State.FREE, State.FREE, State.FREE)
    mentor = found(NINE, State.FREE, State.FREE, State.BUSY, State.FREE)
    assert common(student, mentor) == (HALF_PAST,)
    assert common(mentor, student) == (NINE + HOUR,)


def test_an_unknown_hour_is_nobodys_free_hour() -> None:
    assert common(found(NINE, State.FREE, State.UNKNOWN), found(NINE, State.FREE, State.FREE)) == (NINE,)
    assert common(found(NINE, State.UNKNOWN), found(NINE, State.FREE)) == ()


def test_an_hour_that_comes_out_otherwise_is_named_with_how_it_came() -> None:
    right = Known(datetime(2026, 10, 12, 9), "free", "nothing stands there")  # noqa: DTZ001 - a wall time
    wrong = Known(datetime(2026, 10, 12, 10), "busy", "a lecture")  # noqa: DTZ001
    missing = Known(datetime(2026, 10, 12, 20), "free", "late")  # noqa: DTZ001
    ann = Person("ann", "word", "Ann", "a@b.example", "student", "UTC", "", (), "", (right, wrong, missing))
    assert list(differences(ann, found(NINE, State.FREE, State.FREE))) == [
        (wrong, "free"),
        (missing, "not there"),
    ]
