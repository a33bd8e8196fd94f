"""One look at one event by its id: at its deadline, a second time, at the end of a hold.

Absence is believed only as far as it was checked: the calendar itself answers, and the
event has not turned up in another connected calendar of the same person since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from policy.facts import Missing, Passed, Side, Via
from policy.life import Session
from policy.notice import Doubt
from providers.base import CalendarProvider, ETag, Event, EventRef, Receipt, RefKey
from providers.errors import EventNotFound, ProviderError, Unavailable, Unreadable
from syncd import ailing, pace, poll, seen, spares, stored, work, young
from syncd.book import current, next_of, record, session_in
from syncd.house import House
from syncd.observe import Glance, act_in, observe
from syncd.pictures import base_of, intent_of
from syncd.store.rows import Account, Calendar, Copy, Health, Person, SessionId, Ticket
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
    stamp: datetime | None = None
    """When it was removed, says the provider."""
    refused: bool = False
    """The calendar does not take its token any more, so it may be another one: absence says nothing until it is read."""

    @property
    def absent(self) -> bool:
        """Tell whether nothing stands there, in the calendar that we know."""
        return self.there is None and self.error is None and not self.refused


def target(tx: Tx, session_id: SessionId, side: Side) -> Target | None:
    """Return what there is to look at; ``None`` once the event or its account is no longer ours to see."""
    copy = current(tx, session_id).get(side)
    return target_at(tx, copy) if copy is not None else None


def target_at(tx: Tx, copy: Copy) -> Target | None:
    """Return *copy* with everything around it; ``None`` if its account is no longer ours to see."""
    calendar = tx.calendars.get(copy.calendar_id)
    account = tx.accounts.get(calendar.account_id)
    if calendar.times_only or not account.grant:
        return None
    session = session_in(tx.sessions.get(copy.session_id))
    return Target(session, copy, tx.people.get(account.person_id), account, calendar)


def look(house: House, ticket: Ticket) -> None:
    """Look at one event, judge, and let the time that has passed have its say.

    :raises Fenced: if the work was given to somebody else meanwhile.
    """
    session_id, side = work.of_side(ticket.key)
    with house.db.read() as tx:
        at = target(tx, session_id, side)
    if at is None or at.account.health is Health.LOST:
        _nothing_to_see(house, ticket, session_id)
        return
    with house.calling(at.account, at.person) as provider:
        answer = _not_from_before(at, fetch(house, provider, at.calendar, at.copy.ref))
        if answer.absent:
            answer = _with_token(house, provider, at, answer)
        others = look_around(house, provider, at) if answer.absent else ()
    with house.db.write() as tx:
        poll.write_others(house, tx, at.account, at.person, others)
        now = target(tx, session_id, side)
        if now is None or place(now) != place(at):
            work.finish(tx, ticket, tx.now)  # it was followed elsewhere meanwhile: look again there
        elif answer.refused:
            seen.round_soon(tx, now.calendar)
            record(tx, now.session, [Passed(at=answer.received)], ticket)
            work.set_back(tx, ticket, "the calendar is to be read anew first")
        elif answer.error is not None:
            _keep_trouble(house, tx, now, answer, answer.error, ticket)
        else:
            session = _keep_answer(house, tx, now, answer, ticket)
            pace.well_again(tx, now.account)
            session = record(tx, session, [Passed(at=answer.received)], ticket)
            work.finish(tx, ticket, _not_at_once(house, next_of(tx, session, ticket), answer))


def place(at: Target) -> tuple[int, EventRef]:
    """Return where the target stands, or stood."""
    return at.calendar.id, at.copy.ref


def fetch(house: House, provider: CalendarProvider, calendar: Calendar, ref: EventRef) -> Answer:
    """Return what stands at *ref* now."""
    sent = house.clock.now()
    try:
        there = provider.fetch(calendar.remote, ref)
    except EventNotFound as missing:
        old = poll.too_old() if missing.cached else None
        return Answer(sent, house.clock.now(), None, old, stamp=missing.stamp)
    except ProviderError as error:
        return Answer(sent, house.clock.now(), None, error)
    return Answer(sent, house.clock.now(), there)


def _not_from_before(at: Target, answer: Answer) -> Answer:
    """Return *answer*, unless it is a cache's, of an act that is being confirmed: it may have been undone since."""
    there = seen.ours(at.copy, answer.there)
    if there is None or not there.receipt.cached or at.session.pending is None:
        return answer
    return replace(answer, there=None, error=poll.too_old()) if act_in(there, at.person.email) else answer


