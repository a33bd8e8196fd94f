"""The book of sessions: facts go in, the session after them comes out, and what is due next is noted.

All of it happens in the caller's transaction, together with whatever the facts were
read from: evidence, judgement and the next due time stand or fall as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.facts import Actor, Agreed, Fact, Side
from policy.life import ENDED, LIVE, Effect, Session, State
from policy.schedule import next_step
from policy.session import advance, begin
from syncd import work
from syncd.pictures import base_of, intent_of
from syncd.reconcile import Rest, plan
from syncd.store.rows import Copy, PersonId, SessionId, SessionRow, Ticket
from syncd.store.tx import Tx

DISCONNECTED = "disconnected"
"""The kind of incident of a session whose calendar its owner took away from us."""
_MARGIN = timedelta(seconds=1)


def found(tx: Tx, agreed: Agreed, key: str | None) -> Session:
    """Write a new agreement into the book.

    :raises Clash: if one of the two has another live session at that time.
    """
    session, effects = begin(agreed)
    tx.sessions.add(_row(session, key))
    tx.ledger.append(SessionId(session.id), session.seq, agreed.kind, agreed.model_dump(mode="json"))
    _tell(tx, session, effects)
    note_due(tx, session)
    return session


def session_in(row: SessionRow) -> Session:
    """Return the session that *row* keeps."""
    return Session.model_validate(row.snapshot)


def record(tx: Tx, session: Session, facts: Iterable[Fact], own: Ticket | None = None) -> Session:
    """Return the session after *facts*, each of which changes something or is left out.

    :raises Clash: if a session that comes back to life meets another one.
    """
    before = session
    for fact in facts:
        session = _take(tx, session, fact)
    if session is not before:
        key = tx.sessions.get(SessionId(session.id)).key
        tx.sessions.save(_row(session, key))
        _close(tx, before, session)
    note_due(tx, session, own)
    return session


def _close(tx: Tx, before: Session, session: Session) -> None:
    """End what was open about a session that can be seen again, or is over."""
    if before.state is State.INCIDENT is not session.state or session.state in ENDED:
        tx.incidents.end(DISCONNECTED, session_id=SessionId(session.id))
    if session.state is State.ELAPSED is not before.state:
        for copy in tx.copies.of(SessionId(session.id)):
            tx.copies.set_base(copy.id, None)  # what becomes of the event now is its owner's business


def _take(tx: Tx, session: Session, fact: Fact) -> Session:
    after, effects = advance(session, fact)
    if not effects and after.model_copy(update={"seq": session.seq}) == session:
        return session  # nothing new: a quiet round leaves no trace
    tx.ledger.append(SessionId(session.id), after.seq, fact.kind, fact.model_dump(mode="json"))
    _tell(tx, after, effects)
    if after.verdict is not None and after.verdict != session.verdict:
        verdict = after.verdict
        body = verdict.model_dump(mode="json")
        tx.ledger.give(SessionId(after.id), after.seq, verdict.outcome, verdict.doubt is not None, body)
    return after


def _tell(tx: Tx, session: Session, effects: tuple[Effect, ...]) -> None:
    for effect in effects:
        tx.feed.put(effect, SessionId(session.id), PersonId(session.student), {"state": session.state})


def _row(session: Session, key: str | None) -> SessionRow:
    return SessionRow(
        id=SessionId(session.id),
        key=key,
        student_id=PersonId(session.student),
        mentor_id=PersonId(session.mentor),
        start=session.start,
        end=session.end,
        state=session.state,
        live=session.state in LIVE,
        deadline=session.deadline,
        calendar_state=session.calendar_state,
        snapshot=session.model_dump(mode="json"),
        created_at=session.agreed_at,
    )


# --- what is due next ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """When one piece of work on a session is due; never, if there is nothing to do."""

    kind: str
    key: str
    at: datetime | None
    excl: str | None = None


def note_due(tx: Tx, session: Session, own: Ticket | None = None) -> None:
    """Write down when what is due for *session*, but for the work of *own*, which its ticket's end writes."""
    for due in _dues(tx, session):
        if own is not None and (own.kind, own.key) == (due.kind, due.key):
            continue
        at = due.at
        if due.kind == work.WRITE and at is not None and (row := tx.due.get(due.kind, due.key)) is not None:
            at = row.due_at  # it waits already, perhaps backing off
        tx.due.set_time(due.kind, due.key, at, prio=work.PRIO[due.kind], excl=due.excl)


