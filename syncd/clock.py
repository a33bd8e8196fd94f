"""The only module that asks what time it is."""

from __future__ import annotations

import ctypes
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from policy.rules import Rules

_NTP_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
_TIMEX_BYTES = 256  # struct timex is 208 bytes on Linux; a little room


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
