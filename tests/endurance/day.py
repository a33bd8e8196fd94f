"""A day of polling in some minutes: does the process grow, does it keep descriptors open?

The real house, store and runner over calendar servers in memory, with a clock that is moved; one
account in twenty is faulty. ``python -m tests.endurance.day --accounts 100 --hours 24``
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from providers.base import CalendarId, CalendarProvider, EventRef, Owner
from providers.errors import AccessLost, Loss, ProviderError, SyncTokenExpired, Unavailable
from providers.memory import MemoryProvider, MemoryServer
from syncd import accounts, sessions
from syncd.clock import MovableClock
from syncd.config import Config
from syncd.config.model import Poll, School
from syncd.engine.runner import ThreadRunner
from syncd.house import Found, House
from syncd.store.database import Database
from syncd.store.rows import Account, Person, Role
from syncd.sync import HANDLERS
from syncd.vault import Vault
from tests.endurance.child import wait_for
from tests.providers.entries import Entry
from tests.providers.hands import MemoryHand
from tests.syncd.engine.faults import Faults, Faulty

MOST = 1.0
"""Megabytes an hour by which the process may grow."""
WAL = 64.0
"""Megabytes that the journal of the database may take."""
URL = "memory://day"
PASSWORD = "open sesame"
_START = datetime(2026, 12, 1, 12, tzinfo=UTC)
_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_ONE_IN = 20
_GUARD = 120.0
_LEAD = timedelta(hours=26)
_LENGTH = timedelta(minutes=5)
_TROUBLES: tuple[ProviderError | None, ...] = (
    None,
    Unavailable("no answer"),
    Unavailable("busy", retry_after=timedelta(minutes=7), status=503),
    SyncTokenExpired("forgotten"),
    AccessLost("refused", loss=Loss.FORBIDDEN),
    AccessLost("refused", loss=Loss.CREDENTIALS),
)


@dataclass
class Doors:
    """The ways into the one server; some accounts are faulty."""

    server: MemoryServer
    faulty: frozenset[str]
    chance: Random

    def open(self, account: Account, secret: str, owner: Owner) -> CalendarProvider:
        inner = MemoryProvider(self.server, account.username, secret, owner)
        trouble = self.chance.choice(_TROUBLES) if account.username in self.faulty else None
        return inner if trouble is None else Faulty(inner, Faults(when=lambda _number, _name: trouble))

    def find(self, address: str, username: str, secret: str, owner: Owner) -> Found:
        return Found(address, MemoryProvider(self.server, username, secret, owner))


@dataclass(frozen=True, slots=True)
class Sample:
    """The process at one simulated hour."""

    hour: float
    rss: float
    """Megabytes."""
    descriptors: int
    threads: int
    wal: float
    """Megabytes."""
    rounds: int
    failed: int


@dataclass(frozen=True, slots=True)
class Curve:
    """The samples of a day."""

    samples: list[Sample]

    @property
    def settled(self) -> list[Sample]:
        """The samples after the first third: what is needed once is there by then."""
        return self.samples[len(self.samples) // 3 :]

    @property
    def slope(self) -> float:
        """Megabytes an hour."""
        return statistics.linear_regression(
            [one.hour for one in self.settled], [one.rss for one in self.settled]
        ).slope

    @property
    def more_descriptors(self) -> int:
        """How many more are open at the end than when it had settled."""
        return self.settled[-1].descriptors - self.settled[0].descriptors

    @property
    def flat(self) -> bool:
        """Whether nothing grows."""
        wal = max(one.wal for one in self.samples)
        return self.slope <= MOST and self.more_descriptors <= 0 and wal <= WAL

    def lines(self) -> Iterator[str]:
        """Yield what there is to say."""
        yield "  hour   RSS MB  descriptors  threads  WAL MB   rounds  failed"
        for one in self.samples:
            yield (
                f"{one.hour:6.1f} {one.rss:8.1f} {one.descriptors:12d} {one.threads:8d}"
                f" {one.wal:7.1f} {one.rounds:8d} {one.failed:7d}"
            )
        yield (
            f"RSS {self.slope:+.3f} MB an hour (may be {MOST}), descriptors {self.more_descriptors:+d}:"
            f" {'flat' if self.flat else 'NOT FLAT'}"
        )


@dataclass
class Day:
    """A school that is looked after for a day."""

    house: House
    clock: MovableClock
    hand: MemoryHand
    file: Path
    runner: ThreadRunner
    people: dict[str, Person] = field(default_factory=dict)
    calendars: dict[str, CalendarId] = field(default_factory=dict)
    _parties: list[tuple[CalendarId, EventRef]] = field(default_factory=list)
    _booked: int = 0

    def live(self, hours: float, every: timedelta) -> Curve:
        """Let so many hours pass, and take a sample *every* so often."""
        samples, end, next_sample = [self._sample()], _START + hours * _HOUR, _START + every
        while self.clock.now() < end:
            if self.clock.now().minute % 15 == 0:
                self._something_happens()
            self.clock.sleep(_MINUTE)
            self._work()
            if self.clock.now() >= next_sample:
                samples.append(self._sample())
                next_sample += every
        return Curve(samples)

    def _work(self) -> None:
        """Have everything done that is due by now."""
        self.runner.kick()
        wait_for(self._idle, _GUARD, "the work of a minute")

    def _idle(self) -> bool:
        with self.house.db.read() as tx:
            return all(row.due_at > tx.now and row.lease_until is None for row in tx.due.all())

    def _something_happens(self) -> None:
        """Agree on a session, and let foreign events come and go."""
        students = [name for name in self.people if name.startswith("student")]
        student = students[self._booked % len(students)]
        start = self.clock.now() + _LEAD
        two = self.people[student].email, self.people["mentor"].email
        sessions.agree(self.house, *two, start, _LENGTH, None)
        self._booked += 1
        calendar = self.calendars[student]
        entry = Entry(f"party{self._booked}", start + _HOUR, start + 2 * _HOUR)
        self._parties.append((calendar, self.hand.add(calendar, entry)))
        if len(self._parties) > len(students):
            self.hand.remove(*self._parties.pop(0))

    def _sample(self) -> Sample:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        journal, pulse, mega = Path(f"{self.file}-wal"), self.runner.pulse(), 1024 * 1024
        return Sample(
            hour=(self.clock.now() - _START) / _HOUR,
            rss=pages * os.sysconf("SC_PAGE_SIZE") / mega,
            descriptors=_descriptors(self.file),
            threads=len(os.listdir("/proc/self/task")),  # noqa: PTH208 - nothing but their number
            wal=journal.stat().st_size / mega if journal.exists() else 0.0,
            rounds=pulse.ran.get("sync", 0),
            failed=pulse.failed,
        )


def _descriptors(file: Path) -> int:
    """Count what is open, but for the database's own connections: their pool fills up to its bound."""
    found = 0
    for one in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found += not str(one.readlink()).startswith(str(file))
    return found


