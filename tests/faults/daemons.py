"""Pieces of a daemon as a tale needs them: a runner's threads, and the life around it, both mortal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from syncd import work
from syncd.clock import Clock
from syncd.config import Config
from syncd.config.model import DatabaseSection, Web
from syncd.engine.flight import RENEW
from syncd.engine.runner import ThreadRunner
from syncd.fitting import DUTIES
from syncd.house import House
from syncd.life import Life, Parts, Said
from syncd.store.rows import DueRow
from tests.faults.town import Process, Town
from tests.syncd.alive import Idle
from tests.syncd.engine.faults import Crash
from tests.syncd.store.grounds import file_of

GUARD = 30.0
"""Seconds after which something hangs, on the busiest machine."""
_GRACE = timedelta(seconds=GUARD)
_STILL = 1.0
"""Seconds after which nobody works any more on what is leased."""
_RENEWING = "engine.runner.ThreadRunner._renew:commit"


def working(town: Town, *, slow: bool = False, full: str | None = None) -> None:
    """Let the daemon's runner do all that is due.

    *slow*: the first answer takes as long as it takes to renew a lease. *full*: there is no room
    for the first commit at that point.
    """
    process = town.process
    if full is not None:
        town.fate.full.add(full)
    town.faults.hook = _slowly(town, process) if slow else lambda _name: None
    runner = ThreadRunner(town.house, DUTIES, workers=2, per_host=2)
    runner.start()
    over = _Over(town, runner)
    try:
        _until(lambda: process.dead or over(), lambda: f"{_due(town)}, {runner.pulse()}, {town.fate}")
    finally:
        runner.stop(_GRACE)
        town.faults.hook = lambda _name: None
    if process.dead:
        raise Crash


class _Over:
    """Tells whether all is done; what a process has left leased is waited for, as clocks do that go on."""

    def __init__(self, town: Town, runner: ThreadRunner) -> None:
        self._town, self._runner = town, runner
        self._since: float | None = None

    def __call__(self) -> bool:
        rows, idle = _due(self._town), self._runner.pulse().running == 0
        if not (rows and idle and all(row.lease_until is not None for row in rows)):
            self._since = None
        elif self._since is None:
            self._since = time.monotonic()
        elif time.monotonic() > self._since + _STILL:
            self._since = None
            self._town.clock.sleep(work.LEASE + timedelta(seconds=1))
        return idle and not rows


def _slowly(town: Town, process: Process) -> Callable[[str], None]:
    before, waited = town.fate.met[_RENEWING], threading.Lock()

    def wait(_name: str) -> None:
        # Another process, while this one is paused, is not slow: nobody would renew a lease meanwhile.
        if town.process is process and waited.acquire(blocking=False):
            town.clock.sleep(RENEW)
            _until(lambda: process.dead or town.fate.met[_RENEWING] > before)

    return wait


def _due(town: Town) -> list[DueRow]:
    """Return what is due or under way, as somebody sees it who is not the process."""
    with town.witness.read() as tx:
        return [row for row in tx.due.all() if row.due_at <= tx.now or row.lease_until is not None]


def _until(true: Callable[[], object], why: Callable[[], str] = str) -> None:
    end = time.monotonic() + GUARD
    while not true():
        assert time.monotonic() < end, f"it hangs: {why()}"
        time.sleep(0.005)


def living(town: Town) -> None:
    """Let a daemon start, lose and regain its claim to the database, and end."""
    config = town.house.config.model_copy(update={"database": DatabaseSection(url=town.url), "web": Web()})

    def opened(given: Config, _clock: Clock) -> House:
        return replace(town.house, config=given)

    def said(what: Said) -> None:
        if what is Said.UP:
            life._resume()
            life._ending.set()

    marks = (file_of(town.url).with_suffix(".mark"),)
    parts = Parts(
        lambda: config, opened, lambda house, new: replace(house, config=new), Idle, None, lambda _: marks
    )
    life = Life(config, parts, town.watch, said)
    try:
        life.live()
    finally:
        if life._sole is not None:
            life._sole.release()
