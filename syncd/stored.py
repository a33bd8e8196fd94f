"""What is stored of a calendar's resources: when they take time, and what could not be read in them."""

from __future__ import annotations

from collections.abc import Mapping

from policy.interval import Interval
from providers.base import (
    BusyTime,
    Capability,
    ETag,
    Event,
    EventRef,
    Item,
    RefKey,
    Tombstone,
    key_of,
)
from syncd import notes
from syncd.observe import act_in
from syncd.seen import OURS
from syncd.store.rows import Block, CalendarRowId
from syncd.store.tx import Tx


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
    elif isinstance(item, Event) and item.uid.startswith(OURS) and _keeps_its_hour(tx, calendar_id, item):
        keep_own(tx, calendar_id, item.ref, item)
    else:
        tx.calendars.put_resource(calendar_id, key, item.etag, blocks(key, item.time))
        tx.calendars.put_notes(calendar_id, key, notes.codes(item))


def _keeps_its_hour(tx: Tx, calendar_id: CalendarRowId, event: Event) -> bool:
    """Tell whether an event of ours takes time of which the changes of its calendar do not tell."""
    account = tx.accounts.get(tx.calendars.get(calendar_id).account_id)
    if Capability.FREE_BUSY not in Capability(account.capabilities):
        return False
    return act_in(event, tx.people.get(account.person_id).email) is None


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
    tx.calendars.put_notes(calendar_id, key, notes.codes(event))
