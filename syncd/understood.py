"""What is understood of one calendar file."""

from __future__ import annotations

import os
import select
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from policy.interval import Interval, merge
from providers.base import Owner
from providers.errors import Unreadable
from providers.ical import Document, Note, TooMuch
from providers.ical.sandbox import Sandbox

ACCEPT, LIMIT, REJECT = "accept", "limit", "reject"
_PATIENCE = 10.0
"""Seconds for a pipe to bring all it has."""
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Understood:
    """One file: what it takes of a window, and what could not be understood."""

    file: str
    verdict: str
    """``accept``: all is understood; ``limit``: some of it counts as unknown; ``reject``: it is no calendar."""
    busy: tuple[Interval, ...]
    """Tentative events too."""
    unknown: tuple[Interval, ...]
    notes: tuple[str, ...]
    """Why, in codes; for what was rejected, one sentence."""


def understood(file: str, owner: Owner, window: Interval, read: Sandbox) -> Understood:
    """Return what a file says of *window*; whatever it is, this is an answer and no error.

    :raises Unavailable: if no reading process can be started.
    """
    name = os.fsencode(file).decode("utf-8", "replace")
    try:
        document = read(_content(file, read.limits.document + 1), owner, window)
    except TooMuch as why:
        return Understood(name, LIMIT, (), (window,), (why.note.value,))
    except Unreadable as why:
        return Understood(name, REJECT, (), (window,), (why.what,))
    except OSError as error:
        return Understood(name, REJECT, (), (window,), (_reason(error),))
    return _said(name, document)


def _said(name: str, document: Document) -> Understood:
    times = [one.time for one in document.series]
    return Understood(
        file=name,
        verdict=ACCEPT if all(Note(note).harmless for note in document.notes) else LIMIT,
        busy=merge(one for each in times for one in (*each.busy, *each.tentative)),
        unknown=merge(one for each in times for one in each.unknown),
        notes=document.notes,
    )


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return f"the file cannot be read: {(error.strerror or 'it is not one').lower()}"


def _content(file: str, most: int) -> bytes:
    """Return the first *most* bytes of a file or pipe; a device has no end and is not read."""
    with _opened(file) as descriptor:
        kind = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(kind):
            raise Unreadable("it is a directory")
        if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind)):
            raise Unreadable("it is not a file")
        return _read(descriptor, most)


@contextmanager
def _opened(file: str) -> Iterator[int]:
    try:
        # A pipe that nobody writes to would be waited for.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except ValueError:
        raise Unreadable("there is no such file") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read(descriptor: int, most: int) -> bytes:
    ready = select.poll()
    ready.register(descriptor, select.POLLIN)
    end = time.monotonic() + _PATIENCE
    chunks: list[bytes] = []
    left = most
    while left:
        try:
            chunk = os.read(descriptor, min(left, _CHUNK))
        except BlockingIOError:
            if ready.poll(max(0.0, end - time.monotonic()) * 1000):
                continue
            raise Unreadable("nothing more comes, and it is not at its end") from None
        if not chunk:
            break
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)
