"""Page tokens and sync tokens: where a listing goes on, and from where the next one tells what changed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncd.demo.google.refusals import full_sync, invalid, restricted
from syncd.demo.google.state import Manners

FORBIDDEN = (
    *("iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty"),
    *("timeMin", "timeMax", "updatedMin"),
)
"""Restrictions that cannot stand beside a sync token."""
_TOKENLESS = ("iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "updatedMin")
_FREE = frozenset(
    ("maxResults", "pageToken", "syncToken", "timeMin", "timeMax", "prettyPrint", "alt", "fields")
)
_SHAPE = re.compile(r"[A-Za-z0-9_-]{22}=")

Query = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Listing:
    """What one listing found when its first page was asked for."""

    where: tuple[str, str]
    """Whose listing of which calendar."""
    query: Mapping[str, tuple[str, ...]]
    anchor: int
    """The place in history at which it was made."""
    ids: tuple[str, ...]
    since: int | None
    """The place in history from which it tells the changes; nothing if it tells everything."""


@dataclass(frozen=True)
class Page:
    """A stretch of a listing."""

    listing: Listing
    ids: tuple[str, ...]
    next: str | None
    """The token of the page after it."""


@dataclass(frozen=True)
class _Mark:
    where: tuple[str, str]
    query: Mapping[str, tuple[str, ...]]
    place: int


class Pages:
    """Every token that was given out."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._pages: dict[str, tuple[Listing, int, bool]] = {}
        self._marks: dict[str, _Mark] = {}

    def since(self, token: str, where: tuple[str, str], query: Query, floor: int) -> int:
        """Return the place in history that a sync token marks.

        :raises Refusal: if it is none, is worth nothing any more, or the query is not the one that gave it.
        """
        for name in FORBIDDEN:
            if name in query:
                raise restricted(name)
        if query.get("showDeleted", ("true",))[-1] == "false":
            raise restricted("showDeleted")
        mark = self._marks.get(token)
        if mark is None:
            # One that was never given out looks like one whose server has forgotten it, if it has the shape.
            raise (
                full_sync() if _SHAPE.fullmatch(token) else invalid("Invalid sync token value.", "syncToken")
            )
        if mark.where != where or mark.query != _kept(query):
            raise invalid("Invalid sync token value.", "syncToken")
        if mark.place < floor:
            raise full_sync()
        return mark.place

    def first(self, listing: Listing, size: int) -> Page:
        """Return the first page of a listing."""
        return self._page(listing, 0, size, empty=self._manners.empty_pages)

    def go_on(self, token: str, where: tuple[str, str], query: Query, size: int) -> Page:
        """Return the page that a page token names.

        :raises Refusal: if it names none, or the query is not that of the first page.
        """
        found = self._pages.get(token)
        if found is None:
            raise invalid("Invalid page token value.", "pageToken")
        listing, start, empty = found
        if listing.where != where or listing.query != whole(query):
            raise invalid("Invalid page token value.", "pageToken")
        return self._page(listing, start, size, empty=empty)

    def mark(self, listing: Listing) -> str | None:
        """Return the sync token of a listing that has been told to its end; some queries have none."""
        if any(name in listing.query for name in _TOKENLESS):
            return None
        token = f"{secrets.token_urlsafe(16)}="
        query = {name: values for name, values in listing.query.items() if name not in _FREE}
        self._marks[token] = _Mark(listing.where, query, listing.anchor)
        return token

    def _page(self, listing: Listing, start: int, size: int, *, empty: bool) -> Page:
        size = min(size, self._manners.page_size or size)
        stop = start if empty else start + size
        more = stop < len(listing.ids) or empty
        token = secrets.token_urlsafe(16) if more else None
        if token:
            self._pages[token] = (listing, stop, not empty and self._manners.empty_pages)
        return Page(listing, listing.ids[start:stop], token)


def whole(query: Query) -> dict[str, tuple[str, ...]]:
    """Return all of a query that must be repeated for its next page."""
    return {name: tuple(values) for name, values in query.items() if name != "pageToken"}


def _kept(query: Query) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in query.items() if name not in _FREE}
