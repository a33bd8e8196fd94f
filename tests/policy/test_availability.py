from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.availability import Availability, Slot, State, derive, slots, whole_hours
from policy.grid import CELL, Horizon, run
from policy.interval import Interval, intersect
from policy.weekly import Weekly
from tests.policy import MINUTE, ORIGIN, at, between, clock_changes, minutes_of, some_intervals
from tests.rules.rows import row

CELLS = 96
HORIZON = Horizon(ORIGIN, CELLS)
UTC_ZONE = ZoneInfo("UTC")
DAYTIME = Weekly.parse("Mon 08:00-12:00, 13:00-20:00")
ALWAYS = Weekly.parse("Mon-Sun 00:00-24:00")
HOUR = timedelta(hours=1)
SEVERAL = some_intervals(-90, CELLS * 15 + 90, most=4)
EXAMPLES = settings(max_examples=100, deadline=None)


@dataclass(frozen=True)
class Situation:
    """All that a person's day is derived from."""

    readable: bool = True
    tentative_is_busy: bool = True
    buffer: timedelta = timedelta(0)
    busy: list[Interval] = field(default_factory=list)
    tentative: list[Interval] = field(default_factory=list)
    unknown: list[Interval] = field(default_factory=list)
    sessions: list[Interval] = field(default_factory=list)
    closures: list[Interval] = field(default_factory=list)
    pauses: list[Interval] = field(default_factory=list)
    opened: list[Interval] = field(default_factory=list)
    blocked: list[Interval] = field(default_factory=list)

    def derived(self, weekly: Weekly = DAYTIME) -> Availability:
        return derive(
            HORIZON,
            UTC_ZONE,
            weekly,
            readable=self.readable,
            tentative_is_busy=self.tentative_is_busy,
            buffer=self.buffer,
            busy=self.busy,
            tentative=self.tentative,
            unknown=self.unknown,
            sessions=self.sessions,
            closures=self.closures,
            pauses=self.pauses,
            opened=self.opened,
            blocked=self.blocked,
        )

    def padded(self, intervals: Iterable[Interval]) -> set[int]:
        reach = self.buffer // MINUTE
        return {near for one in minutes_of(intervals) for near in range(one - reach, one + reach + 1)}

    def told(self) -> list[State]:
        """Say the rule cell by cell, in minutes, without a single bit."""
        maybe = self.tentative if self.tentative_is_busy else []
        taken = self.padded([*self.busy, *maybe, *self.sessions]) | minutes_of([*self.closures, *self.pauses])
        hours = {*range(8 * 60, 12 * 60), *range(13 * 60, 20 * 60)}
        opened, blocked, own = (minutes_of(part) for part in (self.opened, self.blocked, self.sessions))
        unread = self.padded(self.unknown)
        told = []
        for cell in range(CELLS):
            minutes = set(range(15 * cell, 15 * cell + 15))
            if minutes & (blocked | own):
                told.append(State.BUSY)
            elif minutes <= opened:
                told.append(State.FREE)
            elif not minutes <= hours or minutes & taken:
                told.append(State.BUSY)
            else:
                told.append(State.UNKNOWN if minutes & unread or not self.readable else State.FREE)
        return told


SITUATIONS = st.builds(
    Situation,
    readable=st.booleans(),
    tentative_is_busy=st.booleans(),
    buffer=st.sampled_from([0, 0, 5, 15, 40]).map(lambda minutes: minutes * MINUTE),
    busy=SEVERAL,
    tentative=SEVERAL,
    unknown=SEVERAL,
    sessions=SEVERAL,
    closures=some_intervals(0, CELLS * 15, most=1),
    pauses=some_intervals(0, CELLS * 15, most=1),
    opened=SEVERAL,
    blocked=some_intervals(0, CELLS * 15, most=2),
)


def states(found: Availability) -> list[State]:
    return [state_of(found, cell) for cell in range(found.horizon.cells)]


