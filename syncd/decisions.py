"""What a person decides about acts that were stopped, and what there is to decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from policy.facts import Braked, Decision, Fact, Stop, Unbraked
from policy.life import Session, State
from syncd import brake, doubts
from syncd.book import record, session_in
from syncd.errors import Problem
from syncd.house import House
from syncd.sessions import person_called, row_of
from syncd.store.rows import Incident, PersonId, SessionId
from syncd.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Stopped:
    """One thing that somebody must decide about."""

    scope: Stop
    person: str | None
    """The student's address; ``None`` when it is the whole school."""
    since: datetime
    why: str
    sessions: tuple[Session, ...]
    mentors: tuple[str, ...]
    """Those with one of the sessions within the next hours: they should know."""


def stopped(tx: Tx) -> tuple[Stopped, ...]:
    """Return all that is stopped, the school's brake first."""
    school = [_school(tx, one) for one in tx.incidents.open(brake.SCHOOL)]
    breaches = [_breach(tx, one) for one in tx.incidents.open(brake.BREACH)]
    if breaches and not school:
        waiting = brake.held(tx, Stop.SCHOOL)
        breaches[0] = replace(breaches[0], sessions=(*breaches[0].sessions, *waiting))
    own: dict[int, Stopped] = {}
    for one in tx.incidents.open(brake.PERSON):
        session = _about(tx, one)
        own.setdefault(session.student, _own(tx, one, Stop.PERSON, session.student))
    doubtful = (_doubtful(tx, one) for one in tx.incidents.open(doubts.INCIDENT))
    return (*school, *breaches, *own.values(), *doubtful)


def _about(tx: Tx, incident: Incident) -> Session:
    if incident.session_id is None:
        raise AssertionError(f"incident {incident.id} names no session")
    return session_in(tx.sessions.get(incident.session_id))


def _school(tx: Tx, one: Incident) -> Stopped:
    return _shown(tx, one, Stop.SCHOOL, None, brake.held(tx, Stop.SCHOOL))


def _breach(tx: Tx, one: Incident) -> Stopped:
    session = _about(tx, one)
    email = tx.people.get(PersonId(session.student)).email
    return _shown(tx, one, Stop.BREACH, email, (session,) if Stop.BREACH in session.stops else ())


def _own(tx: Tx, one: Incident, scope: Stop, student: int) -> Stopped:
    person = PersonId(student)
    return _shown(tx, one, scope, tx.people.get(person).email, brake.held(tx, scope, person))


def _doubtful(tx: Tx, one: Incident) -> Stopped:
    session = _about(tx, one)
    email = tx.people.get(PersonId(session.student)).email
    return _shown(tx, one, Stop.DOUBT, email, (session,))


def _shown(tx: Tx, one: Incident, scope: Stop, person: str | None, sessions: tuple[Session, ...]) -> Stopped:
    mentors = tuple(brake.mentors_to_warn(tx, sessions))
    return Stopped(scope, person, one.began_at, one.what, sessions, mentors)


def decide(house: House, whom: str | None, decision: Decision, by: str) -> tuple[Session, ...]:
    """Decide about the whole school, a student (by e-mail address), or one doubtful or unproven session (by id).

    :raises Problem: if nothing of the kind is stopped, or nobody and nothing is called *whom*.
    """
    with house.db.write() as tx:
        if whom is None:
            decided = _decide_school(tx, decision, by)
        elif "@" in whom:
            decided = _decide_student(tx, whom, decision, by)
        else:
            decided = _decide_session(tx, whom, decision, by)
        ids = [one.id for one in decided]
        tx.audit.note(by, f"brake.{decision}", whom or "the school", {"sessions": ids})
        return decided


def _decide_school(tx: Tx, decision: Decision, by: str) -> tuple[Session, ...]:
    if not brake.of_school(tx):
        raise Problem("the brake of the school is not on; see: syncd brake show")
    sessions, unproven = brake.held(tx, Stop.SCHOOL), brake.held(tx, Stop.BREACH)
    for kind, scope in ((brake.SCHOOL, Stop.SCHOOL), (brake.BREACH, Stop.BREACH)):
        if tx.incidents.open(kind):
            brake.end(tx, scope, None, decision)
    decided = {one.id: one for one in _decided(tx, sessions, Stop.SCHOOL, decision, by)}
    again = (decided.get(one.id, one) for one in unproven)
    still = tuple(one for one in again if Stop.BREACH in one.stops)
    return tuple((decided | {one.id: one for one in _decided(tx, still, Stop.BREACH, decision, by)}).values())


def _decide_student(tx: Tx, email: str, decision: Decision, by: str) -> tuple[Session, ...]:
    student = PersonId(person_called(tx, email).id)
    doubtful = brake.held(tx, Stop.DOUBT, student)
    sessions: tuple[Session, ...] = ()
    if brake.of_student(tx, student):
        sessions = brake.held(tx, Stop.PERSON, student)
        brake.end(tx, Stop.PERSON, student, decision)
    elif not doubtful:
        raise Problem(f"nothing of {email} is stopped; see: syncd brake show")
    held = _decided(tx, sessions, Stop.PERSON, decision, by)
    return (*held, *_decided(tx, doubtful, Stop.DOUBT, decision, by))


def _decide_session(tx: Tx, session_id: str, decision: Decision, by: str) -> tuple[Session, ...]:
    session = session_in(row_of(tx, session_id))
    if any(one.session_id == session.id for one in tx.incidents.open(brake.BREACH)):
        return _decide_breach(tx, session, decision, by)
    if Stop.DOUBT not in session.stops:
        why = f"session {session_id} is {session.state}, and no doubtful case that waits for a decision"
        raise Problem(f"{why}; see: syncd brake show")
    return tuple(_decided(tx, (session,), Stop.DOUBT, decision, by))


def _decide_breach(tx: Tx, session: Session, decision: Decision, by: str) -> tuple[Session, ...]:
    """See to one breach; what waited for nothing else goes on, each act by its own evidence."""
    others = [one for one in brake.held(tx, Stop.SCHOOL) if one.id != session.id]
    tx.incidents.end(brake.BREACH, session_id=SessionId(session.id))
    over = not brake.of_school(tx)
    if over:
        tx.feed.put("brake.off", None, None, {"scope": Stop.BREACH, "how": decision})
    if over and Stop.SCHOOL in session.stops:
        (session,) = _decided(tx, (session,), Stop.SCHOOL, Decision.RELEASE, by)
    held = (session,) if Stop.BREACH in session.stops else ()
    freed = tuple(_decided(tx, tuple(others), Stop.SCHOOL, Decision.RELEASE, by)) if over else ()
    return (*_decided(tx, held, Stop.BREACH, decision, by), *freed)


def _decided(
    tx: Tx, sessions: tuple[Session, ...], scope: Stop, decision: Decision, by: str
) -> Iterator[Session]:
    """Yield the sessions after the decision; an act that is still being confirmed is judged in its own time."""
    word = Unbraked(at=tx.now, by=by, decision=decision, scope=scope)
    for session in sessions:
        facts: list[Fact] = [word]
        if session.state is State.NOTICED:
            facts = [Braked(at=tx.now, scope=scope), word] if decision is Decision.DISMISS else []
        yield record(tx, session, facts)
