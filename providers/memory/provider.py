"""The adapter: one account of the server in dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from policy.interval import Interval, merge
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
    Owner,
    Receipt,
    RefKey,
    SyncToken,
    Tombstone,
    Unread,
    Written,
    key_of,
)
from providers.errors import EventExists, Unreadable
from providers.ical import Document, read, render
from providers.memory import lines
from providers.memory.server import Calendar, MemoryServer, Resource, path_of


class MemoryProvider:
    """One account of a :class:`MemoryServer`; *capabilities* says what its server shall be able to do."""

    def __init__(
        self,
        server: MemoryServer,
        username: str,
        password: str,
        owner: Owner,
        capabilities: Capability = Capability.SYNC_TOKEN,
    ) -> None:
        self._server = server
        self._username = username
        self._password = password
        self._owner = owner
        self._can = capabilities

    def capabilities(self) -> Capability:
        """Return what this account's server can do."""
        with self._server.request(self._username, self._password):
            return self._can

    def calendars(self) -> tuple[CalendarEntry, ...]:
        """Return every calendar of the account, sorted by name."""
        with self._server.request(self._username, self._password) as own:
            return tuple(sorted(own, key=lambda entry: (entry.name, entry.id)))

    def busy(self, calendars: Sequence[CalendarId], window: Interval) -> Mapping[CalendarId, BusyTime]:
        """Return what each of *calendars* says about *window*, read in full.

        :raises Unsupported: if one of them holds no events.
        """
        with self._server.times(self._username, self._password, calendars) as held:
            standing = {calendar: tuple(one.standing.values()) for calendar, one in held.items()}
        return {
            calendar: _together(self._time(one, window) for one in every)
            for calendar, every in standing.items()
        }

    def changes(
        self,
        calendar: CalendarId,
        since: SyncToken | None,
        *,
        known: Mapping[RefKey, ETag],
        window: Interval,
    ) -> Changes:
        """Return what changed after *since*, or a complete listing when it is ``None``.

        :raises SyncTokenExpired: if *since* is not a token of this calendar, or a forgotten one.
        :raises Unsupported: if it holds no events.
        """
        if Capability.SYNC_TOKEN not in self._can:
            since = None
        with self._at(calendar) as held:
            place = 0 if since is None else held.place(since)
            touched = {ref: when for ref, when in held.log[place:] if ref}
            standing, token = dict(held.standing), held.token
            receipt = self._receipt()
        named = {ref: one for ref, one in standing.items() if since is None or ref in touched}
        same = frozenset(ref for ref, one in named.items() if known.get(key_of(ref)) == one.etag)
        found = [self._item(ref, one, window, receipt) for ref, one in named.items() if ref not in same]
        items = [one for one in found if one is not None]
        if since is None:
            listed = {ref: one.etag for ref, one in standing.items()}
            return Changes(tuple(items), self._given(token), listed, receipt)
        graves = [Tombstone(ref, self._stamp(when)) for ref, when in touched.items() if ref not in standing]
        return Changes((*items, *graves), token, None, receipt, same)

    def fetch(self, calendar: CalendarId, ref: EventRef) -> Event:
        """Return the event by its ref, without its busy time.

        :raises EventNotFound: if the calendar answers and the event is not in it.
        :raises Unreadable: if what stands there is not an event that can be understood.
        """
        with self._at(calendar) as held:
            one, receipt = held.at(ref, stamps=self._stamps), self._receipt()
        event = self._event(ref, one, read(one.body, self._owner, None), receipt)
        if event is None:
            raise Unreadable("what stands there is no event", where=ref)
        return event

    def create(self, calendar: CalendarId, draft: EventDraft) -> Written:
        """Write a new event at the ref that :meth:`ref_for` names.

        :raises EventExists: if something stands there, or has this UID, or did so once and is never taken again.
        :raises Unsupported: if the calendar takes no events.
        """
        ref = self.ref_for(calendar, draft.uid)
        with self._at(calendar, write=True) as held:
            if ref in held.standing or any(one.uid == draft.uid for one in held.standing.values()):
                raise EventExists("something stands there, or has this UID", where=ref)
            if self._server.once and ref in held.buried:
                raise EventExists("something stood there once", where=ref)
            return self._write(held, ref, draft)

    def update(self, calendar: CalendarId, ref: EventRef, draft: EventDraft, etag: ETag) -> Written:
        """Replace the event that was last seen as *etag*.

        :raises EventNotFound: if it is gone.
        :raises PreconditionFailed: if it is no longer as it was.
        :raises Unsupported: if the calendar takes no events.
        """
        with self._at(calendar, write=True) as held:
            held.at(ref, etag, stamps=self._stamps)
            return self._write(held, ref, draft)

    def delete(self, calendar: CalendarId, ref: EventRef, etag: ETag) -> None:
        """Remove the event that was last seen as *etag*.

        :raises EventNotFound: if it is gone already.
        :raises PreconditionFailed: if it is no longer as it was.
        """
        with self._at(calendar, write=True) as held:
            held.at(ref, etag, stamps=self._stamps)
            gone = held.remove(ref, self._server.now())
        self._uninvite(gone)

    def ref_for(self, calendar: CalendarId, uid: str) -> EventRef:
        """Return where an event of ours with *uid* is created; no request is made."""
        return EventRef(f"{path_of(calendar)}{uid}.ics")

    def close(self) -> None:
        """Close nothing: there are no connections."""

    def _at(self, calendar: CalendarId, *, write: bool = False) -> AbstractContextManager[Calendar]:
        return self._server.calendar(self._username, self._password, calendar, write=write)

    def _time(self, one: Resource, window: Interval) -> BusyTime:
        try:
            return _together(series.time for series in read(one.body, self._owner, window).series)
        except Unreadable:
            return BusyTime(unknown=(window,))

    def _item(self, ref: EventRef, one: Resource, window: Interval, receipt: Receipt) -> Item | None:
        shown = None if Capability.FREE_BUSY in self._can else window
        try:
            document = read(one.body, self._owner, shown)
        except Unreadable:
            unknown = () if shown is None else (shown,)
            return Unread(ref, one.etag, BusyTime(unknown=unknown), ("unreadable",))
        return self._event(ref, one, document, receipt)

    def _event(self, ref: EventRef, one: Resource, document: Document, receipt: Receipt) -> Event | None:
        if not document.series:
            return None  # a task, or a note
        first = next((series for series in document.series if series.session), document.series[0])
        return Event(
            ref=ref,
            etag=one.etag,
            uid=first.uid,
            start=first.start,
            end=first.end,
            all_day=first.all_day,
            recurring=first.recurring,
            status=first.status,
            partstats=first.partstats,
            deliveries=first.deliveries,
            silent=first.silent,
            sequence=first.sequence,
            session=first.session,
            stamp=self._stamp(one.modified),
            time=_together(series.time for series in document.series),
            notes=document.notes,
            receipt=receipt,
        )

    def _write(self, held: Calendar, ref: EventRef, draft: EventDraft) -> Written:
        body = render(draft)
        if Capability.SCHEDULING in self._can and not draft.silent:
            guests = {one.address.lower() for one in draft.attendees} - {draft.organizer.address.lower()}
            self._server.invite("REQUEST", draft.uid, guests)
            body = self._server.deliver(body, draft.uid, sorted(guests))
        return Written(ref, held.put(ref, body, self._server.now()))

    def _receipt(self) -> Receipt:
        return Receipt(self._server.now().replace(microsecond=0))

    @property
    def _stamps(self) -> bool:
        return Capability.STAMPS in self._can

    def _stamp(self, when: datetime) -> datetime | None:
        return when if self._stamps else None

    def _given(self, token: SyncToken) -> SyncToken | None:
        return token if Capability.SYNC_TOKEN in self._can else None

    def _uninvite(self, gone: Resource) -> None:
        if Capability.SCHEDULING in self._can and not lines.is_silent(gone.text):
            self._server.invite("CANCEL", gone.uid, lines.guests(gone.text))
            self._server.call_off(gone, lines.guests(gone.text))


def _together(times: Iterable[BusyTime]) -> BusyTime:
    every = tuple(times)
    return BusyTime(
        busy=merge(part for time in every for part in time.busy),
        tentative=merge(part for time in every for part in time.tentative),
        unknown=merge(part for time in every for part in time.unknown),
    )