@contextmanager
def day(directory: Path, people: int) -> Iterator[Day]:
    """Open a school of so many accounts in *directory*."""
    clock, numbers = MovableClock(_START), count(1)
    server, file = MemoryServer(clock.now), directory / "day.db"
    names = ["mentor", *(f"student{number}" for number in range(people - 1))]
    chance = Random(1)  # noqa: S311 - a story is no secret
    doors = Doors(server, frozenset(names[_ONE_IN // 2 :: _ONE_IN]), chance)
    config = Config.model_construct(
        school=School(zone=ZoneInfo("Europe/Berlin")), poll=Poll(every=timedelta(minutes=5))
    )
    db = Database.open(f"sqlite:///{file}", clock, chance=chance)
    db.upgrade()
    vault = Vault({"key": b"k" * 32}, "a test")
    house = House(config, clock, db, vault, doors, lambda: f"s{next(numbers)}")
    runner = ThreadRunner(house, HANDLERS, workers=8, per_host=8)
    found = Day(house, clock, MemoryHand(server), file, runner)
    for name in names:
        _settle(found, server, name)
    runner.start()
    try:
        yield found
    finally:
        runner.stop(timedelta(seconds=30))
        db.close()


def _settle(found: Day, server: MemoryServer, name: str) -> None:
    role = Role.MENTOR if name == "mentor" else Role.STUDENT
    server.add_account(name, PASSWORD)
    found.calendars[name] = server.add_calendar(name, "lessons")
    with found.house.db.write() as tx:
        person = tx.people.add(f"{name}@school.example", name, role, "Europe/Berlin")
    found.people[name] = person
    login = accounts.Login("memory", URL, name, PASSWORD)
    accounts.connect(found.house, person, login, ["lessons"], "lessons")


def main() -> int:
    """Live one day by the words of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--hours", type=float, default=24)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, day(Path(directory), given.accounts) as one:
        curve = one.live(given.hours, _HOUR)
    print("\n".join(curve.lines()))  # noqa: T201
    return not curve.flat


if __name__ == "__main__":
    sys.exit(main())