def state_of(found: Availability, cell: int) -> State:
    named = [
        state
        for state, bits in (
            (State.FREE, found.free),
            (State.BUSY, found.busy),
            (State.UNKNOWN, found.unknown),
        )
        if bits >> cell & 1
    ]
    assert len(named) == 1
    return named[0]


def shown(found: Availability, state: State) -> str:
    """Say from when to when a state lasts, in hours of the day."""
    here = [one is state for one in states(found)]
    edges = [
        cell for cell in range(CELLS + 1) if (cell > 0 and here[cell - 1]) != (cell < CELLS and here[cell])
    ]
    return " ".join(
        f"{first / 4:g}-{last / 4:g}" for first, last in zip(edges[::2], edges[1::2], strict=True)
    )


@row("8.derived")
@given(SITUATIONS)
@EXAMPLES
def test_every_cell_is_what_the_rule_says(situation: Situation) -> None:
    assert states(situation.derived()) == situation.told()


@given(SITUATIONS)
@EXAMPLES
def test_states_are_disjoint_and_cover_the_horizon(situation: Situation) -> None:
    found = situation.derived()
    assert found.free | found.busy | found.unknown == HORIZON.full
    assert found.free & found.busy == found.busy & found.unknown == found.unknown & found.free == 0


@row("8.unknown")
@given(SITUATIONS)
@EXAMPLES
def test_nothing_unread_is_free_but_by_the_persons_word(situation: Situation) -> None:
    free = states(situation.derived())
    said = minutes_of(situation.opened)
    unread = minutes_of(situation.unknown) if situation.readable else set(range(CELLS * 15))
    for cell, state in enumerate(free):
        minutes = set(range(15 * cell, 15 * cell + 15))
        assert state is not State.FREE or minutes <= said or not minutes & unread


@given(SITUATIONS, SEVERAL)
@EXAMPLES
def test_whatever_stands_in_the_unread_time_what_is_free_stays_free(
    situation: Situation, truth: list[Interval]
) -> None:
    hidden = [*intersect(truth, situation.unknown)]
    before = situation.derived().free
    after = Situation(**{**vars(situation), "busy": [*situation.busy, *hidden], "unknown": []}).derived().free
    assert before & ~after == 0


@row("8.pins")
@given(SITUATIONS)
@EXAMPLES
def test_own_sessions_and_blocks_are_busy_whatever_is_pinned(situation: Situation) -> None:
    everything = {**vars(situation), "opened": [between(-90, CELLS * 15 + 90)]}
    found = states(Situation(**everything).derived())
    never = minutes_of([*situation.sessions, *situation.blocked])
    for cell, state in enumerate(found):
        taken = bool(never & set(range(15 * cell, 15 * cell + 15)))
        assert state is (State.BUSY if taken else State.FREE)


def test_a_person_without_any_events_is_free_in_their_weekly_hours() -> None:
    found = Situation().derived()
    assert (shown(found, State.FREE), found.unknown) == ("8-12 13-20", 0)


def test_a_cell_that_only_partly_lies_in_weekly_hours_is_busy() -> None:
    assert shown(Situation().derived(Weekly.parse("Mon 08:10-11:50")), State.FREE) == "8.25-11.75"


def test_outside_weekly_hours_is_busy_even_if_nothing_was_ever_read() -> None:
    found = Situation(readable=False).derived()
    assert (shown(found, State.UNKNOWN), found.free) == ("8-12 13-20", 0)


def test_what_is_known_to_be_taken_is_busy_even_if_another_calendar_is_unread() -> None:
    found = Situation(readable=False, busy=[between(540, 600)], pauses=[between(900, 1440)]).derived()
    assert shown(found, State.UNKNOWN) == "8-9 10-12 13-15"


