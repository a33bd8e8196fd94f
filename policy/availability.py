"""When a person can be met: every cell is free, busy or unknown, and unknown is never free.

Rule 1: derived = weekly hours - busy - own sessions - buffers - closures - pauses
+ hours pinned open - hours blocked.
Rule 2: what is not proven free is not free. All that takes time away rounds outwards to whole
cells, all that gives time rounds inwards, and next to time that nobody could read the buffer
is unknown as well, because a busy time may stand at its very edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from policy.grid import Horizon, covered, run, touched
from policy.interval import Interval
from policy.weekly import Weekly, steady_pieces

_HOUR = timedelta(hours=1)
_INSTANT = timedelta(microseconds=1)
_NONE = timedelta(0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class State(StrEnum):
    """What is known of an hour."""

    FREE = "free"
    """Read, and nothing stands there; or the person says so."""
    BUSY = "busy"
    """Taken, blocked, or outside the hours of the person."""
    UNKNOWN = "unknown"
    """Inside the hours of the person, but not read."""


@dataclass(frozen=True, slots=True)
class Availability:
    """A horizon in three states; each cell is in exactly one."""

    horizon: Horizon
    free: int
    unknown: int

    def __post_init__(self) -> None:
        if self.free & self.unknown:
            raise ValueError("a cell is both free and unknown")
        if (self.free | self.unknown) & ~self.horizon.full:
            raise ValueError("a cell lies outside the horizon")

    @property
    def busy(self) -> int:
        """All cells that are neither free nor unknown."""
        return self.horizon.full & ~(self.free | self.unknown)


def derive(
    horizon: Horizon,
    zone: ZoneInfo,
    weekly: Weekly,
    *,
    readable: bool,
    busy: Iterable[Interval] = (),
    tentative: Iterable[Interval] = (),
    unknown: Iterable[Interval] = (),
    tentative_is_busy: bool = True,
    sessions: Iterable[Interval] = (),
    buffer: timedelta = _NONE,
    closures: Iterable[Interval] = (),
    pauses: Iterable[Interval] = (),
    opened: Iterable[Interval] = (),
    blocked: Iterable[Interval] = (),
) -> Availability:
    """Return the availability of one person.

    ``readable`` is false while a chosen calendar has never been read, its grant is lost or its
    data are stale: all hours are then unknown but for what is known to be taken or said to be
    open. ``busy``, ``unknown`` and ``sessions`` reach *buffer* further than the horizon, or its
    edges miss the buffers of what stands just outside. Whoever pins an hour open overrules all
    but their own sessions and a block.

    :raises ValueError: if *buffer* is negative.
    """
    if buffer < _NONE:
        raise ValueError(f"a buffer cannot be negative: {buffer}")
    maybe = tentative if tentative_is_busy else ()
    own = touched(horizon, sessions := tuple(sessions))
    shut = touched(horizon, blocked)
    pinned = covered(horizon, opened) & ~own & ~shut
    within = covered(horizon, weekly.intervals(zone, horizon.window))
    taken = touched(horizon, (*busy, *maybe, *sessions), buffer)
    away = touched(horizon, closures) | touched(horizon, pauses)
    hours = within & ~(taken | away | shut | pinned)
    unread = touched(horizon, unknown, buffer) if readable else horizon.full
    return Availability(horizon, free=pinned | (hours & ~unread), unknown=hours & unread)


@dataclass(frozen=True, slots=True)
class Slot:
    """The time from one whole hour of a wall clock to the next, and what is known of it."""

    start: datetime
    end: datetime
    """An hour later, or half an hour more or less on a day when clocks change by half an hour."""
    state: State


def slots(availability: Availability, zone: ZoneInfo, window: Interval | None = None) -> tuple[Slot, ...]:
    """Return the hours of *zone* that lie wholly in the horizon, and in *window* if it is given.

    An hour is busy if any of its cells is, else unknown if any is, else free.
    """
    horizon = availability.horizon
    if window is None:
        window = horizon.window
    elif (window := window.clip(horizon.window)) is None:
        return ()
    taken, unread = availability.busy, availability.unknown
    found: list[Slot] = []
    for start, end in pairwise(whole_hours(zone, window)):
        first, last = horizon.holding(start), horizon.after(end)
        cells = run(0, last - first)
        found.append(Slot(start, end, _state(taken >> first & cells, unread >> first & cells)))
    return tuple(found)


def _state(taken: int, unread: int) -> State:
    if taken:
        return State.BUSY
    return State.UNKNOWN if unread else State.FREE


def whole_hours(zone: ZoneInfo, window: Interval) -> Iterator[datetime]:
    """Yield the instants of *window*, its end included, at which a clock in *zone* shows a whole hour."""
    closed = Interval(window.start, window.end + _INSTANT)
    for piece, offset in steady_pieces(zone, closed):
        at = piece.start + -(piece.start + offset - _EPOCH) % _HOUR
        while at < piece.end:
            yield at
            at += _HOUR
