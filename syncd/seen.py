"""What an answer shows of our sessions and of the owner's time, written into the book and the store.

Runs inside the transaction that also keeps the sync token.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from policy.facts import Act, Actor, Blinded, Fact, Missing, PutBack, Replaced, Side, Sighted, Via
from policy.life import ENDED, LIVE, Session, State
from policy.notice import Doubt
from providers.base import (
    Changes,
    ETag,
    Event,
    EventRef,
    Item,
    Receipt,
    Status,
    Tombstone,
    Unread,
    key_of,
)
from syncd import doubled, route, spares, work, young
from syncd.behind import is_behind, receipt_of
from syncd.book import current, record, session_in
from syncd.clock import proves
from syncd.house import House
from syncd.observe import Glance, Observed, act_in, observe, standing
from syncd.pictures import Op, base_of, intent_of
from syncd.spares import out_of_sight
from syncd.store.rows import Calendar, CalendarRowId, Copy, Health, Person, PersonId, Stray, Ticket
from syncd.store.tx import Tx

OURS = "syncd-"
"""How the UID of every event of ours begins."""


# --- sessions ------------------------------------------------------------------------


def in_changes(
    house: House,
    tx: Tx,
    person: Person,
    calendar: Calendar,
    changes: Changes,
    sent: datetime,
    received: datetime,
    *,
    anew: bool = False,
    stood: Mapping[EventRef, datetime] | None = None,
) -> None:
    """Judge what the changes of one calendar show of the sessions that stand in it.

    *anew*: another calendar stands in the place of the old one, and what is missing went with that.
    *stood*: since when events have stood there that could not be read until now.
    """
    items = {item.ref: item for item in changes.items}
    older = _older_in_changes(house, tx, person, calendar, changes, sent, received)
    for copy in copies_in(tx, calendar.id, person.id, items):
        if changes.listed is None and copy.ref not in items:
            young.unnamed(tx, copy, changes)
            continue
        via = Via.CHANGE if copy.ref in items else Via.LISTING
        session = session_in(tx.sessions.get(copy.session_id))
        if session.state is State.ELAPSED:
            continue  # what becomes of it is its owner's business
        if anew and copy.base is not None and copy.ref not in (changes.listed or items):
            went_with_it(tx, session, copy, received, sure=calendar.health is Health.LOST)
            continue
        item = items.get(copy.ref)
        receipt = receipt_of(changes, item)
        glance = glance_at(house, tx, session, copy, person, receipt, sent, received, via=via)
        _copy_in_changes(tx, session, copy, item, changes, glance)
    for item in changes.items:
        if isinstance(item, Event) and item.uid.startswith(OURS) and item.uid not in older:
            appeared = (stood or {}).get(item.ref, received)
            trusted = replace(item, receipt=receipt_of(changes, item))
            _elsewhere(house, tx, person, calendar, trusted, sent, received, appeared)


def _older_in_changes(
    house: House,
    tx: Tx,
    person: Person,
    calendar: Calendar,
    changes: Changes,
    sent: datetime,
    received: datetime,
) -> frozenset[str]:
    """Note what the changes show of older events, before the absence of a newer one is judged; return their UIDs."""
    items = {item.ref: item for item in changes.items}
    if not items and changes.listed is None:
        return frozenset()
    for copy in tx.copies.older(calendar.id):
        there = items.get(copy.ref)
        left = copy.ref in changes.listed if changes.listed is not None else there is None
        if isinstance(there, Tombstone) or (isinstance(there, Event) and not ours(copy, there)) or not left:
            doubled.gone(tx, session_in(tx.sessions.get(copy.session_id)), copy, received)
    found: set[str] = set()
    for item in changes.items:
        if not isinstance(item, Event) or not item.uid.startswith(OURS):
            continue
        copy_there = _own(tx, person, item, newest=False)
        if copy_there is not None:
            found.add(item.uid)
            session = session_in(tx.sessions.get(copy_there.session_id))
            receipt = receipt_of(changes, item)
            glance = glance_at(
                house, tx, session, copy_there, person, receipt, sent, received, via=Via.FOLLOW
            )
            doubled.turned_up(tx, session, copy_there, calendar.id, item, glance)
    return frozenset(found)


def copies_in(
    tx: Tx, calendar_id: CalendarRowId, person_id: PersonId, refs: Collection[EventRef] = ()
) -> tuple[Copy, ...]:
    """Return the copies that a look at this calendar speaks of: the newest of each side.

    Those of sessions that are over are history, unless something still stands, is under way,
    or has turned up at one of *refs*.
    """
    concerned = tx.copies.concerned(calendar_id, person_id, refs)
    return tuple(sorted(concerned, key=lambda copy: copy.session_id))  # everybody locks in one order


def ours(copy: Copy, there: Event | None) -> Event | None:
    """Return what stands at the place of *copy* if it is that event, and not somebody else's."""
    return there if there is not None and there.uid == copy.uid else None