@row("8.busy")
@pytest.mark.parametrize(("counts", "free"), [(True, "8-9 10-12 13-20"), (False, "8-12 13-20")])
def test_tentative_time_counts_as_the_school_chooses(*, counts: bool, free: str) -> None:
    found = Situation(tentative=[between(540, 600)], tentative_is_busy=counts).derived()
    assert shown(found, State.FREE) == free


def test_the_buffer_stands_around_busy_time_and_around_own_sessions() -> None:
    found = Situation(busy=[between(540, 600)], sessions=[between(900, 960)], buffer=10 * MINUTE).derived()
    assert shown(found, State.FREE) == "8-8.75 10.25-12 13-14.75 16.25-20"


def test_the_buffer_of_what_stands_outside_the_horizon_reaches_into_it() -> None:
    found = Situation(busy=[between(-60, 0)], buffer=30 * MINUTE).derived(ALWAYS)
    assert shown(found, State.FREE) == "0.5-24"


def test_the_buffer_next_to_unread_time_is_unknown() -> None:
    found = Situation(unknown=[between(540, 600)], buffer=15 * MINUTE).derived()
    assert shown(found, State.UNKNOWN) == "8.75-10.25"


def test_a_negative_buffer_is_refused() -> None:
    with pytest.raises(ValueError, match="a buffer cannot be negative"):
        Situation(buffer=-MINUTE).derived()


@row("8.pins")
def test_a_pin_opens_unread_busy_closed_and_outside_hours() -> None:
    pinned = [between(390, 450), between(540, 600), between(900, 1260)]
    found = Situation(readable=False, busy=[between(540, 600)], closures=[between(900, 960)], opened=pinned)
    assert shown(found.derived(), State.FREE) == "6.5-7.5 9-10 15-21"


def test_a_pin_opens_the_buffer_of_a_session_but_not_the_session() -> None:
    found = Situation(sessions=[between(540, 600)], buffer=30 * MINUTE, opened=[between(480, 720)])
    assert shown(found.derived(), State.FREE) == "8-9 10-12 13-20"


def test_a_pin_over_a_part_of_a_cell_does_not_open_it() -> None:
    assert shown(Situation(opened=[between(361, 390)]).derived(), State.FREE) == "6.25-6.5 8-12 13-20"


def test_a_block_beats_a_pin() -> None:
    found = Situation(opened=[between(360, 480)], blocked=[between(420, 425)])
    assert shown(found.derived(), State.FREE) == "6-7 7.25-12 13-20"


def test_intervals_may_be_given_as_iterators() -> None:
    found = derive(
        HORIZON, UTC_ZONE, DAYTIME, readable=True, sessions=iter([between(540, 600)]), buffer=15 * MINUTE
    )
    assert shown(found, State.FREE) == "8-8.75 10.25-12 13-20"


def test_a_cell_cannot_be_both_free_and_unknown() -> None:
    with pytest.raises(ValueError, match="both free and unknown"):
        Availability(HORIZON, free=0b11, unknown=0b10)


def test_a_cell_cannot_lie_outside_the_horizon() -> None:
    with pytest.raises(ValueError, match="outside the horizon"):
        Availability(HORIZON, free=run(CELLS, CELLS + 1), unknown=0)


def hours_by_the_clock(zone: ZoneInfo, window: Interval) -> list[datetime]:
    """Walk in steps of five minutes and look whether the clock shows a whole hour."""
    moment, found = window.start, []
    while moment <= window.end:
        if moment.astimezone(zone).minute == 0:
            found.append(moment)
        moment += timedelta(minutes=5)
    return found


def test_slots_start_at_whole_hours_of_the_wall_at_every_change_of_clocks_until_2030() -> None:
    for change in clock_changes():
        window = Interval(change.at - 5 * HOUR, change.at + 5 * HOUR)
        everything = Availability(Horizon.around(window), free=0, unknown=0)
        expected = [*pairwise(hours_by_the_clock(change.zone, window))]
        assert [(slot.start, slot.end) for slot in slots(everything, change.zone)] == expected, change


