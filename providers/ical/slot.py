"""One reading process at the other end of two pipes; it is killed when it does not answer, and replaced."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
import weakref
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import IO

import providers
from providers.errors import Unavailable
from providers.ical.limits import Limits
from providers.ical.notes import Note, TooMuch
from providers.ical.wire import Question, Reply
from providers.ical.worker import HEAD, LENGTH, READY, by_the_wall

_LAUNCH = "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); from {} import main; main()"
_KEPT = ("PYTHONTZPATH", "LD_LIBRARY_PATH")
_LARGEST = 16 * 1024 * 1024
"""Bytes of an answer."""
_CHUNK = 1 << 20
_TO_START = 30.0
_SPARE = 0.5
"""Seconds for a process to say that its time is over, before it is killed."""


class _Gone(Exception):
    """The process ended, or did not answer in time."""

    def __init__(self, note: Note) -> None:
        super().__init__(note.value)
        self.note = note


class Slot:
    """A reading process: one document at a time, started when it is first needed."""

    def __init__(self, limits: Limits, *, worker: str = "providers.ical.worker", nice: int = 0) -> None:
        self._limits = limits
        self._worker = worker
        self._nice = nice
        self._lock = Lock()
        self._child: _Child | None = None

    @property
    def pid(self) -> int | None:
        """The process, if one runs."""
        child = self._child
        return None if child is None else child.pid

    def ask(self, question: Question, body: bytes, seconds: float) -> Reply:
        """Return what is found in a document within so many *seconds* of computing.

        :raises Unavailable: if no reading process can be started.
        """
        packed = question.packed()
        request = HEAD.pack(seconds, len(packed), len(body)) + packed + body
        with self._lock:
            began = time.monotonic()
            while True:
                fresh = self._child is None
                try:
                    return self._asked(request, seconds)
                except _Gone as gone:
                    self._end()
                    # It may have ended for what it read before, or been killed by somebody: once more.
                    if fresh or gone.note is not Note.READER_DIED:
                        return Reply(TooMuch(gone.note), time.monotonic() - began)

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            self._end()

    def _asked(self, request: bytes, seconds: float) -> Reply:
        if self._child is None:
            self._child = _Child(self._worker, self._limits, self._nice)
        deadline = time.monotonic() + by_the_wall(seconds) + _SPARE
        answer = self._child.answer(request, deadline)
        try:
            return Reply.unpacked(answer)
        except ValueError:
            raise _Gone(Note.READER_DIED) from None

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


class _Child:
    """The process itself; it ends when this object does, and when this program does."""

    def __init__(self, worker: str, limits: Limits, nice: int) -> None:
        life, self._life = os.pipe()
        try:
            self._process = _started(worker, limits, life)
        except OSError as error:
            os.close(self._life)
            raise Unavailable(f"no reading process can be started: {error.strerror}") from None
        finally:
            os.close(life)
        self.pid = self._process.pid
        self.end = weakref.finalize(self, _ended, self._process, self._life)
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:  # they are pipes
            raise TypeError
        self._in, self._out = stdin.fileno(), stdout.fileno()
        for pipe in (self._in, self._out):
            os.set_blocking(pipe, False)
        if nice:
            os.setpriority(os.PRIO_PROCESS, self.pid, nice)
        self._greeted()

    def answer(self, request: bytes, deadline: float) -> bytes:
        """Return the answer to *request*.

        :raises _Gone: if none comes by *deadline*.
        """
        self._send(request, deadline)
        answer = self._receive(LENGTH.size, deadline)
        (length,) = LENGTH.unpack_from(answer)
        if length > _LARGEST:
            raise _Gone(Note.TOO_LARGE)
        return self._receive(LENGTH.size + length, deadline, answer)[LENGTH.size :]

    def _greeted(self) -> None:
        try:
            greeting = self._receive(len(READY), time.monotonic() + _TO_START)
        except _Gone:
            greeting = b""
        if greeting != READY:
            self.end()
            raise Unavailable("the reading process does not start; see whether the installation is whole")

    def _send(self, part: bytes, deadline: float) -> None:
        view = memoryview(part)
        while view:
            try:
                view = view[os.write(self._in, view[:_CHUNK]) :]
            except BlockingIOError:
                self._wait(self._in, select.POLLOUT, deadline)
            except BrokenPipeError:
                raise self._cause() from None

    def _receive(self, size: int, deadline: float, received: bytes = b"") -> bytes:
        """Return *received* and what follows it, *size* bytes or a little more."""
        parts, missing = [received], size - len(received)
        while missing > 0:
            self._wait(self._out, select.POLLIN, deadline)
            part = os.read(self._out, _CHUNK)
            if not part:
                raise self._cause()
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _wait(self, pipe: int, event: int, deadline: float) -> None:
        ready = select.poll()
        ready.register(pipe, event)
        if not ready.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise _Gone(Note.TOO_SLOW)

    def _cause(self) -> _Gone:
        """Return why the process ended: the kernel's bound on computing is a signal of its own."""
        try:
            code = self._process.wait(_SPARE)
        except subprocess.TimeoutExpired:
            return _Gone(Note.READER_DIED)
        return _Gone(Note.TOO_SLOW if code in _OUT_OF_TIME else Note.READER_DIED)


_OUT_OF_TIME = {-24}  # SIGXCPU


def _started(worker: str, limits: Limits, life: int) -> subprocess.Popen[bytes]:
    paths = [str(Path(providers.__file__).parents[1]), *(path or str(Path.cwd()) for path in sys.path)]
    code = _LAUNCH.format(worker)
    arguments = [json.dumps(paths), json.dumps(asdict(limits)), str(life)]
    return subprocess.Popen(  # noqa: S603 - our own interpreter, our own arguments
        [sys.executable, "-I", "-S", "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        cwd="/",
        env={name: os.environ[name] for name in _KEPT if name in os.environ},
        pass_fds=(life,),
    )


def _ended(process: subprocess.Popen[bytes], life: int) -> None:
    process.kill()
    process.wait()
    pipes: tuple[IO[bytes] | None, ...] = (process.stdin, process.stdout)
    for pipe in pipes:
        if pipe is not None:
            pipe.close()
    os.close(life)
