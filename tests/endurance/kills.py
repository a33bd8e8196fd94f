"""``kill -9`` of the daemon at random times of a busy day, and an oracle that knows the truth.

``python -m tests.endurance.kills --times 500 --seed 1 --server all``
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from policy.facts import Side
from syncd.demo.front import Seen
from tests.endurance.child import Daemon, Hung, wait_for
from tests.endurance.door import is_write
from tests.endurance.ground import Ground, Pace, ground
from tests.endurance.oracle import End, Violation, end_of, judged, settled
from tests.endurance.places import SERVERS, Place
from tests.endurance.quiet import more_rounds, quiet_rounds
from tests.endurance.story import Story

PEACE = 180.0
"""Seconds after the last act within which everything must be decided."""
_LIFE, _LONGEST_LIFE, _BIRTH = 1.5, 6.0, 60.0
"""Seconds from the first request of a daemon to its end: the mean and the most; and until there is one."""
_USUAL = 2.5
"""Seconds to a first request on a computer that has nothing else to do: a slower one gets more time for all."""
_ENOUGH = 4
"""A daemon that works for so many times as long as it takes to start must have written every session."""
_UNBORN, _PLAIN = 0.1, 0.6
"""Up to the first share a kill comes while the daemon starts, above the second it loses an answer."""


@dataclass
class Killer:
    """Kills the daemon again and again, and starts it at once."""

    ground: Ground
    daemon: Daemon
    times: int
    seed: int
    lost_answers: Counter[str] = field(default_factory=Counter)
    """Kills between a server's answer to a write and the daemon's hearing of it, by server."""
    first_requests: list[float] = field(default_factory=list)
    """Seconds from each start to the first request, where it lived to make one."""
    lives: list[tuple[datetime, datetime]] = field(default_factory=list)
    """From each first request to the kill."""

    def __post_init__(self) -> None:
        self.done = 0
        self._chance = Random(self.seed + 1)  # noqa: S311 - a story is no secret
        self._trapped = threading.Lock()

    def run(self) -> None:
        """Kill so often as is asked, and leave the daemon running."""
        while self.done < self.times:
            if self.done:
                self.daemon.start()
            fate = self._chance.random()
            if fate < _UNBORN and self.done:
                time.sleep(self._chance.random() * statistics.median(self.first_requests or [1.0]))
            else:
                self._wait_for_life()
                born = self.ground.house.clock.now()
                time.sleep(min(self._chance.expovariate(1 / _LIFE), _LONGEST_LIFE))
                if fate > _PLAIN:
                    self._lose_an_answer(writes=self._chance.random() < 0.7)
                self.lives.append((born, self.ground.house.clock.now()))
            self.daemon.kill()
            self.done = self.daemon.kills
        self.begin()

    def begin(self) -> float:
        """Start the daemon, and return how many seconds passed until it did something."""
        self.daemon.start()
        self._wait_for_life()
        return self.first_requests[-1]

    def _wait_for_life(self) -> None:
        """Wait for the first request of the daemon that was started last."""

        def asks() -> bool:
            last = max(place.door.last for place in self.ground.places)
            return last > self.daemon.started or not self.daemon.alive

        with suppress(Hung):
            wait_for(asks, _BIRTH, "a first request")
        self.first_requests.append(time.monotonic() - self.daemon.started)

    def _lose_an_answer(self, *, writes: bool) -> None:
        """Kill in the very moment at which a server has done what it was asked and has not said so yet."""
        sprung = threading.Event()

        def trap(place: Place, seen: Seen) -> None:
            if (writes and not is_write(seen)) or not self._trapped.acquire(blocking=False):
                return
            try:
                if not sprung.is_set():
                    self.lost_answers[place.name] += self.daemon.kill() and is_write(seen)
                    sprung.set()
            finally:
                self._trapped.release()

        for place in self.ground.places:
            place.door.trap = partial(trap, place)
        sprung.wait(_LONGEST_LIFE)
        for place in self.ground.places:
            place.door.trap = None
        with self._trapped:
            sprung.set()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    sessions: int
    ends: Counter[End]
    pairs: Counter[str]
    """Sessions by the servers of student and mentor."""
    skipped: Counter[str]
    kills: int
    lost_answers: Counter[str]
    first_requests: list[float]
    calm_after: float
    """Seconds from the last act until all was decided."""
    requests: int
    violations: list[Violation]
    explained: dict[str, str]

    def lines(self) -> list[str]:
        """Return what there is to say."""
        first = sorted(self.first_requests) or [0.0]
        lines = [
            f"{self.kills} kills, {self.lost_answers.total()} between a write and its answer: {_told(self.lost_answers)}",
            f"{self.sessions} sessions: {_told(self.ends)}",
            f"  of student and mentor: {_told(self.pairs)}",
            (
                f"{sum(self.skipped.values())} acts that could not be done; {self.requests} requests of the daemon;"
                f" first one {statistics.median(first):.1f} s after a start (at most {first[-1]:.1f});"
                f" all decided {self.calm_after:.0f} s after the last act"
            ),
            *(f"  not done, {times} x: {why}" for why, times in self.skipped.most_common(5)),
            f"{len(self.violations)} violations",
        ]
        for violation in self.violations:
            lines += [f"- {violation.session or ''} {violation.what}"]
            lines += [self.explained[violation.session]] if violation.session in self.explained else []
        return lines


def _told(counted: Counter[Any]) -> str:
    return ", ".join(f"{times} {what}" for what, times in sorted(counted.items()))


def play(
    directory: Path,
    kinds: Sequence[str],
    times: int,
    seed: int,
    pace: Pace,
    *,
    live: int = 18,
    people: int = 3,
) -> Outcome:
    """Play a busy day with so many kills, and return what the oracle says of it."""
    with ground(directory, kinds, pace, students=people) as school:
        story, daemon = Story(school, seed, live), Daemon(school.config)
        killer = Killer(school, daemon, times, seed)
        story.begin()
        story.slow = max(1.0, killer.begin() / _USUAL)
        thread = threading.Thread(target=killer.run)
        thread.start()
        try:
            story.run(lambda: not thread.is_alive())
            last = time.monotonic()
            violations = list(_unrest(school, story, daemon))
            calm = time.monotonic() - last
            violations += _checks(school, story, killer)
        finally:
            killer.times = 0
            thread.join()
            daemon.kill()
        return _outcome(school, story, killer, violations, calm)


def _unrest(school: Ground, story: Story, daemon: Daemon) -> Iterator[Violation]:
    """Give the daemon peace until everything is decided; yield what never is."""
    try:
        more_rounds(school)  # nobody has done anything since that was not looked at
        wait_for(lambda: settled(school, story.records, school.house.clock.now()), PEACE, "an end of it all")
    except Hung as hung:
        yield Violation(None, f"{hung}; the daemon says: {daemon.said()}")


def _checks(school: Ground, story: Story, killer: Killer) -> Iterator[Violation]:
    daemon = killer.daemon
    enough = _ENOUGH * statistics.median(killer.first_requests)
    yield from judged(story, killer.lives, timedelta(seconds=enough))
    try:
        yield from quiet_rounds(school, school.config.parent / "syncd.db")
    except Hung as hung:
        yield Violation(None, f"{hung}; the daemon says: {daemon.said()}")
    yield from _replayed(school.config)
    if not daemon.alive:
        daemon.kill()  # notes how it ended
    yield from (Violation(None, f"the daemon {how}") for how in daemon.unasked)
    yield from (Violation(None, how) for how in daemon.orphans)


def _replayed(config: Path) -> Iterator[Violation]:
    command = (sys.executable, "-m", "syncd", "--config", str(config), "replay", "--check")
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if told.returncode != 0:
        yield Violation(None, f"syncd replay --check ends with {told.returncode}: {told.stdout}{told.stderr}")


def _outcome(
    school: Ground, story: Story, killer: Killer, violations: list[Violation], calm: float
) -> Outcome:
    agreed = [school.session(record.id) for record in story.records]
    wrong = {violation.session for violation in violations if violation.session is not None}
    return Outcome(
        sessions=len(story.records),
        ends=Counter(end_of(session) for session in agreed),
        pairs=Counter("-".join(school.whose(one, side).place.name for side in Side) for one in agreed),
        skipped=Counter(record.skipped for record in story.records if record.skipped is not None),
        kills=killer.done,
        lost_answers=killer.lost_answers,
        first_requests=killer.first_requests,
        calm_after=calm,
        requests=sum(len(place.door.seen()) for place in school.places),
        violations=violations,
        explained={session_id: school.told(session_id) for session_id in sorted(wrong)},
    )


def main() -> int:
    """Play once by the words of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--server", choices=list(SERVERS), default="all")
    parser.add_argument("--dir", type=Path, help="keep everything there, to read what happened")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        folder = given.dir or Path(directory)
        outcome = play(folder, SERVERS[given.server], given.times, given.seed, Pace())
        print(f"kills --times {given.times} --seed {given.seed} --server {given.server}")  # noqa: T201
        print("\n".join(outcome.lines()))  # noqa: T201
    return bool(outcome.violations)


if __name__ == "__main__":
    sys.exit(main())
