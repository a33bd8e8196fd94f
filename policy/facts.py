"""What can be known of a session: the entries of its ledger.

A fact says what was seen or done and when; it never says what that means.
``sent`` is when the request left, ``received`` when its answer was there: what an answer
shows was true at some instant between ``sent - lag`` and ``received``.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from policy.interval import instant
from policy.rules import Rules

Instant = Annotated[datetime, AfterValidator(instant)]
"""An aware datetime, kept in UTC: nothing of a session is ever subtracted by the wall clock."""


class Actor(StrEnum):
    """Who did it."""

    STUDENT = "student"
    MENTOR = "mentor"
    SCHOOL = "school"


class Act(StrEnum):
    """What they did."""

    REMOVED = "removed"
    """The event is gone from the calendar."""
    DECLINED = "declined"
    """The owner's own PARTSTAT is DECLINED."""
    CANCELLED = "cancelled"
    """STATUS:CANCELLED."""
    ASKED = "asked"
    """By a word: a command, a page, the platform."""
    MOVED = "moved"
    """The event stands at another time."""
    UNWRITTEN = "unwritten"
    """The session never reached the student's calendar."""


LOSSES = frozenset({Act.REMOVED, Act.DECLINED, Act.CANCELLED})
"""The acts after which the event does not stand any more."""


def _loss(act: Act) -> Act:
    if act not in LOSSES:
        raise ValueError(f"an event is not missing because it was {act}")
    return act


Loss = Annotated[Act, AfterValidator(_loss)]
"""How an event can come to be missing."""


class Side(StrEnum):
    """In whose calendar it was seen."""

    STUDENT = "student"
    MENTOR = "mentor"


class Via(StrEnum):
    """How it was seen."""

    LOOK = "look"
    """A read by id."""
    LISTING = "listing"
    """A row of a complete listing."""
    CHANGE = "change"
    """A body or a tombstone among the changes."""
    FOLLOW = "follow"
    """In another connected calendar of the same person, where it newly appeared."""


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Agreed(_Fact):
    """Both sides said yes to a time."""

    kind: Literal["agreed"] = "agreed"
    at: Instant
    id: str
    student: int
    mentor: int
    start: Instant
    end: Instant
    rules: Rules


class Sighted(_Fact):
    """The event stands, uncancelled, wherever in time."""

    kind: Literal["sighted"] = "sighted"
    side: Side
    via: Via
    sent: Instant
    received: Instant
    start: Instant | None
    version: str | None = None
    """The etag of what was seen."""
    proves: bool
    """The answer was no cached one, and the clock was known to be right."""
    stamp: Instant | None = None

    @property
    def at(self) -> datetime:
        """When it became known."""
        return self.received


class Missing(_Fact):
    """The event does not stand any more, or stands declined or cancelled."""

    kind: Literal["missing"] = "missing"
    side: Side
    via: Via
    act: Loss
    sent: Instant
    received: Instant
    version: str | None = None
    stamp: Instant | None = None
    cascades: bool = False
    """This copy was made by a server and vanishes by itself when the other one goes."""

    @property
    def at(self) -> datetime:
        """When it became known."""
        return self.received


class Blinded(_Fact):
    """The student's calendar, or the event in it, cannot be seen for now."""

    kind: Literal["blinded"] = "blinded"
    at: Instant
    cause: str
    lost: bool
    """It will not come back by itself: somebody has to do something."""


class Asked(_Fact):
    """Somebody cancelled in so many words, at an exact instant."""

    kind: Literal["asked"] = "asked"
    at: Instant
    by: Actor
    reason: str = ""


class PutBack(_Fact):
    """The event was moved too late and has been put back to the agreed time."""

    kind: Literal["put_back"] = "put_back"
    at: Instant


class Passed(_Fact):
    """It is now this late."""

    kind: Literal["passed"] = "passed"
    at: Instant


class Stop(StrEnum):
    """What keeps an act from being decided until a person says so."""

    PERSON = "person"
    """Too many sessions of this student were gone within an hour."""
    SCHOOL = "school"
    """Too many sessions of the school were gone within an hour."""
    DOUBT = "doubt"
    """The student's doubtful cases are too many to acquit once more without asking."""
    BREACH = "breach"
    """A forfeit was about to be given whose proof our own check did not find in the ledger."""


class Decision(StrEnum):
    """What a person says of what was stopped."""

    RELEASE = "release"
    """The act counts, judged by its own evidence."""
    DISMISS = "dismiss"
    """It was none: the session stands."""


class Braked(_Fact):
    """The act is one of suspiciously many: all evidence is kept, and nothing is decided."""

    kind: Literal["braked"] = "braked"
    at: Instant
    scope: Stop


class Unbraked(_Fact):
    """A person has decided about what was stopped."""

    kind: Literal["unbraked"] = "unbraked"
    at: Instant
    by: str
    decision: Decision
    scope: Stop


class Doubts(_Fact):
    """What is decided next is doubtful, with a cause on the student's side; so many such cases came before."""

    kind: Literal["doubts"] = "doubts"
    at: Instant
    count: int


class Restored(_Fact):
    """The ledger was restored from a backup and does not know what came after it."""

    kind: Literal["restored"] = "restored"
    at: Instant


class Replaced(_Fact):
    """Another calendar stands where the event stood, so it went with the old one: that is nobody's notice."""

    kind: Literal["replaced"] = "replaced"
    at: Instant
    sure: bool = True
    """The old one was seen to be gone; else the same calendar may have been emptied by its owner."""


Fact = (
    Agreed
    | Sighted
    | Missing
    | Blinded
    | Asked
    | PutBack
    | Passed
    | Braked
    | Unbraked
    | Doubts
    | Restored
    | Replaced
)
_ADAPTER: TypeAdapter[Fact] = TypeAdapter(Annotated[Fact, Field(discriminator="kind")])


def parse(body: dict[str, object]) -> Fact:
    """Return the fact that *body* is the JSON of.

    :raises ValueError: if it is none (pydantic's ``ValidationError``).
    """
    return _ADAPTER.validate_python(body)