def next_of(tx: Tx, session: Session, own: Ticket) -> datetime | None:
    """Return when the work of *own* is due again."""
    return next((due.at for due in _dues(tx, session) if (due.kind, due.key) == (own.kind, own.key)), None)


def _dues(tx: Tx, session: Session) -> tuple[Due, ...]:
    copies = current(tx, SessionId(session.id))
    upcoming = next_step(session, tx.now)
    watched = _watched(tx, session, copies) if upcoming and upcoming.look else set()
    passing = upcoming.at if upcoming and not watched else None
    looks = (
        Due(
            work.LOOK,
            work.side_key(session.id, side),
            _earliest(
                upcoming.at if upcoming and side in watched else None,
                _settling(tx, session, copies.get(side)),
            ),
            _account(tx, copies.get(side)),
        )
        for side in Side
    )
    writes = (_write_due(tx, session, side, copies.get(side)) for side in Side)
    return (*looks, Due(work.TIME, session.id, passing), *writes)


def current(tx: Tx, session_id: SessionId) -> dict[Side, Copy]:
    """Return the newest copy on each side; older generations are history."""
    return {copy.side: copy for copy in tx.copies.of(session_id)}


def _earliest(*times: datetime | None) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


def _settling(tx: Tx, session: Session, copy: Copy | None) -> datetime | None:
    """Return when a look can tell whether what newly appeared with the UID of *copy* is only a mirror of it."""
    if copy is None or copy.base is None or session.state in ENDED or not visible(tx, copy):
        return None
    appeared = [stray.appeared_at for stray in tx.copies.strays(copy.id) if stray.mirror is None]
    return min(appeared) + session.rules.lag + _MARGIN if appeared else None


def visible(tx: Tx, copy: Copy) -> bool:
    """Tell whether the account of *copy* is still connected."""
    return bool(tx.accounts.get(tx.calendars.get(copy.calendar_id).account_id).grant)


def _watched(tx: Tx, session: Session, copies: dict[Side, Copy]) -> set[Side]:
    """Return the sides to look at; both for a mentor's act, until the student's copy was seen after it."""
    sides = {Side.STUDENT}
    if session.state is State.NOTICED and session.act.actor is Actor.MENTOR:
        sides = {Side.MENTOR} if session.act.other_stood else {Side.STUDENT, Side.MENTOR}
    return {side for side in sides & set(copies) if visible(tx, copies[side])}


def _write_due(tx: Tx, session: Session, side: Side, copy: Copy | None) -> Due:
    key = work.side_key(session.id, side)
    copy = copy if copy is not None and visible(tx, copy) else None
    base, intent = (base_of(copy), intent_of(copy)) if copy else (None, None)
    if isinstance(plan(session, side, base, intent), Rest):
        return Due(work.WRITE, key, None)
    account = _account(tx, copy) or _destination(tx, session, side)
    return Due(work.WRITE, key, tx.now if account else None, account)


def _account(tx: Tx, copy: Copy | None) -> str | None:
    return work.account_key(tx.calendars.get(copy.calendar_id).account_id) if copy else None


def _destination(tx: Tx, session: Session, side: Side) -> str | None:
    person = session.student if side is Side.STUDENT else session.mentor
    calendar = tx.calendars.sessions_calendar(PersonId(person))
    return work.account_key(calendar.account_id) if calendar else None
