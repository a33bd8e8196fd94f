"""The brake: too many sessions gone within an hour are more likely one mishap than so many notices.

A student's own brake stops what their calendar shows, the school's stops everybody's. What is
stopped keeps all its evidence; :mod:`syncd.decisions` lets it go on, or makes it void.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.facts import LOSSES, Actor, Asked, Fact, Passed, Stop
from policy.life import Session, State
from policy.notice import Verdict
from policy.rules import Rules
from policy.schedule import SOON
from syncd.store.rows import Incident, PersonId, SessionId
from syncd.store.tx import Tx

PERSON = "brake_person"
"""The kind of incident of a student of whom too many sessions are gone; it is about the first of them."""
SCHOOL = "brake_school"
"""The kind of incident of a school of which too many sessions are gone."""
BREACH = "breach"
"""The kind of incident of a promise that our own checks found broken: it stops the school as its brake does."""
_HOUR = timedelta(hours=1)
_ALONE = frozenset({Stop.DOUBT, Stop.BREACH})
"""What stops one session alone, not whatever is under way."""


@dataclass(frozen=True, slots=True)
class Gone:
    """One act that a calendar showed."""

    student: int | None
    """Whose act it is; ``None`` if not the student's own."""
    at: datetime


def concerns(before: Session, after: Session, fact: Fact) -> bool:
    """Tell whether *fact* confirms or decides an act that a calendar showed: what a brake stops."""
    pending = before.pending
    if before.state is not State.NOTICED or pending is None or pending.act not in LOSSES:
        return False
    confirms = pending.confirmed is None and after.pending is not None and after.pending.confirmed is not None
    return not isinstance(fact, Asked) and (confirms or after.verdict is not None)


def keeps_waiting(tx: Tx, before: Session, after: Session, fact: Fact) -> bool:
    """Tell whether a request for another time must not lapse now: the school's brake is on."""
    lapses = before.state is State.MOVING and isinstance(fact, Passed) and after.verdict is not None
    return lapses and of_school(tx)


def on(tx: Tx, session: Session) -> Stop | None:
    """Return the brake that holds the act under way in *session*."""
    if of_school(tx):
        return Stop.SCHOOL
    own = session.pending is not None and session.pending.actor is Actor.STUDENT
    return Stop.PERSON if own and of_student(tx, session.student) else None


def of_school(tx: Tx) -> bool:
    """Tell whether nothing of the whole school is judged: its own brake is on, or a promise was found broken."""
    return bool(tx.incidents.open(SCHOOL) or tx.incidents.open(BREACH))


def of_student(tx: Tx, student: int) -> tuple[Incident, ...]:
    """Return the open incidents of the brake of one student."""
    every = tx.incidents.open(PERSON)
    return tuple(one for one in every if one.session_id and _student(tx, one.session_id) == student)


def _student(tx: Tx, session_id: SessionId) -> int:
    return tx.sessions.get(session_id).student_id


# --- tripping ------------------------------------------------------------------------


def trip(tx: Tx, session: Session) -> Stop | None:
    """Put a brake on if too much has gone within the hour, and return which."""
    if _school_trips(tx, session.rules):
        _begin_school(tx)
        return Stop.SCHOOL
    pending = session.pending
    if pending is None or pending.actor is not Actor.STUDENT:
        return None
    student = PersonId(session.student)
    since = _since(tx, PERSON, student)
    count = sum(one.student == student for one in _gone(tx, since, student))
    if count <= session.rules.brake_person:
        return None
    _begin_person(tx, session, count)
    return Stop.PERSON


def _school_trips(tx: Tx, rules: Rules) -> bool:
    since = _since(tx, SCHOOL)
    total = tx.incidents.lived(since)
    least = max(rules.brake_least, int(rules.brake_share * total))
    if tx.incidents.most_gone(since) < least:
        return False
    count = sum(1 for _ in _gone(tx, since))
    return count >= rules.brake_least and count > rules.brake_share * total


def _since(tx: Tx, kind: str, student: PersonId | None = None) -> datetime:
    """Return since when acts are counted: what somebody has decided about is no burst any more."""
    hour = tx.now - _HOUR
    ended = list(tx.incidents.ended(SCHOOL, hour))
    if kind == PERSON:
        own = tx.incidents.ended(PERSON, hour)
        ended += [one for one in own if one.session_id and _student(tx, one.session_id) == student]
    return max([hour, *(one.ended_at for one in ended if one.ended_at is not None)])


def _gone(tx: Tx, since: datetime, student: PersonId | None = None) -> Iterator[Gone]:
    """Yield every act of removing, declining or cancelling that was first seen after *since*."""
    for snapshot in tx.incidents.undecided(student):
        session = Session.model_validate(snapshot)
        pending = session.act
        if pending.act in LOSSES and pending.gone.at > since:
            yield Gone(session.student if pending.actor is Actor.STUDENT else None, pending.gone.at)
    for body in tx.incidents.decided(since, student):
        verdict = Verdict.model_validate(body)
        if verdict.act in LOSSES and verdict.gone_at is not None and verdict.gone_at > since:
            yield Gone(student if verdict.actor is Actor.STUDENT else None, verdict.gone_at)