def test_every_zone_has_hours_in_a_day_without_a_change_of_clocks() -> None:
    horizon = Horizon(datetime(2026, 6, 5, tzinfo=UTC), CELLS)
    everything = Availability(horizon, free=horizon.full, unknown=0)
    for name in available_timezones():
        zone = ZoneInfo(name)
        found = slots(everything, zone)
        assert len(found) in {23, 24}, name
        assert all(
            slot.start.astimezone(zone).minute == 0 and slot.end - slot.start == HOUR for slot in found
        ), name


@pytest.mark.parametrize(
    ("zone", "first", "lengths"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 0, tzinfo=UTC), [60, 60, 60]),
        ("Europe/Berlin", datetime(2026, 10, 25, 0, tzinfo=UTC), [60, 60, 60]),
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 14, 30, tzinfo=UTC), [90, 60]),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 14, 0, tzinfo=UTC), [90, 60]),
    ],
)
def test_a_slot_is_longer_only_where_half_an_hour_is_put_in_or_left_out(
    zone: str, first: datetime, lengths: list[int]
) -> None:
    everything = Availability(Horizon(first, 12), free=0, unknown=0)
    found = slots(everything, ZoneInfo(zone), Interval(first, first + sum(lengths) * MINUTE))
    assert [(slot.end - slot.start) // MINUTE for slot in found] == lengths


@pytest.mark.parametrize("cell", range(6))
def test_every_cell_of_a_slot_of_an_hour_and_a_half_counts(cell: int) -> None:
    horizon = Horizon(datetime(2026, 4, 4, 14, tzinfo=UTC), 6)
    found = Availability(horizon, free=horizon.full & ~(1 << cell), unknown=0)
    assert [slot.state for slot in slots(found, ZoneInfo("Australia/Lord_Howe"))] == [State.BUSY]


@given(SITUATIONS)
@EXAMPLES
def test_an_hour_is_busy_if_any_cell_is_else_unknown_if_any_is(situation: Situation) -> None:
    found = situation.derived()
    cells = states(found)
    for slot in slots(found, UTC_ZONE):
        first = (slot.start - ORIGIN) // CELL
        inside = set(cells[first : first + 4])
        assert slot.state is next(
            state for state in (State.BUSY, State.UNKNOWN, State.FREE) if state in inside
        )


@given(st.sampled_from(["Asia/Kathmandu", "Asia/Kolkata", "UTC"]), st.integers(0, 1439), st.integers(1, 900))
@EXAMPLES
def test_only_hours_that_lie_wholly_in_the_range_are_reported(name: str, start: int, length: int) -> None:
    found, zone = Situation().derived(), ZoneInfo(name)
    window = between(start, start + length)
    whole = [slot for slot in slots(found, zone) if window.start <= slot.start and slot.end <= window.end]
    assert list(slots(found, zone, window)) == whole


def test_an_hour_at_both_edges_of_the_range_is_reported() -> None:
    found = Situation().derived()
    assert slots(found, UTC_ZONE, between(480, 540)) == (Slot(at(480), at(540), State.FREE),)
    assert slots(found, UTC_ZONE, between(481, 599)) == ()


def test_a_range_outside_the_horizon_has_no_hours() -> None:
    assert slots(Situation().derived(), UTC_ZONE, between(-600, -60)) == ()


def test_hours_of_a_zone_of_three_quarters_touch_the_right_cells() -> None:
    found = Situation(busy=[between(9 * 60, 9 * 60 + 15)]).derived(ALWAYS)
    taken = [slot for slot in slots(found, ZoneInfo("Asia/Kathmandu")) if slot.state is State.BUSY]
    assert [(slot.start, slot.end) for slot in taken] == [(at(8 * 60 + 15), at(9 * 60 + 15))]


def test_whole_hours_of_the_wall_include_the_end_of_the_range() -> None:
    assert list(whole_hours(UTC_ZONE, between(60, 180))) == [at(60), at(120), at(180)]
