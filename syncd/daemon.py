"""The daemon: one process that starts, reloads and ends when it is told to, and says how it is.

Its own thread waits for nothing but signals, so that an end comes when it was asked for.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from types import FrameType

import structlog

from syncd import jumps
from syncd.clock import Clock, SystemClock, WatchedClock
from syncd.config import Config
from syncd.health import STUCK, Pulse
from syncd.life import Life, Parts, Said
from syncd.notify_socket import NotifySocket

_BEAT = timedelta(seconds=2)
"""How often the clock is compared and the watchdog is thought of."""
_GRACE = timedelta(seconds=7.5)
"""How long what runs may take to end."""
_LAST = timedelta(seconds=9.3)
"""After this we leave, whatever still runs."""
_LATE = timedelta(seconds=5)
"""After this there is no time left for the interpreter to end in its own way."""
_SILENT = timedelta(seconds=90)
"""A runner that has nothing to do and has not asked for work for so long is dead."""
_ENDING = (signal.SIGTERM, signal.SIGINT)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Claimed:
    """When the runner last asked for work, by its clock and by ours."""

    last: datetime | None
    at: float


class Daemon:
    """One daemon, from its start to its end."""

    def __init__(
        self,
        config: Config,
        parts: Parts,
        clock: Clock | None = None,
        socket: NotifySocket | None = None,
    ) -> None:
        watched = WatchedClock(SystemClock(), config.rules.clock_bound, jumps.settling(config))
        self.clock = clock or watched
        self.socket = socket or NotifySocket(None)
        self.hung = False
        """Something still runs after the end, or took too long: the process must be left without waiting for it."""
        self._inbox: SimpleQueue[signal.Signals | Said] = SimpleQueue()
        self.life = Life(config, parts, self.clock, self._inbox.put)
        self._beat = min(_BEAT, self.socket.watchdog / 2) if self.socket.watchdog else _BEAT
        self._up = self._calm = False
        self._claimed = _Claimed(None, 0.0)

    def run(self) -> None:
        """Live until SIGTERM or SIGINT; a second one ends the process at once.

        :raises Occupied: if another daemon works on the database.
        :raises Problem: if the configuration, the key or the address of the pages is not fit.
        :raises StoreError: if the database cannot be used.
        """
        began = time.monotonic()
        with self._signals():
            pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="syncd-life")
            living = pool.submit(self.life.live)
            living.add_done_callback(lambda _: self._inbox.put(Said.OVER))
            try:
                self._wait(began)
            finally:
                self._end(pool, living, began)
        if living.done():
            living.result()

    def stop(self) -> None:
        """Ask for the end, from any thread."""
        self._inbox.put(signal.SIGTERM)

    def reload(self) -> None:
        """Ask for the configuration to be read again, from any thread."""
        self._inbox.put(signal.SIGHUP)

    def _wait(self, began: float) -> None:
        next_beat = time.monotonic()
        while True:
            try:
                said = self._inbox.get(timeout=max(0.0, next_beat - time.monotonic()))
            except Empty:
                self._tell()
                next_beat = time.monotonic() + self._beat.total_seconds()
                continue
            if said in _ENDING or said is Said.OVER:
                return
            self._hear(said, began)

    def _hear(self, said: signal.Signals | Said, began: float) -> None:
        if said is signal.SIGHUP:
            _log.info("daemon.reloading")
            self.socket.reloading()
            self.life.reload()
            return
        if said is Said.UP:
            self._up, self._claimed = True, _Claimed(None, time.monotonic())
            _log.info("daemon.ready", seconds=round(time.monotonic() - began, 3), accounts=self.life.accounts)
        self.socket.ready(self._status(self.life.pulse()))

    def _tell(self) -> None:
        """Say how it is, compare the clock, and show that we live while the work does."""
        if isinstance(self.clock, WatchedClock):
            for step in self.clock.steps():
                _log.warning("clock.stepped", seconds=step.by.total_seconds())
                self.life.stepped(step)
        pulse = self.life.pulse()
        self.socket.status(self._status(pulse))
        if self.socket.watchdog and self._works(pulse):
            self.socket.alive()

    def _works(self, pulse: Pulse) -> bool:
        """Tell whether work goes on, or waits for a reason that is known."""
        now = time.monotonic()
        if pulse.last_claim != self._claimed.last:
            self._claimed = _Claimed(pulse.last_claim, now)
        if pulse.oldest is not None and pulse.oldest > STUCK:
            return False
        busy = pulse.running > 0 or pulse.trouble is not None or not self._up
        return busy or now - self._claimed.at < _SILENT.total_seconds()

    def _status(self, pulse: Pulse) -> str:
        if pulse.trouble is not None:
            return f"not working: {pulse.trouble}"
        if self.life.refused is not None:
            return f"the old configuration stays in force: {self.life.refused}"
        return f"looking after {self.life.accounts} accounts" if self._up else "starting"

    def _end(self, pool: ThreadPoolExecutor, living: Future[None], began: float) -> None:
        asked, failed = time.monotonic(), living.done() and not self._up
        self.socket.stopping()
        if not failed:
            _log.info("daemon.stopping", running=self.life.pulse().running)
        closing = pool.submit(self._close)
        wait([closing, living], timeout=_LAST.total_seconds())
        late = time.monotonic() - asked > _LATE.total_seconds()
        self.hung = late or not (closing.done() and living.done() and self._calm)
        pool.shutdown(wait=False)
        if failed:
            return  # whoever started us is told why
        done = self.life.pulse()
        _log.info(
            "daemon.stopped",
            seconds=round(time.monotonic() - asked, 3),
            ran_for=round(asked - began),
            still_running=done.running,
            ran=dict(done.ran),
            failed=done.failed,
        )

    def _close(self) -> None:
        self._calm = self.life.close(_GRACE)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Hear signals until the end; a second one that wants it has it at once."""
        wanted: list[int] = []

        def hear(number: int, _: FrameType | None) -> None:
            if number in _ENDING:
                wanted.append(number)
                if len(wanted) > 1:
                    os._exit(128 + number)
            self._inbox.put(signal.Signals(number))

        with _handlers(hear):
            yield


@contextmanager
def _handlers(hear: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, hear) for number in (*_ENDING, signal.SIGHUP)}
    before[signal.SIGPIPE] = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