def _begin_person(tx: Tx, session: Session, count: int) -> None:
    student = PersonId(session.student)
    email = tx.people.get(student).email
    what = f"{count} sessions of {email} were taken out of the calendar within an hour: nothing is decided about them"
    if tx.incidents.begin(PERSON, None, None, SessionId(session.id), what):
        ids = [one.id for one in held(tx, Stop.PERSON, student)]
        tx.feed.put("brake.on", None, student, {"scope": Stop.PERSON, "sessions": ids})


def _begin_school(tx: Tx) -> None:
    sessions = held(tx, Stop.SCHOOL)
    warned = mentors_to_warn(tx, sessions)
    since = _since(tx, SCHOOL)
    count, total = sum(1 for _ in _gone(tx, since)), tx.incidents.lived(since)
    near = f"; mentors with one in the next 12h: {', '.join(warned)}" if warned else ""
    what = f"{count} of {total} sessions were taken out of calendars within an hour: nothing is decided{near}"
    if tx.incidents.begin(SCHOOL, what=what):
        body = {"scope": Stop.SCHOOL, "sessions": [one.id for one in sessions], "mentors": warned}
        tx.feed.put("brake.on", None, None, body)


def breached(tx: Tx, session_id: SessionId, rule: str, what: str) -> bool:
    """Stop judging for the whole school because of a broken promise, and tell whether that is news."""
    begun = tx.incidents.begin(BREACH, None, None, session_id, words(rule, what))
    if begun:
        tx.feed.put("brake.breach", session_id, None, {"scope": Stop.BREACH, "rule": rule})
    return begun


def words(rule: str, what: str) -> str:
    """Return how a broken promise is put down."""
    return f"{what} ({rule})"


# --- what is held --------------------------------------------------------------------


def held(tx: Tx, scope: Stop, student: PersonId | None = None) -> tuple[Session, ...]:
    """Return the sessions that a brake stops, those included whose act is still being confirmed."""
    return tuple(_held(tx, scope, student))


def _held(tx: Tx, scope: Stop, student: PersonId | None) -> Iterator[Session]:
    for snapshot in tx.incidents.undecided(student):
        session = Session.model_validate(snapshot)
        if scope in session.stops or _will_be(session, scope):
            yield session


def _will_be(session: Session, scope: Stop) -> bool:
    """Tell whether the act is stopped once it is confirmed."""
    if session.pending is None or session.pending.act not in LOSSES or scope in _ALONE:
        return False
    if scope is Stop.SCHOOL:
        return not _ALONE.intersection(session.stops)
    return session.state is State.NOTICED and session.pending.actor is Actor.STUDENT


def to_stop(tx: Tx, scope: Stop, session: Session) -> tuple[Session, ...]:
    """Return the other sessions that are stopped as the brake goes on; an unconfirmed act is confirmed first.

    What is still being confirmed may turn out to have moved to another calendar.
    """
    student = PersonId(session.student) if scope is Stop.PERSON else None
    return tuple(
        one
        for one in held(tx, scope, student)
        if one.id != session.id and scope not in one.stops and one.act.confirmed is not None
    )


def mentors_to_warn(tx: Tx, sessions: tuple[Session, ...]) -> list[str]:
    """Return the addresses of the mentors of *sessions* that begin within the next hours."""
    near = {one.mentor for one in sessions if tx.now <= one.start <= tx.now + SOON}
    return sorted(tx.people.get(PersonId(mentor)).email for mentor in near)


def ease(tx: Tx, session: Session) -> None:
    """Take a brake off that holds nothing any more, now that *session* is free."""
    if tx.incidents.open(SCHOOL) and not any(_held(tx, Stop.SCHOOL, None)):
        end(tx, Stop.SCHOOL, None, "over")
    student = PersonId(session.student)
    if of_student(tx, student) and not any(_held(tx, Stop.PERSON, student)):
        end(tx, Stop.PERSON, student, "over")


def end(tx: Tx, scope: Stop, student: PersonId | None, how: str) -> None:
    """Take a brake off, and tell how that came."""
    if scope is Stop.SCHOOL:
        tx.incidents.end(SCHOOL)
    elif scope is Stop.BREACH:
        for one in tx.incidents.open(BREACH):
            tx.incidents.end(BREACH, session_id=one.session_id)
    else:
        for one in of_student(tx, student or 0):
            tx.incidents.end(PERSON, session_id=one.session_id)
    tx.feed.put("brake.off", None, student, {"scope": scope, "how": how})
