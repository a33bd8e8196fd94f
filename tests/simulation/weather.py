"""What goes wrong, where, and how long: drawn before anything runs, asked at every request."""

from __future__ import annotations

from collections.abc import Iterator
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


@dataclass(frozen=True, slots=True)
class Weather:
    """Every fault of a play."""

    spells: tuple[Spell, ...]

    def now(self, kind: Kind, at: datetime, where: str = "") -> Spell | None:
        """Return the fault of this kind that rules *where* at *at*."""
        for one in self.spells:
            if one.kind is kind and one.since <= at < one.until and one.where in {"", where}:
                return one
        return None

    def edges(self) -> Iterator[datetime]:
        """Yield every moment at which something begins or ends."""
        for one in self.spells:
            yield one.since
            yield one.until

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
