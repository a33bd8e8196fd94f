"""The n-th call, statement or reading of the clock goes wrong, n = 1, 2, 3 ... until a run meets no fault."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from providers.errors import ProviderError, Unavailable
from syncd import jumps
from syncd.clock import Clock, MovableClock, WatchedClock
from syncd.store.errors import StoreError
from tests.faults.tale import Tale, begun, judged
from tests.faults.town import Act, Town, town
from tests.syncd.engine.faults import MAY_RAISE, Crash
from tests.syncd.engine.house import HOUR, LAG
from tests.syncd.store.grounds import Ground
from tests.syncd.store.heard import listen

ASKED: tuple[ProviderError, ...] = tuple(
    Unavailable("too many requests", status=429, retry_after=timedelta(seconds=seconds))
    for seconds in (-1, 1, 10**9)
)
"""What a server may ask for: an impossible wait, a short one, and one of thirty years."""
JUMPS = (HOUR, -HOUR, timedelta(minutes=-5))
DAY_AND_MORE = timedelta(hours=26)
"""The longest for which a server can be left alone, whatever it asked for."""
_ASKED_AGAIN = 12


def told(tale: Tale, one: Town, after: Callable[[], None] = lambda: None) -> None:
    """Tell *tale*; whoever was killed or refused asks again for what they wanted."""
    for act in tale.tell(one):
        _asked(act, one)
        after()


def _asked(act: Act, one: Town) -> None:
    for _ in range(_ASKED_AGAIN):
        try:
            act()
        except Crash:
            one.restart()
        except (ProviderError, StoreError):
            one.clock.sleep(timedelta(seconds=61))  # whoever had the work has it no more
        else:
            return
    act()


# --- calls of a provider -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Failure:
    """How one call fails."""

    error: ProviderError
    after: bool
    """It took effect all the same."""

    def __str__(self) -> str:
        asked = getattr(self.error, "retry_after", None)
        what = f"{type(self.error).__name__}: {self.error.what}"
        return f"{'after' if self.after else 'before'} its effect: {what}" + (f" ({asked})" if asked else "")


def failures(name: str) -> Iterator[Failure]:
    """Yield every way in which a call of the method *name* may fail."""
    for error in (*MAY_RAISE[name], *ASKED):
        yield Failure(error, after=False)
        if name in {"create", "update", "delete"}:
            yield Failure(error, after=True)


def calls_of(ground: Ground, tale: Tale) -> list[str]:
    """Return the calls of *tale* when nothing fails."""
    with town(ground) as one:
        begun(tale, one)
        before = len(one.faults.calls)
        told(tale, one)
        return one.faults.calls[before:]


def failed_call(ground: Ground, tale: Tale, number: int, how: Failure) -> list[str]:
    """Return what is wrong in the end if the call *number*, counted from 0, fails."""
    with town(ground) as one:
        begun(tale, one)
        one.faults.nth(number, how.error, after=how.after)
        told(tale, one)
        one.faults.mend()
        if how.error is ASKED[-1]:
            one.until(one.clock.now() + DAY_AND_MORE)
        return [f"{tale.name}, call {number} {how}: {each}" for each in judged(tale, one, lenient=True)]


# --- statements --------------------------------------------------------------------------


class Trouble(Enum):
    """How a statement fails."""

    BUSY = sqlite3.SQLITE_BUSY, "database is locked"
    FULL = sqlite3.SQLITE_FULL, "database or disk is full"
    IOERR = sqlite3.SQLITE_IOERR, "disk I/O error"
    KILLED = 0, "the process is killed"


@dataclass
class Statements:
    """Counts what a database is asked to do, commits included, and lets the n-th of them fail."""

    process: Any
    number: int
    how: Trouble
    count: int = 0
    met: bool = False

    def heard(self, raw: sqlite3.Connection, statement: str) -> None:
        del statement
        self.count += 1
        if self.count != self.number:
            return
        self.met = True
        if self.how is not Trouble.BUSY:  # SQLite rolls back by itself, and so does the end of a process
            with suppress(sqlite3.Error):
                raw.execute("ROLLBACK")
        if self.how is Trouble.KILLED:
            self.process.die()
        code, words = self.how.value
        wrong = sqlite3.OperationalError(words)
        wrong.sqlite_errorcode = code
        raise wrong


def failed_statement(ground: Ground, tale: Tale, number: int, how: Trouble) -> tuple[bool, list[str]]:
    """Return whether there was such a statement (counted from 1), and what is wrong in the end."""
    with town(ground) as one:
        begun(tale, one)
        statements = Statements(one.process, number, how)
        listen(one.db, statements.heard)
        told(tale, one)
        number_met, statements.number = statements.met, 0
        wrong = judged(tale, one, lenient=True)
        return number_met, [f"{tale.name}, statement {number} {how.name}: {each}" for each in wrong]


# --- readings of the clock ---------------------------------------------------------------


@dataclass
class Crooked:
    """A clock on the wall that is set wrong at its n-th reading, and mended later."""

    true: MovableClock
    number: int
    by: timedelta
    vouched: bool
    """The operating system vouches for it all the while."""
    count: int = 0
    met: bool = False
    off: timedelta = field(default=timedelta(0))
    armed: bool = False

    def now(self) -> datetime:
        if self.armed:
            self.count += 1
            if self.count == self.number:
                self.met, self.off = True, self.by
        return self.true.now() + self.off

    def sleep(self, length: timedelta) -> None:
        self.true.sleep(length)

    def disciplined(self) -> bool:
        return self.vouched or not self.off

    def mend(self) -> None:
        self.off = timedelta(0)


def misread(
    ground: Ground, tale: Tale, number: int, by: timedelta, *, vouched: bool = True
) -> tuple[bool, list[str]]:
    """Return whether the clock was read so often, and what is wrong in the end if it was set wrong then."""
    crooked: list[Crooked] = []

    def watch(true: MovableClock) -> Clock:
        crooked.append(Crooked(true, number, by, vouched))
        return WatchedClock(crooked[0], timedelta(seconds=5), LAG, lambda: true.now().timestamp())

    with town(ground, watch) as one:
        begun(tale, one)
        (wall,) = crooked
        wall.armed = True

        def after() -> None:
            _noticed(one)
            wall.mend()  # NTP has its way before anything else happens
            _noticed(one)

        told(tale, one, after)
        wall.armed = False
        wrong = judged(tale, one, lenient=True)
        return wall.met, [
            f"{tale.name}, reading {number} {by}{'' if vouched else ' unvouched'}: {each}" for each in wrong
        ]


def _noticed(one: Town) -> None:
    """Do about steps of the clock what the daemon does."""
    assert isinstance(one.watch, WatchedClock)
    for step in one.watch.steps():
        jumps.note(one.house, step)
