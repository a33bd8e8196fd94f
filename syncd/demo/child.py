"""A program of somebody else's, run as a child process that never outlives us.

The calendar servers of the demo are under the GPL and are never imported here: they run as
programs of their own, on loopback.
"""

from __future__ import annotations

import os
import subprocess
import sys
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

# Runs in the child before the server does: SIGKILL it when we die, however we die (prctl(2)),
# and leave at once if we died before that was arranged. The setting survives execv.
_LAUNCH = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
if hasattr(libc, "prctl"):
    libc.prctl(1, 9)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""

# The kernel takes the end of the *thread* that forked for the end of the parent, so all
# children are forked by one thread that lives as long as the program.
_PARENT = ThreadPoolExecutor(max_workers=1, thread_name_prefix="demo-children")

_PATIENCE = timedelta(seconds=5)


class Child:
    """A Python program in its own process, with everything it says in a log file."""

    def __init__(
        self, arguments: Sequence[str], *, directory: Path, log: Path, patience: timedelta = _PATIENCE
    ) -> None:
        launch = [sys.executable, "-I", "-S", "-c", _LAUNCH, str(os.getpid()), "-X", "utf8", "-P", *arguments]
        with log.open("ab") as out:
            self._process = _PARENT.submit(
                lambda: subprocess.Popen(  # noqa: S603 - our own interpreter, our own arguments
                    launch, cwd=directory, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
                )
            ).result()
        self._end = weakref.finalize(self, _end, self._process, patience)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it, gently at first and then surely; ending it twice does nothing."""
        self._end()


def _end(process: subprocess.Popen[bytes], patience: timedelta) -> None:
    process.terminate()
    try:
        process.wait(patience.total_seconds())
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
