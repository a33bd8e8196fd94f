"""What goes wrong on demand: the n-th request of a kind gets another answer than the true one, or none."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Literal

from syncd.demo.google.answers import Answer, page, redirect, saying
from syncd.demo.google.refusals import Refusal

_DOMAINS = {
    **dict.fromkeys(("quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded"), "usageLimits"),
    **dict.fromkeys(("fullSyncRequired", "updatedMinTooLongAgo", "requiredAccessLevel"), "calendar"),
    "forbiddenForNonOrganizer": "calendar",
}
LOG_IN = "<!DOCTYPE html><html><body><form>Sign in to continue to the network</form></body></html>"
BROKEN = "<!DOCTYPE html><html><title>Error {status} (Server Error)!!1</title><p>That is all we know.</html>"


@dataclass(frozen=True)
class Fault:
    """What happens to one request."""

    instead: Answer | None = None
    """Answered without doing anything; if there is none, the request is done first."""
    spoil: Literal["", "lost", "cut", "swapped", "slow"] = ""
    """What becomes of the answer on its way: lost with the connection, cut in the middle, swapped for a page of the
    network's, or sent byte by byte."""
    pause: float = 0.0
    """Seconds between two bytes of a slow answer."""


def refusing(
    status: int, reason: str, *, retry_after: int | None = None, headers: Mapping[str, str] | None = None
) -> Fault:
    """Return an answer of Google's with a reason."""
    more = {} if retry_after is None else {"Retry-After": str(retry_after)}
    one = Refusal(status, reason, _words(reason), domain=_DOMAINS.get(reason, "global"))
    return Fault(saying(one.body(), status, {**more, **(headers or {})}))


def broken(status: int = HTTPStatus.BAD_GATEWAY, *, retry_after: int | None = None) -> Fault:
    """Return an answer in HTML, as a front of Google's gives it when what is behind it is down."""
    more = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Fault(page(BROKEN.format(status=status), status, more))


LOST = Fault(spoil="lost")
"""It is done, and nobody hears of it."""
REFUSED_UNHEARD = Fault(Answer(HTTPStatus.OK), spoil="lost")
"""It is not done, and nobody hears of that either."""
CUT = Fault(spoil="cut")
"""It is done, and half of the answer is missing."""
LOGGED_OUT = Fault(page(LOG_IN))
"""The network wants a password first: a page, with the status of success."""
SWAPPED = Fault(spoil="swapped")
"""It is done, and such a page comes instead of the answer."""


def slow(pause: float) -> Fault:
    """Return that the answer drips, *pause* seconds between two bytes."""
    return Fault(spoil="slow", pause=pause)


def elsewhere(to: str) -> Fault:
    """Return that the answer is to be had elsewhere."""
    return Fault(redirect(to))


@dataclass(frozen=True)
class _Planned:
    method: str
    path: re.Pattern[str]
    skip: int
    times: int
    fault: Fault


@dataclass
class Faults:
    """What shall go wrong, in the order in which it was planned."""

    _planned: list[_Planned] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, fault: Fault, method: str = "", path: str = "", *, nth: int = 1, times: int = 1) -> None:
        """Let *fault* meet the *nth* request from now on that has this method and a path that *path* finds.

        It meets that one and those after it, *times* in all.
        """
        with self._lock:
            self._planned.append(_Planned(method, re.compile(path), nth - 1, times, fault))

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._planned.clear()

    def left(self) -> int:
        """Count the faults that have met nobody yet."""
        with self._lock:
            return sum(one.times for one in self._planned)

    def strike(self, method: str, path: str) -> Fault | None:
        """Return what meets this request; each request is met by one fault at most."""
        struck: Fault | None = None
        with self._lock:
            for at, one in enumerate(self._planned):
                if one.method not in {"", method} or not one.path.search(path):
                    continue
                if one.skip:
                    self._planned[at] = replace(one, skip=one.skip - 1)
                elif struck is None:
                    struck = one.fault
                    self._planned[at] = replace(one, times=one.times - 1)
            self._planned = [one for one in self._planned if one.times]
        return struck


def _words(reason: str) -> str:
    words = re.sub(r"(?=[A-Z])", " ", reason).capitalize()
    return "Calendar usage limits exceeded." if reason == "quotaExceeded" else words
