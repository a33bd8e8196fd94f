"""A school whose process can be killed, or paused while another one works, at any point of the code."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import TypeVar

from providers.base import CalendarProvider, Owner
from syncd import sessions, work
from syncd.clock import Clock, MovableClock
from syncd.house import Found, House
from syncd.store.database import Database
from syncd.store.errors import StoreFull
from syncd.store.rows import Account
from syncd.store.tx import Tx
from syncd.sync import sync_now
from tests.endurance.quiet import TOUCHED
from tests.faults.points import COMMIT, here
from tests.syncd.engine.faults import Crash, Faulty
from tests.syncd.engine.house import HOUR, NOW, START, MemoryDoors, Play
from tests.syncd.store.grounds import Ground

T = TypeVar("T")
WRITES = frozenset({"create", "update", "delete"})
Act = Callable[[], object]
"""What the process does: started again with the same wish if it was killed meanwhile."""


class When(StrEnum):
    """What befalls a process at a point."""

    BEFORE = "killed before"
    INSIDE = "killed inside, just before the commit"
    AFTER = "killed after"
    PAUSED = "paused before, while another process works"
    LATE = "paused after, while another process works"


AT_COMMIT = (When.BEFORE, When.INSIDE, When.AFTER, When.PAUSED)
AT_CALL = (When.BEFORE, When.AFTER, When.PAUSED, When.LATE)


@dataclass(frozen=True, slots=True)
class Doom:
    """What is to befall the process, and where."""

    point: str
    when: When
    number: int = 1
    """Which time it comes there, counted from 1."""

    def __str__(self) -> str:
        return f"{self.when} {self.point}, time {self.number}"


@dataclass
class Fate:
    """What every process of one school has reached so far, and what is to befall one of them."""

    doom: Doom | None = None
    struck: bool = False
    met: Counter[str] = field(default_factory=Counter)
    pause: Callable[[], None] = lambda: None
    lock: threading.Lock = field(default_factory=threading.Lock)
    armed: bool = False
    full: set[str] = field(default_factory=set)
    """Points at which there is no room on the disk, once."""

    def reached(self, what: str) -> When | None:
        """Count the point at which the program is, and return what befalls it now."""
        point = here(what)
        if point is None or not self.armed:
            return None
        with self.lock:
            self.met[point.name] += 1
            doom = self.doom
            if doom is None or (doom.point, doom.number) != (point.name, self.met[point.name]):
                return None
            self.doom, self.struck = None, True
            return doom.when

    def has_room(self) -> None:
        """Refuse a commit at a point at which there is no room.

        :raises StoreFull: once.
        """
        point = here(COMMIT) if self.full else None
        if point is not None and point.name in self.full:
            self.full.remove(point.name)
            raise StoreFull("the disk is full")


@dataclass
class Process:
    """One life of the program: once it is dead, nothing of it has an effect any more."""

    fate: Fate
    dead: bool = False

    def alive(self) -> None:
        if self.dead:
            raise Crash

    def die(self) -> None:
        self.dead = True
        raise Crash

    def call(self, name: str, act: Callable[[], T]) -> T:
        """Do a call over the boundary, unless the process is dead by then."""
        self.alive()
        now = self.fate.reached(name)
        if now is When.PAUSED:
            self.fate.pause()
        if now is When.BEFORE:
            self.die()
        try:
            return act()
        finally:
            if now is When.AFTER:
                self.die()
            if now is When.LATE:
                self.fate.pause()


class MortalDatabase(Database):
    """The store of one process."""

    process: Process

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Read as ever, if the process lives."""
        self.process.alive()
        with super().read() as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Write as ever, or be killed before, inside or after it."""
        process = self.process
        process.alive()
        now = process.fate.reached(COMMIT)
        process.fate.has_room()
        if now is When.PAUSED:
            process.fate.pause()
        if now is When.BEFORE:
            process.die()
        with super().write() as tx:
            yield tx
            if now is When.INSIDE:
                process.die()
            process.alive()
        if now is When.AFTER:
            process.die()


@dataclass
class MortalDoors:
    """The ways out of one process."""

    inner: MemoryDoors
    process: Process

    def open(self, account: Account, secret: str, owner: Owner) -> CalendarProvider:
        self.process.alive()
        return Faulty(self.inner.open(account, secret, owner), self.process)

    def find(self, address: str, username: str, secret: str, owner: Owner) -> Found:
        def inner() -> Found:
            return self.inner.faults.call("find", lambda: self.inner.find(address, username, secret, owner))

        found = self.process.call("find", inner)
        return Found(found.url, Faulty(found.provider, self.process))


class Town(Play):
    """A school that outlives its processes."""

    touched: Mapping[str, frozenset[str]] = TOUCHED
    """What a quiet round may change, by table."""

    def __init__(self, url: str, clock: MovableClock, watch: Clock | None = None) -> None:
        self.url, self.watch = url, watch or clock
        self.fate, self.process = Fate(pause=self.meanwhile), Process(Fate())
        self.dbs: list[Database] = []
        self.witness = Database.open(url, clock)
        """The store as somebody sees it who is no process."""
        super().__init__(self.fresh(), clock)

    def fresh(self) -> MortalDatabase:
        """Return the store as a process sees it that starts now."""
        self.process = Process(self.fate)
        db = MortalDatabase.open(self.url, self.watch, chance=Random(1))  # noqa: S311 - a back-off is no secret
        assert isinstance(db, MortalDatabase)
        db.process = self.process
        self.dbs.append(db)
        return db

    def opened(self, db: Database) -> House:
        """Return a house on *db*, whose calls die with its process."""
        assert isinstance(db, MortalDatabase)
        return replace(super().opened(db), clock=self.watch, doors=MortalDoors(self.doors, db.process))

    def restart(self) -> None:
        """Start another process on the same database, once every lease of the last one has run out."""
        self.clock.sleep(work.LEASE + timedelta(seconds=1))
        self.begin()

    def begin(self) -> None:
        """Start another process at once."""
        self.process.dead = True
        self.db = self.fresh()
        self.house = self.opened(self.db)

    def meanwhile(self) -> None:
        """Let another process do what is due, for longer than a lease."""
        old, full = self.process, self.fate.full
        self.fate.full = (
            set()
        )  # what it could not end would wait for the end of a lease, and the clock stands
        self.clock.sleep(work.LEASE + timedelta(seconds=1))
        sync_now(self.opened(self.fresh()))
        self.process, self.fate.full = old, full

    def agreeing(self, name: str, mentor: str = "mo", start: datetime = START) -> Act:
        """Return the wish for an agreement; wished again, it is the same one."""

        def agree() -> None:
            two = self.people["amina"].email, self.people[mentor].email
            self.names[name] = sessions.agree(self.house, *two, start, HOUR, f"key of {name}")[0].id

        return agree

    def sent(self) -> list[str]:
        """Return the name of every call so far that writes."""
        return [name for name in self.faults.calls if name in WRITES]

    def close(self) -> None:
        for db in (self.witness, *self.dbs):
            db.close()


@contextmanager
def town(ground: Ground, watch: Callable[[MovableClock], Clock] | None = None) -> Iterator[Town]:
    """Open a school without people."""
    url, clock = ground.migrated(), MovableClock(NOW)
    one = Town(url, clock, watch(clock) if watch else None)
    try:
        yield one
    finally:
        one.close()
        ground.drop(url)
