"""What an answer shows of our sessions and of the owner's time, written into the book and the store.

Runs inside the transaction that also keeps the sync token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from policy.facts import Actor, Blinded, Fact, Side, Via
from policy.interval import Interval
from policy.life import Session, State
from policy.notice import Doubt
from providers.base import (
    BusyTime,
    Changes,
    ETag,
    Event,
    EventRef,
    Item,
    Receipt,
    RefKey,
    Tombstone,
    Unread,
    key_of,
)
from syncd import work
from syncd.book import current, record, session_in
from syncd.clock import proves
from syncd.house import House
from syncd.observe import Glance, Observed, act_in, observe, standing
from syncd.pictures import base_of, intent_of
from syncd.store.rows import Block, Calendar, CalendarRowId, Copy, Person, Stray, Ticket
from syncd.store.tx import Tx

OURS = "syncd-"
"""How the UID of every event of ours begins."""


# --- busy time -----------------------------------------------------------------------


def blocks(key: RefKey, time: BusyTime) -> tuple[Block, ...]:
    """Return what is stored of a resource's busy time."""
    kinds: tuple[tuple[str, tuple[Interval, ...]], ...] = (
        ("busy", time.busy),
        ("tentative", time.tentative),
        ("unknown", time.unknown),
    )
    return tuple(Block(key, each.start, each.end, kind) for kind, intervals in kinds for each in intervals)


def keep_resource(tx: Tx, calendar_id: CalendarRowId, item: Item) -> None:
    """Replace what is stored of one resource by what it says now."""
    key = key_of(item.ref)
    if isinstance(item, Tombstone):
        tx.calendars.drop_resource(calendar_id, key)
    else:
        tx.calendars.put_resource(calendar_id, key, item.etag, blocks(key, item.time))


def keep_only(tx: Tx, calendar_id: CalendarRowId, listed: Mapping[EventRef, ETag]) -> None:
    """Forget resources that a complete listing does not have."""
    standing_keys = {key_of(ref) for ref in listed}
    for key in tx.calendars.known(calendar_id):
        if key not in standing_keys:
            tx.calendars.drop_resource(calendar_id, key)


def keep_own(tx: Tx, calendar_id: CalendarRowId, ref: EventRef, event: Event | None) -> None:
    """Remember an event of ours as read by its id, so that the next round does not read it again.

    One that is gone is forgotten: restored as it was, it comes back in the version we knew.
    """
    key = key_of(ref)
    if event is None:
        tx.calendars.drop_resource(calendar_id, key)
        return
    time = BusyTime()
    if event.start is not None and event.end is not None and event.start < event.end:
        time = BusyTime(busy=(Interval(event.start, event.end),))
    tx.calendars.put_resource(calendar_id, key, event.etag, blocks(key, time))


# --- sessions ------------------------------------------------------------------------


def in_changes(
    house: House,
    tx: Tx,
    person: Person,
    calendar: Calendar,
    changes: Changes,
    sent: datetime,
    received: datetime,
) -> None:
    """Judge what the changes of one calendar show of the sessions that stand in it."""
    items = {item.ref: item for item in changes.items}
    for copy in copies_in(tx, calendar.id):
        via = Via.CHANGE if copy.ref in items else Via.LISTING
        session = session_in(tx.sessions.get(copy.session_id))
        glance = glance_at(house, session, copy, person, changes.receipt, sent, received, via=via)
        _copy_in_changes(tx, session, copy, items.get(copy.ref), changes, glance)
    for item in changes.items:
        if isinstance(item, Event) and item.uid.startswith(OURS):
            _elsewhere(house, tx, person, calendar, item, sent, received)


def copies_in(tx: Tx, calendar_id: CalendarRowId) -> tuple[Copy, ...]:
    """Return the copies that a look at this calendar speaks of: the newest of each side."""
    return tuple(
        copy
        for copy in tx.copies.of_calendar(calendar_id)
        if current(tx, copy.session_id).get(copy.side) == copy
    )


def glance_at(
    house: House,
    session: Session,
    copy: Copy,
    person: Person,
    receipt: Receipt,
    sent: datetime,
    received: datetime,
    *,
    via: Via,
) -> Glance:
    """Return the circumstances of a look at *copy*."""
    right = not receipt.cached and proves(house.clock, sent, received, receipt.date, session.rules)
    return Glance(copy.side, person.email, via, sent, received, right)