def glance_at(
    house: House,
    tx: Tx,
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
    guest = tx.people.get(PersonId(session.mentor)).email if copy.side is Side.STUDENT else ""
    hearsay = copy.side is Side.STUDENT and route.mentor_speaks(tx, session)
    return Glance(copy.side, person.email, via, sent, received, right, guest, hearsay, cached=receipt.cached)


def _copy_in_changes(
    tx: Tx, session: Session, copy: Copy, item: Item | None, changes: Changes, glance: Glance
) -> None:
    match item:
        case Event() if ours(copy, item):
            keep(tx, session, copy, observe(base_of(copy), intent_of(copy), item, glance))
        case Event():
            _absent(tx, session, copy, glance)
        case Unread():
            _is_no_ghost(tx, copy)
            if is_behind(item):
                return  # it is listed anew soon
            keep_blind(tx, session, copy, Doubt.UNREADABLE, glance.received, lost=False)
        case Tombstone():
            _absent(tx, session, copy, replace(glance, stamp=item.stamp))
        case None if changes.listed is not None:
            _in_listing(tx, session, copy, changes, changes.listed, glance)


def _is_no_ghost(tx: Tx, copy: Copy) -> None:
    """Note that something does stand where an event of ours is being written, though nobody can read it now."""
    intent = intent_of(copy)
    if intent is not None and intent.ghosts:
        tx.copies.set_intent(
            copy.id, intent.model_copy(update={"ghosts": 0, "exists": None, "used": False}).stored()
        )


def went_with_it(
    tx: Tx, session: Session, copy: Copy, at: datetime, own: Ticket | None = None, *, sure: bool = True
) -> Session:
    """Have an event written again that went with its calendar; an act that was seen before that counts.

    *sure*: the calendar was seen to be gone; one that is merely empty may have been emptied.
    """
    if _acted(session, copy):
        return session
    if (spare := spares.standing(tx, copy)) is not None:
        return doubled.give_way(tx, session, copy, spare, own=own)
    if session.state not in ENDED:
        tx.copies.set_base(copy.id, None)
        tx.copies.set_intent(copy.id, None)
        _read_again(tx, copy)  # it may have been carried there before
    return record(tx, session, [Replaced(at=at, sure=sure)] if copy.side is Side.STUDENT else [], own)


def _absent(tx: Tx, session: Session, copy: Copy, glance: Glance) -> None:
    keep(tx, session, copy, observe(base_of(copy), intent_of(copy), None, glance))


def _in_listing(
    tx: Tx, session: Session, copy: Copy, changes: Changes, listed: Mapping[EventRef, ETag], glance: Glance
) -> None:
    base = base_of(copy)
    if copy.ref not in listed:
        if young.is_young(session, copy, glance.sent):
            young.look_later(tx, session, copy)
        elif not changes.receipt.cached:  # else it may not have been there yet
            _absent(tx, session, copy, glance)
    elif base is not None and listed[copy.ref] == base.etag and copy.intent is None:
        keep(tx, session, copy, standing(base, glance))


def keep(tx: Tx, session: Session, copy: Copy, observed: Observed, own: Ticket | None = None) -> Session:
    """Write down one observation: pictures and fact together."""
    if isinstance(observed.fact, Missing) and (said := _no_act(tx, session, copy, observed, own)) is not None:
        return said
    base = observed.base.stored() if observed.base else None
    intent = observed.intent.stored() if observed.intent else None
    if base != copy.base:
        tx.copies.set_base(copy.id, base)
        if observed.base is not None and observed.base.served:
            route.take(tx, current(tx, copy.session_id).get(Side.STUDENT))
    if intent != copy.intent:
        tx.copies.set_intent(copy.id, intent)
    route.note(tx, session, copy, observed)
    facts, sent = _facts(session, observed), observed.fact.sent if observed.fact else None
    if sent and base is not None:
        _call_mirrors(tx, session, copy, sent)
    undone, session = _acted(session, copy), record(tx, session, facts, own)
    if undone and session.pending is None and session.state in LIVE and copy.side is Side.STUDENT and facts:
        route.ask_again(tx, session, facts[0].at)
        session = record(tx, session, [], own)
    if base is None and (sent or _withdrawn(copy)):
        _look_for_it(tx, session, copy)
    if sent and copy.side is Side.STUDENT:
        spares.forget_outlived(tx, session, copy)
    if _called_off(copy, observed):
        round_soon(tx, tx.calendars.get(_students_place(tx, copy)))
    return session


def _no_act(tx: Tx, session: Session, copy: Copy, observed: Observed, own: Ticket | None) -> Session | None:
    """Return the session if the absence of *copy* is nobody's act.

    It went with its calendar before, or with the student's event, or an older event stands, or may have until we came.
    """
    assert isinstance(observed.fact, Missing)  # noqa: S101 - who asks has looked
    if copy.base is None and copy.intent is None and not _acted(session, copy):
        return record(tx, session, observed.others, own)
    if (spare := spares.standing(tx, copy)) is not None:
        return doubled.give_way(tx, session, copy, spare, observed.others, own)
    if observed.fact.cascades and session.pending is None and route.went_along(tx, session, copy):
        tx.copies.set_base(copy.id, None)
        route.ask_again(tx, session, observed.fact.at)
        return record(tx, session, observed.others, own)
    if not spares.by_us(tx, session, copy):
        return None
    if session.pending is None:
        return went_with_it(tx, session, copy, observed.fact.at, own)
    return record(tx, session, observed.others, own)  # it is looked at again when the mentor's act is over


def _facts(session: Session, observed: Observed) -> list[Fact]:
    if observed.cached and session.pending is not None and isinstance(observed.fact, Missing):
        return []  # it may have been undone since: whoever answers by himself is asked again
    if observed.fact is None:
        return []
    back: list[Fact] = [PutBack(at=observed.fact.at)] if observed.put_back else []
    return [_worth(session, observed, observed.fact), *back, *observed.others]


def _worth(session: Session, observed: Observed, fact: Sighted | Missing) -> Fact:
    """Return *fact* as it counts: an event without its guest says nothing on why the guest's copy went."""
    cascades = session.pending is not None and session.pending.cascades
    if isinstance(fact, Sighted) and cascades and observed.base is not None and observed.base.dropped:
        return fact.model_copy(update={"proves": False})
    return fact


def _call_mirrors(tx: Tx, session: Session, copy: Copy, at: datetime) -> None:
    """Call mirrors what has stood beside the original for longer than a move can take."""
    for stray in tx.copies.strays(copy.id):
        if stray.mirror is None and at > stray.appeared_at + session.rules.lag:
            tx.copies.settle_stray(stray.copy_id, stray.calendar_id, stray.ref, mirror=True)


def _look_for_it(tx: Tx, session: Session, copy: Copy) -> None:
    """Have what newly appeared with the UID read again, now that the original is gone: it may have moved there."""
    if _acted(session, copy) or _withdrawn(copy):
        _read_again(tx, copy)


def _read_again(tx: Tx, copy: Copy) -> None:
    for stray in tx.copies.strays(copy.id):
        if not stray.mirror:
            tx.copies.drop_stray(stray.copy_id, stray.calendar_id, stray.ref)
            tx.calendars.drop_resource(stray.calendar_id, key_of(stray.ref))
            tx.calendars.list_anew(stray.calendar_id)
            round_soon(tx, tx.calendars.get(stray.calendar_id))


def round_soon(tx: Tx, calendar: Calendar) -> None:
    """Ask for a round of the account of *calendar*; one that is not well keeps its own pace."""
    if tx.accounts.get(calendar.account_id).health is Health.OK:
        key = work.account_key(calendar.account_id)
        tx.due.want(work.SYNC, key, at=tx.now, prio=work.PRIO[work.SYNC], excl=key)


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
    appeared: datetime,
) -> None:
    """Note an event with our UID that does not stand where we put it, and follow it if that one is gone."""
    copy = _own(tx, person, event, newest=True)
    if copy is None:
        _take_invite(house, tx, person, calendar, event, sent, received)
        return
    if act_in(event, person.email):
        return
    if (copy.calendar_id, copy.ref) == (calendar.id, event.ref):
        return
    known = {(each.calendar_id, each.ref): each for each in tx.copies.strays(copy.id)}
    mirror = known[calendar.id, event.ref].mirror if (calendar.id, event.ref) in known else None
    session = session_in(tx.sessions.get(copy.session_id))
    if mirror is None and appeared < received and _stood_beside(session, copy, appeared):
        mirror = True
    if _is_invite(copy, event):
        mirror = False
        route.take(tx, current(tx, copy.session_id).get(Side.STUDENT))
    tx.copies.put_stray(Stray(copy.id, calendar.id, event.ref, event.etag, appeared, mirror))
    if out_of_sight(tx, copy) or (not mirror and _is_missing(session, copy)):
        glance = glance_at(house, tx, session, copy, person, event.receipt, sent, received, via=Via.FOLLOW)
        follow(tx, session, copy, calendar.id, event, glance)
    elif not mirror:
        record(tx, session, [])  # the original is looked at soon: see what is due


