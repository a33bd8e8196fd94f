"""Writes: commit the intent, write on condition, read back; an answer that is lost is harmless.

The ref of an event follows from a UID of ours, so a write that is repeated meets its own
result: nothing is ever written twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from policy.facts import Fact, PutBack, Side
from policy.life import Session
from providers.base import CalendarProvider, EventDraft, Written
from providers.errors import (
    AccessLost,
    EventExists,
    EventNotFound,
    PreconditionFailed,
    ProviderError,
    Unavailable,
    Unsupported,
)
from syncd import ailing, seen, work
from syncd.book import current, next_of, record, session_in
from syncd.house import House
from syncd.invitation import draft, uid
from syncd.look import Answer, Target, fetch, glance_of, target
from syncd.observe import observe
from syncd.pictures import Base, Intent, Op, base_of, intent_of
from syncd.reconcile import Create, Delete, Look, Plan, Rest, Update, plan
from syncd.store.rows import Copy, PersonId, SessionId, Ticket
from syncd.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Job:
    """One write as it was committed to."""

    at: Target
    step: Plan
    draft: EventDraft | None


def write(house: House, ticket: Ticket) -> bool:
    """Bring one event of a session in line with what is wanted."""
    job = _commit(house, ticket)
    if job is None:
        return _finish(house, ticket)
    with house.calling(job.at.account, job.at.person) as provider:
        try:
            _send(provider, job)
        except (EventExists, EventNotFound, PreconditionFailed):
            pass  # not as we thought: the read below tells what is there
        except Unavailable as error:
            return _try_again(house, ticket, error)
        except ProviderError as error:
            return _refused(house, ticket, job, error)
        answer = fetch(house, provider, job.at.calendar, job.at.copy.ref)
    return _read_back(house, ticket, job, answer)


def _commit(house: House, ticket: Ticket) -> Job | None:
    """Plan, and write the intent down before anything leaves."""
    session_id, side = work.of_side(ticket.key)
    with house.db.write() as tx:
        session = session_in(tx.sessions.get(session_id))
        at = target(tx, session_id, side)
        step = _plan(session, side, at)
        if isinstance(step, Create):
            at = _make_copy(house, tx, session, side)
        if at is None or isinstance(step, Rest):
            return None
        return _with_intent(tx, at, step)


def _plan(session: Session, side: Side, at: Target | None) -> Plan:
    if at is None:
        return plan(session, side, None, None)
    return plan(session, side, base_of(at.copy), intent_of(at.copy))


def _with_intent(tx: Tx, at: Target, step: Plan) -> Job:
    if isinstance(step, Look):
        return _resume(tx, at)
    written = None
    if isinstance(step, Delete):
        intent = Intent(op=Op.DELETE, at=tx.now)
    else:
        sequence = step.base.sequence + 1 if isinstance(step, Update) else 0
        intent = Intent(
            op=Op.UPDATE if isinstance(step, Update) else Op.CREATE,
            at=tx.now,
            start=at.session.start,
            sequence=sequence,
        )
        written = _draft(tx, at, intent)
    tx.copies.set_intent(at.copy.id, intent.stored())
    return Job(at, step, written)


def _resume(tx: Tx, at: Target) -> Job:
    """Find out about a write whose answer was lost: a create meets itself, anything else is looked at."""
    intent = intent_of(at.copy)
    if intent is not None and intent.op is Op.CREATE:
        return Job(at, Create(), _draft(tx, at, intent))
    return Job(at, Look(), None)


def _draft(tx: Tx, at: Target, intent: Intent) -> EventDraft:
    return draft(
        at.session,
        tx.people.get(PersonId(at.session.student)),
        tx.people.get(PersonId(at.session.mentor)),
        at.copy.side,
        generation=at.copy.generation,
        sequence=intent.sequence,
        at=intent.at,
    )


def _make_copy(house: House, tx: Tx, session: Session, side: Side) -> Target | None:
    """Choose where the event goes: a UID is used once, so what was there before raises the generation."""
    person = PersonId(session.student if side is Side.STUDENT else session.mentor)
    calendar = tx.calendars.sessions_calendar(person)
    if calendar is None:
        return None
    last = current(tx, SessionId(session.id)).get(side)
    generation = last.generation + 1 if last else 1
    name = uid(session.id, generation)
    account = tx.accounts.get(calendar.account_id)
    with house.calling(
        account, tx.people.get(person)
    ) as provider:  # no request: the ref follows from the UID
        ref = provider.ref_for(calendar.remote, name)
    tx.copies.add(SessionId(session.id), side, generation, calendar.id, name, ref)
    return target(tx, SessionId(session.id), side)


def _send(provider: CalendarProvider, job: Job) -> Written | None:
    remote, copy = job.at.calendar.remote, job.at.copy
    match job.step:
        case Create() if job.draft is not None:
            return provider.create(remote, job.draft)
        case Update(base) if job.draft is not None:
            return provider.update(remote, copy.ref, job.draft, base.etag)
        case Delete(base):
            provider.delete(remote, copy.ref, base.etag)
        case _:
            pass
    return None


def _read_back(house: House, ticket: Ticket, job: Job, answer: Answer) -> bool:
    """Keep what a read shows after the write; only that confirms it."""
    if isinstance(answer.error, Unavailable):
        return _try_again(house, ticket, answer.error)
    if answer.error is not None:
        return _refused(house, ticket, job, answer.error)
    with house.db.write() as tx:
        at = target(tx, *work.of_side(ticket.key))
        if at is None:
            return tx.due.finish(ticket, None)
        seen.keep_own(tx, at.calendar.id, at.copy.ref, answer.there)
        if answer.there is not None:
            ailing.writes_are_taken(tx, at.calendar)
        observed = observe(base_of(at.copy), intent_of(at.copy), answer.there, glance_of(house, at, answer))
        session = seen.keep(tx, at.session, at.copy, observed, ticket)
        session = record(tx, session, _put_back(job, session, observed.base, tx), ticket)
        return _settled(tx, ticket, session, at.copy)


def _put_back(job: Job, session: Session, base: Base | None, tx: Tx) -> list[Fact]:
    done = isinstance(job.step, Update) and base is not None and base.start == session.start
    return [PutBack(at=tx.now)] if done else []


def _settled(tx: Tx, ticket: Ticket, session: Session, before: Copy) -> bool:
    """End the ticket; what is still to be done is tried again with a growing pause."""
    at = next_of(tx, session, ticket)
    if at is None:
        return tx.due.finish(ticket, None)
    copy = tx.copies.get(before.id)
    if copy.intent is None and copy.base != before.base:
        return tx.due.finish(ticket, at)  # one step done, the next one waits
    return tx.due.fail(ticket, "the write is not confirmed yet", None)


def _finish(house: House, ticket: Ticket) -> bool:
    with house.db.write() as tx:
        return tx.due.finish(ticket, None)


def _try_again(house: House, ticket: Ticket, error: Unavailable) -> bool:
    """Leave the intent standing: whether the write arrived is not known, and the next try finds out."""
    with house.db.write() as tx:
        return tx.due.fail(ticket, str(error), error.retry_after)


def _refused(house: House, ticket: Ticket, job: Job, error: ProviderError) -> bool:
    """Note that the server would not have it: nothing was written, and somebody has to do something."""
    with house.db.write() as tx:
        if not isinstance(job.step, Look):
            tx.copies.set_intent(job.at.copy.id, None)
        if isinstance(error, AccessLost | Unsupported):
            ailing.note_write_refused(tx, job.at.account, job.at.calendar, error)
        return tx.due.fail(ticket, str(error), None)
