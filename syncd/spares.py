"""Older events of a session that their owner brought back beside the newer one.

A calendar's trash bin gives an event back long after another one was written in its place. While
both stand the owner has the session twice: the absence of one of them says nothing. The newest row
of a side is always the session's own event; what stands beside it is in the rows before.
"""

from __future__ import annotations

from datetime import datetime

from policy.facts import Actor, Side
from policy.life import Session, State
from syncd.pictures import Intent, Op, base_of, intent_of
from syncd.store.rows import Copy, Health, SessionId
from syncd.store.tx import Tx

_REMOVED = (Health.LOST, "removed")


def out_of_sight(tx: Tx, copy: Copy) -> bool:
    """Tell whether the owner has taken the place of *copy* away from us."""
    calendar = tx.calendars.get(copy.calendar_id)
    taken = calendar.times_only or (calendar.health, calendar.cause) == _REMOVED
    return taken or not tx.accounts.get(calendar.account_id).grant


def older(tx: Tx, copy: Copy) -> tuple[Copy, ...]:
    """Return the events that this side had before *copy*, the newest first."""
    every = tx.copies.of(copy.session_id)
    return tuple(one for one in reversed(every) if one.side is copy.side and one.id < copy.id)


def is_spare(copy: Copy) -> bool:
    """Tell whether *copy* was last seen to stand beside the session's own event."""
    return copy.base is not None and bool(copy.base.get("beside"))


def standing(tx: Tx, copy: Copy) -> Copy | None:
    """Return an older event that stands in the owner's connected calendars, if there is one."""
    return next((one for one in older(tx, copy) if is_spare(one) and not out_of_sight(tx, one)), None)


def to_take_away(tx: Tx, copy: Copy) -> Copy | None:
    """Return an older event that is ours to take away: one that bears our mark."""
    for one in older(tx, copy):
        base = base_of(one)
        if base is not None and base.beside and not base.bare and not out_of_sight(tx, one):
            return one
    return None


def taken_at(tx: Tx, session: Session, copy: Copy) -> datetime | None:
    """Return when we took an older event away, as long as *copy* was not proven to stand after that."""
    if (intent := _taking(copy)) is not None:
        return intent.at  # it was the older one itself until now: nobody knows whether our write arrived
    taken = (_taking(one) for one in older(tx, copy) if one.base is None)
    last = max((intent.at for intent in taken if intent is not None), default=None)
    return last if last is not None and not _outlived(session, last) else None


def by_us(tx: Tx, session: Session, copy: Copy) -> bool:
    """Tell whether the absence of *copy* may be our doing: its owner may have taken one of two, and we the other.

    What is gone by the deadline, or was not proven to stand then, forfeits nobody, and is judged as it is.
    """
    if copy.side is not Side.STUDENT or not session.proven_at_deadline:
        return False
    pending = session.pending
    free = session.state in {State.BOOKED, State.INCIDENT}
    if not (free or (pending is not None and pending.actor is Actor.MENTOR)):
        return False
    return taken_at(tx, session, copy) is not None


def forget_outlived(tx: Tx, session: Session, copy: Copy) -> None:
    """Forget what was taken away before the session's own event was proven to stand."""
    for one in older(tx, copy):
        intent = _taking(one)
        if intent is not None and one.base is None and _outlived(session, intent.at):
            tx.copies.set_intent(one.id, None)


def forget(tx: Tx, session_id: SessionId) -> None:
    """Forget what was taken away: nothing is judged any more."""
    for one in tx.copies.of(session_id):
        if one.base is None and _taking(one) is not None:
            tx.copies.set_intent(one.id, None)


def _taking(copy: Copy) -> Intent | None:
    intent = intent_of(copy)
    return intent if intent is not None and intent.op is Op.SPARE else None


def _outlived(session: Session, at: datetime) -> bool:
    return session.present is not None and session.present.at > at
