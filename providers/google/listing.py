"""What changed in a calendar, and what stands in it: ``events.list``, every page followed.

Deleted events are always asked for: without that, a deletion is told by its id alone, and
when it happened is not. A sync token holds only for the very query that gave it, so the
query is one for all time, and a digest of it, and of the calendar, is kept with the token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from http import HTTPStatus

from providers.base import (
    CalendarId,
    Changes,
    ETag,
    Event,
    EventRef,
    Item,
    Receipt,
    RefKey,
    SyncToken,
    Tombstone,
    Unread,
    key_of,
)
from providers.errors import AccessLost, ProviderError, SyncTokenExpired, Unavailable
from providers.google.answer import Answer, Json, objects, text
from providers.google.pages import LONGEST_TOKEN, follow
from providers.google.place import Place
from providers.google.reading import FIELDS, is_ours, ref_of
from providers.google.reasons import Meaning, meaning
from providers.transport import TooLong

QUERY: Mapping[str, object] = {
    "showDeleted": True,
    "fields": f"nextPageToken,nextSyncToken,items({FIELDS})",
}
"""The same for a listing and for what follows it; how long a page is may differ."""

_SIZES = (2500, 250)
"""Rows of a page: the most that Google gives, and what is asked for if that is more than is read."""
_ROWS = 100_000
_EXPIRED = frozenset({Meaning.EXPIRED, Meaning.DELETED, Meaning.WRONG})
_GONE = HTTPStatus.GONE


@dataclass(frozen=True, slots=True)
class _Rows:
    """All that one pass over the pages brought; what is told twice holds as it was told last."""

    items: Mapping[EventRef, Item]
    token: str
    receipt: Receipt


def changes(place: Place, since: SyncToken | None, known: Mapping[RefKey, ETag]) -> Changes:
    """Return what changed after *since*, or everything that stands.

    :raises SyncTokenExpired: if *since* is of another calendar, or Google does not take it.
    """
    rows = _all_rows(place, None if since is None else _bare(place.calendar, since))
    token = bound(place.calendar, rows.token)
    standing = {ref: one for ref, one in rows.items.items() if not isinstance(one, Tombstone)}
    same = frozenset(ref for ref, one in standing.items() if _is_known(one, known))
    if since is None:
        read = tuple(one for ref, one in standing.items() if ref not in same)
        listed = {ref: one.etag for ref, one in standing.items()}
        return Changes(read, token, listed, rows.receipt)
    told = tuple(_completed(place, one) for ref, one in rows.items.items() if ref not in same)
    return Changes(told, token, None, rows.receipt, same)


def bound(calendar: CalendarId, token: str) -> SyncToken:
    """Return Google's *token* as one that holds for *calendar* alone."""
    return SyncToken(f"{_digest(calendar)}:{token}")


def _is_known(item: Event | Unread, known: Mapping[RefKey, ETag]) -> bool:
    return item.etag != "" and known.get(key_of(item.ref)) == item.etag


def _completed(place: Place, item: Item) -> Item:
    """Return a tombstone of ours with the time at which Google says that it was dug.

    A deletion may be told by its id alone. Asked for by its id, a deleted event is always
    shown. When other people's events were deleted decides nothing.
    """
    if not isinstance(item, Tombstone) or item.stamp is not None or not is_ours(item.ref):
        return item
    try:
        found = place.find(item.ref)
    except AccessLost:
        raise
    except ProviderError:
        return item  # the look that confirms the deletion asks for it again
    return item if found is None else _without_receipt(found)


def _without_receipt(item: Item) -> Item:
    return replace(item, receipt=Receipt()) if isinstance(item, Event) else item


def _all_rows(place: Place, token: str | None) -> _Rows:
    largest, smaller = _SIZES
    try:
        return _rows(place, token, largest)
    except TooLong:
        return _rows(place, token, smaller)


def _rows(place: Place, token: str | None, size: int) -> _Rows:
    items: dict[EventRef, Item] = {}
    receipt: Receipt | None = None
    for answer in _pages(place, token, size):
        receipt = _together(receipt, answer.receipt)
        for row in _items(answer):
            ref = ref_of(row)
            if ref is None:
                raise Unavailable("the answer has a row without a name", where=place.where)
            items.pop(ref, None)
            items[ref] = place.reader.item(row, ref)
        if len(items) > _ROWS:
            raise Unavailable(f"the calendar has more than {_ROWS} events", where=place.where)
        last = answer.object()
    end = text(last.get("nextSyncToken"), LONGEST_TOKEN)
    if end is None:
        raise Unavailable("the answer names no point in time to go on from", where=place.where)
    return _Rows(items, end, receipt or Receipt())


def _together(first: Receipt | None, next_: Receipt) -> Receipt:
    """Return the receipt of a whole pass: dated by its first page, and cached if any page was."""
    return next_ if first is None else replace(first, cached=first.cached or next_.cached)


def _pages(place: Place, token: str | None, size: int) -> Iterator[Answer]:
    def ask(page: str | None) -> Answer:
        request = place.api.on.events.list(
            calendarId=place.calendar, maxResults=size, syncToken=token, pageToken=page, **QUERY
        )
        answer = place.api.read(request)
        if not answer.fine:
            raise _refused(place, answer, delta=token is not None)
        return answer

    return follow(ask)


def _items(answer: Answer) -> list[Json]:
    rows = objects(answer.object().get("items"))
    if rows is None:
        raise Unavailable("the answer is no list of events", where=answer.where)
    return rows


def _refused(place: Place, answer: Answer, *, delta: bool) -> ProviderError:
    found = meaning(answer)
    if delta and (found in _EXPIRED or answer.status == _GONE):
        words = "Google does not take the token"
        return SyncTokenExpired(words, where=place.where, status=answer.status)
    return place.refused(answer, write=False)


def _bare(calendar: CalendarId, token: SyncToken) -> str:
    digest, _, bare = token.partition(":")
    if digest != _digest(calendar) or not bare:
        raise SyncTokenExpired("this is not a token of this calendar, or one of an older version of syncd")
    return bare


def _digest(calendar: CalendarId) -> str:
    asked = f"{calendar}\n{sorted(QUERY.items())}"
    return blake2b(asked.encode(), digest_size=12).hexdigest()
