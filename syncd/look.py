"""One look at one event by its id: at its deadline, a second time, at the end of a hold.

Absence is believed only as far as it was checked: the calendar itself answers, and the
event has not turned up in another connected calendar of the same person since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from policy.facts import Missing, Passed, Side, Via
from policy.life import Session, State
from policy.notice import Doubt
from providers.base import CalendarProvider, Event, EventRef, Receipt
from providers.errors import EventNotFound, ProviderError, Unavailable, Unreadable
from syncd import ailing, poll, seen, work
from syncd.book import current, next_of, record, session_in
from syncd.house import House
from syncd.observe import Glance, observe
from syncd.pictures import base_of, intent_of
from syncd.store.rows import Account, Calendar, Copy, Person, SessionId, Ticket
from syncd.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Target:
    """What a look is taken at, with everything around it."""

    session: Session
    copy: Copy
    person: Person
    account: Account
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one fetch."""

    sent: datetime
    received: datetime
    there: Event | None
    error: ProviderError | None = None
    """Why nothing can be said; absence is no error."""


def target(tx: Tx, session_id: SessionId, side: Side) -> Target | None:
    """Return what there is to look at; ``None`` once the event or its account is no longer ours to see."""
    copy = current(tx, session_id).get(side)
    if copy is None:
        return None
    calendar = tx.calendars.get(copy.calendar_id)
    account = tx.accounts.get(calendar.account_id)
    if not account.grant:
        return None
    session = session_in(tx.sessions.get(session_id))
    return Target(session, copy, tx.people.get(account.person_id), account, calendar)


def look(house: House, ticket: Ticket) -> bool:
    """Look at one event, judge, and let the time that has passed have its say."""
    session_id, side = work.of_side(ticket.key)
    with house.db.read() as tx:
        at = target(tx, session_id, side)
    if at is None:
        return _nothing_to_see(house, ticket, session_id)
    with house.calling(at.account, at.person) as provider:
        answer = fetch(house, provider, at.calendar, at.copy.ref)
        others = _look_around(house, provider, at) if answer.there is None and answer.error is None else ()
    with house.db.write() as tx:
        for each in others:
            poll.write_down(house, tx, at.account, at.person, each)
        now = target(tx, session_id, side)
        if now is None or now.copy.ref != at.copy.ref:
            return tx.due.finish(ticket, tx.now)  # it was followed elsewhere meanwhile: look again there
        if answer.error is not None:
            return _keep_trouble(house, tx, now, answer, ticket)
        session = _keep_answer(house, tx, now, answer, ticket)
        session = record(tx, session, [Passed(at=answer.received)], ticket)
        return tx.due.finish(ticket, _not_at_once(house, next_of(tx, session, ticket), answer))


def fetch(house: House, provider: CalendarProvider, calendar: Calendar, ref: EventRef) -> Answer:
    """Return what stands at *ref* now."""
    sent = house.clock.now()
    try:
        there = provider.fetch(calendar.remote, ref)
    except EventNotFound:
        return Answer(sent, house.clock.now(), None)
    except ProviderError as error:
        return Answer(sent, house.clock.now(), None, error)
    return Answer(sent, house.clock.now(), there)


def _look_around(house: House, provider: CalendarProvider, at: Target) -> tuple[poll.Round, ...]:
    """Return a round of the account's other calendars: an event that was moved there is not gone."""
    with house.db.read() as tx:
        others = [each for each in tx.calendars.of_account(at.account.id) if each.id != at.calendar.id]
        known = [(each, tx.calendars.known(each.id)) for each in others]
    return poll.look_at(house, provider, at.account, at.person, known)


