"""What a confirmed act of the student is worth: the promise, as arithmetic.

A forfeit is recorded only when the session was seen standing by a read that cannot
have been older than the deadline, and later was seen gone. Everything short of that
is timely.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from policy.facts import Act, Actor, Instant
from policy.interval import instant
from policy.rules import Rules


class Outcome(StrEnum):
    """What a cancellation is worth."""

    TIMELY = "timely"
    FORFEIT = "forfeit"
    NOT_STUDENT = "not_student"


class Doubt(StrEnum):
    """Why it could not be told what was first, the deadline or the act."""

    DAEMON_DOWN = "nobody looked in between"
    SERVER_DOWN = "the server could not be reached in between"
    ACCESS_LOST = "access to the calendar was lost in between"
    UNREADABLE = "the event could not be read in between"
    CLOCK_UNSURE = "our clock was not known to be right"
    UNCONFIRMED = "the second look could not be had"
    RESTORED = "the ledger was restored from a backup"
    REPLACED = "the calendar was replaced or emptied in between"
    UNPROVEN = "our own check did not find the proof in the ledger"


PERSONAL = frozenset(
    {Doubt.SERVER_DOWN, Doubt.ACCESS_LOST, Doubt.UNREADABLE, Doubt.UNCONFIRMED, Doubt.REPLACED}
)
"""Doubts whose cause can lie on the student's side; all others are ours alone."""


class Verdict(BaseModel):
    """A decision with all it rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Outcome
    doubt: Doubt | None = None
    actor: Actor
    act: Act
    deadline: Instant
    present_at: Instant | None = None
    gone_at: Instant | None = None
    stamp: Instant | None = None
    reasons: tuple[str, ...] = ()
    evidence: tuple[int, ...] = ()
    """The facts it rests on, by their number in the session's ledger."""
    rules_version: str


def deadline(start: datetime, agreed_at: datetime, first_seen: datetime | None, rules: Rules) -> datetime:
    """Return the last instant at which a cancellation is timely.

    The latest of start less notice, agreement plus grace, and first sighting plus grace;
    never after the start. All on the UTC line: 24 hours elapse, whatever wall clocks do.

    :raises ValueError: if one of the datetimes is naive.
    """
    free = [instant(start) - rules.notice, instant(agreed_at) + rules.grace]
    if first_seen is not None:
        free.append(instant(first_seen) + rules.grace)
    return min(instant(start), max(free))


def judge(
    at_latest: datetime, *, present_at: datetime | None, gone_at: datetime, stamp: datetime | None
) -> tuple[Outcome, bool, str]:
    """Return outcome, whether there is doubt, and the reason, for an act judged against *at_latest*.

    *present_at* is the latest instant at which the event is proven to have stood,
    *gone_at* the first at which it was known not to, *stamp* a modification time written
    by the provider. Equality is timely.
    """
    if stamp is not None and stamp <= at_latest:
        return Outcome.TIMELY, False, "the provider's own stamp is not after the deadline"
    if gone_at <= at_latest:
        return Outcome.TIMELY, False, "it was seen gone by the deadline"
    if present_at is not None and present_at >= at_latest:
        return Outcome.FORFEIT, False, "it was proven to stand at the deadline, and was gone later"
    return (
        Outcome.TIMELY,
        True,
        "it cannot be told whether it was gone by the deadline; doubt helps the student",
    )
