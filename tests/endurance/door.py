"""The daemon's own door to a calendar server: counted apart from people's, and with a trap in it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from syncd.demo.front import Front, Seen

_WRITES = frozenset({"PUT", "PATCH", "DELETE", "MOVE", "MKCALENDAR", "PROPPATCH"})
_ASKED_BY_POST = ("/freeBusy", "/token")
"""What Google is asked for by POST, and writes nothing."""
Trap = Callable[[Seen], None]


class Door(Front):
    """A front that tells of each answer before it is given: what happens then is an answer that is lost."""

    def __init__(self, behind: int, users: Mapping[str, str], **options: Any) -> None:
        super().__init__(behind, users, **options)
        self.trap: Trap | None = None
        """Called with each request that the server has answered, before the daemon gets that answer."""
        self.last = 0.0
        """When the last request came that was answered, by the monotonic clock."""
        self._writes = 0
        self._rounds: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._mine = threading.local()

    def user_of(self, authorization: str | None) -> str | None:
        # What a daemon asked that is dead by now is still answered: when a request came tells whose it is.
        self._mine.came = time.monotonic()
        return super().user_of(authorization)

    def record(self, seen: Seen) -> None:
        super().record(seen)
        with self._counting:
            self._writes += is_write(seen)
            self._rounds[seen.user] += _asks_for_changes(seen)
        self.last = max(self.last, getattr(self._mine, "came", 0.0))
        if (trap := self.trap) is not None:
            trap(seen)

    def writes(self) -> int:
        """Count the writes so far, whether or not they were taken."""
        return self._writes

    def rounds(self) -> Counter[str]:
        """Count the questions for changes so far, by who asked."""
        with self._counting:
            return self._rounds.copy()


def is_write(seen: Seen) -> bool:
    """Tell whether a request is one that changes what stands on the server."""
    path = urlsplit(seen.path).path
    return seen.method in _WRITES or (seen.method == "POST" and not path.endswith(_ASKED_BY_POST))


def _asks_for_changes(seen: Seen) -> bool:
    """Tell whether a request begins the look at one calendar; the further pages of one at Google do not."""
    at = urlsplit(seen.path)
    listing = at.path.endswith("/events") and "showDeleted" in at.query and "pageToken" not in at.query
    return seen.method == "REPORT" or (seen.method == "GET" and listing)
