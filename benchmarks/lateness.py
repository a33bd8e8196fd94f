"""Deadline looks that fall due while the daemon is busy with rounds: how late each one starts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contest import Entry, Score, fresh
from benchmarks.contestant import Facts, Turn
from benchmarks.fake import fake_server
from benchmarks.ground import all_due, crowd, due_over, house_in, unwell
from benchmarks.report import Line, Result
from benchmarks.scale import Scale

if TYPE_CHECKING:
    from syncd.engine.runs import Handler
    from syncd.house import House
    from syncd.store.rows import Ticket

_LEAD = timedelta(seconds=2)
"""The backlog is under way before the first look is due."""
_HANG = 600.0
_LOOK_AGAIN = 0.05
_GRACE = timedelta(seconds=10)


def lateness(scale: Scale, folder: Path) -> Iterator[Result]:
    """Show how late deadline looks start beside a backlog of rounds."""
    for number, spread in enumerate(scale.spreads):
        with fake_server() as url:
            given = {"url": url, "folder": str(folder / f"house-{number}"), "spread": spread}
            sizes = {"looks": scale.looks, "polls": scale.polls, "workers": scale.workers}
            (score,) = fresh([Entry("syncd", "benchmarks.lateness:ours", {**given, **sizes})], 1)
        when = f"spread over {spread:.0f} s" if spread else "at the same instant"
        title = f"{scale.looks:,} deadline looks due {when}, beside {scale.polls:,} rounds due before them"
        remark = f"{scale.workers} threads; late is what lies between the time that was due and the start."
        yield Result(title, "late s (p99)", _lines(score), 1, remark, versus=False)


def _lines(score: Score) -> tuple[Line, ...]:
    if score.absent is not None:
        return (Line("syncd", None, score.why),)
    return tuple(
        Line(f"syncd, a {what}", late["p99"], {name: f"{one:,.4g}" for name, one in late.items()})
        for what, late in score.facts.items()
    )


@contextmanager
def ours(folder: str, url: str, looks: int, polls: int, workers: int, spread: float) -> Iterator[Turn]:
    """Run the runner with its real handlers, and note when each begins."""
    from benchmarks.booked import book  # noqa: PLC0415 - a contestant imports what it needs
    from syncd import work  # noqa: PLC0415
    from syncd.engine.runner import ThreadRunner  # noqa: PLC0415
    from syncd.sync import HANDLERS  # noqa: PLC0415

    with house_in(Path(folder), url) as house:
        crowd(house, url, polls)
        all_due(house, house.clock.now() + timedelta(days=1))
        book(house, url, looks)
        late: dict[str, list[float]] = {work.LOOK: [], work.SYNC: []}
        handlers = {kind: _noted(HANDLERS[kind], late.setdefault(kind, [])) for kind in HANDLERS}
        runner = ThreadRunner(house, handlers, workers=workers, per_host=workers)

        def run() -> None:
            now = house.clock.now()
            all_due(house, now)
            due_over(house, now + _LEAD, timedelta(seconds=spread))
            runner.start()
            hang = time.monotonic() + _HANG
            while len(late[work.LOOK]) < looks or len(late[work.SYNC]) < polls:
                if time.monotonic() > hang:
                    raise SystemExit(f"the work does not come to an end: {runner.pulse()}")
                time.sleep(_LOOK_AGAIN)

        def facts(_: None) -> Facts:
            failed = runner.pulse().failed + unwell(house)
            return {
                "deadline look": {**_shape(late[work.LOOK]), "failed": failed},
                "round": {**_shape(late[work.SYNC]), "failed": failed},
            }

        try:
            yield Turn(run, facts)
        finally:
            runner.stop(_GRACE)


def _noted(handler: Handler, late: list[float]) -> Handler:
    def begin(house: House, ticket: Ticket) -> None:
        late.append(_seconds(house.clock.now(), ticket.due_at))
        handler(house, ticket)

    return begin


def _seconds(now: datetime, due: datetime) -> float:
    return (now - due).total_seconds()


def _shape(late: Sequence[float]) -> Mapping[str, float]:
    ordered = sorted(late)
    shares = {
        f"p{share}": ordered[min(len(ordered) * share // 100, len(ordered) - 1)] for share in (50, 90, 99)
    }
    return {**shares, "max": ordered[-1]}
