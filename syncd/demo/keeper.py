"""The daemon of the open demo: in the demo's own process, and awake as soon as somebody moves the clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from syncd.clock import ShiftedClock
from syncd.engine.runner import ThreadRunner
from syncd.fitting import DUTIES
from syncd.house import House

_WORKERS = 4
_GRACE = timedelta(seconds=1)
"""How long what runs is waited for at the end; its result would be thrown away with everything else."""
_GLANCE = 0.05


@contextmanager
def at_work(house: House, clock: ShiftedClock) -> Iterator[None]:
    """Do everything that becomes due, for as long as the context lasts."""
    runner = ThreadRunner(house, DUTIES, workers=_WORKERS, per_host=house.config.poll.per_host)
    over = threading.Event()
    bell = threading.Thread(target=_ring, args=(runner, clock.file, over), name="demo-bell", daemon=True)
    runner.start()
    bell.start()
    try:
        yield
    finally:
        over.set()
        bell.join()
        runner.stop(_GRACE)


def _ring(runner: ThreadRunner, file: Path, over: threading.Event) -> None:
    """Wake the runner whenever *file* is written: the clock was moved, or somebody waits for it."""
    before = _written(file)
    while not over.wait(_GLANCE):
        if (now := _written(file)) != before:
            before = now
            runner.kick()


def _written(file: Path) -> int:
    return file.stat().st_mtime_ns
