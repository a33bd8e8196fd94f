"""``python -m tests.simulation --seeds A..B [--bug NAME] [--large] [--google] [--wired] [--dense]``: play, and print what is wrong.

``--proof`` is all that the README says: 10,000 small schools, 20 large ones, every planted mistake, and 1,000 on CalDAV.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from functools import partial
from hashlib import blake2b
from multiprocessing import get_context
from os import cpu_count, getpid
from pathlib import Path

from tests.simulation.bugs import BUGS, Bug
from tests.simulation.davbugs import DAV_BUGS
from tests.simulation.dense import dense
from tests.simulation.drawing import drawn, googled, large, wired
from tests.simulation.outcome import Outcome, ground, played
from tests.simulation.plan import Plan
from tests.simulation.shrink import shrunk, told

Draw = Callable[[int], Plan]
"""What makes a play of a seed."""


def one(given: tuple[int, Draw, str | None, str]) -> Outcome:
    """Play one seed, on the ground of this process."""
    seed, draw, name, folder = given
    mine = Path(folder) / str(getpid())
    mine.mkdir(exist_ok=True)
    return played(draw(seed), mine, bug_called(name))


def bug_called(name: str | None) -> Bug | None:
    """Return the planted bug with this name."""
    return next((bug for bug in (*BUGS, *DAV_BUGS) if bug.name == name), None)


def outcomes(seeds: Iterable[int], draw: Draw, bug: str | None, jobs: int) -> Generator[Outcome, None, None]:
    """Yield what came of each seed, in their order."""
    with ground() as folder:
        work = [(seed, draw, bug, str(folder)) for seed in seeds]
        if jobs == 1:
            yield from map(one, work)
            return
        with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
            try:
                yield from pool.map(one, work)
            finally:
                pool.shutdown(cancel_futures=True)


def _report(seeds: range, draw: Draw, bug: str | None, jobs: int) -> int:
    began = time.monotonic()
    sessions = requests = undecidable = marked = excess = 0
    first: Outcome | None = None
    trace = blake2b(digest_size=12)
    for outcome in outcomes(seeds, draw, bug, jobs):
        trace.update(outcome.digest.encode())
        sessions += outcome.sessions
        requests += outcome.requests
        undecidable += outcome.doubts.undecidable
        marked += outcome.doubts.marked
        excess += len(outcome.doubts.excess)
        for wrong in outcome.wrongs:
            print(wrong, flush=True)  # noqa: T201
        first = first or (outcome if outcome.wrongs else None)
    print(  # noqa: T201
        f"{len(seeds)} seeds, {sessions} sessions, {requests} requests: "
        f"{undecidable} cases that nobody could have decided, {marked} marked, {excess} without need; "
        f"{time.monotonic() - began:.0f} s; trace {trace.hexdigest()}"
    )
    if (
        first is not None and bug is None and draw is not large
    ):  # it would take hours to make one of 200 people small
        with ground() as folder:
            print(told(shrunk(first, folder)))  # noqa: T201
    return int(first is not None)


class Baseline:
    """What comes of seeds without any bug: only where that is nothing does a bug count as found."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._clean: dict[int, bool] = {}

    def is_clean(self, seed: int) -> bool:
        """Tell whether the program as it is gets nothing wrong, and marks nothing without need."""
        if seed not in self._clean:
            with ground() as folder:
                self._clean[seed] = not one((seed, self._draw, None, str(folder))).wrongs
        return self._clean[seed]


def _found(bug: Bug, seeds: range, draw: Draw, jobs: int, baseline: Baseline) -> tuple[int, str] | None:
    """Return after how many seeds *bug* was found, and how."""
    with closing(outcomes(seeds, draw, bug.name, jobs)) as played_ones:
        for number, outcome in enumerate(played_ones, start=1):
            if outcome.wrongs and baseline.is_clean(outcome.plan.seed):
                return number, str(outcome.wrongs[0])
    return None


def _table(bugs: Sequence[Bug], seeds: range, draw: Draw, jobs: int) -> int:
    """Throw every one of *bugs* in turn, and print after how many seeds each is found."""
    alive, baseline = 0, Baseline(draw)
    for bug in bugs:
        found = _found(bug, seeds, draw, jobs, baseline)
        alive += found is None
        number, how = found if found is not None else (len(seeds), "LIVES")
        print(f"{number:4d}  {bug.name:50s} {how}", flush=True)  # noqa: T201
    print(f"{len(bugs)} planted bugs, {alive} live")  # noqa: T201
    return int(alive > 0)


def _proof(jobs: int) -> int:
    """Play all that is said to be proven; the large ones first, since one of them holds as much as 300 small ones."""
    wrong = _report(range(1, 21), large, None, jobs)
    wrong += _report(range(1, 10_001), drawn, None, jobs)
    wrong += _table(BUGS, range(1, 201), drawn, jobs)
    return int(wrong + _report(range(1, 1_001), partial(wired, drawn), None, jobs) > 0)


def main() -> int:
    """Play by the words of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1..200")
    parser.add_argument("--bug", choices=[bug.name for bug in (*BUGS, *DAV_BUGS)])
    parser.add_argument("--bugs", action="store_true", help="plant every bug, and tell when it is found")
    parser.add_argument("--proof", action="store_true", help="all that the README says; takes about an hour")
    parser.add_argument("--google", action="store_true", help="servers are like Google, or some of them")
    parser.add_argument(
        "--dense", action="store_true", help="one session, and all at once about its deadline"
    )
    parser.add_argument("--wired", action="store_true", help="the servers speak CalDAV to our own adapter")
    parser.add_argument("--large", action="store_true", help="200 people for 14 weeks")
    parser.add_argument("--jobs", type=int, default=cpu_count() or 1)
    given = parser.parse_args()
    low, _, high = given.seeds.partition("..")
    draws = {"large": large, "google": googled, "dense": dense}
    draw = next((each for name, each in draws.items() if getattr(given, name)), drawn)
    if given.wired:
        draw = partial(wired, draw)
    seeds = range(int(low), int(high or low) + 1)
    if given.proof:
        return _proof(given.jobs)
    if given.bugs:
        return _table(DAV_BUGS if given.wired else BUGS, seeds, draw, given.jobs)
    return _report(seeds, draw, given.bug, given.jobs)


if __name__ == "__main__":
    sys.exit(main())
