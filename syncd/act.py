"""Writes: commit the intent, write on condition, read back; an answer that is lost is harmless.

The ref of an event follows from a UID of ours, so a write that is repeated meets its own
result: nothing is ever written twice.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from policy.facts import Side, Via
from policy.life import ENDED, Session
from policy.schedule import Want, want
from providers.base import CalendarProvider, EventDraft, PartStat, Written
from providers.errors import (
    AccessLost,
    EventExists,
    EventNotFound,
    PreconditionFailed,
    ProviderError,
    Unavailable,
    Unsupported,
)
from syncd import ailing, awaited, doubled, pace, poll, route, seen, spares, work, young
from syncd.book import current, next_of, note_due, session_in
from syncd.house import House
from syncd.invitation import draft, uid
from syncd.look import (
    Answer,
    Target,
    fetch,
    glance_of,
    is_too_old,
    look_around,
    note_place,
    place,
    stood,
    target,
    target_at,
)
from syncd.observe import act_in, observe
from syncd.pictures import Intent, Op, Route, base_of, intent_of, invite_of
from syncd.reconcile import Create, Delete, Look, Plan, Rest, Search, Thin, Update, Withdraw
from syncd.store.rows import Calendar, CalendarRowId, Copy, Health, Pace, PersonId, SessionId, Ticket
from syncd.store.tx import Tx

_GHOSTS = 3
"""So often must a server say that an event exists which is not there, before another UID is tried."""
_LONGEST_WAIT = timedelta(days=1)
"""For a calendar that cannot be read, before an event is written that may stand in it."""
_PEACE = timedelta(hours=6)
"""How long a server can have us not write to an account, as Google's limit on invitations does; more is not believed."""
_SEEN_AGAIN = timedelta(minutes=10)
"""So soon at least is an event looked for that a server has just taken, however long it had failed to."""
_WAITING = "it may stand in another calendar, which is to be read first"


@dataclass(frozen=True, slots=True)
class Job:
    """One write as it was committed to."""

    at: Target
    step: Plan
    draft: EventDraft | None
    repeated: bool = False
    """Nobody knows whether it was written before."""
    newer: Target | None = None
    """What must stand when an older event is taken away, if this account can tell."""


def write(house: House, ticket: Ticket) -> None:
    """Bring one event of a session in line with what is wanted.

    :raises Fenced: if the work was given to somebody else meanwhile.
    """
    job = _commit(house, ticket)
    match job:
        case Search():
            awaited.search(house, ticket)
        case Target():
            _read_others_first(house, ticket, job)
        case Job():
            _do(house, ticket, job)


def _do(house: House, ticket: Ticket, job: Job) -> None:
    exists = taken = False
    with house.calling(job.at.account, job.at.person) as provider:
        if job.newer is not None and not _stands(house, provider, job.newer):
            _look_first(house, ticket)
            return
        if job.repeated and _is_answered(house, ticket, job, provider):
            return
        if job.repeated and _is_elsewhere(house, ticket, job, provider):
            return
        try:
            taken = _send(provider, job) is not None
        except EventExists:
            exists = True
        except (EventNotFound, PreconditionFailed):
            pass  # not as we thought: the read below tells what is there
        except ProviderError as error:
            _not_done(house, ticket, job, error, writing=True)
            return
        answer = fetch(house, provider, job.at.calendar, job.at.copy.ref)
        if (
            exists
            and answer.stamp is not None
            and not job.repeated
            and _is_elsewhere(house, ticket, job, provider)
        ):
            return
    if answer.error is not None:
        _not_done(house, ticket, job, answer.error)
    else:
        _read_back(house, ticket, job, answer, exists=exists, taken=taken)


