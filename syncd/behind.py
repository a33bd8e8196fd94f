"""What a server lists in another version than it shows: a replica may be behind the one that listed.

The token has moved on by then, so the calendar is listed anew as soon as no replica can be behind
any more. What is still so then is an index that is wrong: what is shown holds.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from providers.base import BEHIND, Changes, Event, Item, Receipt, Tombstone, Unread, key_of
from syncd.store.rows import CalendarRowId
from syncd.store.tx import Tx


def is_behind(item: Item) -> bool:
    """Tell whether *item* was listed in another version than it was shown."""
    return not isinstance(item, Tombstone) and BEHIND in item.notes


def receipt_of(changes: Changes, item: Item | None) -> Receipt:
    """Return how far *item* can be trusted as a sight of the present: no further than the answer that it is in."""
    old = isinstance(item, Event) and (item.receipt.cached or is_behind(item))
    return replace(changes.receipt, cached=True) if old else changes.receipt


def settled(tx: Tx, calendar_id: CalendarRowId, changes: Changes, sent: datetime, lag: timedelta) -> Changes:
    """Return *changes*, and what has been behind for longer than the *lag* of a replica is taken as it was shown."""
    old = {
        item.ref for item in changes.items if is_behind(item) and _is_old(tx, calendar_id, item, sent - lag)
    }
    if not old:
        return changes
    items = tuple(_as_shown(item) if item.ref in old else item for item in changes.items)
    gone = {item.ref for item in items if item.ref in old and isinstance(item, Tombstone)}
    listed = changes.listed
    if listed is not None:
        listed = {ref: etag for ref, etag in listed.items() if ref not in gone}
    return replace(changes, items=items, listed=listed)


def _is_old(tx: Tx, calendar_id: CalendarRowId, item: Item, before: datetime) -> bool:
    assert not isinstance(item, Tombstone)  # noqa: S101 - one is not behind
    since = tx.calendars.behind_in(calendar_id, key_of(item.ref), item.etag)
    return since is not None and since < before


def _as_shown(item: Item) -> Item:
    if isinstance(item, Event):
        return replace(item, notes=tuple(note for note in item.notes if note != BEHIND))
    if isinstance(item, Unread) and item.notes == (BEHIND,):
        return Tombstone(item.ref)
    return item


def is_in(changes: Changes | None) -> bool:
    """Tell whether something in *changes* is behind."""
    return changes is not None and any(is_behind(item) for item in changes.items)
