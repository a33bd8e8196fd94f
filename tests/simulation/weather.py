"""What goes wrong, where, and how long: drawn before anything runs, asked at every request."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """A fault."""

    OUTAGE = "outage"
    """A server does not answer; *where*: its URL, or empty for all."""
    ERRORS = "errors"
    """Some answers are 429, 500 or 503, some ask us to wait."""
    SLOW = "slow"
    """Answers take up to half a minute."""
    DEAF = "deaf"
    """Some writes are done, and the answer is lost."""
    LAG = "lag"
    """Replicas answer from up to two minutes ago."""
    CACHE = "cache"
    """A cache answers from up to an hour ago, and says so."""
    PHANTOM = "phantom"
    """For some seconds events seem to be gone."""
    PART = "part"
    """One calendar cannot be read or written, and the others can; *where*: its address."""
    REFUSAL = "refusal"
    """A server reads, and takes no writes."""
    CROSSING = "crossing"
    """The student's next act comes in the midst of a write to their event, up to so many seconds too early."""
    BLUR = "blur"
    """Events cannot be understood."""
    DOWN = "down"
    """The program does not run."""
    KILL = "kill"
    """The program is killed at its next step, and started anew."""
    CLOCK = "clock"
    """The computer's clock is wrong, and the operating system does not vouch for it."""
    FULL = "full"
    """The disk is full."""
    LOCKED = "locked"
    """The database is locked."""
    FORGET = "forget"
    """The server forgets all tokens."""
    AMNESIA = "amnesia"
    """The server refuses every token that it gives."""
    CHURN = "churn"
    """The server gives every event another version."""


@dataclass(frozen=True, slots=True)
class Spell:
    """One fault, from a moment to another."""

    kind: Kind
    since: datetime
    until: datetime
    where: str = ""
    size: float = 0.0
    """Seconds, or a share, as the kind has it."""

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.since:%m-%d %H:%M:%S} .. {self.until:%m-%d %H:%M:%S} {self.kind} {self.where} {self.size:g}"


class Weather:
    """Every fault of a play."""

    def __init__(self, spells: tuple[Spell, ...]) -> None:
        self.spells = spells
        self._of: defaultdict[Kind, list[Spell]] = defaultdict(list)
        for one in spells:
            self._of[one.kind].append(one)
        self._edges = sorted({at for one in spells for at in (one.since, one.until)})

    def now(self, kind: Kind, at: datetime, where: str = "") -> Spell | None:
        """Return the fault of this kind that rules *where* at *at*."""
        for one in self._of.get(kind, ()):
            if one.since <= at < one.until and one.where in {"", where}:
                return one
        return None

    def edge(self, after: datetime) -> datetime | None:
        """Return the next moment after *after* at which something begins or ends."""
        place = bisect_right(self._edges, after)
        return self._edges[place] if place < len(self._edges) else None

    def bad(self, kinds: frozenset[Kind], where: str) -> tuple[tuple[datetime, datetime], ...]:
        """Return every time in which one of *kinds* rules *where*."""
        return tuple(
            (one.since, one.until) for one in self.spells if one.kind in kinds and one.where in {"", where}
        )


SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
