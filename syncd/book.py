"""The book of sessions: facts go in, the session after them comes out, and what is due next is noted.

All of it happens in the caller's transaction, together with whatever the facts were
read from: evidence, judgement and the next due time stand or fall as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.facts import LOSSES, Act, Actor, Agreed, Braked, Fact, Side, Stop
from policy.life import ENDED, LIVE, Effect, Session, State
from policy.notice import Outcome
from policy.schedule import Next, next_step, warning
from policy.session import advance, begin
from syncd import brake, doubts, route, spares, work
from syncd.invariants.rows import lacking
from syncd.pictures import base_of
from syncd.reconcile import Rest, Search, Thin
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
        _open(tx, before, session)
        _close(tx, before, session)
    note_due(tx, session, own)
    return session


def _open(tx: Tx, before: Session, session: Session) -> None:
    """Ask for somebody where one must decide, or where too much has gone at once."""
    if Stop.DOUBT in session.stops and Stop.DOUBT not in before.stops:
        doubts.begin(tx, session)
    noticed = session.state is State.NOTICED is not before.state
    if noticed and session.act.act in LOSSES:
        _brake(tx, session)


def _brake(tx: Tx, session: Session) -> Stop | None:
    """Return the brake that holds the act under way; one that goes on now stops others as well."""
    if scope := brake.on(tx, session):
        return scope
    scope = brake.trip(tx, session)
    for other in brake.to_stop(tx, scope, session) if scope else ():
        record(tx, other, [Braked(at=tx.now, scope=scope)])
    return scope


def _close(tx: Tx, before: Session, session: Session) -> None:
    """End what was open about a session that can be seen again, is free again, or is over."""
    if Stop.DOUBT in before.stops and Stop.DOUBT not in session.stops:
        doubts.end(tx, session)
    if before.pending is not None and session.pending is None:
        brake.ease(tx, session)
    if before.state is State.SUSPECT and session.state in {State.PLANNED, State.BOOKED}:
        _forget_what_is_void(tx, session)
    left = before.state is State.INCIDENT is not session.state
    if left or (_is_blind(before) and not _is_blind(session)) or session.state in ENDED:
        tx.incidents.end(DISCONNECTED, session_id=SessionId(session.id))
    if session.state in ENDED and before.state not in ENDED:
        spares.forget(tx, SessionId(session.id))
    if session.state is State.ELAPSED is not before.state:
        for copy in tx.copies.of(SessionId(session.id)):
            tx.copies.set_base(copy.id, None)  # what becomes of the event now is its owner's business


def _is_blind(session: Session) -> bool:
    return session.trouble is not None and session.trouble.until is None


def _forget_what_is_void(tx: Tx, session: Session) -> None:
    """Let go of events that stand declined or cancelled by a void act: new ones are written."""
    for copy in current(tx, SessionId(session.id)).values():
        base = base_of(copy)
        if base is not None and base.act is not None:
            tx.copies.set_base(copy.id, None)


def _take(tx: Tx, session: Session, fact: Fact) -> Session:
    after, _ = advance(session, fact)
    if brake.keeps_waiting(tx, session, after, fact):
        return session
    if brake.concerns(session, after, fact) and (scope := _brake(tx, session)):
        session = _write(tx, session, Braked(at=tx.now, scope=scope))
    elif (counted := doubts.count(tx, after, fact)) is not None:
        session = _write(tx, session, counted)
    return _write(tx, session, fact)


def _write(tx: Tx, session: Session, fact: Fact) -> Session:
    after, effects = advance(session, fact)
    if not effects and after.model_copy(update={"seq": session.seq}) == session:
        return session  # nothing new: a quiet round leaves no trace
    if _is_forfeit(after) and not _is_forfeit(session) and (why := lacking(tx, after, fact)) is not None:
        return _withhold(tx, session, fact, why)
    tx.ledger.append(SessionId(session.id), after.seq, fact.kind, fact.model_dump(mode="json"))
    _tell(tx, after, effects)
    if after.verdict is not None and after.verdict != session.verdict:
        verdict = after.verdict
        body = verdict.model_dump(mode="json")
        tx.ledger.give(SessionId(after.id), after.seq, verdict.outcome, verdict.doubt is not None, body)
    return after


def _is_forfeit(session: Session) -> bool:
    return session.verdict is not None and session.verdict.outcome is Outcome.FORFEIT


def _withhold(tx: Tx, session: Session, fact: Fact, why: str) -> Session:
    """Keep *fact* without the forfeit that it would bring about: a person decides, and judging stops."""
    if Stop.BREACH in session.stops or session.unproven:
        return session  # whatever the policy makes of it: nobody is forfeited
    stopped = _write(tx, session, Braked(at=tx.now, scope=Stop.BREACH))
    brake.breached(tx, SessionId(session.id), "I1", f"a forfeit is withheld: {why}")
    return _write(tx, stopped, fact)


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
    dues = _dues(tx, session)
    tx.due.foresee([(due.kind, due.key) for due in dues])
    for due in dues:
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
    passing = _earliest(upcoming.at if upcoming and not watched else None, warning(session, tx.now))
    looks = (
        Due(
            work.LOOK,
            work.side_key(session.id, side),
            _earliest(
                _next_look(upcoming, side) if upcoming and side in watched else None,
                _settling(tx, session, copies.get(side)),
                _untold(tx, session, copies.get(side)),
                _outliving(tx, session, copies.get(side)),
            ),
            _account(tx, copies.get(side)),
        )
        for side in Side
    )
    writes = (_write_due(tx, session, side, copies) for side in Side)
    return (*looks, Due(work.TIME, session.id, passing), *writes)


def _next_look(upcoming: Next, side: Side) -> datetime:
    return upcoming.mentor if upcoming.mentor is not None and side is Side.MENTOR else upcoming.at


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


def _untold(tx: Tx, session: Session, copy: Copy | None) -> datetime | None:
    """Return when an event is to be looked at of which the calendar's changes should have told.

    That is now, but what we have just made may not stand yet in what a replica shows.
    """
    base = base_of(copy) if copy is not None else None
    if copy is None or base is None or not base.untold or session.state in ENDED or not visible(tx, copy):
        return None
    return tx.now if base.made is None else max(tx.now, base.made + session.rules.lag + _MARGIN)


def _outliving(tx: Tx, session: Session, copy: Copy | None) -> datetime | None:
    """Return when a look can prove that *copy* stands since we took an older event away."""
    if copy is None or session.state in ENDED or not visible(tx, copy):
        return None
    taken = spares.taken_at(tx, session, copy)
    return taken + session.rules.lag + _MARGIN if taken is not None else None


def visible(tx: Tx, copy: Copy) -> bool:
    """Tell whether the account of *copy* is still connected, and shows more of its calendar than times."""
    calendar = tx.calendars.get(copy.calendar_id)
    return not calendar.times_only and bool(tx.accounts.get(calendar.account_id).grant)


def _watched(tx: Tx, session: Session, copies: dict[Side, Copy]) -> set[Side]:
    """Return the sides to look at; both for a mentor's act, until the student's copy was seen after it.

    A mentor's refusal may stand in the student's event alone: that one is looked at all along.
    """
    sides = {Side.STUDENT}
    seen = {side for side in copies if visible(tx, copies[side])}
    pending = session.pending
    if pending is not None and pending.actor is Actor.MENTOR:
        only_there = pending.act is Act.DECLINED or Side.MENTOR not in seen
        sides = {Side.STUDENT, Side.MENTOR} if only_there or not pending.other_stood else {Side.MENTOR}
    return sides & seen


def _write_due(tx: Tx, session: Session, side: Side, copies: dict[Side, Copy]) -> Due:
    key = work.side_key(session.id, side)
    copy = copies.get(side)
    copy = copy if copy is not None and visible(tx, copy) else None
    step = route.next_plan(tx, session, side, copies, copy)
    if isinstance(step, Rest):
        return Due(work.WRITE, key, None)
    match step:
        case Search():
            account = _searched(tx, session)
        case Thin(spare):
            account = _account(tx, tx.copies.get(spare))
        case _:
            account = _account(tx, copy)
    account = account or _destination(tx, session, side)
    return Due(
        work.WRITE, key, route.not_before(tx, session, side, copies, step) if account else None, account
    )


def _searched(tx: Tx, session: Session) -> str | None:
    account = route.searched(tx, session)
    return work.account_key(account.id) if account else None


def _account(tx: Tx, copy: Copy | None) -> str | None:
    return work.account_key(tx.calendars.get(copy.calendar_id).account_id) if copy else None


def _destination(tx: Tx, session: Session, side: Side) -> str | None:
    person = session.student if side is Side.STUDENT else session.mentor
    calendar = tx.calendars.sessions_calendar(PersonId(person))
    return work.account_key(calendar.account_id) if calendar else None
