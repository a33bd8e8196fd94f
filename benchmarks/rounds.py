"""Many accounts on one server, all of them due at once: rounds a second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from benchmarks.contest import Entry, Score, warm
from benchmarks.contestant import Facts, Turn
from benchmarks.fake import fake_server
from benchmarks.ground import TOKEN, USER, all_due, crowd, house_in, unwell
from benchmarks.report import Line, Result
from benchmarks.rounders import bare_report
from benchmarks.scale import Scale

_LOOK_AGAIN = 0.005
_HANG = 600.0
_GRACE = timedelta(seconds=10)


def rounds(scale: Scale, folder: Path) -> Iterator[Result]:
    """Compare the daemon's runner with threads that do nothing but the request."""
    size, workers = scale.accounts, scale.workers
    with fake_server() as url:
        given = {"url": url, "size": size, "workers": workers}
        entries = (
            Entry(
                "syncd, runner and store",
                "benchmarks.rounds:ours",
                {**given, "folder": str(folder / "house")},
            ),
            Entry("requests, a session a thread", "benchmarks.rounds:raw", {**given, "keep": True}),
            Entry("requests, a session a request", "benchmarks.rounds:raw", {**given, "keep": False}),
        )
        scores = warm(entries, scale.few)
    title = f"Rounds of {size:,} accounts on one server, {workers} threads"
    remark = "The server answers in no time and keeps connections open; CPU is that of one round."
    yield Result(title, "CPU ms", tuple(_line(score) for score in scores), scale.few, remark)


def _line(score: Score) -> Line:
    cpu, wall = score.middle("cpu"), score.middle("wall")
    if cpu is None or not wall:
        return Line(score.entry.who, None, score.why)
    details = {"rounds a second": f"{1 / wall:,.0f}", "a second of one core": f"{1 / cpu:,.0f}"}
    return Line(score.entry.who, cpu * 1000, details | {"failed": str(score.facts.get("failed", 0))})


@contextmanager
def ours(folder: str, url: str, size: int, workers: int) -> Iterator[Turn]:
    """Run the runner, with claims, handlers, store and leases."""
    from syncd import work  # noqa: PLC0415 - a contestant imports what it needs
    from syncd.engine.runner import ThreadRunner  # noqa: PLC0415
    from syncd.sync import HANDLERS  # noqa: PLC0415

    with house_in(Path(folder), url) as house:
        crowd(house, url, size)
        all_due(house, house.clock.now() + timedelta(days=1))
        runner = ThreadRunner(house, HANDLERS, workers=workers, per_host=workers)
        runner.start()

        def run() -> None:
            until = runner.pulse().ran.get(work.SYNC, 0) + size
            all_due(house, house.clock.now())
            runner.kick()
            hang = time.monotonic() + _HANG
            while runner.pulse().ran.get(work.SYNC, 0) < until:
                if time.monotonic() > hang:
                    raise SystemExit(f"the rounds do not come to an end: {runner.pulse()}")
                time.sleep(_LOOK_AGAIN)

        def facts(_: None) -> Facts:
            return {"failed": runner.pulse().failed + unwell(house)}

        try:
            yield Turn(run, facts, per=size)
        finally:
            runner.stop(_GRACE)


@contextmanager
def raw(url: str, size: int, workers: int, keep: bool) -> Iterator[Turn]:
    """Send the same reports with requests from threads, and keep nothing."""
    import threading  # noqa: PLC0415

    import requests  # noqa: PLC0415

    mine = threading.local()

    def session() -> requests.Session:
        if not keep or not hasattr(mine, "session"):
            mine.session = requests.Session()
            mine.session.auth = (USER, "open sesame")
        kept: requests.Session = mine.session
        return kept

    def ask(number: int) -> None:
        with_it = session()
        bare_report(with_it, f"{url}u{number + 1}/calendar/", TOKEN)
        if not keep:
            with_it.close()

    with ThreadPoolExecutor(workers) as pool:
        yield Turn(lambda: list(pool.map(ask, range(size))), per=size)
