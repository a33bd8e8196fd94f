"""What happened, in plain words: what the daemon of the open demo did while its clock was moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from policy.facts import Act, Actor
from policy.life import Effect, Session
from syncd.book import session_in
from syncd.store.rows import FeedRow, PersonId
from syncd.store.tx import Tx

_WORDS: Mapping[str, str] = {
    Effect.PLANNED: "agreed by both",
    Effect.BOOKED: "the event stands in the student's calendar",
    Effect.NOTICED: "{act}; it can still be undone",
    Effect.CONFIRMED: "seen a second time",
    Effect.PHANTOM: "seen again after all: nothing had happened",
    Effect.RESTORED: "put back in time: the session stands",
    Effect.RESTORED_LATE: "put back, but too late to undo it",
    Effect.MOVE_REQUESTED: "moved to another time: a wish, open for now",
    Effect.MOVE_WITHDRAWN: "moved back: the session stands",
    Effect.MOVED_LATE: "moved after the deadline",
    Effect.PUT_BACK: "put back to the agreed time",
    Effect.INCIDENT: "the calendar cannot be seen: nothing is decided from that",
    Effect.SEEN_AGAIN: "the calendar can be seen again",
    Effect.TIMELY: "TIMELY: cancelled in time, the session is not lost",
    Effect.FORFEIT: "FORFEIT: cancelled too late, the session counts as used",
    Effect.NOT_STUDENT: "NOT THE STUDENT'S DOING: the session is owed",
    Effect.ELAPSED: "over: its time has passed",
}
_ACTS: Mapping[Act, str] = {
    Act.REMOVED: "gone from {whose} calendar",
    Act.DECLINED: "declined in {whose} calendar",
    Act.CANCELLED: "marked as cancelled in {whose} calendar",
    Act.ASKED: "cancelled in so many words",
    Act.MOVED: "moved in {whose} calendar",
    Act.UNWRITTEN: "never written",
}


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened."""

    at: datetime
    session: str | None
    who: str
    kind: str
    what: str


def news(tx: Tx, row: FeedRow) -> News:
    """Return what an entry of the feed means."""
    words = _WORDS.get(row.kind, row.kind.replace(".", " ").replace("_", " "))
    if row.session_id is None:
        return News(row.at, None, "", row.kind, words)
    session = session_in(tx.sessions.get(row.session_id))
    return News(row.at, session.id, _who(tx, session), row.kind, words.format(act=_act(tx, session)))


def proofs(tx: Tx) -> dict[str, News]:
    """Return the sessions that are proven to have stood at their deadline."""
    found = (session_in(row) for row in tx.sessions.all())
    return {one.id: _proof(tx, one) for one in found if one.proven_at_deadline}


def _proof(tx: Tx, session: Session) -> News:
    at = session.deadline + session.rules.lag
    return News(at, session.id, _who(tx, session), "session.proven", "stood at its deadline: that is proven")


def _who(tx: Tx, session: Session) -> str:
    return f"{_first_name(tx, session.student)} with {_first_name(tx, session.mentor)}"


def _first_name(tx: Tx, person: int) -> str:
    return tx.people.get(PersonId(person)).name.removeprefix("Dr ").split()[0]


def _act(tx: Tx, session: Session) -> str:
    act, actor = (None, None)
    if session.pending is not None:
        act, actor = session.pending.act, session.pending.actor
    elif session.verdict is not None:
        act, actor = session.verdict.act, session.verdict.actor
    if act is None:
        return "a change in a calendar"
    person = session.mentor if actor is Actor.MENTOR else session.student
    return _ACTS[act].format(whose=f"{_first_name(tx, person)}'s")
