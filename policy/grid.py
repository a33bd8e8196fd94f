"""Time as bits: a horizon of 15-minute cells, one Python integer for each state.

Bit *n* stands for the cell *n*, counted on the UTC line, so clock changes do not exist here.
Busy and unknown time marks every cell that it *touches*, free and open time only those that
it *covers*: whatever is rounded is rounded away from free.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import and_

from policy.interval import Interval, instant, merge

CELL = timedelta(minutes=15)
"""Every offset in use is a multiple of it."""
_CELL_SECONDS = 15 * 60
_CELLS_A_DAY = 24 * 4
MOST_CELLS = 8 * 7 * _CELLS_A_DAY + 1
"""Eight weeks, wherever inside a cell they begin."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """The stretch of the UTC line that the bits stand for."""

    start: datetime
    """A whole quarter of an hour."""
    cells: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", instant(self.start))
        if self.start != _quarter(self.start):
            raise ValueError(
                f"a horizon starts at a whole quarter of an hour, not at {self.start.isoformat()}"
            )
        if not 0 < self.cells <= MOST_CELLS:
            raise ValueError(f"a horizon has 1 to {MOST_CELLS} cells, not {self.cells}")

    @classmethod
    def around(cls, window: Interval) -> Horizon:
        """Return the smallest horizon that holds *window*.

        :raises ValueError: if that is longer than eight weeks.
        """
        start = _quarter(window.start)
        return cls(start, -((start - window.end) // CELL))

    @property
    def window(self) -> Interval:
        """The instants of all cells."""
        return Interval(self.start, self.at(self.cells))

    @property
    def full(self) -> int:
        """The bits of all cells."""
        return (1 << self.cells) - 1

    def at(self, cell: int) -> datetime:
        """Return the instant at which *cell* starts."""
        return self.start + cell * CELL

    def holding(self, moment: datetime) -> int:
        """Return the cell that holds *moment*, as if the horizon had no end."""
        return _whole(moment - self.start)

    def after(self, moment: datetime) -> int:
        """Return the first cell that starts at *moment* or later, as if the horizon had no end."""
        return -_whole(self.start - moment)


def _quarter(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def _whole(length: timedelta) -> int:
    # What ``length // CELL`` is, several times as fast: every interval of a person passes here twice.
    return length.days * _CELLS_A_DAY + length.seconds // _CELL_SECONDS


def run(first: int, last: int) -> int:
    """Return the bits of the cells from *first* up to *last*, which is left out; none if there are none."""
    return ((1 << (last - first)) - 1) << first if first < last else 0


def touched(horizon: Horizon, intervals: Iterable[Interval], reach: timedelta = timedelta(0)) -> int:
    """Return the cells that share an instant with *intervals*, each widened by *reach* at both ends."""
    bits = 0
    early, late = horizon.start + reach, horizon.start - reach
    for one in intervals:
        first, last = _whole(one.start - early), -_whole(late - one.end)
        bits |= run(max(first, 0), min(last, horizon.cells))
    return bits


def covered(horizon: Horizon, intervals: Iterable[Interval]) -> int:
    """Return the cells that lie wholly in *intervals* taken together: for free and open time."""
    bits = 0
    for one in merge(intervals):
        bits |= run(max(horizon.after(one.start), 0), min(horizon.holding(one.end), horizon.cells))
    return bits


def runs(bits: int) -> Iterator[tuple[int, int]]:
    """Yield every unbroken run of *bits* as its first cell and the one after its last."""
    at = 0
    while bits:
        gap = (bits & -bits).bit_length() - 1
        bits >>= gap
        length = (~bits & (bits + 1)).bit_length() - 1
        bits >>= length
        at += gap + length
        yield at - length, at


def intervals(horizon: Horizon, bits: int) -> tuple[Interval, ...]:
    """Return the instants of the cells in *bits*, merged."""
    return tuple(Interval(horizon.at(first), horizon.at(last)) for first, last in runs(bits & horizon.full))


def common(people: Iterable[int]) -> int:
    """Return the cells that are set for everybody, all on one horizon; with nobody there are none."""
    sets = list(people)
    return reduce(and_, sets) if sets else 0


def starts(bits: int, cells: int) -> int:
    """Return the cells from which *cells* cells in a row are set: where a session of that length fits.

    :raises ValueError: if *cells* is less than one.
    """
    if cells < 1:
        raise ValueError(f"nothing fits into {cells} cells")
    have = 1
    while have < cells:
        step = min(have, cells - have)
        bits &= bits >> step
        have += step
    return bits


def moved(bits: int, have: Horizon, want: Horizon) -> int:
    """Return *bits* of the horizon *have* as bits of *want*; cells that *have* lacks are not set."""
    ahead = (have.start - want.start) // CELL
    return (bits << ahead if ahead > 0 else bits >> -ahead) & want.full
