"""What of the daemon's life may have to wait for a disk or a database: start, reload, chores, end.

It runs in a thread of its own, so that signals, the watchdog and the last second of an end
never wait for it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol

import structlog

from syncd import jumps, mark, push, restored, rollcall
from syncd.clock import Clock, Step, WatchedClock
from syncd.config import Config
from syncd.edges import Follower
from syncd.engine.runner import HOLDER
from syncd.errors import Misconfigured
from syncd.health import Pulse
from syncd.house import House
from syncd.invariants.sweep import Sweep
from syncd.mark import Mark
from syncd.store.errors import StoreBusy, StoreError
from syncd.store.growth import IDENTITY, Growth, growth
from syncd.store.sole import Sole, take

_TICK = timedelta(seconds=5)
_BEAT = timedelta(seconds=1)
"""How long what happened stays untold in the log, at most."""
_MINUTE = timedelta(minutes=1)
_log = structlog.get_logger(__name__)


class Runner(Protocol):
    """What does the due work."""

    def start(self) -> None:
        """Begin."""
        ...

    def kick(self) -> None:
        """Look again at once: something may be due now."""
        ...

    def replace(self, house: House) -> None:
        """Give new work another house."""
        ...

    def stop(self, grace: timedelta) -> bool:
        """Claim nothing more and wait for what runs; ``False`` if something still does."""
        ...

    def pulse(self) -> Pulse:
        """Return how it is doing."""
        ...


class Pages(Protocol):
    """What shows people and machines how the daemon is doing."""

    def start(self) -> None:
        """Begin to serve."""
        ...

    def stop(self, grace: timedelta) -> None:
        """End."""
        ...


@dataclass(frozen=True, slots=True)
class Resting:
    """The pulse of a daemon that may not work now."""

    trouble: str | None = None
    trouble_since: datetime | None = None
    running: int = 0
    oldest: timedelta | None = None
    last_claim: datetime | None = None
    ran: Mapping[str, int] = field(default_factory=Counter)
    failed: int = 0
    fenced: int = 0


@dataclass(frozen=True, slots=True)
class Parts:
    """What a daemon is put together from."""

    load: Callable[[], Config]
    """Reads the configuration again."""
    open: Callable[[Config, Clock], House]
    refit: Callable[[House, Config], House]
    """Gives the same house, its database included, another configuration."""
    runner: Callable[[House], Runner]
    pages: Callable[[str, Callable[[], House], Callable[[], Pulse]], Pages] | None
    marks: Callable[[Config], Sequence[Path]]
    """Where the marks outside the database are."""


class Said(StrEnum):
    """What the daemon is told of its life."""

    UP = "up"
    RELOADED = "reloaded"
    OVER = "over"


class _Enough(Exception):
    """The end was wanted before the start was done."""


class Life:
    """The blocking side of one daemon."""

    def __init__(self, config: Config, parts: Parts, clock: Clock, say: Callable[[Said], None]) -> None:
        self.clock = clock
        self.accounts = 0
        self.refused: str | None = None
        """Why the configuration as it stands in its file is not in force."""
        self.trouble: str | None = None
        """Why nothing is worked on now."""
        self._since: datetime | None = None
        self._config, self._parts, self._say = config, parts, say
        self._files = parts.marks(config)
        self._house: House | None = None
        self._runner: Runner | None = None
        self._pages: Pages | None = None
        self._sole: Sole | None = None
        self._follower: Follower | None = None
        self._asked: SimpleQueue[Step | None] = SimpleQueue()
        self._guard = threading.Lock()
        self._ending, self._idle = threading.Event(), threading.Event()
        self._sweep = Sweep()
        self._sick: str | None = None
        self._unmarked: list[str] = []
        self._next_tick = self._next_minute = 0.0

    # --- what others may ask at any time ---------------------------------------------------

    def pulse(self) -> Pulse:
        """Return how the work is doing."""
        runner = self._runner
        if runner is None or self.trouble is not None:
            return Resting(self.trouble, self._since)
        return runner.pulse()

    def house(self) -> House:
        """Return the house as it is now; there is one once the start is done."""
        assert self._house is not None  # noqa: S101 - the pages are started after it
        return self._house

    def reload(self) -> None:
        """Have the configuration read again."""
        self._asked.put(None)

    def stepped(self, step: Step) -> None:
        """Have a step of the clock seen to."""
        self._asked.put(step)

    # --- the thread's own ------------------------------------------------------------------

    def live(self) -> None:
        """Start, then do what there is to do until the end.

        :raises Occupied: if another daemon works on the database.
        :raises Misconfigured: if the key is not the right one.
        :raises Problem: if the pages cannot be served.
        :raises StoreError: if the database cannot be used.
        """
        try:
            self._start()
            self._say(Said.UP)
            self._chore(self._sessions)
            while not self._ending.is_set():
                self._turn()
        except _Enough:
            pass
        finally:
            self._idle.set()

    def _turn(self) -> None:
        self._follow()
        try:
            asked = self._asked.get(timeout=_BEAT.total_seconds())
        except Empty:
            if time.monotonic() >= self._next_tick:
                self._next_tick = time.monotonic() + _TICK.total_seconds()
                self._keep_sole()
            if time.monotonic() >= self._next_minute:
                self._next_minute = time.monotonic() + _MINUTE.total_seconds()
                self._chore(self._each_minute)
            return
        if self._ending.is_set():
            return
        if asked is None:
            self._reload()
        else:
            self._chore(lambda: self._note(asked))

    def _start(self) -> None:
        self._sole = take(self._config.database.url)
        house = self._opened()
        self._house = house
        with house.db.write() as tx:
            released = tx.due.release(HOLDER)
        self._follower = Follower(self.house)
        self._look_at_mark(house)
        self.accounts = rollcall.accounts(house)
        self._mark(house)
        self._next_minute = time.monotonic() + _MINUTE.total_seconds()
        self._work(house)
        if self._parts.pages is not None:
            with self._guard:
                self._unless_ending()
                self._pages = self._parts.pages(str(self._config.web.listen), self.house, self.pulse)
                self._pages.start()
        _log.info("daemon.started", accounts=self.accounts, leases_released=released, database=house.db.name)

    def _opened(self) -> House:
        while True:
            try:
                return self._parts.open(self._config, self.clock)
            except StoreBusy as busy:
                self._unless_ending()
                self._rest(f"waiting for the database: {busy}")
                self._ending.wait(1)

    def _unless_ending(self) -> None:
        if self._ending.is_set():
            raise _Enough

    def _work(self, house: House) -> None:
        with self._guard:
            self._unless_ending()
            self._runner = self._parts.runner(house)
            self._runner.start()
            self.trouble = self._since = None

    def _rest(self, why: str) -> None:
        if self.trouble is None:
            _log.error("daemon.resting", why=why)
            self._since = self.clock.now()
        self.trouble = why

    # --- chores ----------------------------------------------------------------------------

    def _chore(self, chore: Callable[[], None]) -> None:
        """Do what can be left undone while the database cannot be used; the edge is told, the level is not."""
        try:
            chore()
        except StoreError as error:
            if self._sick is None:
                _log.warning("daemon.chores_waiting", why=str(error))
            self._sick = str(error)
        else:
            self._sick = None

    def _follow(self) -> None:
        """Tell in the log what has happened since."""
        if self._follower is not None:
            self._follower.step()

    def _each_minute(self) -> None:
        house = self.house()
        self._mark(house)
        if restored.verified_again(house):
            _log.info("ledger.verified_again")
        push.keep(house)
        self._sweep.step(house)
        with house.db.read() as tx:
            self.accounts = sum(bool(account.grant) for account in tx.accounts.all())

    def _sessions(self) -> None:
        rollcall.sessions(self.house(), self._ending.is_set)

    def _note(self, step: Step) -> None:
        try:
            jumps.note(self.house(), step)
        except StoreError:
            self._asked.put(step)  # it is written down once that is possible
            self._ending.wait(1)
            raise
        if self._runner is not None:
            self._runner.kick()

    def _keep_sole(self) -> None:
        """Work only while no other daemon can; a session of PostgreSQL is lost with its connection."""
        assert self._sole is not None  # noqa: S101 - it was taken first of all
        if self._sole.hold():
            if self.trouble is not None:
                self._chore(self._resume)
            return
        self._rest("the claim to be the only daemon of this database is lost; it is asked for again")
        with self._guard:
            runner, self._runner = self._runner, None
        if runner is not None:
            runner.stop(_TICK)  # what still runs is fenced out by whoever does it next

    def _resume(self) -> None:
        house = self.house()
        with house.db.write() as tx:
            tx.due.release(HOLDER)
        rollcall.accounts(house)
        self._work(house)
        _log.info("daemon.working")

    # --- reload ----------------------------------------------------------------------------

    def _reload(self) -> None:
        began = time.monotonic()
        try:
            self._take_up(self._parts.load())
        except (Misconfigured, StoreError) as wrong:
            self.refused = str(wrong)
            _log.error("config.refused", why=self.refused)
        else:
            self.refused = None
            _log.info("daemon.reloaded", seconds=round(time.monotonic() - began, 3))
        self._say(Said.RELOADED)

    def _take_up(self, config: Config) -> None:
        fixed = {"database": self._config.database, "web": self._config.web, "keys": self._config.keys}
        for name, section in fixed.items():
            if getattr(config, name) != section:
                _log.warning("config.needs_restart", section=name)
        if config.poll.workers != self._config.poll.workers:
            _log.warning("config.needs_restart", section="poll.workers")
        config = config.model_copy(update=fixed)
        house = self._parts.refit(self.house(), config)
        with self._guard:
            self._house, self._config = house, config
            if self._runner is not None:
                self._runner.replace(house)
        if isinstance(self.clock, WatchedClock):
            self.clock.bounds(config.rules.clock_bound, jumps.settling(config))

    # --- the mark outside the database -----------------------------------------------------

    def _look_at_mark(self, house: House) -> None:
        there, marks = growth(self._config.database.url), mark.read(self._files)
        with house.db.read() as tx:
            sessions = bool(tx.sessions.all())
        ahead = restored.ahead(there, marks, sessions=sessions)
        if ahead is not None:
            done = restored.take_back(house, there, ahead)
            _log.error(
                "ledger.restored",
                sessions=done.sessions,
                calendars=done.calendars,
                lost_claims=done.lost_claims,
                written_until=done.mark_at.isoformat(),
            )
        if there.identity is None:
            with house.db.write() as tx:
                tx.meta.put(IDENTITY, house.new_id())
        self._doubt_clock(marks.get(there.identity or ""))

    def _doubt_clock(self, last: Mark | None) -> None:
        """Take a clock that is behind its own last word for one that has been set."""
        if last is None or not isinstance(self.clock, WatchedClock):
            return
        behind = last.moment - self.clock.now()
        if behind > self._config.rules.clock_bound:
            _log.warning("clock.behind", seconds=behind.total_seconds())
            self.clock.distrust()
            self.stepped(Step(self.clock.now(), -behind))

    def _mark(self, house: House) -> None:
        there: Growth = growth(self._config.database.url)
        if there.identity is None:
            return
        now = house.clock.now().isoformat()
        wrong = mark.write(self._files, there.identity, Mark(there.database, there.turn, there.feed, now))
        if wrong and not self._unmarked:
            _log.warning("ledger.unmarked", why=wrong)
        self._unmarked = wrong

    # --- the end ---------------------------------------------------------------------------

    def close(self, grace: timedelta) -> bool:
        """End everything, and tell whether nothing runs any more; called by another thread than :meth:`live`."""
        self._ending.set()
        self._asked.put(None)
        end = time.monotonic() + grace.total_seconds()
        with self._guard:
            runner, pages = self._runner, self._pages
        if pages is not None:
            pages.stop(_TICK / 10)
        calm = (
            runner.stop(timedelta(seconds=max(0.0, end - time.monotonic()))) if runner is not None else True
        )
        calm = self._idle.wait(1) and calm
        if self._house is not None:
            with suppress(StoreError):
                self._mark(self._house)
                self._follow()
            if calm:
                self._house.db.close()
        if self._sole is not None and calm:
            self._sole.release()
        return calm
