from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from policy.interval import Interval, clip, instant, intersect, merge, subtract
from tests.policy import between, minutes_of, some_intervals

HOUR = timedelta(hours=1)
SEVERAL = some_intervals(0, 60)
EXAMPLES = settings(max_examples=100, deadline=None)


def is_merged(intervals: tuple[Interval, ...]) -> bool:
    return all(left.end < right.start for left, right in pairwise(intervals))


def test_a_naive_datetime_is_no_instant() -> None:
    with pytest.raises(ValueError, match="no zone is given: 2026-03-02T09:00:00"):
        instant(datetime(2026, 3, 2, 9))  # noqa: DTZ001 - what is refused here


def test_an_instant_is_kept_in_utc() -> None:
    moment = instant(datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=5, minutes=45))))
    assert (moment, moment.tzinfo) == (datetime(2026, 3, 2, 3, 15, tzinfo=UTC), UTC)


@pytest.mark.parametrize("length", [0, -1])
def test_an_interval_without_instants_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="ends before it starts"):
        between(10, 10 + length)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29), 23),  # noqa: DTZ001 - the zone is put on below
        ("Europe/Berlin", datetime(2026, 10, 25), 25),  # noqa: DTZ001
        ("Australia/Lord_Howe", datetime(2026, 4, 5), 24.5),  # noqa: DTZ001
        ("Australia/Lord_Howe", datetime(2026, 10, 4), 23.5),  # noqa: DTZ001
    ],
)
def test_a_day_is_as_long_as_it_takes_to_pass(zone: str, day: datetime, hours: float) -> None:
    here = ZoneInfo(zone)
    local = Interval(day.replace(tzinfo=here), (day + timedelta(days=1)).replace(tzinfo=here))
    assert local.length == hours * HOUR


def test_the_second_pass_of_a_repeated_hour_comes_after_the_first() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
    assert Interval(twice, twice.replace(fold=1)).length == HOUR


def test_an_interval_holds_its_start_and_not_its_end() -> None:
    assert not between(0, 10).overlaps(between(10, 20))
    assert between(0, 11).overlaps(between(10, 20))
    assert between(0, 10).clip(between(10, 20)) is None


@given(SEVERAL)
@EXAMPLES
def test_merging_keeps_the_instants_and_nothing_touches(intervals: list[Interval]) -> None:
    merged = merge(intervals)
    assert minutes_of(merged) == minutes_of(intervals)
    assert is_merged(merged)


@given(SEVERAL, SEVERAL)
@EXAMPLES
def test_subtracting_is_the_difference_of_sets(whole: list[Interval], holes: list[Interval]) -> None:
    left = subtract(whole, holes)
    assert minutes_of(left) == minutes_of(whole) - minutes_of(holes)
    assert is_merged(left)


@given(SEVERAL, SEVERAL)
@EXAMPLES
def test_intersecting_is_the_common_part_of_sets(ours: list[Interval], theirs: list[Interval]) -> None:
    shared = intersect(ours, theirs)
    assert minutes_of(shared) == minutes_of(ours) & minutes_of(theirs)
    assert is_merged(shared)
    assert shared == intersect(theirs, ours)


@given(SEVERAL, some_intervals(0, 60, least=1, most=1))
@EXAMPLES
def test_clipping_is_intersecting_with_one(intervals: list[Interval], to: list[Interval]) -> None:
    assert clip(intervals, to[0]) == intersect(intervals, to)


@given(SEVERAL, SEVERAL)
@EXAMPLES
def test_what_is_taken_away_and_what_is_left_make_the_whole(a: list[Interval], b: list[Interval]) -> None:
    assert merge((*subtract(a, b), *intersect(a, b))) == merge(a)


@given(some_intervals(0, 60, least=2, most=2))
@EXAMPLES
def test_two_overlap_exactly_if_they_share_an_instant(pair: list[Interval]) -> None:
    left, right = pair
    shared = minutes_of([left]) & minutes_of([right])
    assert left.overlaps(right) == right.overlaps(left) == bool(shared)
    assert (left.clip(right) is not None) == bool(shared)
