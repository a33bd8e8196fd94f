"""The daemon as a child process that can be killed, stopped and started again at any instant."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_ORPHANS = 10.0
"""Seconds that the children of a killed daemon may need to notice."""
_STEP = 0.02


class Hung(Exception):
    """Something did not happen within its guard."""


def wait_for(true: Callable[[], bool], guard: float, what: str) -> None:
    """Wait until *true*.

    :raises Hung: if it does not come true within *guard* seconds.
    """
    until = time.monotonic() + guard
    while not true():
        if time.monotonic() > until:
            raise Hung(f"{what}: not within {guard:.0f} s")
        time.sleep(_STEP)


class Daemon:
    """``syncd run``, again and again, in one directory."""

    def __init__(self, config: Path) -> None:
        self.log = config.parent / "daemon.log"
        self._command = (sys.executable, "-m", "syncd", "--config", str(config), "run")
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.kills = 0
        self.started = 0.0
        """When the last one was started, by the monotonic clock."""
        self.unasked: list[str] = []
        """How it ended when nobody had killed it."""
        self.orphans: list[str] = []
        """Children that outlived it."""

    def start(self) -> None:
        """Start it; whether it works is for its doings to show."""
        with self._lock, self.log.open("ab") as log:
            self.started = time.monotonic()
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """The process id.

        :raises RuntimeError: if it was never started.
        """
        if self._process is None:
            raise RuntimeError("the daemon was not started")
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs; an end that nobody asked for is noted."""
        with self._lock:
            return self._process is not None and self._process.poll() is None

    def kill(self) -> bool:
        """Kill it as ``kill -9`` does, and see that its children die; ``False`` if it had ended by itself."""
        with self._lock:
            process = self._process
            if process is None or process.poll() is not None:
                if process is not None:
                    self.unasked.append(f"ended by itself with {process.returncode}: {self.said()}")
                    self._process = None
                return False
            family = descendants(process.pid)
            process.kill()
            process.wait()
            self.kills += 1
            self._process = None
        self._bury(family)
        return True

    def end(self) -> int:
        """Ask it to end (SIGTERM), and return its exit code.

        :raises RuntimeError: if it is not running.
        """
        process = self._process
        if process is None:
            raise RuntimeError("the daemon is not running")
        process.terminate()
        try:
            return process.wait(30)
        finally:
            self.kill()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def said(self, lines: int = 12) -> str:
        """Return the last lines of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _bury(self, family: dict[int, str]) -> None:
        left: list[int] = []

        def dead() -> bool:
            left[:] = [pid for pid, born in family.items() if _born(pid) == born]
            return not left

        with suppress(Hung):
            wait_for(dead, _ORPHANS, "the end of its children")
        for pid in left:
            self.orphans.append(f"process {pid} outlived the daemon")
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> dict[int, str]:
    """Return every process below *pid*, with the instant of its birth: a number may be used again."""
    found: dict[int, str] = {}
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, thread.read_text(encoding="ascii").split()):
                if (born := _born(child)) is not None:
                    found |= {child: born, **descendants(child)}
    return found


def _born(pid: int) -> str | None:
    """Return when *pid* was born; ``None`` if it is gone, or dead and not buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return None
    return None if fields[0] in {"Z", "X"} else fields[19]
