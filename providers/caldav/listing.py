"""What changed in a calendar, and what stands in it (RFC 6578).

A row of an answer is a hint to look at a resource again. Only a row that says 404 and
nothing else, or a 404 of the resource itself, makes a tombstone; what an answer leaves
out, it says nothing about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from policy.interval import Interval
from providers.base import (
    BusyTime,
    Changes,
    ETag,
    EventRef,
    Item,
    Receipt,
    RefKey,
    SyncToken,
    Tombstone,
    Unread,
    key_of,
)
from providers.caldav.collection import NOTHING_HERE, Collection, content
from providers.caldav.dav import Multistatus, Row
from providers.caldav.quirks import of_etag
from providers.caldav.reading import item, unknown
from providers.caldav.wire import Answer
from providers.errors import EventNotFound, SyncTokenExpired, Unavailable
from providers.ical import Document
from providers.transport import TooLong

BATCH = 100
"""Resources read by one request."""

_PAGES = 200
_EXPIRED = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONFLICT,
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.INSUFFICIENT_STORAGE,
    }
)
"""Refusals of a token that need not name the condition: a full pass is harmless."""


@dataclass(slots=True)
class Listing:
    """What a server lists: everything, or what changed after a token."""

    complete: bool
    receipt: Receipt
    standing: dict[EventRef, ETag | None] = field(default_factory=dict)
    gone: dict[EventRef, None] = field(default_factory=dict)
    token: SyncToken | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How the bodies of one pass are read."""

    known: Mapping[RefKey, ETag]
    window: Interval
    read: Callable[[bytes], Document]


def changed(place: Collection, since: SyncToken) -> Listing:
    """Return what changed after *since*, every page followed.

    :raises SyncTokenExpired: if the server does not accept *since*.
    """
    first = place.sync(since)
    if first.status in NOTHING_HERE:
        raise place.vanished(first)
    named = "valid-sync-token" in first.conditions
    if first.status in range(400, 600) and (named or first.status in _EXPIRED):
        raise SyncTokenExpired("the server does not take the token", where=place.where, status=first.status)
    return _pages(place, first, complete=False)


def everything(place: Collection) -> Listing:
    """Return all that stands, with a token if the server has them; the second way is tried once.

    :raises AccessLost: if the calendar is gone or refused.
    :raises Unsupported: if this is no calendar.
    """
    first = place.sync("")
    if _no_tokens(first):
        return _plain(place)
    listing = _pages(place, first, complete=True)
    if not listing.standing:
        place.alive()  # an empty calendar must say itself that it is one
    return listing


def read(place: Collection, listing: Listing, how: Reading) -> Changes:
    """Return *listing* with the bodies of what is not known."""
    items: list[Item] = []
    listed = dict(listing.standing)
    for ref, found in _bodies(place, listing, how):
        if isinstance(found, Tombstone):
            listed.pop(ref, None)
        elif found is not None:
            listed[ref] = found.etag
        if found is not None:
            items.append(found)
    items += [Tombstone(ref) for ref in listing.gone]
    whole = {ref: etag or ETag("") for ref, etag in listed.items()}
    return Changes(tuple(items), listing.token, whole if listing.complete else None, listing.receipt)


def _no_tokens(answer: Answer) -> bool:
    """Tell whether a first report is refused in a way that a plain listing may not be."""
    stays = {HTTPStatus.UNAUTHORIZED, HTTPStatus.LOCKED, HTTPStatus.TOO_MANY_REQUESTS}
    if answer.status in {HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.INSUFFICIENT_STORAGE}:
        return True
    return answer.status in range(400, 500) and answer.status not in stays


def _plain(place: Collection) -> Listing:
    found, answer = place.list()
    listing = Listing(complete=True, receipt=answer.receipt)
    if _fold(place, found, listing):
        raise Unavailable("the listing is cut short", where=place.where)
    return listing


