"""What changed in a calendar, and what stands in it (RFC 6578).

A row of an answer is a hint to look at a resource again. Only a row that says 404 and
nothing else, or a 404 of the resource itself, makes a tombstone; what an answer leaves
out, it says nothing about.

A row under a name that nothing in this calendar can have (a foreign host or folder, line
breaks, ``..``) must neither hide an event of ours nor pass for free time, and one such row
must not keep a whole calendar from being read:

* In a delta it is not passed over: a complete listing is asked for instead.
* In a complete listing, of a calendar that answers under its own right name, whatever event
  the name may have meant is looked at by itself. If it stands, it is read, and that
  explains the row. If not, nothing of ours is behind the row, for a name of ours is always
  among :func:`~providers.caldav.href.meant_by`; then the whole time is unknown.
* If there are many, the answer is about something else, and none of it is believed.

A listing and the bodies are not one answer. A replica that is behind the one that listed may say
that there is no such resource, or show an older version, and the token has moved on by then: no
later delta would name it again. Such an item is marked as :data:`~providers.base.BEHIND`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from policy.interval import Interval
from providers.base import (
    BEHIND,
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
from providers.caldav.collection import NOTHING_HERE, Collection, Versionless, content
from providers.caldav.dav import Multistatus, Row
from providers.caldav.href import meant_by, odd_ref
from providers.caldav.quirks import of_etag
from providers.caldav.reading import item, unknown
from providers.caldav.wire import Answer
from providers.errors import EventNotFound, SyncTokenExpired, Unavailable
from providers.ical import Document
from providers.transport import TooLong

BATCH = 100
"""Resources read by one request."""

ODD = 20
"""Rows of one listing under impossible names, at most."""

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
    odd: dict[EventRef, frozenset[str]] = field(default_factory=dict)
    """What stands for each row under an impossible name, and which names it may have meant."""
    meant: dict[EventRef, EventRef] = field(default_factory=dict)
    """What such rows may have meant, and for which of them it is looked at."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the bodies of one pass are read."""

    known: Mapping[RefKey, ETag]
    window: Interval
    read: Callable[[bytes], Document]


def changed(place: Collection, since: SyncToken, known: Mapping[RefKey, ETag]) -> Listing:
    """Return what changed after *since*, every page followed; everything, if that cannot be believed.

    :raises SyncTokenExpired: if the server does not accept *since*.
    """
    first = place.sync(since)
    if first.status in NOTHING_HERE:
        raise place.vanished(first)
    named = "valid-sync-token" in first.conditions
    if first.status in range(400, 600) and (named or first.status in _EXPIRED):
        raise SyncTokenExpired("the server does not take the token", where=place.where, status=first.status)
    listing = _pages(place, first, complete=False)
    return everything(place) if listing.odd or _emptied(listing, known) else listing


def _emptied(listing: Listing, known: Mapping[RefKey, ETag]) -> bool:
    """Tell whether all of several events are called gone at once: a server that lost its data says the same."""
    gone = {key_of(ref) for ref in listing.gone}
    return len(known) > 1 and not listing.standing and gone >= known.keys()


def everything(place: Collection) -> Listing:
    """Return all that stands, with a token if the server has them; the second way is tried once.

    :raises AccessLost: if the calendar is gone or refused.
    :raises Unsupported: if this is no calendar.
    """
    first = place.sync("")
    if _no_tokens(first):
        return _plain(place)
    listing = _pages(place, first, complete=True)
    if listing.odd or not listing.standing:
        place.alive()  # an empty calendar must say itself that it is one
    _suspect(place, listing)
    return listing


def _suspect(place: Collection, listing: Listing) -> None:
    """Have looked at by itself what each row under an impossible name may have meant."""
    if len(listing.odd) > ODD:
        raise Unavailable("the answer is about what is not in the calendar", where=place.where)
    for odd, names in listing.odd.items():
        for ref in sorted(EventRef(place.path + name) for name in names):
            if ref not in listing.standing:
                listing.standing[ref] = None
                listing.meant[ref] = odd


def read(place: Collection, listing: Listing, how: Reading) -> Changes:
    """Return *listing* with the bodies of what is not known."""
    items: list[Item] = []
    listed = dict(listing.standing)
    odd = dict.fromkeys(listing.odd)
    for ref, body in _bodies(place, listing, how):
        found = _placed(body, listing.standing[ref], how)
        if isinstance(found, Tombstone):
            listed.pop(ref, None)
        elif found is not None:
            listed[ref] = found.etag
        if ref in listed and ref in listing.meant:
            odd.pop(listing.meant[ref], None)
        if found is not None:
            items.append(found)
    if not listing.complete:
        items += [Tombstone(ref) for ref in listing.gone]
    items += [unknown(ref, None, how.window, "address-odd") for ref in odd]
    listed |= odd
    whole = {ref: etag or ETag("") for ref, etag in listed.items()}
    if listing.complete:
        return Changes(tuple(items), listing.token, whole, listing.receipt)
    same = frozenset(ref for ref, etag in listing.standing.items() if _same(ref, etag, listing, how))
    return Changes(tuple(items), listing.token, None, listing.receipt, same)


def _placed(found: Item | None, etag: ETag | None, how: Reading) -> Item | None:
    """Return what was read of a resource that was listed as *etag*, marked if it is another version, or none at all."""
    if found is None or etag is None:
        return found
    if isinstance(found, Tombstone):
        return unknown(found.ref, None, how.window, BEHIND)
    same = not found.etag or _opaque(found.etag) == _opaque(etag)
    return found if same else replace(found, notes=(*found.notes, BEHIND))


def _opaque(etag: ETag) -> str:
    """Return what two etags have in common that are the same by the weak comparison (RFC 9110, 8.8.3.2)."""
    return etag.removeprefix("W/").strip('"')


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
    _suspect(place, listing)
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
        elif not place.covers(row):
            _note_odd(odd_ref(row.href), row, listing)
    for row in page.odd:
        _note_odd(row.ref, row, listing)
    return cut


def _note(row: Row, listing: Listing) -> None:
    etag = row.etag if row.fine else None
    if row.ref in listing.gone or row.ref in listing.standing:
        # Said twice, and not alike: which of the two holds, a look at it alone will show.
        if row.gone != (row.ref in listing.gone) or listing.standing.get(row.ref) != etag:
            listing.gone.pop(row.ref, None)
            listing.standing[row.ref] = None
    elif row.gone:
        listing.gone[row.ref] = None
    else:
        listing.standing[row.ref] = etag


def _note_odd(ref: EventRef, row: Row, listing: Listing) -> None:
    if not (row.gone and listing.complete):  # where nothing stands, a complete listing need not say so
        listing.odd[ref] = meant_by(row.href)


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
    except Versionless:
        return unknown(ref, None, how.window, "version-missing")
    except EventNotFound:
        return Tombstone(ref)
    return _item(ref, body, seen, how)


def _item(ref: EventRef, body: bytes, etag: ETag, how: Reading) -> Item | None:
    found = item(body, ref, etag, read=how.read, window=how.window)
    if found is None and key_of(ref) in how.known:
        # What was an event takes no time any more, and the caller must learn of it.
        return Unread(ref, etag, BusyTime(), ("no-event",))
    return found
