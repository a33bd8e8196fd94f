"""The daemon's own door to a calendar server: counted apart from people's, and with a trap in it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

from syncd.demo.front import Front, Seen

_WRITES = frozenset({"PUT", "PATCH", "DELETE", "MOVE", "MKCALENDAR", "PROPPATCH"})
_ASKED_BY_POST = ("/freeBusy", "/token")
"""What Google is asked for by POST, and writes nothing."""
Trap = Callable[[Seen], None]


class Door(Front):
    """A front that tells of each answer before it is given: what happens then is an answer that is lost."""

    trap: Trap | None = None
    """Called with each request that the server has answered, before the daemon gets that answer."""
    last = 0.0
    """When the last answer came, by the monotonic clock."""

    def record(self, seen: Seen) -> None:
        super().record(seen)
        self.last = time.monotonic()
        if (trap := self.trap) is not None:
            trap(seen)

    def writes(self) -> int:
        """Count the writes so far, whether or not they were taken."""
        return sum(is_write(one) for one in self.seen())

    def rounds(self) -> Counter[str]:
        """Count the questions for changes so far, by who asked."""
        return Counter(one.user for one in self.seen() if _asks_for_changes(one))


def is_write(seen: Seen) -> bool:
    """Tell whether a request is one that changes what stands on the server."""
    path = urlsplit(seen.path).path
    return seen.method in _WRITES or (seen.method == "POST" and not path.endswith(_ASKED_BY_POST))


def _asks_for_changes(seen: Seen) -> bool:
    """Tell whether a request begins the look at one calendar; the further pages of one at Google do not."""
    at = urlsplit(seen.path)
    listing = at.path.endswith("/events") and "showDeleted" in at.query and "pageToken" not in at.query
    return seen.method == "REPORT" or (seen.method == "GET" and listing)