def _stood_beside(session: Session, copy: Copy, appeared: datetime) -> bool:
    """Tell whether the student's event is proven to have stood long after another *appeared*."""
    until = session.present
    return copy.side is Side.STUDENT and until is not None and until.at > appeared + session.rules.lag


_ACTOR = {Side.STUDENT: Actor.STUDENT, Side.MENTOR: Actor.MENTOR}


def _is_missing(session: Session, copy: Copy) -> bool:
    """Tell whether the event was not seen, or not seen any more, where it was put."""
    intent, verdict = intent_of(copy), session.verdict
    if copy.base is None and intent is not None and intent.op is Op.CREATE:
        return True
    if verdict is not None:
        return copy.base is None and (verdict.act, verdict.actor) == (Act.REMOVED, _ACTOR[copy.side])
    return _acted(session, copy) or _unwritten(session, copy)


def _unwritten(session: Session, copy: Copy) -> bool:
    """Tell whether our own copy at the mentor's was withdrawn, or an event went with its calendar."""
    none = copy.base is None and copy.intent is None
    return none and (copy.side is Side.MENTOR or session.state is State.PLANNED)


def _withdrawn(copy: Copy) -> bool:
    intent = intent_of(copy)
    return intent is not None and intent.op is Op.WITHDRAW