def _with_token(house: House, provider: CalendarProvider, at: Target, answer: Answer) -> Answer:
    """Return *answer*, an absence, as far as the calendar is still the one that we know."""
    calendar = at.calendar
    if calendar.token is None or calendar.window is None:
        return answer
    with house.db.read() as tx:
        known = tx.calendars.known(calendar.id)
    try:
        if poll.takes_token(provider, calendar, known, calendar.window):
            return answer
        # A server that has forgotten its tokens is told from another calendar by what else stands there.
        listing = provider.changes(calendar.remote, None, known=known, window=calendar.window)
    except ProviderError as error:
        return replace(answer, error=error)
    same = poll.still_holds(listing, poll.old_ones(house, at.person, calendar, known))
    return replace(answer, refused=listing.receipt.cached or not same)


def look_around(
    house: House, provider: CalendarProvider, at: Target, *, own: bool = False
) -> tuple[poll.Round, ...]:
    """Return a round of the account's other calendars: an event that was moved there is not gone.

    Nothing moves into a calendar of somebody else's, of which only times are shown. An older event may have been brought
    back to the same calendar: then that one is read as well, as it is for whoever wants its *own* one read.
    """
    with house.db.read() as tx:
        skipped = None if own or spares.older(tx, at.copy) else at.calendar.id
        every = tx.calendars.with_known(at.account.id)
        others = [
            _afresh(tx, at, each, known)
            for each, known in every
            if each.id != skipped and not each.times_only
        ]
    return poll.look_at(house, provider, at.account, at.person, others)


def _afresh(
    tx: Tx, at: Target, calendar: Calendar, known: Mapping[RefKey, ETag]
) -> tuple[Calendar, Mapping[RefKey, ETag]]:
    """Return how a calendar is to be read in which our event may stand by now: what could not be read is read again."""
    odd = tx.calendars.noted_since(calendar.id, stood(at))
    if not odd:
        return calendar, known
    return replace(calendar, full_at=None), {key: etag for key, etag in known.items() if key not in odd}


def stood(at: Target) -> datetime:
    """Return until when the event is known to have stood where it was: an answer may be as old as a replica lags."""
    gone, seen_ = at.session.pending, at.session.seen
    until = gone.gone.at if gone is not None else at.session.agreed_at
    return min(until, seen_.at - at.session.rules.lag) if seen_ is not None else until


def _keep_answer(house: House, tx: Tx, at: Target, answer: Answer, ticket: Ticket) -> Session:
    if is_too_old(at, answer):
        return young.look_later(tx, at.session, at.copy, ticket)
    glance, there = glance_of(house, tx, at, answer), note_place(tx, at, answer)
    observed = observe(base_of(at.copy), intent_of(at.copy), there, glance)
    if there is None and isinstance(observed.fact, Missing) and not _looked_everywhere(tx, at):
        # It may stand in a calendar that could not be asked: seen missing, but not confirmed.
        unsure = replace(glance, via=Via.CHANGE)
        observed = observe(base_of(at.copy), intent_of(at.copy), None, unsure)
    return seen.keep(tx, at.session, at.copy, observed, ticket)


def is_too_old(at: Target, answer: Answer) -> bool:
    """Tell whether *answer* shows nothing, which may be because it is older than the event."""
    return answer.there is None and answer.stamp is None and young.is_young(at.session, at.copy, answer.sent)


