"""``python -m tests.faults [--all] [--every N] [--minutes M]``: a table of every fault, and each violation.

With ``--google`` every HTTP request to Google fails instead; of the ways in which it can that tell the program the same,
another one at each request, or with ``--all`` every one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults import campaign, wirecampaign
from tests.faults.campaign import Run, gone_through
from tests.syncd.store.grounds import SQLiteGround


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@dataclass
class Table:
    """What was done, by kind of fault."""

    ground: SQLiteGround
    end: float
    ran: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def go(self, kind: str, run: Run) -> bool:
        """Do one run; tell whether it met its fault."""
        hit, wrongs = gone_through(run, self.ground)
        self.ran[kind] += hit
        self.wrong[kind] += bool(wrongs)
        for each in wrongs:
            _say(f"  {each}")
        return hit

    def over(self) -> bool:
        """Tell whether there is no time left."""
        return time.monotonic() > self.end

    def each(self, kind: str, runs: Iterable[Run]) -> None:
        """Do *runs* while there is time."""
        for run in runs:
            if self.over():
                return
            self.go(kind, run)


def _thinned(loop: Iterator[Run], every: int) -> Iterator[Run]:
    return (run for number, run in enumerate(loop) if number % every == 0)


def main() -> int:
    """Do what was asked for, and return 1 if anybody was wronged."""
    asked = argparse.ArgumentParser(prog="python -m tests.faults")
    asked.add_argument("--all", action="store_true", help="every fault; takes hours")
    asked.add_argument("--every", type=int, default=50, help="every so many-th fault, without --all")
    asked.add_argument("--minutes", type=float, default=10_000.0, help="stop after so long")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--google", action="store_true", help="every HTTP request to Google instead")
    asked.add_argument("--jobs", type=int, default=1, help="with --google: so many runs beside each other")
    given = asked.parse_args()
    if given.google:
        end = time.monotonic() + 60 * given.minutes
        wrong = wirecampaign.campaign(_say, every=given.all, jobs=given.jobs, seed=given.seed, end=end)
        return 1 if wrong else 0
    every = 1 if given.all else given.every
    with tempfile.TemporaryDirectory() as folder:
        ground = SQLiteGround(Path(folder))
        table = Table(ground, time.monotonic() + 60 * given.minutes)
        where = campaign.reached(ground)
        sizes = {"kills and pauses": campaign.kills(where), "calls": campaign.calls(ground)}
        for kind, runs in sizes.items():
            Random(given.seed).shuffle(runs)  # noqa: S311 - an order is no secret
            table.each(kind, runs[::every])
        for loop in campaign.loops():
            for run in _thinned(loop, every):
                kind = "statements" if "statement" in run.what else "readings of the clock"
                if table.over() or not table.go(kind, run):
                    break
    _say(f"{'fault':<24}{'met':>8}{'of':>8}{'violations':>12}")
    for kind in (*sizes, "statements", "readings of the clock"):
        size = str(len(sizes[kind])) if kind in sizes else "-"
        _say(f"{kind:<24}{table.ran[kind]:>8}{size:>8}{table.wrong[kind]:>12}")
    return 1 if table.wrong.total() else 0


if __name__ == "__main__":
    sys.exit(main())
