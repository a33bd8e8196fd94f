"""How a session that stands twice comes to stand once: see :mod:`syncd.spares` for what is known of both."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from policy.facts import Fact, Side, Via
from policy.life import ENDED, Session, State
from providers.base import Event
from syncd import spares
from syncd.book import current, record
from syncd.observe import Glance, observe
from syncd.pictures import Intent, Op, base_of
from syncd.store.rows import CalendarRowId, Copy, Ticket
from syncd.store.tx import Tx


def turned_up(
    tx: Tx,
    session: Session,
    copy: Copy,
    calendar_id: CalendarRowId,
    event: Event,
    glance: Glance,
    own: Ticket | None = None,
) -> Session:
    """Note that *event*, an older one of the session, was seen; it is its own again if no newer one stands."""
    if session.state is State.ELAPSED:
        return session
    if spares.is_spare(copy) and (copy.calendar_id, copy.ref) != (calendar_id, event.ref):
        return session  # a mirror of it
    seen = observe(None, None, event, glance)
    if seen.base is None or seen.base.served:
        return session  # a server's own copy goes as the server pleases
    if seen.base.act is not None:  # it stands declined or cancelled: that is no session
        return gone(tx, session, copy, glance.received, own)
    marked = event.session == session.id
    stored = seen.base.model_copy(update={"beside": True, "bare": not marked}).stored()
    if (copy.calendar_id, copy.ref, copy.base) != (calendar_id, event.ref, stored):
        tx.copies.follow(copy.id, calendar_id, event.ref, stored)
        tx.copies.set_intent(copy.id, None)
    newest = current(tx, copy.session_id)[copy.side]
    base = base_of(newest)
    if base is not None and base.act is None and not spares.out_of_sight(tx, newest):
        if glance.via is not Via.LOOK:
            question(tx, newest)
        return record(tx, session, [], own)
    return give_way(tx, session, newest, tx.copies.get(copy.id), [seen.fact, *seen.others], own)


def question(tx: Tx, newest: Copy) -> None:
    """Have the session's own event looked at before anything is done about the one beside it."""
    base = base_of(newest)
    if base is not None:
        tx.copies.set_base(newest.id, base.model_copy(update={"untold": True}).stored())


def gone(tx: Tx, session: Session, copy: Copy, at: datetime, own: Ticket | None = None) -> Session:
    """Note that an older event stands no more; that is no act while there is a newer one."""
    if not spares.is_spare(copy):
        return session
    taken = copy.intent is not None and copy.side is Side.STUDENT and session.state not in ENDED
    kept = Intent(op=Op.SPARE, at=at) if taken and session.proven_at_deadline else None
    tx.copies.set_base(copy.id, None)
    tx.copies.set_intent(copy.id, kept.stored() if kept else None)
    return record(tx, session, [], own)


def give_way(
    tx: Tx,
    session: Session,
    newest: Copy,
    spare: Copy,
    facts: Iterable[Fact | None] = (),
    own: Ticket | None = None,
) -> Session:
    """Make *spare* the session's own event in the place of *newest*, which does not stand any more."""
    base = base_of(spare)
    assert base is not None  # noqa: S101 - it stands
    shown = [fact for fact in facts if fact is not None]
    tx.copies.set_base(newest.id, None)
    tx.copies.set_intent(newest.id, None)
    tx.copies.swap(newest.id, spare.id)
    again = base.model_copy(update={"beside": False, "bare": False, "untold": not shown})
    tx.copies.set_base(newest.id, again.stored())
    return record(tx, session, shown, own)
