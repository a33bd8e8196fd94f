"""SIGSTOP of the daemon for longer than a lease, while ``syncd sync`` works, then SIGCONT: nothing twice.

``python -m tests.endurance.pause --server radicale``
"""

from __future__ import annotations

import argparse
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from policy.facts import Side
from policy.life import State
from syncd import sessions, work
from syncd.demo.front import Seen
from tests.endurance.child import Daemon, wait_for
from tests.endurance.door import is_write
from tests.endurance.ground import Ground, Pace, ground
from tests.endurance.oracle import standing
from tests.endurance.places import KINDS, LESSONS
from tests.endurance.quiet import more_rounds

_GUARD = 120.0
_LEAD, _LENGTH = timedelta(hours=2), timedelta(minutes=5)
_MORE = 2.0
"""Seconds that the pause lasts beyond the lease."""
_PACE = Pace(every=2)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What came of it."""

    stopped: float
    """Seconds."""
    held: int
    """Pieces of work that the daemon had when it was stopped."""
    fenced: int
    events: dict[str, int]
    """Events by side and session that should have one."""
    verdicts: int
    told: Counter[str]

    @property
    def fine(self) -> bool:
        """Whether nothing is there twice, and what woke up too late was thrown away."""
        twice = [kind for kind, times in self.told.items() if times > 1]
        return not twice and set(self.events.values()) == {1} and self.verdicts == 1 and self.fenced > 0

    def lines(self) -> list[str]:
        """Return what there is to say."""
        return [
            f"stopped for {self.stopped:.1f} s with {self.held} pieces of work (lease {work.LEASE.total_seconds():.0f} s)",
            f"{self.fenced} fenced out; events {self.events}; {self.verdicts} verdict; told {dict(self.told)}",
            "nothing twice" if self.fine else "NOT FINE",
        ]


@dataclass
class Freezer:
    """Stops the daemon in the moment at which a server has written its event and has not said so."""

    daemon: Daemon
    file: Path

    def __post_init__(self) -> None:
        self.frozen = threading.Event()
        self._lock = threading.Lock()

    def trap(self, seen: Seen) -> None:
        """Stop it, unless it is in the midst of a transaction: nobody could work beside it then."""
        if not is_write(seen):
            return
        with self._lock:
            if self.frozen.is_set():
                return
            self.daemon.signal(signal.SIGSTOP)
            if _can_be_written(self.file):
                self.frozen.set()
            else:
                self.daemon.signal(signal.SIGCONT)


def _can_be_written(file: Path) -> bool:
    with closing(sqlite3.connect(file, timeout=0.2, isolation_level=None)) as db:
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        db.execute("ROLLBACK")
        return True


def pause(directory: Path, kind: str) -> Numbers:
    """Stop the daemon for longer than a lease, with a second process at its work, and count."""
    with ground(directory, [kind], _PACE, students=2, mentors=1) as school:
        daemon = Daemon(school.config)
        daemon.start()
        try:
            return _paused(school, daemon)
        finally:
            daemon.signal(signal.SIGCONT)
            daemon.kill()


def _paused(school: Ground, daemon: Daemon) -> Numbers:
    first, second = school.students
    gone = _agree(school, first.person.email, _LEAD)
    wait_for(lambda: _written(school, gone), _GUARD, "a booked session")
    more_rounds(school)
    freezer = Freezer(daemon, school.config.parent / "syncd.db")
    school.places[0].door.trap = freezer.trap
    created = [_agree(school, second.person.email, _LEAD + timedelta(hours=1))]
    while not freezer.frozen.wait(5):  # it was in the midst of a transaction at every write
        created.append(_agree(school, second.person.email, _LEAD + timedelta(hours=1 + len(created))))
    began = time.monotonic()
    owner, calendar, ref = school.where(gone, Side.STUDENT)
    owner.hand.delete(calendar, ref)
    held = _held(school)
    _sync(school.config)  # what the stopped one holds is waited for as long as a lease lasts
    wait_for(lambda: time.monotonic() > began + work.LEASE.total_seconds() + _MORE, _GUARD, "the lease")
    while school.session(gone).verdict is None or not all(_written(school, each) for each in created):
        _sync(school.config)
    stopped = time.monotonic() - began
    daemon.signal(signal.SIGCONT)
    more_rounds(school)
    wait_for(lambda: _fenced(school) > 0, _GUARD, "a fence")
    return _numbers(school, gone, created, stopped, held)


def _numbers(school: Ground, gone: str, created: Sequence[str], stopped: float, held: int) -> Numbers:
    with school.house.db.read() as tx:
        verdicts = sum(row.session_id == gone for row in tx.ledger.verdicts())
        told = Counter(f"{row.kind} {row.session_id}" for row in tx.feed.after(0) if row.session_id)
    there = {one.name: standing(one, LESSONS) for one in school.everybody}
    events = {
        f"{side} {number}": there[school.whose(school.session(each), side).name][each]
        for number, each in enumerate(created)
        for side in Side
    }
    return Numbers(stopped, held, _fenced(school), events, verdicts, told)


def _agree(school: Ground, student: str, lead: timedelta) -> str:
    start = school.house.clock.now().replace(microsecond=0) + lead
    made, _ = sessions.agree(school.house, student, school.mentors[0].person.email, start, _LENGTH, None)
    return made.id


def _written(school: Ground, session_id: str) -> bool:
    copies = [school.copy(session_id, side) for side in Side]
    known = all(copy is not None and copy.base is not None for copy in copies)
    return known and school.session(session_id).state is State.BOOKED


def _held(school: Ground) -> int:
    with school.house.db.read() as tx:
        return sum(row.lease_until is not None for row in tx.due.all())


def _sync(config: Path) -> None:
    command = (sys.executable, "-m", "syncd", "--config", str(config), "sync")
    subprocess.run(command, capture_output=True, check=False, timeout=300)


def _fenced(school: Ground) -> int:
    with urllib.request.urlopen(f"http://{school.house.config.web.listen}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return round(
        sum(float(line.split()[-1]) for line in lines if "fenced" in line and not line.startswith("#"))
    )


def main() -> int:
    """Pause once by the words of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=list(KINDS), default="radicale")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        numbers = pause(Path(directory), given.server)
    print("\n".join(numbers.lines()))  # noqa: T201
    return not numbers.fine


if __name__ == "__main__":
    sys.exit(main())
