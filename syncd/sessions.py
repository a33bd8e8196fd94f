"""Agreements and words: sessions as people and the school's platform ask for them."""

from __future__ import annotations

from datetime import datetime, timedelta

from policy.facts import Actor, Agreed, Asked
from policy.life import ENDED, Session
from syncd.book import found, record, session_in
from syncd.errors import Problem
from syncd.house import House
from syncd.store.errors import Clash, Unknown
from syncd.store.rows import Person, PersonId, Role, SessionId, SessionRow
from syncd.store.tx import Tx

_LONGEST = timedelta(hours=24)


def person_called(tx: Tx, email: str) -> Person:
    """Return the person with this address.

    :raises Problem: if nobody has it.
    """
    person = tx.people.by_email(email)
    if person is None:
        raise Problem(f"{email}: nobody here has this address; see: syncd person list")
    return person


def agree(
    house: House, student: str, mentor: str, start: datetime, length: timedelta, key: str | None
) -> tuple[Session, bool]:
    """Commit an agreement; return the session, and whether it is new.

    The same *key* with the same values is the same agreement.

    :raises Problem: if somebody is unknown or has another role, the start has passed, a session
        of one of the two overlaps, or *key* was used for something else.
    """
    with house.db.write() as tx:
        two = (_of_role(tx, student, Role.STUDENT), _of_role(tx, mentor, Role.MENTOR))
        end = start + length
        if key is not None and (row := tx.sessions.by_key(key)) is not None:
            return _same(row, key, two, start, end), False
        if start <= tx.now:
            raise Problem(f"the start {_utc(start)} has passed (it is {_utc(tx.now)}); choose a later one")
        if not timedelta(0) < length <= _LONGEST:
            raise Problem(f"a session lasts between one minute and 24 hours, not {length}")
        agreed = Agreed(
            at=tx.now,
            id=house.new_id(),
            student=two[0].id,
            mentor=two[1].id,
            start=start,
            end=end,
            rules=house.config.rules,
        )
        try:
            return found(tx, agreed, key), True
        except Clash as clash:
            raise Problem(_clash(tx, clash)) from None


def cancel(house: House, session_id: str, by: Actor, reason: str) -> Session:
    """Record that somebody cancelled in so many words, now.

    :raises Problem: if there is no such session, or it is over.
    """
    with house.db.write() as tx:
        session = session_in(row_of(tx, session_id))
        if session.state in ENDED:
            raise Problem(f"session {session_id} is {session.state} already; see: syncd explain {session_id}")
        tx.audit.note("command", "session.cancel", session_id, {"by": by, "reason": reason})
        return record(tx, session, [Asked(at=tx.now, by=by, reason=reason)])


def row_of(tx: Tx, session_id: str) -> SessionRow:
    """Return the session with this id.

    :raises Problem: if there is none.
    """
    try:
        return tx.sessions.get(SessionId(session_id))
    except Unknown:
        raise Problem(f"{session_id}: there is no such session; see: syncd session list") from None


def _of_role(tx: Tx, email: str, role: Role) -> Person:
    person = person_called(tx, email)
    if person.role is not role:
        raise Problem(f"{email} is a {person.role}, and a {role} is needed here; see: syncd person list")
    return person


def _same(row: SessionRow, key: str, two: tuple[Person, Person], start: datetime, end: datetime) -> Session:
    wanted = (two[0].id, two[1].id, start, end)
    if (row.student_id, row.mentor_id, row.start, row.end) != wanted:
        raise Problem(
            f"the key {key!r} was used for another session ({row.id}, {_utc(row.start)}); use a new key"
        )
    return session_in(row)


def _clash(tx: Tx, clash: Clash) -> str:
    other = tx.sessions.get(clash.session_id)
    person = tx.people.get(PersonId(clash.person_id))
    return (
        f"{person.email} has session {other.id} from {_utc(other.start)} to {_utc(other.end)}, "
        "which overlaps; choose another time, or cancel that one first"
    )


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}".removesuffix(":00") + " UTC"
