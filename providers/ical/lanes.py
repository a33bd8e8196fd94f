"""Two reading processes: a quick lane for every document, and a slow one for what needs longer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from providers.ical.limits import Limits
from providers.ical.slot import Slot
from providers.ical.wire import Question, Reply

QUICK = 0.05
"""Seconds of computing in the quick lane."""
_STUCK = 0.1
"""Seconds after which a document in the quick lane holds up the others: they pass it by the slow one."""
_KINDER = 10
"""How far the slow lane steps back for everything else on the computer (nice)."""


class Lanes:
    """Gives each document a process of its own for a while."""

    def __init__(self, limits: Limits, worker: str) -> None:
        self.quick = Slot(limits, worker=worker)
        self.slow = Slot(limits, worker=worker, nice=_KINDER)
        self._free = Condition()
        self._since: dict[Slot, float] = {}
        """Since when a slot is taken."""

    def quickly(self, question: Question, body: bytes, *, suspect: bool) -> Reply:
        """Return what an instant of computing brings; what is *suspect* spends it in the slow lane.

        :raises Unavailable: if no reading process can be started.
        """
        with self._lane(self.slow) if suspect else self._lane(self.quick, self.slow) as slot:
            return slot.ask(question, body, QUICK)

    def slowly(self, question: Question, body: bytes, seconds: float) -> Reply:
        """Return what so many *seconds* of computing bring.

        :raises Unavailable: if no reading process can be started.
        """
        with self._lane(self.slow) as slot:
            return slot.ask(question, body, seconds)

    def close(self) -> None:
        """End both processes."""
        self.quick.close()
        self.slow.close()

    @contextmanager
    def _lane(self, wanted: Slot, passing: Slot | None = None) -> Iterator[Slot]:
        with self._free:
            while (slot := self._open(wanted, passing)) is None:
                self._free.wait(_STUCK)
            self._since[slot] = time.monotonic()
        try:
            yield slot
        finally:
            with self._free:
                del self._since[slot]
                self._free.notify_all()

    def _open(self, wanted: Slot, passing: Slot | None) -> Slot | None:
        since = self._since.get(wanted)
        if since is None:
            return wanted
        stuck = time.monotonic() - since > _STUCK
        return passing if stuck and passing not in self._since else None