def _is_answered(house: House, ticket: Ticket, job: Job, provider: CalendarProvider) -> bool:
    """Tell whether a read says all that there is to know of a write that may have arrived: it stands, or nobody answers."""
    answer = fetch(house, provider, job.at.calendar, job.at.copy.ref)
    if answer.error is not None and answer.error.status is None:
        _not_done(house, ticket, job, answer.error)
        return True
    if seen.ours(job.at.copy, answer.there) is None:
        return False
    _read_back(house, ticket, job, answer, exists=False)
    return True


def _is_elsewhere(house: House, ticket: Ticket, job: Job, provider: CalendarProvider) -> bool:
    """Tell whether an event that may have been written before is not to be written now, for where it may stand by now."""
    others = look_around(house, provider, job.at)
    if (silence := poll.rounds_error(others)) is not None:
        _not_done(house, ticket, job, silence)
        return True
    return bool(others) and _may_stand_elsewhere(house, ticket, job.at, others)


def _stands(house: House, provider: CalendarProvider, at: Target) -> bool:
    there = seen.ours(at.copy, fetch(house, provider, at.calendar, at.copy.ref).there)
    return there is not None and act_in(there, at.person.email) is None


def _may_stand_elsewhere(house: House, ticket: Ticket, at: Target, others: tuple[poll.Round, ...]) -> bool:
    """Tell whether an event whose writing was never confirmed is followed elsewhere, or may stand where we are blind."""
    with house.db.write() as tx:
        work.hold(tx, ticket)
        poll.write_others(house, tx, at.account, at.person, others)
        now = target(tx, SessionId(at.session.id), at.copy.side)
        if now is None or place(now) != place(at):
            work.finish(tx, ticket, tx.now)
            return True
        intent = intent_of(now.copy)
        blind = {each.calendar.id for each in others if each.changes is None or each.changes.receipt.cached}
        if intent is None or not _unread(tx, now, intent.at, blind):
            return False
        work.set_back(tx, ticket, _WAITING)
        return True


def _look_first(house: House, ticket: Ticket) -> None:
    """Leave the older event alone: it may be the only one by now."""
    with house.db.write() as tx:
        at = target(tx, *work.of_side(ticket.key))
        if at is not None:
            doubled.question(tx, at.copy)
            note_due(tx, at.session, ticket)
        work.set_back(tx, ticket, "the newer event was not seen to stand")


def _read_others_first(house: House, ticket: Ticket, at: Target) -> None:
    """Read the owner's other calendars before an event is written anew: it may have been carried there.

    What could not be understood there is read again; another account is asked for a round of its own.
    """
    others: tuple[poll.Round, ...] = ()
    if at.account.health is not Health.LOST:  # another try would be one more wrong password
        with house.calling(at.account, at.person) as provider:
            others = look_around(house, provider, at, own=True)
    with house.db.write() as tx:
        work.hold(tx, ticket)
        poll.write_others(house, tx, at.account, at.person, others)
        for calendar in _unread_since_replaced(tx, at):
            if calendar.account_id != at.account.id:
                seen.round_soon(tx, calendar)
        work.set_back(tx, ticket, _WAITING)


def _commit(house: House, ticket: Ticket) -> Job | Search | Target | None:
    """Plan, and write the intent down before anything leaves; ``None`` if nothing is to leave."""
    session_id, side = work.of_side(ticket.key)
    with house.db.write() as tx:
        work.hold(tx, ticket)
        session = session_in(tx.sessions.get(session_id))
        at = target(tx, session_id, side)
        step = _plan(tx, session, side, at)
        if isinstance(step, Search):
            return step
        newer = at
        if isinstance(step, Create) and at is not None and _unread_since_replaced(tx, at):
            return at
        anew = isinstance(step, Create) or (at is not None and _is_blocked(tx, at))
        if isinstance(step, Thin):
            at = target_at(tx, tx.copies.get(step.copy))
        if (peace := _peace(tx, session, side, at, step, anew=anew)) is not None:
            work.finish(tx, ticket, peace)
            return None
        if anew:
            step, at = Create(), _make_copy(house, tx, session, side)
        if at is None or isinstance(step, Rest):
            work.finish(tx, ticket, None)
            return None
        if at.account.health is Health.LOST:  # another try would be one more wrong password
            work.set_back(tx, ticket, "the account does not let us in")
            return None
        here = newer is not None and newer.account == at.account
        return replace(_with_intent(tx, at, step), newer=newer if isinstance(step, Thin) and here else None)


