"""The database cannot be used now: told once when it begins and once when it ends."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import structlog

from syncd.clock import Clock
from syncd.store.errors import StoreError
from syncd.traces import told

_LOG = structlog.get_logger("syncd.engine")
_FIRST, _LONGEST = timedelta(seconds=1), timedelta(seconds=30)


class Trouble:
    """Why nothing can be done now, since when, and when it is tried again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pause = _FIRST
        self.why: str | None = None
        self.since: datetime | None = None

    def begin(self, error: BaseException, clock: Clock) -> timedelta:
        """Note that *error* came of using the database, and return how long to wait; longer each time."""
        why = (
            str(error)
            if isinstance(error, StoreError)
            else f"an error that is not known, {type(error).__name__}"
        )
        with self._lock:
            pause, self._pause = self._pause, min(self._pause * 2, _LONGEST)
            news, self.why = self.why is None, why
            if news:
                self.since = clock.now()
        if news:
            details = {} if isinstance(error, StoreError) else {"trace": told(error)}
            _LOG.error("database.trouble", why=why, **details)
        return pause

    def end(self, clock: Clock) -> None:
        """Note that the database took a write."""
        with self._lock:
            since, self.why, self.since = self.since, None, None
        if since is not None:
            _LOG.info("database.well", after_seconds=(clock.now() - since).total_seconds())

    def forget(self) -> None:
        """Note that a piece of work was done: whatever comes is new, and begins with a short pause."""
        with self._lock:
            if self.why is None:
                self._pause = _FIRST