def _is_invite(copy: Copy, event: Event) -> bool:
    """Tell whether *event* is the server's own copy beside ours, which asks servers for silence."""
    base = base_of(copy)
    served = base is not None and base.served
    return copy.side is Side.MENTOR and not event.silent and not served


def _take_invite(
    house: House,
    tx: Tx,
    person: Person,
    calendar: Calendar,
    event: Event,
    sent: datetime,
    received: datetime,
) -> None:
    """Take the copy that the student's server made in the mentor's calendar for the mentor's own."""
    of_student = [copy for copy in tx.copies.by_uid(event.uid) if copy.side is Side.STUDENT]
    if not of_student or event.status is Status.CANCELLED:
        return
    session = session_in(tx.sessions.get(of_student[0].session_id))
    copies = current(tx, of_student[0].session_id)
    last = copies.get(Side.MENTOR)
    other = last is not None and last.generation >= of_student[0].generation
    if session.mentor != person.id or copies[Side.STUDENT] != of_student[0] or other:
        return
    generation = of_student[0].generation
    copy = tx.copies.add(of_student[0].session_id, Side.MENTOR, generation, calendar.id, event.uid, event.ref)
    glance = glance_at(house, tx, session, copy, person, event.receipt, sent, received, via=Via.CHANGE)
    keep(tx, session, copy, observe(None, None, event, glance))


def _called_off(copy: Copy, observed: Observed) -> bool:
    """Tell whether a server has just called off the mentor's invite: the student's event says why."""
    before, now = base_of(copy), observed.base
    if now is None or not now.served or now.act is not Act.CANCELLED:
        return False
    return before is not None and before.act is not Act.CANCELLED


def _students_place(tx: Tx, copy: Copy) -> CalendarRowId:
    return current(tx, copy.session_id)[Side.STUDENT].calendar_id


def _acted(session: Session, copy: Copy) -> bool:
    """Tell whether an act of the copy's owner is being looked into, or stopped."""
    pending = session.pending if session.state in {State.NOTICED, State.SUSPECT} else None
    return pending is not None and pending.actor is _ACTOR[copy.side]


def _own(tx: Tx, person: Person, event: Event, *, newest: bool) -> Copy | None:
    """Return the person's own copy that has the UID of *event*: the newest of its side, or an older one."""
    for copy in tx.copies.by_uid(event.uid):
        session = tx.sessions.get(copy.session_id)
        owner = session.student_id if copy.side is Side.STUDENT else session.mentor_id
        if owner == person.id and (current(tx, copy.session_id).get(copy.side) == copy) == newest:
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
    tx.copies.set_intent(copy.id, None)
    tx.copies.drop_stray(copy.id, calendar_id, event.ref)
    return record(tx, session, [observed.fact] if observed.fact else [], own)
