"""Processor time and memory of a process and of all that it started."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_MIB = 1024 * 1024


def spent() -> float:
    """Return the seconds of computing of this process and of its children, whether they still run or not."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = time.process_time() + ended.ru_utime + ended.ru_stime
    for pid in descendants(os.getpid()):
        with suppress(OSError):  # it ended just now
            total += time.clock_gettime(_clock_of(pid))
    return total


def resident(pid: int | None = None) -> float:
    """Return the memory that a process and its children hold, in MiB; what they share counts for each."""
    own = os.getpid() if pid is None else pid
    return sum(_resident(one) for one in (own, *descendants(own)))


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes that *pid* started, and those that they started."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                yield child
                yield from descendants(child)


def _clock_of(pid: int) -> int:
    return (~pid << 3) | 2  # clock_getcpuclockid(3), as the kernel numbers these clocks


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / _MIB