def _keep_answer(house: House, tx: Tx, at: Target, answer: Answer, ticket: Ticket) -> Session:
    glance = glance_of(house, at, answer)
    observed = observe(base_of(at.copy), intent_of(at.copy), answer.there, glance)
    seen.keep_own(tx, at.calendar.id, at.copy.ref, answer.there)
    if answer.there is not None:
        _settle_strays(tx, at.copy)
    elif isinstance(observed.fact, Missing) and not _looked_everywhere(tx, at):
        # It may stand in a calendar that could not be asked: seen missing, but not confirmed.
        observed = observe(base_of(at.copy), intent_of(at.copy), None, _unsure(glance))
    return seen.keep(tx, at.session, at.copy, observed, ticket)


def glance_of(house: House, at: Target, answer: Answer) -> Glance:
    """Return the circumstances of a look by id."""
    receipt = answer.there.receipt if answer.there else Receipt()
    return seen.glance_at(
        house, at.session, at.copy, at.person, receipt, answer.sent, answer.received, via=Via.LOOK
    )


def _unsure(glance: Glance) -> Glance:
    return Glance(glance.side, glance.owner, Via.CHANGE, glance.sent, glance.received, glance.proves)


def _settle_strays(tx: Tx, copy: Copy) -> None:
    """Call mirrors what has the UID of an original that stands."""
    for stray in tx.copies.strays(copy.id):
        if stray.mirror is None:
            tx.copies.settle_stray(stray.copy_id, stray.calendar_id, stray.ref, mirror=True)


def _looked_everywhere(tx: Tx, at: Target) -> bool:
    """Tell whether every other calendar of the person was seen since the event was first seen gone."""
    if at.session.state is not State.NOTICED:
        return True  # a first sight: it is confirmed later
    since = at.session.act.gone.at
    everywhere = True
    for calendar in tx.calendars.of_person(at.person.id):
        if calendar.id == at.calendar.id or (calendar.verified_at and calendar.verified_at >= since):
            continue
        everywhere = False
        key = work.account_key(calendar.account_id)
        if calendar.account_id != at.account.id:
            tx.due.want(work.SYNC, key, at=tx.now, prio=work.PRIO[work.SYNC], excl=key)
    return everywhere


def _keep_trouble(house: House, tx: Tx, at: Target, answer: Answer, ticket: Ticket) -> bool:
    error = answer.error
    if isinstance(error, Unreadable):
        session = seen.keep_blind(
            tx, at.session, at.copy, Doubt.UNREADABLE, answer.received, lost=False, own=ticket
        )
    elif isinstance(error, ProviderError):
        ailing.note_calendar(house, tx, at.account, at.calendar, error, answer.received)
        session = session_in(tx.sessions.get(at.copy.session_id))
    session = record(tx, session, [Passed(at=answer.received)], ticket)
    if next_of(tx, session, ticket) is None:
        return tx.due.finish(ticket, None)
    retry_after = error.retry_after if isinstance(error, Unavailable) else None
    return tx.due.fail(ticket, str(error), retry_after)


def _nothing_to_see(house: House, ticket: Ticket, session_id: SessionId) -> bool:
    """Let only time pass for a session whose account was disconnected."""
    with house.db.write() as tx:
        session = session_in(tx.sessions.get(session_id))
        record(tx, session, [Passed(at=tx.now)], ticket)
        return tx.due.finish(ticket, None)


def _not_at_once(house: House, at: datetime | None, answer: Answer) -> datetime | None:
    """Return *at*, but never a time that has come already: a look that changed nothing must not spin."""
    soonest = answer.received + max(house.config.rules.confirm_after, house.config.rules.lag) / 2
    if at is None or at > answer.received:
        return at
    return max(soonest, answer.received + poll.LEAST_PAUSE)


def pass_time(house: House, ticket: Ticket) -> bool:
    """Let the time that has passed have its say for a session that needs no look."""
    with house.db.write() as tx:
        session = record(tx, session_in(tx.sessions.get(SessionId(ticket.key))), [Passed(at=tx.now)], ticket)
        return tx.due.finish(ticket, next_of(tx, session, ticket))