def _peace(
    tx: Tx, session: Session, side: Side, at: Target | None, step: Plan, *, anew: bool
) -> datetime | None:
    """Return until when *step* has to wait because its server does not want to be written to."""
    account = at.account if at is not None else None
    if anew:
        calendar = tx.calendars.sessions_calendar(_whose(session, side))
        account = tx.accounts.get(calendar.account_id) if calendar is not None else None
    elif isinstance(step, Rest) or (isinstance(step, Look) and at is not None and not _is_repeated(at)):
        return None
    until = account.write_after if account is not None else None
    return until if until is not None and until > tx.now else None


def _unread_since_replaced(tx: Tx, at: Target) -> list[Calendar]:
    """Return the calendars into which an event may have been carried that then went with its own one.

    Its own is among them, for that may have been brought back there.
    """
    since = route.replaced_at(tx, at.session) if at.copy.side is Side.STUDENT else None
    if since is None:
        return []
    shown = since + at.session.rules.lag
    every = tx.calendars.of_person(at.person.id)
    return _unread(tx, at, since, {each.id for each in every if not _read_since(each, shown)})


def _unread(tx: Tx, at: Target, since: datetime, blind: AbstractSet[CalendarRowId]) -> list[Calendar]:
    """Return the calendars that are *blind*, and the other ones in which something unreadable has turned up.

    One that shows only times has nothing in it that is ours. Nobody waits longer than a day after *since*,
    nor for one that has been lost for so long.
    """
    if tx.now > since + _LONGEST_WAIT:
        return []
    return [
        each
        for each in tx.calendars.of_person(at.person.id)
        if not each.times_only
        and (each.id in blind or (each.id != at.calendar.id and tx.calendars.noted_since(each.id, stood(at))))
        and (each.health is not Health.LOST or each.health_since + _LONGEST_WAIT > since)
    ]


def _read_since(calendar: Calendar, since: datetime) -> bool:
    return calendar.verified_at is not None and calendar.verified_at >= since


def _is_blocked(tx: Tx, at: Target) -> bool:
    """Tell whether the event can never be written under its UID, and is known not to stand under it.

    Servers refuse a UID that is in a trash bin, and nobody sees what is in there, or one that was ever used.
    """
    intent = intent_of(at.copy)
    if intent is None or not _is_repeated(at):
        return False
    verified = at.calendar.verified_at
    seen_since = verified is not None and verified - at.session.rules.lag > (intent.exists or intent.at)
    refused = intent.used or (intent.ghosts >= _GHOSTS and seen_since)
    return refused or spares.out_of_sight(tx, at.copy)


def _is_repeated(at: Target) -> bool:
    """Tell whether an event that was to be written, and was not seen since, is still wanted."""
    intent = intent_of(at.copy)
    return intent is not None and intent.op is Op.CREATE and want(at.session) is Want.STANDING


def _plan(tx: Tx, session: Session, side: Side, at: Target | None) -> Plan:
    copies = current(tx, SessionId(session.id))
    return route.next_plan(tx, session, side, copies, at.copy if at else None)


