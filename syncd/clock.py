"""The only module that asks what time it is."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from policy.rules import Rules

_NTP_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
_TIMEX_BYTES = 256  # struct timex is 208 bytes on Linux; a little room
_GLANCE = 0.05  # seconds between two looks at a clock that somebody may move


class Clock(Protocol):
    """What the program knows of time."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        ...

    def sleep(self, length: timedelta) -> None:
        """Let *length* pass."""
        ...

    def disciplined(self) -> bool:
        """Tell whether the operating system vouches for :meth:`now`."""
        ...


class SystemClock:
    """The computer's own clock."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return datetime.now(UTC)

    def sleep(self, length: timedelta) -> None:
        """Let *length* pass."""
        time.sleep(max(0.0, length.total_seconds()))

    def disciplined(self) -> bool:
        """Tell whether the kernel says that its clock is synchronised (adjtimex(2))."""
        try:
            state = ctypes.CDLL(None).ntp_adjtime(ctypes.create_string_buffer(_TIMEX_BYTES))
        except (AttributeError, OSError):
            return False
        return 0 <= int(state) < _NTP_UNSYNCHRONISED


class MovableClock:
    """A clock that stands still until it is moved: for the demo's story and for tests."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the instant it was last moved to."""
        with self._lock:
            return self._now

    def sleep(self, length: timedelta) -> None:
        """Move on by *length*, at once."""
        self.move(self.now() + length)

    def move(self, to: datetime) -> None:
        """Move on to *to*; time never runs backwards here."""
        with self._lock:
            self._now = max(self._now, to.astimezone(UTC))

    def disciplined(self) -> bool:
        """Tell that this clock is right by definition."""
        return True


class ShiftedClock:
    """The computer's clock, ahead by what stands in a file: the demo's, which a person moves while it runs."""

    def __init__(self, file: Path) -> None:
        self.file = file
        """Holds seconds; whoever reads the file sees the same time, in any process."""
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the instant that the demo is at."""
        return datetime.now(UTC) + self.ahead()

    def ahead(self) -> timedelta:
        """Return how far ahead of the computer's clock it is."""
        with suppress(FileNotFoundError):  # the demo is being put away: time goes on as it did
            self._ahead = timedelta(seconds=float(self.file.read_text("ascii")))
        return self._ahead

    def sleep(self, length: timedelta) -> None:
        """Let *length* pass, or be moved past."""
        end = self.now() + length
        while (left := (end - self.now()).total_seconds()) > 0:
            time.sleep(min(left, _GLANCE))

    def move(self, to: datetime) -> None:
        """Move on to *to*; time never runs backwards here."""
        left = to.astimezone(UTC) - self.now()
        if left > timedelta(0):
            whole = self.file.with_suffix(".new")
            whole.write_text(repr((self.ahead() + left).total_seconds()), "ascii")
            whole.replace(self.file)

    def disciplined(self) -> bool:
        """Tell that this clock is right by definition."""
        return True


@dataclass(frozen=True, slots=True)
class Step:
    """The clock on the wall went another way than time did."""

    at: datetime
    """What the clock said after it."""
    by: timedelta
    """How far it went too far; negative when it went back."""


def elapsed() -> float:
    """Return seconds that only grow and that nobody sets, sleep of the computer included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)  # CLOCK_MONOTONIC stands still while it sleeps


class WatchedClock:
    """A clock that is compared with one that nobody can set: a step larger than the bound is noticed.

    For a while after a step the operating system's word for the clock is not enough. Steps add up:
    many small ones are one large one.
    """

    def __init__(
        self, wall: Clock, bound: timedelta, settle: timedelta, since: Callable[[], float] = elapsed
    ) -> None:
        self._wall = wall
        self._since = since
        self._lock = threading.Lock()
        self._bound, self._settle = bound, settle
        self._offset = wall.now() - timedelta(seconds=since())
        self._unsettled_until: float | None = None
        self._steps: list[Step] = []

    def now(self) -> datetime:
        """Return what the clock on the wall says, in UTC."""
        return self._wall.now()

    def sleep(self, length: timedelta) -> None:
        """Let *length* pass."""
        self._wall.sleep(length)

    def disciplined(self) -> bool:
        """Tell whether the operating system vouches for :meth:`now`, and no step was noticed lately."""
        with self._lock:
            self._compare()  # a step since the last comparison must not prove anything
            until = self._unsettled_until
            settled = until is None or self._since() >= until
        return settled and self._wall.disciplined()

    def steps(self) -> tuple[Step, ...]:
        """Return the steps that were noticed since the last call."""
        with self._lock:
            self._compare()
            found, self._steps = tuple(self._steps), []
        return found

    def bounds(self, bound: timedelta, settle: timedelta) -> None:
        """Take other bounds from now on."""
        with self._lock:
            self._bound, self._settle = bound, settle

    def distrust(self) -> None:
        """Take the clock for one that has just been set."""
        with self._lock:
            self._unsettled_until = self._since() + self._settle.total_seconds()

    def _compare(self) -> None:
        before = self._since()
        wall = self._wall.now()
        after = self._since()
        if timedelta(seconds=after - before) > self._bound / 2:
            return  # kept from running between the two: nothing can be told
        offset = wall - timedelta(seconds=after)
        by = offset - self._offset
        if abs(by) > self._bound:
            self._offset = offset
            self._steps.append(Step(wall, by))
            self._unsettled_until = after + self._settle.total_seconds()


def proves(clock: Clock, sent: datetime, received: datetime, date: datetime | None, rules: Rules) -> bool:
    """Tell whether an answer's instants are known to be right, so that what it shows can prove.

    The operating system vouches for them, or the server's own ``Date`` (whole seconds)
    agrees within ``clock_bound`` with the time in which we waited for it. A ``Date``
    further back than ``lag`` is a cache's, whoever vouches.
    """
    second = timedelta(seconds=1)
    if clock.disciplined():
        return date is None or date >= sent - rules.lag - second
    if date is None:
        return False
    return sent - rules.clock_bound - second <= date <= received + rules.clock_bound
