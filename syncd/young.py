"""An event that we have just made: an answer may be older than it, and changes need not tell of it."""

from __future__ import annotations

from datetime import datetime

from policy.life import ENDED, Session
from providers.base import Changes
from syncd.book import record, session_in
from syncd.pictures import base_of
from syncd.store.rows import Copy, Ticket
from syncd.store.tx import Tx


def unnamed(tx: Tx, copy: Copy, changes: Changes) -> None:
    """Have an event of ours looked at by itself if the first changes after its creation do not tell of it.

    Made and taken away between two of their reports, it is in neither on Xandikos.
    """
    if copy.base is None or not copy.base.get("fresh"):
        return  # most are not, and this is asked of every event of ours in every round
    base, session = base_of(copy), session_in(tx.sessions.get(copy.session_id))
    if base is None or session.state in ENDED:
        return
    told = base.model_copy(update={"fresh": False, "untold": copy.ref not in changes.same})
    tx.copies.set_base(copy.id, told.stored())
    record(tx, session, [])  # what is due now has changed


def is_young(session: Session, copy: Copy, sent: datetime) -> bool:
    """Tell whether an answer to what was *sent* then may be older than the event, so that its absence says nothing."""
    base = base_of(copy)
    return base is not None and base.made is not None and sent - session.rules.lag < base.made


def look_later(tx: Tx, session: Session, copy: Copy, own: Ticket | None = None) -> Session:
    """Have an event looked at once no answer can be older than it."""
    base = base_of(copy)
    if base is not None and not base.untold:
        tx.copies.set_base(copy.id, base.model_copy(update={"untold": True}).stored())
    return record(tx, session, [], own)
