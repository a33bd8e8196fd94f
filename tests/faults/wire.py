"""The n-th HTTP request of a tale fails in every way in which one can fail, n = 1, 2, 3 ... to the last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from structlog.testing import capture_logs

from policy.life import Effect, State
from providers.google.api import TRIES
from providers.google.reasons import BY_STATUS, MEANINGS, Meaning
from syncd.demo.google import (
    CUT,
    LOGGED_OUT,
    LOST,
    REFUSED_UNHEARD,
    SWAPPED,
    Fault,
    broken,
    refusing,
    slow,
)
from syncd.demo.google.answers import saying
from syncd.demo.google.api import BASE, METHODS
from syncd.demo.google.faults import Faults
from syncd.demo.google.oauth import REVOKE, TOKEN
from tests.faults.googletown import GoogleTown, google_town
from tests.faults.nth import DAY_AND_MORE, told
from tests.faults.tale import Tale, begun, ending, judged
from tests.faults.town import Fate
from tests.syncd.store.grounds import Ground

_LOUD = {"error", "critical"}
_OAUTH = {("POST", TOKEN): "token", ("POST", REVOKE): "revoke"}
_CALENDAR = re.compile(f"{BASE}/calendars/[^/]+/")
_METHODS = {
    name: (verb, re.compile(f"{BASE}/" + re.sub(r"\{\w+\}", "[^/]+", path)))
    for name, (verb, path, _) in METHODS.items()
}


KINDS = frozenset({*_OAUTH.values(), *METHODS})


def kind_of(method: str, path: str) -> str:
    """Return the name that Google has for what is asked: ``events.insert``, ``token``."""
    if (method, path) in _OAUTH:
        return _OAUTH[method, path]
    found = (name for name, (verb, one) in _METHODS.items() if verb == method and one.fullmatch(path))
    return next(found, f"{method} {path}")


# --- in which ways one can fail -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Way:
    """How one request fails."""

    name: str
    fault: Fault
    like: str
    """What the program is told by it: ways that tell the same are tried in turn where not all of them are tried."""
    times: int = 1
    """So often in a row, each time it is asked."""
    long: bool = False
    """It can take a day until all is well again."""
    patience: float | None = None
    """Seconds of silence that are waited for, if the answer is slow."""
    wide: bool = False
    """It is said of the whole calendar, whatever is asked of it."""

    def passes(self, kind: str) -> bool:
        """Tell whether it says nothing of any calendar, account or event, so that nothing is to be told of them."""
        if self.times > 1:  # what no read in place gets by is another failure in each round
            return self.like in _TRIED_AGAIN and kind not in _OAUTH.values()
        return self.like in _PASSING | {_LOGIN} or (self.like == _EXPIRED and not self.long)

    def __str__(self) -> str:
        return self.name if self.times == 1 else f"{self.name}, {self.times} times"


_SILENCE, _PAUSE = 0.25, 30.0
_NO_ANSWER: Mapping[str, Fault] = {
    "cut before it arrives": REFUSED_UNHEARD,
    "done, and the answer lost": LOST,
    "done, and the answer cut": CUT,
    "done, and the answer slow": slow(_PAUSE),
}
_PAGES: Mapping[str, Fault] = {
    "done, and a page for an answer": SWAPPED,
    "a page for an answer": LOGGED_OUT,
    "403, a page": broken(403),
    "404, a page": broken(404),
}
_NOT_NOW: Mapping[str, Fault] = {
    "429": refusing(429, "rateLimitExceeded"),
    "429, a second": refusing(429, "rateLimitExceeded", retry_after=1),
    "500": refusing(500, "backendError"),
    "502": broken(502),
    "503": broken(503),
    "503, a second": broken(503, retry_after=1),
}
_LATER: Mapping[str, Fault] = {
    "429, two hours": refusing(429, "rateLimitExceeded", retry_after=7200),
    "503, two hours": broken(503, retry_after=7200),
}
_WIDELY: Mapping[str, Fault] = {
    "404 of its calendar": refusing(404, "notFound"),
    "403 of its calendar": refusing(403, "forbidden"),
    "503 of its calendar": broken(503),
    "no answer of its calendar": LOST,
}
_WIDE = 12
"""So many requests of one calendar fail then: as many as two looks need, and more."""
_LOGIN, _EXPIRED = "401 LOGIN", "410 EXPIRED"
_TRIED_AGAIN = frozenset({"no answer", "not now"})
_PASSING = _TRIED_AGAIN | {"a page", "later", "403 QUOTA"}
_TROUBLE = frozenset({"account.lost", "calendar.lost", Effect.INCIDENT})
_UNTRUE = frozenset({Effect.PHANTOM, Effect.RESTORED})
"""What is told of an act that was none; only who says so of the event itself can have us believe it."""
_REASONS = (
    *MEANINGS,
    *((400, "invalid"), (401, "authError"), (403, "unheardOf"), (404, "notFound")),
    *((409, "duplicate"), (410, "unheardOf"), (412, "conditionNotMet")),
)
_ONLY: Mapping[tuple[int, str], frozenset[str]] = {
    (400, "pushNotSupportedForRequestedResource"): frozenset({"events.watch"}),
    (409, "duplicate"): frozenset({"events.insert"}),
    (412, "conditionNotMet"): frozenset({"events.update", "events.delete"}),
}
"""What is said of nothing else."""
_OF_AN_EVENT = frozenset({"events.insert", "events.get", "events.update", "events.delete"})
_WRITES = _OF_AN_EVENT - {"events.get"}
_ABOUT_IT = frozenset({404, 409, 410, 412})
"""What is said of the one event that was asked for: who says so again and again is to be believed."""
_DENIED = (
    *((400, "invalid_grant"), (401, "invalid_client"), (400, "unauthorized_client"), (400, "invalid_scope")),
    *(
        (400, "admin_policy_enforced"),
        (400, "invalid_token"),
        (403, "access_denied"),
        (500, "internal_failure"),
    ),
)


def ways(kind: str) -> Iterator[Way]:
    """Yield every way in which a request of this kind can fail."""
    for like, faults in (
        ("no answer", _NO_ANSWER),
        ("a page", _PAGES),
        ("not now", _NOT_NOW),
        ("later", _LATER),
    ):
        for name, fault in faults.items():
            patience = _SILENCE if fault.spoil == "slow" else None
            yield from _often(kind, Way(name, fault, like, long=like == "later", patience=patience))
    if kind.startswith("events."):
        yield from (Way(name, fault, name, _WIDE, wide=True) for name, fault in _WIDELY.items())
    for status, reason in _DENIED if kind in _OAUTH.values() else _REASONS:
        if kind in _ONLY.get((status, reason), {kind}):
            yield from _refused(kind, status, reason)


def _refused(kind: str, status: int, reason: str) -> Iterator[Way]:
    if kind in _OAUTH.values():
        yield Way(f"{status} {reason}", Fault(saying({"error": reason}, status)), reason, long=True)
        return
    means = MEANINGS.get((status, reason), BY_STATUS.get(status, Meaning.FAILS))
    like = "not now" if means is Meaning.WAIT else f"{status} {means.name}"
    # What is said of an event, and is not so, comes out when the calendar is listed as a whole, once a day.
    lied = kind in _OF_AN_EVENT and status in _ABOUT_IT
    way = Way(f"{status} {reason}", refusing(status, reason), like, long=lied or means is Meaning.QUOTA)
    yield from [way] if lied else _often(kind, way)


def _often(kind: str, way: Way) -> Iterator[Way]:
    """Yield *way* once, and so often that no read in place gets by it.

    Who is not to write for hours, and again and again, has not written by the start: that is no fault of anybody's.
    """
    yield way
    if not (way.long and kind in _WRITES):
        yield replace(way, times=TRIES)


def in_turn(kind: str, number: int) -> Iterator[Way]:
    """Yield one of all ways that tell the program the same, another one at each request."""
    alike: dict[str, list[Way]] = {}
    for way in ways(kind):
        alike.setdefault(way.like, []).append(way)
    yield from (some[number % len(some)] for some in alike.values())


# --- one run --------------------------------------------------------------------------------


@dataclass
class Wire(Faults):
    """Counts the requests of a tale, and lets one fail, and those after it that ask the same."""

    number: int = 0
    """Counted from 1."""
    way: Way | None = None
    heard: list[tuple[str, str]] = field(default_factory=list)
    struck: int = 0
    fate: Fate = field(default_factory=Fate)
    _asked: tuple[str, str] | None = None

    def strike(self, method: str, path: str) -> Fault | None:
        """Return what meets this request."""
        if not self.fate.armed:
            return None
        self.heard.append((method, path))
        if len(self.heard) == self.number:
            self._asked = (method, path)
        if self.way is None or self.struck >= self.way.times or not self._is_same(method, path):
            return None
        self.struck += 1
        return self.way.fault

    def _is_same(self, method: str, path: str) -> bool:
        if self.way is None or self._asked is None:
            return False
        calendar = _CALENDAR.match(self._asked[1]) if self.way.wide else None
        return path.startswith(calendar[0]) if calendar else self._asked == (method, path)

    @property
    def kinds(self) -> list[str]:
        """What was asked, in order."""
        return [kind_of(*one) for one in self.heard]


def begin(tale: Tale, one: GoogleTown, wire: Wire) -> None:
    """Set the scene; from here on requests are counted."""
    wire.fate = one.fate
    begun(tale, one)


def requests_of(ground: Ground, tale: Tale) -> list[str]:
    """Return what *tale* asks of Google when nothing fails; it ends as it must."""
    wire = Wire()
    with google_town(ground, wire) as one, capture_logs():
        begin(tale, one, wire)
        told(tale, one)
        wrong = judged(tale, one)
        assert wrong == [], f"{tale.name}: {wrong}"
        return wire.kinds


def failed_request(ground: Ground, tale: Tale, number: int, way: Way) -> tuple[bool, list[str]]:
    """Return whether there was such a request (counted from 1), and what is wrong in the end if it failed."""
    wire = Wire(number=number, way=way)
    patience = {} if way.patience is None else {"patience": way.patience}
    with google_town(ground, wire, **patience) as one, capture_logs() as said:
        begin(tale, one, wire)
        told(tale, one)
        if way.long:
            one.until(one.clock.now() + DAY_AND_MORE)
        kind = wire.kinds[number - 1] if wire.struck else "?"
        wrong = judged(tale, one, lenient=True)
        wrong += [f"was logged: {each}" for each in said if each["log_level"] in _LOUD]
        wrong += _excused_wrongly(tale, one, way)
        wrong += [
            f"{each} was told" for each in _told(one) if each in _not_to_be_told(way, kind) - tale.tells
        ]
        return wire.struck > 0, [f"{tale.name}, request {number} ({kind}) {way}: {each}" for each in wrong]


def _excused_wrongly(tale: Tale, one: GoogleTown, way: Way) -> Iterator[str]:
    """Yield each end that is another one than it would have been, and does not say why."""
    for name, end in tale.ends.items():
        session = one.session(one.names[name])
        if session.state is State.INCIDENT and not way.long:
            yield f"{name} is out of sight"
        elif ending(one, name) != end and session.verdict is not None and session.verdict.doubt is None:
            yield f"{name} was decided otherwise, without a doubt"


def _not_to_be_told(way: Way, kind: str) -> frozenset[str]:
    if way.passes(kind):
        return _TROUBLE | _UNTRUE
    return frozenset() if way.long else _UNTRUE


def _told(one: GoogleTown) -> list[str]:
    with one.house.db.read() as tx:
        return [row.kind for row in tx.feed.after(0)]
