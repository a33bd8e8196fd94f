"""What a session is: its states, its pictures of what happened, and what it tells the world."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from policy.facts import Act, Actor, Instant, Stop
from policy.notice import Doubt, Verdict, deadline
from policy.rules import Rules


class State(StrEnum):
    """Where a session is in its life."""

    PLANNED = "planned"
    """Agreed, not yet seen in the calendar."""
    BOOKED = "booked"
    MOVING = "moving"
    """A request for another time is open."""
    NOTICED = "noticed"
    """An act was observed: it is being confirmed, or can still be undone."""
    INCIDENT = "incident"
    """We cannot see it."""
    SUSPECT = "suspect"
    """A person must decide."""
    CANCELLED = "cancelled"
    """In time."""
    RELEASED = "released"
    """Not the student's doing."""
    FORFEITED = "forfeited"
    PAUSED = "paused"
    ELAPSED = "elapsed"
    """Its time passed."""


LIVE = frozenset({State.PLANNED, State.BOOKED, State.MOVING, State.NOTICED, State.INCIDENT, State.SUSPECT})
"""States in which the session takes both people's time."""
ENDED = frozenset({State.CANCELLED, State.RELEASED, State.FORFEITED, State.PAUSED, State.ELAPSED})


class CalendarState(StrEnum):
    """The last sight of the event in the student's calendar."""

    UNWRITTEN = "unwritten"
    PRESENT = "present"
    MOVED = "moved"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    GONE = "gone"
    UNREADABLE = "unreadable"
    UNREACHABLE = "unreachable"


class Effect(StrEnum):
    """What the world must now be told; named as in the feed of events."""

    PLANNED = "session.planned"
    BOOKED = "session.booked"
    NOTICED = "session.noticed"
    CONFIRMED = "session.confirmed"
    PHANTOM = "session.phantom"
    RESTORED = "session.restored"
    RESTORED_LATE = "session.restored_late"
    MOVE_REQUESTED = "reschedule.requested"
    MOVE_WITHDRAWN = "reschedule.withdrawn"
    MOVED_LATE = "session.moved_late"
    PUT_BACK = "session.put_back"
    INCIDENT = "session.incident"
    SEEN_AGAIN = "session.seen_again"
    TIMELY = "verdict.timely"
    FORFEIT = "verdict.forfeit"
    NOT_STUDENT = "verdict.not_student"
    ELAPSED = "session.elapsed"
    SUSPECT = "session.suspect"
    UNSTOPPED = "session.unstopped"
    """What was stopped is judged after all."""
    WRITTEN_ANEW = "session.written_anew"
    """Its event went with a calendar that is gone, and is written into the one that is there."""
    STANDS_AGAIN = "session.stands_again"
    """What was stopped is void."""
    UNSEEN_SOON = "session.unseen_soon"
    """It begins soon, and we still cannot see it."""
    UNDECIDED_SOON = "session.undecided_soon"
    """It begins soon, and nobody has decided yet whether it stands."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sight(_Value):
    """An instant, and the fact that shows it."""

    at: Instant
    seq: int


class Pending(_Value):
    """An act that was observed and is not decided yet."""

    actor: Actor
    act: Act
    gone: Sight
    """The first answer that showed it: this instant counts."""
    again: Instant
    """The latest answer that showed it."""
    version: str | None
    """The version of the event that it put an end to."""
    stamp: Instant | None
    was: State
    confirmed: Sight | None = None
    sure: Instant | None = None
    """The latest answer that left nothing open: of a removal, a look that asked wherever else it may stand."""
    hidden: Instant | None = None
    """When a later answer left open whether it was brought back to where it cannot be read."""
    cascades: bool = False
    """A mentor's act: their copy vanishes by itself when the student's goes."""
    contradicted: Instant | None = None
    """When a later answer last showed the event as it was before: stale, or a phantom removal."""
    other_stood: Sight | None = None
    """A mentor's act: the student's copy was seen standing after it."""
    both: bool = False
    """The other copy went too, in an order that cannot be proven."""

    @property
    def is_confirmed(self) -> bool:
        """Whether a second look showed it, and no later one left it open again."""
        return self.confirmed is not None and self.hidden is None


class Request(_Value):
    """The student's wish for another time, made by moving the event."""

    to: Instant | None
    made: Sight
    doubt: Doubt | None = None
    """Why it cannot be told whether it was made in time."""


class Trouble(_Value):
    """A time in which the calendar could not be seen."""

    since: Instant
    until: Instant | None
    cause: str


class Session(_Value):
    """One session, as its facts tell it."""

    id: str
    student: int
    mentor: int
    start: Instant
    end: Instant
    agreed_at: Instant
    rules: Rules
    seq: int = 1
    """How many facts it is the fold of."""
    state: State = State.PLANNED
    calendar_state: CalendarState = CalendarState.UNWRITTEN
    first_seen: Sight | None = None
    present: Sight | None = None
    """Until when the event is proven to have stood, wherever in time."""
    stood: Sight | None = None
    """Until when the event is proven to have stood at the agreed start."""
    seen: Sight | None = None
    """The last sighting, whether it proves or not."""
    version: str | None = None
    stamp: Instant | None = None
    """The provider's latest stamp of the event while it stood: what bears it still tells nothing of a later act."""
    pending: Pending | None = None
    request: Request | None = None
    moved_late: bool = False
    """It was moved after the deadline: it is put back once, and later moves are left alone."""
    put_back: bool = False
    trouble: Trouble | None = None
    phantoms: int = 0
    verdict: Verdict | None = None
    stops: tuple[Stop, ...] = ()
    """Why a person must decide; there is at least one while it is suspect."""
    doubts: int | None = None
    """How many doubtful cases of the student came before the one about to be decided."""
    proposed: Verdict | None = None
    """What a release gives, where it is doubt, or a lack of proof, that a person decides about."""
    unproven: bool = False
    """Our own check did not find the proof of a forfeit that is about to be given: a person decides."""
    contested: bool = False
    """It was written anew where nobody can tell whether the student had given notice: no later act is a forfeit."""
    followed: bool = False
    """It was moved to another calendar: a server takes the mentor's copy along then."""
    restored: Instant | None = None
    """When the ledger was restored from a backup, until a sight proves something again."""
    warned: bool = False
    """That it begins soon, unseen or undecided, was told."""

    @property
    def deadline(self) -> datetime:
        """The last instant at which a cancellation is timely."""
        return deadline(
            self.start, self.agreed_at, self.first_seen.at if self.first_seen else None, self.rules
        )

    @property
    def proven_at_deadline(self) -> bool:
        """Whether the event is proven to have stood when the deadline came."""
        return self.present is not None and self.present.at >= self.deadline

    @property
    def act(self) -> Pending:
        """The act under way.

        :raises AssertionError: if there is none.
        """
        if self.pending is None:
            raise AssertionError(f"session {self.id} is noticed without an act")
        return self.pending