def _with_intent(tx: Tx, at: Target, step: Plan) -> Job:
    if isinstance(step, Look):
        return _resume(tx, at)
    written = None
    if isinstance(step, Delete):
        intent = Intent(op=Op.DELETE, at=tx.now)
    elif isinstance(step, Withdraw):
        intent = Intent(op=Op.WITHDRAW, at=tx.now)
    elif isinstance(step, Thin):
        intent = Intent(op=Op.SPARE, at=tx.now)
    else:
        sequence = step.base.sequence + 1 if isinstance(step, Update) else 0
        intent = Intent(
            op=Op.UPDATE if isinstance(step, Update) else Op.CREATE,
            at=tx.now,
            start=at.session.start,
            sequence=sequence,
            guest=isinstance(step, Update) and step.base.start == at.session.start,
        )
        written = _draft(tx, at, intent)
    tx.copies.set_intent(at.copy.id, intent.stored())
    return Job(at, step, written)


def _resume(tx: Tx, at: Target) -> Job:
    """Find out about a write whose answer was lost: a create meets itself, anything else is looked at."""
    intent = intent_of(at.copy)
    if intent is not None and _is_repeated(at):
        return Job(at, Create(), _draft(tx, at, intent), repeated=True)
    return Job(at, Look(), None)


def _draft(tx: Tx, at: Target, intent: Intent) -> EventDraft:
    invite, base = invite_of(at.copy), base_of(at.copy)  # only the student's event has an invite
    made = draft(
        at.session,
        tx.people.get(PersonId(at.session.student)),
        tx.people.get(PersonId(at.session.mentor)),
        at.copy.side,
        generation=at.copy.generation,
        sequence=intent.sequence,
        at=intent.at,
        silent=not (invite is not None and invite.route is Route.PROVIDER),
        refused=base is not None and base.guest is PartStat.DECLINED,  # not ours to write over
    )
    return replace(made, uid=at.copy.uid)  # an older event may have become the session's own again


def _whose(session: Session, side: Side) -> PersonId:
    return PersonId(session.student if side is Side.STUDENT else session.mentor)


def _make_copy(house: House, tx: Tx, session: Session, side: Side) -> Target | None:
    """Choose where the event goes: a UID is used once, so what was there before raises the generation."""
    person = _whose(session, side)
    calendar = tx.calendars.sessions_calendar(person)
    if calendar is None:
        return None
    copies = current(tx, SessionId(session.id))
    last = copies.get(side)
    generation = last.generation + 1 if last else 1
    name = uid(session.id, generation)
    account = tx.accounts.get(calendar.account_id)
    with house.calling(account, tx.people.get(person)) as provider:
        ref = provider.ref_for(calendar.remote, name)  # no request: it follows from the UID
    made = tx.copies.add(SessionId(session.id), side, generation, calendar.id, name, ref)
    if side is Side.STUDENT:
        tx.copies.set_invite(made.id, route.decide(tx, session, copies).stored())
    return target(tx, SessionId(session.id), side)


def _send(provider: CalendarProvider, job: Job) -> Written | None:
    remote, copy = job.at.calendar.remote, job.at.copy
    match job.step:
        case Create() if job.draft is not None:
            return provider.create(remote, job.draft)
        case Update(base) if job.draft is not None:
            return provider.update(remote, copy.ref, job.draft, base.etag)
        case Delete(base) | Withdraw(base) | Thin(_, base):
            provider.delete(remote, copy.ref, base.etag)
        case _:
            pass
    return None


def _read_back(
    house: House, ticket: Ticket, job: Job, answer: Answer, *, exists: bool, taken: bool = False
) -> None:
    """Keep what a read shows after the write; only that confirms it."""
    with house.db.write() as tx:
        at = _as_it_is(tx, ticket, job)
        if at is None or place(at) != place(job.at):
            work.finish(tx, ticket, tx.now)  # it was taken away, or followed elsewhere: plan again
            return
        if isinstance(job.step, Thin):
            _keep_older(house, tx, ticket, at, answer)
            return
        ours = isinstance(job.step, Delete | Withdraw)
        if not ours and is_too_old(at, answer):
            work.finish(tx, ticket, next_of(tx, young.look_later(tx, at.session, at.copy, ticket), ticket))
            return
        there, glance = note_place(tx, at, answer), glance_of(house, tx, at, answer)
        if there is None:
            glance = replace(glance, via=Via.CHANGE)  # nobody looked around: this confirms nothing
        if there is not None or ours:
            ailing.writes_are_taken(tx, at.calendar)
        observed = observe(base_of(at.copy), intent_of(at.copy), there, glance)
        observed = replace(observed, intent=_still_open(at, observed.intent, answer, exists=exists))
        session = seen.keep(tx, at.session, at.copy, observed, ticket)
        pace.well_again(tx, at.account)
        pace.sooner(house, tx, at.account)
        _settle(tx, ticket, session, at.copy, taken=taken)