def note_place(tx: Tx, at: Target, answer: Answer) -> Event | None:
    """Return our event if it stands where we looked, and remember its version, or that nothing is there."""
    there = seen.ours(at.copy, answer.there)
    if there is not None or answer.there is None:
        stored.keep_own(tx, at.calendar.id, at.copy.ref, there)
    return there


def glance_of(house: House, tx: Tx, at: Target, answer: Answer) -> Glance:
    """Return the circumstances of a look by id."""
    receipt = answer.there.receipt if answer.there else Receipt()
    glance = seen.glance_at(
        house, tx, at.session, at.copy, at.person, receipt, answer.sent, answer.received, via=Via.LOOK
    )
    return replace(glance, stamp=answer.stamp)


def _looked_everywhere(tx: Tx, at: Target) -> bool:
    """Tell whether every other calendar of the person was seen since the event was first seen gone."""
    if at.session.pending is None:
        return True  # a first sight: it is confirmed later
    since = at.session.act.gone.at
    everywhere, skipped = True, None if spares.older(tx, at.copy) else at.calendar.id
    for calendar in tx.calendars.of_person(at.person.id):
        if calendar.id == skipped or calendar.times_only:
            continue
        verified = calendar.verified_at is not None and calendar.verified_at >= since
        if verified and not tx.calendars.noted_since(calendar.id, stood(at)):
            continue  # what cannot be read there may be our event
        everywhere = False
        if calendar.account_id != at.account.id and not verified:
            seen.round_soon(tx, calendar)
    return everywhere


def _keep_trouble(
    house: House, tx: Tx, at: Target, answer: Answer, error: ProviderError, ticket: Ticket
) -> None:
    if isinstance(error, Unreadable):
        session = seen.keep_blind(
            tx, at.session, at.copy, Doubt.UNREADABLE, answer.received, lost=False, own=ticket
        )
    else:
        ailing.note_calendar(house, tx, at.account, at.calendar, error, answer.received)
        ailing.note_refusal(tx, at.account, error)
        session = session_in(tx.sessions.get(at.copy.session_id))
    session = record(tx, session, [Passed(at=answer.received)], ticket)
    retry_after = error.retry_after if isinstance(error, Unavailable) else None
    _later(tx, ticket, session, str(error), retry_after)


def _nothing_to_see(house: House, ticket: Ticket, session_id: SessionId) -> None:
    """Let only time pass for a session whose account was disconnected, or does not let us in."""
    with house.db.write() as tx:
        session = record(tx, session_in(tx.sessions.get(session_id)), [Passed(at=tx.now)], ticket)
        _later(tx, ticket, session, "the account does not let us in", None)


def _later(tx: Tx, ticket: Ticket, session: Session, why: str, retry_after: timedelta | None) -> None:
    if next_of(tx, session, ticket) is None:
        work.finish(tx, ticket, None)
    else:
        work.set_back(tx, ticket, why, retry_after)


def _not_at_once(house: House, at: datetime | None, answer: Answer) -> datetime | None:
    """Return *at*, but never a time that has come already: a look that changed nothing must not spin.

    The longer it has been due, the less often it is repeated.
    """
    if at is None or at > answer.received:
        return at
    least = max(house.config.rules.confirm_after / 2, house.config.rules.lag / 2, poll.LEAST_PAUSE)
    overdue = min((answer.received - at) / 4, house.config.poll.near_deadline)
    return answer.received + max(least, overdue)


def pass_time(house: House, ticket: Ticket) -> None:
    """Let the time that has passed have its say for a session that needs no look, or cannot be looked at.

    :raises Fenced: if the work was given to somebody else meanwhile.
    """
    with house.db.write() as tx:
        session = record(tx, session_in(tx.sessions.get(SessionId(ticket.key))), [Passed(at=tx.now)], ticket)
        at = next_of(tx, session, ticket)
        if at is not None and at <= tx.now:  # what is missing is a look, which cannot be had
            at = tx.now + house.config.poll.every
        work.finish(tx, ticket, at)
