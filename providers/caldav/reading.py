"""What stands in a calendar, read: bodies become items of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, runtime_checkable

from policy.interval import Interval, merge
from providers.base import BusyTime, ETag, Event, EventRef, Item, Owner, Receipt, Unread
from providers.errors import Unreadable
from providers.ical import Document
from providers.ical.notes import TooMuch

Read = Callable[[bytes, Owner, Interval | None], Document]
"""How a document is read: in place, or in a sandbox."""


@runtime_checkable
class ByCalendar(Protocol):
    """A way of reading that looks at what a calendar costs as a whole."""

    def calendar(self) -> Read:
        """Return how the documents of one pass over one calendar are read."""
        ...


def one_pass(read: Read) -> Read:
    """Return how the documents of one pass over one calendar are read."""
    return read.calendar() if isinstance(read, ByCalendar) else read


def event(document: Document, ref: EventRef, etag: ETag, receipt: Receipt) -> Event | None:
    """Return the event that *document* holds, or nothing if it holds none but tasks or notes.

    A resource has one UID (RFC 4791, 4.1); if a server lets more in, their times count
    together, and the one with our mark gives the rest.
    """
    if not document.series:
        return None
    head = next((one for one in document.series if one.session is not None), document.series[0])
    return Event(
        ref=ref,
        etag=etag,
        uid=head.uid,
        start=head.start,
        end=head.end,
        all_day=head.all_day,
        recurring=head.recurring,
        status=head.status,
        partstats=head.partstats,
        deliveries=head.deliveries,
        silent=head.silent,
        sequence=head.sequence,
        session=head.session,
        time=together(one.time for one in document.series),
        notes=document.notes,
        receipt=receipt,
    )


def item(
    body: bytes, ref: EventRef, etag: ETag, *, read: Callable[[bytes], Document], window: Interval
) -> Item | None:
    """Return what stands at *ref*, or nothing if it is no event at all."""
    try:
        document = read(body)
    except Unreadable as why:
        note = why.note.value if isinstance(why, TooMuch) else "document-unreadable"
        return unknown(ref, etag, window, note)
    return event(document, ref, etag, Receipt())


def unknown(ref: EventRef, etag: ETag | None, window: Interval, note: str) -> Unread:
    """Return that what stands at *ref* cannot be read: it may take the whole window."""
    return Unread(ref, etag or ETag(""), BusyTime(unknown=(window,)), (note,))


def together(times: Iterable[BusyTime]) -> BusyTime:
    """Return several times as one, each part merged."""
    parts = tuple(times)
    return BusyTime(
        busy=merge(one for time in parts for one in time.busy),
        tentative=merge(one for time in parts for one in time.tentative),
        unknown=merge(one for time in parts for one in time.unknown),
    )
