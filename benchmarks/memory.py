"""What accounts weigh while nothing happens: rows of ours, or objects of a library."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contest import Entry, Score, fresh
from benchmarks.contestant import Facts, Turn
from benchmarks.cpu import resident
from benchmarks.ground import PASSWORD, USER, all_due, crowd, house_in
from benchmarks.report import Line, Result
from benchmarks.scale import Scale

_KEPT = 100
"""So many objects are made, and their weight multiplied up."""
_IDLE = 3.0
_NEVER_NOW = timedelta(days=1)
_GRACE = timedelta(seconds=10)
_URL = "http://127.0.0.1:1/"


def memory(scale: Scale, folder: Path) -> Iterator[Result]:
    """Compare the memory of a daemon with many idle accounts with clients kept in memory."""
    size, place = scale.idle_accounts, folder / "house"
    with house_in(place) as house:
        crowd(house, _URL, size)
        all_due(house, house.clock.now() + _NEVER_NOW)
    with house_in(folder / "empty"):
        pass  # its schema is made here, so that no contestant has to
    entries = (
        Entry("syncd, the idle daemon's runner", "benchmarks.memory:ours", {"folder": str(place)}),
        Entry(
            "syncd, with no account at all",
            "benchmarks.memory:ours",
            {"folder": str(folder / "empty")},
        ),
        Entry("caldav, a DAVClient kept for each", "benchmarks.memory:clients", {"size": size}),
        Entry("Google, a service kept for each", "benchmarks.memory:services", {"size": size}),
    )
    lines = tuple(_line(score) for score in fresh(entries, scale.few))
    remark = f"The clients are multiplied up from {_KEPT}; the bare process that makes them is counted in."
    yield Result(f"Memory of {size:,} idle accounts", "RSS MiB", lines, scale.few, remark)


def _line(score: Score) -> Line:
    if not score.rounds:
        return Line(score.entry.who, None, score.why)
    found = median(one.facts["MiB"] for one in score.rounds)
    details = {name: str(value) for name, value in score.facts.items() if name != "MiB"}
    return Line(score.entry.who, found, details)


@contextmanager
def ours(folder: str) -> Iterator[Turn]:
    """Keep the daemon's house and runner, with nothing to do."""
    from syncd.engine.runner import ThreadRunner  # noqa: PLC0415 - a contestant imports what it needs
    from syncd.sync import HANDLERS  # noqa: PLC0415

    with house_in(Path(folder)) as house:
        workers = house.config.poll.workers
        runner = ThreadRunner(house, HANDLERS, workers=workers, per_host=workers)
        runner.start()

        def facts(found: float) -> Facts:
            return {"MiB": found, "threads": workers}

        def run() -> float:
            runner.kick()
            time.sleep(_IDLE)
            return resident()

        try:
            yield Turn(run, facts)
        finally:
            runner.stop(_GRACE)


@contextmanager
def clients(size: int) -> Iterator[Turn]:
    """Keep a client of the caldav library for each account."""
    from caldav.davclient import DAVClient  # noqa: PLC0415

    yield _kept(size, lambda at: DAVClient(f"{_URL}u{at}/", username=USER, password=PASSWORD))


@contextmanager
def services(size: int) -> Iterator[Turn]:
    """Keep a service of Google's library for each account, built from the discovery file in the package."""
    import httplib2  # noqa: PLC0415
    from googleapiclient.discovery import build  # noqa: PLC0415

    yield _kept(size, lambda _: build("calendar", "v3", http=httplib2.Http(), static_discovery=True))


def _kept(size: int, make: Callable[[int], Any]) -> Turn:
    made = [make(-1)]  # what the first one loads, it loads for all
    before = resident()

    def run() -> float:
        made.extend(make(at) for at in range(_KEPT))
        return (resident() - before) / _KEPT

    def facts(each: float) -> Facts:
        return {"MiB": before + each * size, "KiB each": f"{each * 1024:,.1f}"}

    return Turn(run, facts)
