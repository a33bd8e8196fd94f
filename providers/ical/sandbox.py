"""Reading in processes of their own, so that no calendar costs more than its share of time and memory.

Every document is tried in the quick lane, which gives it an instant; what needs longer
goes to the slow one and waits there for its like. So a document that hangs delays only
others that are slow, and what a calendar costs as a whole is bounded too.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from hashlib import blake2b
from threading import Lock

from policy.interval import Interval
from providers.base import Owner
from providers.errors import Unreadable
from providers.ical.lanes import QUICK, Lanes
from providers.ical.limits import Limits
from providers.ical.lines import begins
from providers.ical.notes import Note, TooMuch
from providers.ical.read import Document
from providers.ical.wire import Question, Reply

_SMALL = 256 * 1024
"""Bytes beyond which the quick lane is not even tried."""
_SUSPECT = 3
"""After so many slow documents of one calendar its others leave the quick lane to other calendars."""
_REMEMBERED, _LONGEST, _TOGETHER = 1024, 1 << 20, 8 << 20
"""How many replies are kept, and how many bytes each and all of them have at most."""
_RETRY = 24 * 3600.0


class Sandbox:
    """Reads documents in processes of its own: a ``read`` for adapters, from any thread."""

    def __init__(self, limits: Limits = Limits(), *, worker: str = "providers.ical.worker") -> None:  # noqa: B008 -- a value
        self.limits = limits
        self.lanes = Lanes(limits, worker)
        self._overran = _Overran()

    def __call__(self, body: bytes, owner: Owner, window: Interval | None) -> Document:
        """Return what one document says of *window*, as :func:`providers.ical.read` does.

        :raises TooMuch: if it is a calendar and beyond a limit as a whole.
        :raises Unreadable: if it is not one complete VCALENDAR.
        :raises Unavailable: if no reading process can be started.
        """
        return self.calendar()(body, owner, window)

    def calendar(self) -> Pass:
        """Return a ``read`` for one pass over one calendar, whose documents share its time."""
        return Pass(self)

    def close(self) -> None:
        """End the processes; the next document starts them again."""
        self.lanes.close()

    def overran(self, key: bytes) -> Reply | None:
        """Return what was found in a document that overran its time before."""
        return self._overran.get(key)

    def remember(self, key: bytes, reply: Reply) -> None:
        """Keep what was found in a document that overran its time, so that it does not cost that again."""
        self._overran.put(key, reply)


class Pass:
    """One pass over one calendar: what it has cost, and what it may."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._components = 0
        self._first = self._second = 0.0
        """Seconds spent on first tries, and on what was slow."""
        self._slow = 0

    def __call__(self, body: bytes, owner: Owner, window: Interval | None) -> Document:
        """Return what one document of the calendar says of *window*.

        :raises TooMuch: if it is a calendar and beyond a limit, or the calendar's time is used up.
        :raises Unreadable: if it is not one complete VCALENDAR.
        :raises Unavailable: if no reading process can be started.
        """
        if len(body) > self._sandbox.limits.document:
            raise TooMuch(Note.TOO_LARGE) if begins(body) else Unreadable("the document is too large")
        question = Question(owner, window)
        key = blake2b(body, digest_size=16, key=blake2b(question.packed()).digest()).digest()
        reply = self._sandbox.overran(key)
        if reply is None:
            reply = self._read(question, body)
            if _overran(reply) or _fatal(reply):
                self._sandbox.remember(key, reply)
        if isinstance(reply.found, Unreadable):
            raise reply.found
        return reply.found

    def _read(self, question: Question, body: bytes) -> Reply:
        limits, lanes = self._sandbox.limits, self._sandbox.lanes
        # Each component brings its own time: what is cheap is read whatever the rest has cost.
        self._components += min(body.upper().count(b"BEGIN:"), limits.components)
        allowed = min(limits.calendar_time + self._components * limits.component_time, limits.longest_time)
        if self._first >= allowed:
            raise TooMuch(Note.TOO_SLOW)
        if len(body) <= _SMALL:
            reply = lanes.quickly(question, body, suspect=self._slow >= _SUSPECT)
            self._first += reply.seconds
            if not reply.slow:
                return reply
            self._slow += 1
        left = min(limits.document_time, allowed - self._first - self._second)
        if left <= 0:
            raise TooMuch(Note.TOO_SLOW)
        reply = lanes.slowly(question, body, left)
        self._second += reply.seconds
        return reply


def _overran(reply: Reply) -> bool:
    """Tell whether a document had its time and it was not enough: on a busy computer it may not even have had it."""
    return reply.slow and reply.seconds > QUICK


def _fatal(reply: Reply) -> bool:
    return isinstance(reply.found, TooMuch) and reply.found.note in {Note.TOO_LARGE, Note.READER_DIED}


class _Overran:
    """What overran, by digest: small, and forgotten after a day, so that a busy hour is not held against it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, key: bytes) -> Reply | None:
        with self._lock:
            at, packed = self._kept.get(key, (0.0, b""))
        return Reply.unpacked(packed) if packed and time.monotonic() - at < _RETRY else None

    def put(self, key: bytes, reply: Reply) -> None:
        packed = reply.packed()
        if len(packed) > _LONGEST:
            packed = Reply(TooMuch(Note.TOO_SLOW), reply.seconds).packed()
        with self._lock:
            self._bytes += len(packed) - len(self._kept.pop(key, (0.0, b""))[1])
            self._kept[key] = (time.monotonic(), packed)
            while len(self._kept) > _REMEMBERED or self._bytes > _TOGETHER:
                self._bytes -= len(self._kept.popitem(last=False)[1][1])
