"""A process that reads one document at a time and may be killed at any moment.

It is started with an empty environment, reads nothing but what it is sent, and opens
nothing but the files of the time zone database. Whatever it hits, it answers with a code:
its stderr goes nowhere, because a traceback could quote a calendar.
"""

from __future__ import annotations

import fcntl
import gc
import json
import math
import os
import resource
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

from providers.errors import Unreadable
from providers.ical.limits import Limits
from providers.ical.notes import Note, TooMuch
from providers.ical.read import Document, read
from providers.ical.watch import Overrun
from providers.ical.wire import Question, Reply

HEAD = struct.Struct("!dII")
"""Seconds of computing, and the lengths of the question and of the document that follow."""
LENGTH = struct.Struct("!I")
READY = b"ready"
_SOON, _AGAIN = 0.001, 0.02
"""The least time of a timer, and between two of its calls: one that comes a moment early is not the last."""
_FAT = 192 * 1024 * 1024
"""Bytes of memory beyond which a process is not worth keeping."""
_STATM = 128
"""Bytes that proc(5) needs for the seven numbers of statm, and more."""
_FILES = 32
_UNHURRIED, _LEAST = 5.0, 0.5
"""By the clock on the wall a document may take so many times its computing time, and at least so many seconds."""
_BUFFER = 64 * 1024


def by_the_wall(seconds: float) -> float:
    """Return how long so many seconds of computing may take."""
    return max(_LEAST, seconds * _UNHURRIED)


class Timer:
    """Watches one document by the processor time of this process, and by the clock on the wall.

    The first is the measure, for a busy computer is no document's fault; the second gives
    way in time to answer before the process is killed.
    """

    def __init__(self, limits: Limits, seconds: float) -> None:
        self._limits = limits
        self._end = time.process_time() + seconds
        self._closing = time.monotonic() + by_the_wall(seconds)
        self._until = math.inf
        signal.signal(signal.SIGPROF, self._ring)
        signal.signal(signal.SIGALRM, self._ring)

    @property
    def over(self) -> bool:
        """Whether the whole document's time is used up."""
        return time.process_time() >= self._end or time.monotonic() >= self._closing

    def document(self) -> AbstractContextManager[None]:
        """Give what concerns the whole document all of its time."""
        return self._within(self._end)

    def series(self, share: float = 1.0) -> AbstractContextManager[None]:
        """Give one series a share of its time."""
        return self._within(min(self._end, time.process_time() + self._limits.series_time * share))

    @contextmanager
    def _within(self, end: float) -> Iterator[None]:
        self._until = end
        signal.setitimer(signal.ITIMER_PROF, max(end - time.process_time(), _SOON), _AGAIN)
        signal.setitimer(signal.ITIMER_REAL, max(self._closing - time.monotonic(), _SOON), _AGAIN)
        try:
            yield
        finally:
            # Before the timer rests: a signal that is on its way already must mean nothing any more.
            self._until = math.inf
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        if time.process_time() >= self._until:
            raise Overrun
        if time.monotonic() >= self._closing and self._until != math.inf:
            raise Overrun


def main(reader: Callable[..., Document] = read) -> None:
    """Answer what comes on standard input until it ends, or until this process has grown too large."""
    limits = Limits(**json.loads(sys.argv[1]))
    _confine(limits)
    gc.collect()
    gc.freeze()
    # Not ru_maxrss: that begins with the size of the program which started us.
    size = os.open("/proc/self/statm", os.O_RDONLY)
    _write(READY)
    asked = os.fdopen(0, "rb", buffering=_BUFFER)
    while len(head := asked.read(HEAD.size)) == HEAD.size:
        seconds, *sizes = HEAD.unpack(head)
        question, body = (asked.read(size) for size in sizes)
        if len(body) != sizes[-1]:
            return
        keep = _answer(reader, Question.unpacked(question), body, limits, seconds)
        if not keep or int(os.pread(size, _STATM, 0).split()[1]) * resource.getpagesize() > _FAT:
            return


def _confine(limits: Limits) -> None:
    """Set what the kernel enforces, and end when whoever started us has ended."""
    _bound(resource.RLIMIT_AS, limits.memory)
    _bound(resource.RLIMIT_CORE, 0)
    _bound(resource.RLIMIT_FSIZE, 0)
    _bound(resource.RLIMIT_NOFILE, _FILES)
    life = int(sys.argv[2])
    # The other end of this pipe is closed by the kernel when its holder dies, and the signal ends us.
    fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C is for the program that asks


def _bound(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(which, (most, most))


def _answer(
    reader: Callable[..., Document], question: Question, body: bytes, limits: Limits, seconds: float
) -> bool:
    """Answer one question, and tell whether this process is still fit for another."""
    began = time.process_time()
    _last_resort(began + seconds)
    fit = True
    try:
        found = _found(reader, question, body, limits, seconds)
        packed = Reply(found, time.process_time() - began).packed()
    except (MemoryError, RecursionError):
        packed, fit = Reply(TooMuch(Note.TOO_LARGE), time.process_time() - began).packed(), False
    _write(LENGTH.pack(len(packed)) + packed)
    return fit


def _found(
    reader: Callable[..., Document], question: Question, body: bytes, limits: Limits, seconds: float
) -> Document | Unreadable:
    timer = Timer(limits, seconds)
    try:
        return reader(body, question.owner, question.window, limits=limits, watch=timer)
    except Unreadable as why:
        return why
    except Overrun:
        return TooMuch(Note.TOO_SLOW)


def _last_resort(end: float) -> None:
    """Have the kernel end this process if even the timer cannot: a signal waits while C code runs."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(end) + 2, hard))


def _write(answer: bytes) -> None:
    view = memoryview(answer)
    while view:
        view = view[os.write(1, view) :]
