"""Half-open intervals on the UTC line.

Rule 1: an instant is an aware datetime in UTC; nothing else gets in.
Rule 2: differences are taken between UTC instants only. Two aware datetimes of one
``ZoneInfo`` subtract by the wall clock in Python, which is an hour off on the days
when clocks change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def instant(moment: datetime) -> datetime:
    """Return *moment* as an instant in UTC.

    :raises ValueError: if *moment* is naive.
    """
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"not an instant, no zone is given: {moment.isoformat()}")
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """All instants ``t`` with ``start <= t < end``."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", instant(self.start))
        object.__setattr__(self, "end", instant(self.end))
        if self.end <= self.start:
            raise ValueError(f"interval ends before it starts: {self.start} - {self.end}")

    @property
    def length(self) -> timedelta:
        """The elapsed time from start to end."""
        return self.end - self.start

    def overlaps(self, other: Interval) -> bool:
        """Tell whether the two share an instant."""
        return self.start < other.end and other.start < self.end

    def clip(self, to: Interval) -> Interval | None:
        """Return the part of this interval that lies in *to*."""
        start, end = max(self.start, to.start), min(self.end, to.end)
        return Interval(start, end) if start < end else None


def merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the same instants as sorted intervals that neither overlap nor touch."""
    merged: list[Interval] = []
    for one in sorted(intervals):
        if merged and one.start <= merged[-1].end:
            if one.end > merged[-1].end:
                merged[-1] = Interval(merged[-1].start, one.end)
        else:
            merged.append(one)
    return tuple(merged)


def subtract(whole: Iterable[Interval], holes: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the instants of *whole* that lie in none of *holes*, merged."""
    cuts = merge(holes)
    return tuple(piece for one in merge(whole) for piece in _pieces(one, cuts))


def _pieces(one: Interval, cuts: tuple[Interval, ...]) -> Iterator[Interval]:
    at = one.start
    for cut in cuts:
        if cut.end <= at:
            continue
        if cut.start >= one.end:
            break
        if cut.start > at:
            yield Interval(at, cut.start)
        at = max(at, cut.end)
    if at < one.end:
        yield Interval(at, one.end)


def intersect(left: Iterable[Interval], right: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the instants that lie in both, merged."""
    shared: list[Interval] = []
    ours, theirs = merge(left), merge(right)
    i = j = 0
    while i < len(ours) and j < len(theirs):
        if (both := ours[i].clip(theirs[j])) is not None:
            shared.append(both)
        if ours[i].end <= theirs[j].end:
            i += 1
        else:
            j += 1
    return tuple(shared)


def clip(intervals: Iterable[Interval], to: Interval) -> tuple[Interval, ...]:
    """Return the parts of *intervals* that lie in *to*, merged."""
    return merge(piece for one in intervals if (piece := one.clip(to)) is not None)
