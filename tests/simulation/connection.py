"""The adapter to a simulated server: it speaks the program's own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from policy.interval import Interval
from providers.base import (
    BusyTime,
    CalendarEntry,
    CalendarId,
    Capability,
    Changes,
    ETag,
    Event,
    EventDraft,
    EventRef,
    Item,
    RefKey,
    SyncToken,
    Tombstone,
    Unread,
    Written,
    key_of,
)
from providers.errors import EventNotFound, Unreadable
from tests.simulation.places import Body, Shelf, body_of
from tests.simulation.server import Server, token_at

T = TypeVar("T")


class Connection:
    """One account of a simulated server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._place = server.place

    def capabilities(self) -> Capability:
        """Return what the server can do."""
        can = Capability.SYNC_TOKEN | (Capability.SCHEDULING if self._place.schedules else Capability.NONE)
        if self._place.google:
            can |= Capability.FREE_BUSY | Capability.STAMPS
        return self._asked(lambda: can)

    def calendars(self) -> tuple[CalendarEntry, ...]:
        """Return the calendars that the program was given."""
        return self._asked(
            lambda: tuple(
                CalendarEntry(one.id, one.name, writable=True, events=True) for one in self._server.mine()
            )
        )

    def busy(self, calendars: Sequence[CalendarId], window: Interval) -> Mapping[CalendarId, BusyTime]:
        """Return the busy time of each calendar."""
        return {
            each: self._read(each, lambda shelf, length: _busy(shelf, length, window)) for each in calendars
        }

    def changes(
        self,
        calendar: CalendarId,
        since: SyncToken | None,
        *,
        known: Mapping[RefKey, ETag],
        window: Interval,
    ) -> Changes:
        """Return what changed after *since*, as far as the replica that answers knows."""
        return self._read(calendar, lambda shelf, length: self._changes(shelf, length, since, known, window))

    def fetch(self, calendar: CalendarId, ref: EventRef) -> Event:
        """Return the event by its ref."""

        def act(shelf: Shelf, length: int) -> Event:
            body, stamp = self._server.seen(shelf, ref, length), self._stamp(shelf, ref, length)
            if body is None:
                cached = self._server.receipt().cached
                raise EventNotFound("nothing stands there", where=ref, cached=cached, stamp=stamp)
            if self._server.blurred():
                raise Unreadable("it cannot be understood", where=ref)
            return self._event(ref, body, None, stamp)

        return self._read(calendar, act)

    def create(self, calendar: CalendarId, draft: EventDraft) -> Written:
        """Write a new event."""
        ref, body = self.ref_for(calendar, draft.uid), body_of(draft)
        self._write(calendar, lambda shelf: self._server.create(shelf, ref, body))
        return Written(ref, body.etag)

    def update(self, calendar: CalendarId, ref: EventRef, draft: EventDraft, etag: ETag) -> Written:
        """Replace the event that was last seen as *etag*."""
        body = body_of(draft)
        self._write(calendar, lambda shelf: self._server.update(shelf, ref, body, etag))
        return Written(ref, body.etag)

    def delete(self, calendar: CalendarId, ref: EventRef, etag: ETag) -> None:
        """Remove the event that was last seen as *etag*."""
        self._write(calendar, lambda shelf: self._server.delete(shelf, ref, etag))

    def ref_for(self, calendar: CalendarId, uid: str) -> EventRef:
        """Return where an event of ours is created."""
        return EventRef(f"{calendar}{uid}.ics")

    def close(self) -> None:
        """Close nothing."""

    # --- the way there and back ----------------------------------------------------------

    def _asked(self, act: Callable[[], T], *, write: bool = False) -> T:
        self._server.wire.travel(self._place)
        self._server.admit()
        try:
            return act()
        finally:
            self._server.wire.back(self._place, write=write)

    def _read(self, calendar: CalendarId, act: Callable[[Shelf, int], T]) -> T:
        def read() -> T:
            shelf = self._server.open(calendar)
            return act(shelf, self._server.known(shelf))

        return self._asked(read)

    def _write(self, calendar: CalendarId, act: Callable[[Shelf], None]) -> None:
        self._asked(lambda: act(self._server.writable(calendar)), write=True)

    # --- the answer in the program's words -----------------------------------------------

    def _changes(
        self,
        shelf: Shelf,
        length: int,
        since: SyncToken | None,
        known: Mapping[RefKey, ETag],
        window: Interval,
    ) -> Changes:
        if since is None:
            standing = self._server.listed(shelf, length)
            listed = {ref: body.etag for ref, body in standing.items()}
            items = self._items(shelf, length, standing, known, window)
            return Changes(items, token_at(shelf, length), listed, self._server.receipt())
        place = self._server.since(shelf, since)
        now = self._server.changed(shelf, place, length)
        standing = {ref: body for ref, body in now.items() if body is not None}
        same = frozenset(ref for ref, body in standing.items() if known.get(key_of(ref)) == body.etag)
        items = self._items(shelf, length, standing, known, window)
        graves = tuple(
            Tombstone(ref, self._stamp(shelf, ref, length)) for ref, body in now.items() if body is None
        )
        token = token_at(shelf, max(place, length))
        return Changes((*items, *graves), token, None, self._server.receipt(), same)

    def _stamp(self, shelf: Shelf, ref: EventRef, length: int) -> datetime | None:
        return shelf.stamp(ref, length) if self._place.google else None

    def _items(
        self,
        shelf: Shelf,
        length: int,
        standing: Mapping[EventRef, Body],
        known: Mapping[RefKey, ETag],
        window: Interval,
    ) -> tuple[Item, ...]:
        new = {ref: body for ref, body in standing.items() if known.get(key_of(ref)) != body.etag}
        if self._server.blurred():
            return tuple(
                Unread(ref, body.etag, BusyTime(unknown=(window,)), ("unreadable",))
                for ref, body in new.items()
            )
        return tuple(
            self._event(ref, body, window, self._stamp(shelf, ref, length)) for ref, body in new.items()
        )

    def _event(self, ref: EventRef, body: Body, window: Interval | None, stamp: datetime | None) -> Event:
        own, google = f"{self._server.user}@school.example", self._place.google
        shown = window is not None and body.stands_for(own) and not google
        tells = self._place.schedules and not body.silent and not google
        sent = {guest: "1.2" for guest, _ in body.partstats if tells}
        return Event(
            ref=ref,
            etag=body.etag,
            uid=body.uid,
            start=body.start,
            end=body.end,
            all_day=body.all_day,
            status=body.status,
            partstats=dict(body.partstats),
            deliveries=sent,
            silent=body.silent,
            sequence=body.sequence,
            session=body.session,
            stamp=stamp,
            time=_time(body, window) if shown and window is not None else BusyTime(),
            receipt=self._server.receipt(),
        )


def _time(body: Body, window: Interval) -> BusyTime:
    if body.start is None or body.end is None:
        return BusyTime(unknown=(window,))
    start, end = max(body.start, window.start), min(body.end, window.end)
    return BusyTime(busy=(Interval(start, end),)) if start < end else BusyTime()


def _busy(shelf: Shelf, length: int, window: Interval) -> BusyTime:
    times = [_time(body, window).busy for body in shelf.standing(length).values()]
    return BusyTime(busy=tuple(sorted(one for each in times for one in each)))
