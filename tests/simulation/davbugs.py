"""Mistakes that could be made with what a CalDAV server says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import providers.caldav.listing
import providers.caldav.wire
import syncd.poll
import syncd.seen
from providers.base import Event, Receipt, SyncToken
from providers.caldav.collection import Collection
from providers.errors import SyncTokenExpired
from tests.simulation.bugs import Bug, Swap


def _as_it_came(real: Callable[..., Any]) -> Callable[..., Any]:
    """Take a listing and the bodies for one answer: what is listed and not shown is gone."""
    del real
    return lambda found, _etag, _how: found


def _of_its_own(real: Callable[..., Receipt]) -> Callable[..., Receipt]:
    """Take an event for as fresh as it is by itself, whatever answer it is in."""
    return lambda changes, item: item.receipt if isinstance(item, Event) else real(changes, item)


def _is_known(real: Callable[..., bool]) -> Callable[..., bool]:
    """Take what was known when a round began for known when it ends."""
    del real
    return lambda *_: False


def _is_fresh(real: Callable[..., Receipt]) -> Callable[..., Receipt]:
    """Ignore the age of an answer."""
    return lambda headers: replace(real(headers), cached=False)


def _no_news(real: Callable[..., Any]) -> Callable[..., Any]:
    """Take a refused token for a calendar in which nothing has changed."""

    def changed(place: Any, since: SyncToken, known: Any) -> Any:
        try:
            return real(place, since, known)
        except SyncTokenExpired:
            return providers.caldav.listing.Listing(complete=False, receipt=Receipt(), token=since)

    return changed


def _whatever_stands(real: Callable[..., Any]) -> Callable[..., Any]:
    """Write without a condition."""
    return lambda place, ref, body, _condition: real(place, ref, body, {})


def _no_event(real: Callable[..., Any]) -> Callable[..., Any]:
    """Take what cannot be read for nothing at all."""

    def item(*given: Any, **named: Any) -> Any:
        found = real(*given, **named)
        return None if getattr(found, "notes", ()) == ("document-unreadable",) else found

    return item


DAV_BUGS = (
    Bug("the age of an answer is ignored", (Swap(providers.caldav.wire, "receipt", _is_fresh),)),
    Bug("a refused token is no news", (Swap(providers.caldav.listing, "changed", _no_news),)),
    Bug("a PUT has no condition", (Swap(Collection, "put", _whatever_stands),)),
    Bug("what cannot be read is no event", (Swap(providers.caldav.listing, "item", _no_event),)),
    Bug("what is listed and not shown is gone", (Swap(providers.caldav.listing, "_placed", _as_it_came),)),
    Bug("an event is fresher than its answer", (Swap(syncd.seen, "receipt_of", _of_its_own),)),
    Bug("what was known is read", (Swap(syncd.poll, "_was_forgotten", _is_known),)),
)
"""Every bug that is planted where answers are read."""
