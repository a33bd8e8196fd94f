"""Every run over the wire: each request of each tale, in each way in which one can fail."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults import wire
from tests.faults.campaign import Run, gone_through
from tests.faults.googletales import GOOGLE_TALES
from tests.faults.tale import Tale
from tests.faults.wire import Way
from tests.syncd.store.grounds import Ground, SQLiteGround

_MEMORY = Path("/dev/shm")  # noqa: S108 - a disk that need not be waited for, if there is one


_SOME = 500
"""After so many runs it is said how far it has come."""


@dataclass(frozen=True, slots=True)
class Case:
    """One request of one tale that is to fail."""

    tale: str
    number: int
    """Counted from 1."""
    kind: str
    way: Way

    @property
    def run(self) -> Run:
        """What is to be done."""
        what = f"{self.tale}: request {self.number} ({self.kind}) fails: {self.way}"
        return Run(
            what, lambda ground: wire.failed_request(ground, tale_of(self.tale), self.number, self.way)
        )


def tale_of(name: str) -> Tale:
    return next(tale for tale in GOOGLE_TALES if tale.name == name)


def cases(ground: Ground, tales: Sequence[Tale] = GOOGLE_TALES, *, every: bool = True) -> list[Case]:
    """Return every case; or with *every* false, of the ways that tell the program the same one for each request."""
    return [
        Case(tale.name, number, kind, way)
        for tale in tales
        for number, kind in enumerate(wire.requests_of(ground, tale), 1)
        for way in (wire.ways(kind) if every else wire.in_turn(kind, number))
    ]


def beyond(tale: Tale, number: int) -> Run:
    """Return the run in which the request after the last one was to fail."""
    return Case(tale.name, number, "none", next(wire.ways("none"))).run


@dataclass
class Table:
    """What was done, by kind of request."""

    ran: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    def add(self, case: Case, hit: bool, wrongs: Sequence[str]) -> None:
        self.ran[case.kind] += 1
        self.wrong[case.kind] += bool(wrongs)
        self.missed[case.kind] += not hit


_GROUNDS: list[Ground] = []


def _begin(folder: str) -> None:
    _GROUNDS[:] = [SQLiteGround(Path(tempfile.mkdtemp(dir=folder)))]


def _do(case: Case) -> tuple[Case, bool, list[str]]:
    return (case, *gone_through(case.run, _GROUNDS[0]))


def campaign(say: Callable[[str], None], *, every: bool, jobs: int, seed: int, end: float) -> int:
    """Do every case until *end*, print each violation and a table, and return how many went wrong."""
    table, start = Table(), time.monotonic()
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        _begin(folder)
        todo = cases(_GROUNDS[0], every=every)
        Random(seed).shuffle(todo)  # noqa: S311 - what goes wrong is to be seen early
        for case, hit, wrongs in _done(todo, jobs, folder):
            table.add(case, hit, wrongs)
            for each in wrongs:
                say(f"  {each}")
            if table.ran.total() % _SOME == 0:
                say(f"{table.ran.total()} of {len(todo)} after {time.monotonic() - start:.0f} s")
            if time.monotonic() > end:
                break
    say(f"{'request':<24}{'runs':>8}{'not met':>9}{'violations':>12}")
    for kind in sorted(table.ran):
        say(f"{kind:<24}{table.ran[kind]:>8}{table.missed[kind]:>9}{table.wrong[kind]:>12}")
    requests = len({(case.tale, case.number) for case in todo})
    say(
        f"{requests} requests of {len(GOOGLE_TALES)} tales, {table.ran.total()} of {len(todo)} runs,"
        f" {table.missed.total()} met no fault, {table.wrong.total()} violations, {time.monotonic() - start:.0f} s"
    )
    return table.wrong.total() + table.missed.total()


def _done(todo: Sequence[Case], jobs: int, folder: str) -> Iterator[tuple[Case, bool, list[str]]]:
    if jobs == 1:
        yield from map(_do, todo)
        return
    spawning = multiprocessing.get_context("spawn")
    with spawning.Pool(jobs, _begin, (folder,)) as pool:
        yield from pool.imap_unordered(_do, todo, chunksize=8)
