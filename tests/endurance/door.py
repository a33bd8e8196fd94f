"""The daemon's own door to a calendar server: counted apart from people's, and with a trap in it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from syncd.demo.front import Front, Seen

WRITES = frozenset({"PUT", "DELETE", "MOVE", "MKCALENDAR", "PROPPATCH"})
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
        return sum(one.method in WRITES for one in self.seen())

    def rounds(self) -> Counter[str]:
        """Count the questions for changes so far, by who asked."""
        return Counter(one.user for one in self.seen() if one.method == "REPORT")