def _copy_in_changes(
    tx: Tx, session: Session, copy: Copy, item: Item | None, changes: Changes, glance: Glance
) -> None:
    match item:
        case Event():
            keep(tx, session, copy, observe(base_of(copy), intent_of(copy), item, glance))
        case Unread():
            keep_blind(tx, session, copy, Doubt.UNREADABLE, glance.received, lost=False)
        case Tombstone():
            _absent(tx, session, copy, glance)
        case None if changes.listed is not None:
            _in_listing(tx, session, copy, changes.listed, glance)
        case None:
            pass


def _absent(tx: Tx, session: Session, copy: Copy, glance: Glance) -> None:
    if copy.base is not None or copy.intent is not None or session.state is State.NOTICED:
        keep(tx, session, copy, observe(base_of(copy), intent_of(copy), None, glance))


def _in_listing(
    tx: Tx, session: Session, copy: Copy, listed: Mapping[EventRef, ETag], glance: Glance
) -> None:
    base = base_of(copy)
    if copy.ref not in listed:
        _absent(tx, session, copy, glance)
    elif base is not None and listed[copy.ref] == base.etag and copy.intent is None:
        keep(tx, session, copy, standing(base, glance))


def keep(tx: Tx, session: Session, copy: Copy, observed: Observed, own: Ticket | None = None) -> Session:
    """Write down one observation: pictures and fact together."""
    base = observed.base.stored() if observed.base else None
    intent = observed.intent.stored() if observed.intent else None
    if base != copy.base:
        tx.copies.set_base(copy.id, base)
    if intent != copy.intent:
        tx.copies.set_intent(copy.id, intent)
    return record(tx, session, [observed.fact] if observed.fact else [], own)


def keep_blind(
    tx: Tx,
    session: Session,
    copy: Copy,
    cause: Doubt,
    at: datetime,
    *,
    lost: bool,
    own: Ticket | None = None,
) -> Session:
    """Write down that the event cannot be seen for now; the student's side only."""
    facts: Iterable[Fact] = [Blinded(at=at, cause=cause, lost=lost)] if copy.side is Side.STUDENT else []
    return record(tx, session, facts, own)


# --- copies that turn up elsewhere ---------------------------------------------------


def _elsewhere(
    house: House,
    tx: Tx,
    person: Person,
    calendar: Calendar,
    event: Event,
    sent: datetime,
    received: datetime,
) -> None:
    """Note an event with our UID that does not stand where we put it, and follow it if that one is gone."""
    copy = _original(tx, person, event)
    if (
        copy is None
        or (copy.calendar_id, copy.ref) == (calendar.id, event.ref)
        or act_in(event, person.email)
    ):
        return
    known = {(each.calendar_id, each.ref): each for each in tx.copies.strays(copy.id)}
    mirror = known[calendar.id, event.ref].mirror if (calendar.id, event.ref) in known else None
    tx.copies.put_stray(Stray(copy.id, calendar.id, event.ref, event.etag, received, mirror))
    if mirror:
        return
    session = session_in(tx.sessions.get(copy.session_id))
    if session.state is State.NOTICED and session.act.actor is _ACTOR[copy.side]:
        glance = glance_at(house, session, copy, person, event.receipt, sent, received, via=Via.FOLLOW)
        follow(tx, session, copy, calendar.id, event, glance)
    else:
        key = work.side_key(session.id, copy.side)
        account = work.account_key(calendar.account_id)
        tx.due.want(work.LOOK, key, at=tx.now, prio=work.PRIO[work.LOOK], excl=account)


_ACTOR = {Side.STUDENT: Actor.STUDENT, Side.MENTOR: Actor.MENTOR}


def _original(tx: Tx, person: Person, event: Event) -> Copy | None:
    """Return the person's own copy that has the UID of *event*."""
    for copy in tx.copies.by_uid(event.uid):
        session = tx.sessions.get(copy.session_id)
        owner = session.student_id if copy.side is Side.STUDENT else session.mentor_id
        if owner == person.id:
            return copy
    return None


def follow(
    tx: Tx,
    session: Session,
    copy: Copy,
    calendar_id: CalendarRowId,
    event: Event,
    glance: Glance,
    own: Ticket | None = None,
) -> Session:
    """Take *event* for the session's own from now on: it moved there."""
    observed = observe(base_of(copy), None, event, glance)
    base = observed.base.stored() if observed.base else None
    tx.copies.follow(copy.id, calendar_id, event.ref, base)
    return record(tx, session, [observed.fact] if observed.fact else [], own)
