from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.grid import (
    CELL,
    MOST_CELLS,
    Horizon,
    common,
    covered,
    intervals,
    moved,
    run,
    runs,
    starts,
    touched,
)
from policy.interval import Interval, merge
from tests.policy import ORIGIN, at, between, minutes_of, some_intervals

CELLS = 40
HORIZON = Horizon(ORIGIN, CELLS)
SEVERAL = some_intervals(-60, CELLS * 15 + 60, most=12)
BITS = st.integers(0, HORIZON.full)
EXAMPLES = settings(max_examples=100, deadline=None)


def cells_of(bits: int) -> set[int]:
    return {cell for cell in range(bits.bit_length()) if bits >> cell & 1}


def minutes_in(cell: int) -> set[int]:
    return set(range(15 * cell, 15 * cell + 15))


def test_a_horizon_starts_at_a_whole_quarter() -> None:
    with pytest.raises(ValueError, match="starts at a whole quarter of an hour, not at 2026-03-02T00:01:00"):
        Horizon(at(1), 4)


@pytest.mark.parametrize("cells", [0, -1, MOST_CELLS + 1])
def test_a_horizon_has_at_least_one_cell_and_at_most_eight_weeks(cells: int) -> None:
    with pytest.raises(ValueError, match=f"has 1 to 5377 cells, not {cells}"):
        Horizon(ORIGIN, cells)


def test_a_horizon_may_be_eight_weeks_long() -> None:
    assert Horizon(ORIGIN, MOST_CELLS - 1).window.length == timedelta(weeks=8)
    begun = ORIGIN + timedelta(minutes=7)
    assert Horizon.around(Interval(begun, begun + timedelta(weeks=8))).cells == MOST_CELLS


def test_a_horizon_is_counted_in_utc_whatever_zone_its_start_is_given_in() -> None:
    kathmandu = datetime.fromisoformat("2026-03-02T05:45:00+05:45")
    assert Horizon(kathmandu, 4) == Horizon(ORIGIN, 4)
    assert Horizon(kathmandu, 4).start.tzinfo is UTC


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**9))
@EXAMPLES
def test_a_horizon_around_a_window_is_the_smallest_that_holds_it(start: int, length: int) -> None:
    first = ORIGIN + timedelta(microseconds=start * 1000)
    window = Interval(first, first + timedelta(microseconds=length * 1000))
    horizon = Horizon.around(window)
    assert horizon.window.clip(window) == window
    assert window.start - horizon.start < CELL
    assert horizon.window.end - window.end < CELL


@given(SEVERAL)
@EXAMPLES
def test_a_cell_is_touched_exactly_if_an_instant_of_it_is_taken(taken: list[Interval]) -> None:
    minutes = minutes_of(taken)
    assert cells_of(touched(HORIZON, taken)) == {cell for cell in range(CELLS) if minutes & minutes_in(cell)}


@given(SEVERAL)
@EXAMPLES
def test_a_cell_is_covered_exactly_if_all_its_instants_are(given_: list[Interval]) -> None:
    minutes = minutes_of(given_)
    assert cells_of(covered(HORIZON, given_)) == {
        cell for cell in range(CELLS) if minutes_in(cell) <= minutes
    }


@given(SEVERAL, st.integers(0, 100))
@EXAMPLES
def test_a_reach_widens_every_interval_at_both_ends(taken: list[Interval], minutes: int) -> None:
    reach = timedelta(minutes=minutes)
    wider = [Interval(one.start - reach, one.end + reach) for one in taken]
    assert touched(HORIZON, taken, reach) == touched(HORIZON, wider)


@given(st.timedeltas(timedelta(days=-400), timedelta(days=400)))
@EXAMPLES
def test_cells_are_counted_as_whole_quarters_before_and_after_the_start(length: timedelta) -> None:
    assert HORIZON.holding(ORIGIN + length) == length // CELL
    assert HORIZON.after(ORIGIN + length) == -(-length // CELL)


def test_an_instant_is_enough_to_touch_and_to_spoil_a_cell() -> None:
    blink = timedelta(microseconds=1)
    assert touched(HORIZON, [Interval(at(15) - blink, at(15) + blink)]) == 0b11
    assert covered(HORIZON, [Interval(at(0) + blink, at(30))]) == 0b10
    assert covered(HORIZON, [Interval(at(0), at(30) - blink)]) == 0b01


def test_intervals_that_only_together_cover_a_cell_cover_it() -> None:
    assert covered(HORIZON, [between(7, 15), between(0, 7)]) == 0b1


def test_touching_at_the_edge_is_not_sharing_an_instant() -> None:
    assert touched(HORIZON, [between(15, 30)]) == 0b10
    assert touched(HORIZON, [between(-15, 0), between(CELLS * 15, CELLS * 15 + 15)]) == 0


@given(BITS)
@EXAMPLES
def test_bits_become_intervals_and_bits_again(bits: int) -> None:
    found = intervals(HORIZON, bits)
    assert touched(HORIZON, found) == covered(HORIZON, found) == bits
    assert found == merge(found)


@given(BITS)
@EXAMPLES
def test_runs_are_unbroken_and_apart(bits: int) -> None:
    found = list(runs(bits))
    assert sum(run(first, last) for first, last in found) == bits
    assert all(before[1] < after[0] for before, after in pairwise(found))


def test_bits_past_the_horizon_stand_for_no_time() -> None:
    assert intervals(Horizon(ORIGIN, 2), 0b1100) == ()


@given(st.lists(BITS, min_size=1, max_size=4))
@EXAMPLES
def test_common_time_is_set_for_everybody(people: list[int]) -> None:
    assert cells_of(common(people)) == set.intersection(*map(cells_of, people))


def test_nobody_has_no_time_in_common() -> None:
    assert common([]) == 0


@given(BITS, st.integers(1, 12))
@EXAMPLES
def test_a_session_fits_where_all_its_cells_are_set(bits: int, cells: int) -> None:
    free = cells_of(bits)
    assert cells_of(starts(bits, cells)) == {
        cell for cell in range(CELLS) if free.issuperset(range(cell, cell + cells))
    }


def test_a_session_of_no_length_fits_nowhere() -> None:
    with pytest.raises(ValueError, match="nothing fits into 0 cells"):
        starts(1, 0)


@given(BITS, st.integers(-50, 50), st.integers(1, 60))
@EXAMPLES
def test_bits_that_are_moved_stand_for_the_same_instants(bits: int, ahead: int, cells: int) -> None:
    want = Horizon(ORIGIN + ahead * CELL, cells)
    kept = [part for one in intervals(HORIZON, bits) if (part := one.clip(want.window)) is not None]
    assert intervals(want, moved(bits, HORIZON, want)) == tuple(kept)