def _pages(place: Collection, answer: Answer, *, complete: bool) -> Listing:
    listing = Listing(complete=complete, receipt=answer.receipt)
    for _ in range(_PAGES):
        page = place.answers(answer)
        more = _fold(place, page, listing)
        if page.token is None:
            raise Unavailable("the answer names no point in time to go on from", where=place.where)
        if more and page.token == listing.token:
            break
        listing.token = page.token
        if not more:
            return listing
        answer = place.sync(page.token)
    raise Unavailable("the listing does not come to an end", where=place.where)


def _fold(place: Collection, page: Multistatus, listing: Listing) -> bool:
    """Take the rows of *page* into *listing*, and tell whether the server cut it short (RFC 6578, 3.6)."""
    cut = False
    for row in page.rows:
        if place.owns(row):
            cut = cut or _cut(place, row)
        elif place.holds(row):
            _note(row, listing)
    return cut


def _note(row: Row, listing: Listing) -> None:
    if row.gone:
        listing.standing.pop(row.ref, None)
        if not listing.complete:
            listing.gone[row.ref] = None
        return
    listing.gone.pop(row.ref, None)
    listing.standing[row.ref] = row.etag if row.fine else None


def _cut(place: Collection, own: Row) -> bool:
    if own.status in NOTHING_HERE:
        place.alive()
        raise Unavailable("the server contradicts itself", where=place.where)
    if own.status == HTTPStatus.INSUFFICIENT_STORAGE:
        return True
    if not own.fine:
        raise Unavailable("the listing is not whole", where=place.where, status=own.status)
    return False


def _unread(listing: Listing, how: Reading) -> list[EventRef]:
    return [ref for ref, etag in listing.standing.items() if not _same(ref, etag, listing, how)]


def _same(ref: EventRef, etag: ETag | None, listing: Listing, how: Reading) -> bool:
    if etag is None or how.known.get(key_of(ref)) != etag:
        return False
    return listing.complete or not of_etag(etag).counted_etags


def _bodies(place: Collection, listing: Listing, how: Reading) -> Iterator[tuple[EventRef, Item | None]]:
    refs = _unread(listing, how)
    for at in range(0, len(refs), BATCH):
        batch = refs[at : at + BATCH]
        rows = _batch(place, batch)
        for ref in batch:
            row = rows.get(ref)
            found = None if row is None else content(row)
            if found is None:
                # A row that is missing or bad proves nothing: DAViCal leaves rows out.
                yield ref, _alone(place, ref, listing.standing[ref], how)
            else:
                yield ref, _item(ref, *found, how)


def _batch(place: Collection, refs: Sequence[EventRef]) -> Mapping[EventRef, Row]:
    """Return the rows of *refs*, asked for in smaller lots if the answer is too long."""
    try:
        return place.multiget(refs)
    except TooLong:
        if len(refs) == 1:
            return {}
    half = len(refs) // 2
    return {**_batch(place, refs[:half]), **_batch(place, refs[half:])}


def _alone(place: Collection, ref: EventRef, etag: ETag | None, how: Reading) -> Item | None:
    """Return what a request for *ref* alone brings: only its 404 makes a tombstone."""
    try:
        answer = place.get(ref)
        if answer.status == HTTPStatus.FORBIDDEN:
            return unknown(ref, etag, how.window, "forbidden")
        body, seen = place.body(ref, answer)
    except TooLong:
        return unknown(ref, etag, how.window, "too-long")
    except EventNotFound:
        return Tombstone(ref)
    return _item(ref, body, seen, how)


def _item(ref: EventRef, body: bytes, etag: ETag, how: Reading) -> Item | None:
    found = item(body, ref, etag, read=how.read, window=how.window)
    if found is None and key_of(ref) in how.known:
        # What was an event takes no time any more, and the caller must learn of it.
        return Unread(ref, etag, BusyTime(), ("no-event",))
    return found
