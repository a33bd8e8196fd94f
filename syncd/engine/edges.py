"""Work that fails is told when it begins to fail and when it is well again, not each time between."""

from __future__ import annotations

import threading
from collections import OrderedDict

import structlog

from syncd.store.rows import Ticket
from syncd.traces import told

_LOG = structlog.get_logger("syncd.engine")
_MOST = 10_000
"""So many failing pieces of work are remembered; the one forgotten first is told again."""


class Edges:
    """What is known to fail, and how."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failing: OrderedDict[tuple[str, str], str] = OrderedDict()

    def failed(self, ticket: Ticket, error: BaseException) -> None:
        """Tell of *error*, unless the same work ended with the same kind of error before."""
        name, kind = (ticket.kind, ticket.key), type(error).__name__
        with self._lock:
            known = self._failing.get(name) == kind
            self._failing[name] = kind
            if len(self._failing) > _MOST:
                self._failing.popitem(last=False)
        if not known:
            _LOG.error(
                "work.failed",
                work=ticket.kind,
                key=ticket.key,
                error=kind,
                trace=told(error),
            )

    def done(self, ticket: Ticket) -> None:
        """Tell that work which failed is done, if it did."""
        with self._lock:
            known = self._failing.pop((ticket.kind, ticket.key), None)
        if known is not None:
            _LOG.info("work.done", work=ticket.kind, key=ticket.key)
