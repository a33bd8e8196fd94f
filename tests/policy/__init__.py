"""The rules against oracles that are too dumb to be wrong: sets of integers and a clock on the wall."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

from policy.interval import Interval

ORIGIN = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday; the instant that tests count from."""
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)


def at(minutes: int) -> datetime:
    """Return the instant so many minutes after the origin."""
    return ORIGIN + minutes * MINUTE


def between(start: int, end: int) -> Interval:
    """Return the interval between two minutes after the origin."""
    return Interval(at(start), at(end))


def minutes_of(intervals: Iterable[Interval]) -> set[int]:
    """Return every whole minute after the origin that lies in *intervals*."""
    found: set[int] = set()
    for one in intervals:
        found.update(range(-((ORIGIN - one.start) // MINUTE), -((ORIGIN - one.end) // MINUTE)))
    return found


def some_intervals(
    first: int, last: int, *, least: int = 0, most: int = 6
) -> st.SearchStrategy[list[Interval]]:
    """Draw intervals between two minutes after the origin, in any order."""
    minute = st.integers(first, last)
    pairs = st.tuples(minute, minute).filter(lambda pair: pair[0] != pair[1])
    return st.lists(pairs.map(lambda pair: between(min(pair), max(pair))), min_size=least, max_size=most)


@dataclass(frozen=True)
class Change:
    """A moment at which the clocks of a zone are changed."""

    at: datetime
    zone: ZoneInfo
    shift: timedelta


def offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    """Return how far the wall clock is ahead of UTC."""
    return moment.astimezone(zone).replace(tzinfo=UTC) - moment


@cache
def clock_changes() -> tuple[Change, ...]:
    """Return every change of clocks from 2020 to 2030, one for zones that change alike."""
    alike: dict[tuple[datetime, timedelta, timedelta], Change] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for moment in _changes(zone, datetime(2020, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)):
            before, after = offset(zone, moment - MINUTE), offset(zone, moment)
            alike.setdefault((moment, before, after), Change(moment, zone, after - before))
    return tuple(alike.values())


def _changes(zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Walk by weeks, then days, hours and quarters through those that end otherwise than they begin."""
    found = [(start, end)]
    for step in (timedelta(weeks=1), timedelta(days=1), timedelta(hours=1), QUARTER):
        narrower = []
        for first, last in found:
            moment, here = first, offset(zone, first)
            while moment < last:
                there = offset(zone, moment + step)
                if there != here:
                    narrower.append((moment, moment + step))
                moment, here = moment + step, there
        found = narrower
    return [last for _, last in found]