def _as_it_is(tx: Tx, ticket: Ticket, job: Job) -> Target | None:
    if isinstance(job.step, Thin):
        return target_at(tx, tx.copies.get(job.at.copy.id))
    return target(tx, *work.of_side(ticket.key))


def _keep_older(house: House, tx: Tx, ticket: Ticket, at: Target, answer: Answer) -> None:
    """Keep what became of an older event that we meant to take away."""
    there, glance = note_place(tx, at, answer), glance_of(house, tx, at, answer)
    if there is None:
        session = doubled.gone(tx, at.session, at.copy, answer.received, ticket)
    else:
        session = doubled.turned_up(tx, at.session, at.copy, at.calendar.id, there, glance, ticket)
    _settle(tx, ticket, session, tx.copies.get(at.copy.id) if there is not None else at.copy)


def _still_open(at: Target, intent: Intent | None, answer: Answer, *, exists: bool) -> Intent | None:
    """Return the intent of a create that no read has confirmed, unless nobody wants the event any more."""
    if intent is None:
        return None
    if at.session.state in ENDED and answer.sent - intent.at > at.session.rules.lag:
        return None  # it never arrived
    if not exists:
        return intent
    first = intent.exists or answer.received
    used = answer.stamp is not None and answer.sent - at.session.rules.lag > first
    return intent.model_copy(update={"ghosts": intent.ghosts + 1, "exists": first, "used": used})


def _settle(tx: Tx, ticket: Ticket, session: Session, before: Copy, *, taken: bool = False) -> None:
    """End the ticket; what is still to be done is tried again with a growing pause, and soon if it was just *taken*."""
    at, copy = next_of(tx, session, ticket), tx.copies.get(before.id)
    if at is None or (copy.intent is None and copy.base != before.base):
        work.finish(tx, ticket, at)  # one step is done; the next one, if there is one, waits
    elif _is_used(copy) and not any(_is_used(one) for one in spares.older(tx, copy)[:1]):
        work.set_back(tx, ticket, "this UID was used before", pace=Pace(first=timedelta(0)))
    else:
        work.set_back(
            tx, ticket, "the write is not confirmed yet", pace=Pace(longest=_SEEN_AGAIN) if taken else None
        )


def _is_used(copy: Copy) -> bool:
    intent = intent_of(copy)
    return intent is not None and intent.used


def _not_done(house: House, ticket: Ticket, job: Job, error: ProviderError, *, writing: bool = False) -> None:
    """Try again later; the intent stays, for nobody knows whether the write has arrived.

    A server that names a time when it is written to is left in peace until then, whatever else is to be written.
    """
    with house.db.write() as tx:
        account, calendar = job.at.account, job.at.calendar
        ailing.note_refusal(tx, account, error)
        if isinstance(error, AccessLost | Unsupported):
            ailing.note_write_refused(tx, account, calendar, error)
        wait = error.retry_after if isinstance(error, Unavailable) else None
        if writing and wait is not None and timedelta(0) < wait <= _PEACE:
            tx.accounts.write_after(account.id, tx.now + wait)
            ailing.note_writes_wait(tx, account, calendar, error, wait)
        work.set_back(tx, ticket, str(error), wait)
