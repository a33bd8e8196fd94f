"""A CalDAV account as a :class:`~providers.base.CalendarProvider`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import requests

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
    Owner,
    RefKey,
    SyncToken,
    Unread,
    Written,
)
from providers.caldav import account, listing
from providers.caldav.collection import Collection, about_content, strong
from providers.caldav.dav import ROWS
from providers.caldav.href import calendar_path
from providers.caldav.quirks import of_etag
from providers.caldav.reading import Read, event, one_pass, together
from providers.caldav.wire import Answer, Wire, parsed
from providers.errors import EventExists, PreconditionFailed, ProviderError, Unavailable, Unreadable
from providers.ical import read as read_in_place
from providers.ical import render

_UID_TAKEN = frozenset({"no-uid-conflict", "unique-scheduling-object-resource"})
_WRITTEN = frozenset({HTTPStatus.CREATED, HTTPStatus.NO_CONTENT})


class CalDavProvider:
    """One person's calendars on a CalDAV server; *url* is the principal, the home or a calendar."""

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        owner: Owner,
        session: requests.Session,
        *,
        read: Read = read_in_place,
        max_rows: int = ROWS,
    ) -> None:
        self._url = url
        self._owner = owner
        self._read = read
        self._wire = Wire(url, username, password, session, max_rows)

    def capabilities(self) -> Capability:
        """Return what this account's server can do.

        :raises Unsupported: if this is not a calendar server.
        """
        return account.capabilities(self._wire, self._url, self._owner.addresses)

    def calendars(self) -> tuple[CalendarEntry, ...]:
        """Return every calendar of the account, sorted by name.

        :raises Unsupported: if this is not a calendar server.
        """
        return account.calendars(self._wire, self._url)

    def busy(self, calendars: Sequence[CalendarId], window: Interval) -> Mapping[CalendarId, BusyTime]:
        """Return what each of *calendars* says about *window*, read in full.

        Servers are not asked for free/busy: they disagree about clock changes, declined
        and cancelled events, and floating times.

        :raises Unsupported: if one of them is not a calendar.
        """
        return {calendar: self._busy(calendar, window) for calendar in calendars}

    def changes(
        self,
        calendar: CalendarId,
        since: SyncToken | None,
        *,
        known: Mapping[RefKey, ETag],
        window: Interval,
    ) -> Changes:
        """Return what changed after *since*, or a complete listing when it is ``None``.

        :raises SyncTokenExpired: if the server does not accept *since*.
        :raises Unsupported: if this is not a calendar.
        """
        place = self._place(calendar)
        found = listing.everything(place) if since is None else listing.changed(place, since, known)
        read = one_pass(self._read)
        how = listing.Reading(known, window, lambda body: read(body, self._owner, window))
        return listing.read(place, found, how)

    def fetch(self, calendar: CalendarId, ref: EventRef) -> Event:
        """Return the event by its ref, past any cache, without its busy time.

        :raises EventNotFound: if the calendar answers and the event is not in it.
        :raises Unreadable: if what stands there is not an event that can be understood.
        """
        place = self._place(calendar)
        answer = place.get(ref)
        body, etag = place.body(ref, answer)
        try:
            found = event(self._read(body, self._owner, None), ref, etag, answer.receipt)
        except Unreadable as why:
            why.where = place.where
            raise
        if found is None:
            raise Unreadable("what stands there is not an event", where=place.where)
        return found

    def create(self, calendar: CalendarId, draft: EventDraft) -> Written:
        """Write a new event at the ref that :meth:`ref_for` names.

        :raises EventExists: if something stands there, or has this UID.
        :raises Unsupported: if the calendar takes no events.
        """
        place, ref = self._place(calendar), self.ref_for(calendar, draft.uid)
        answer = place.put(ref, render(draft), {"If-None-Match": "*"})
        if _stored(answer):
            return Written(ref, strong(answer))
        if answer.conditions & _UID_TAKEN or _not_met(answer):
            raise EventExists("something stands there already", where=place.where, status=answer.status)
        raise place.refused(answer)

    def update(self, calendar: CalendarId, ref: EventRef, draft: EventDraft, etag: ETag) -> Written:
        """Replace the event that was last seen as *etag*.

        :raises EventNotFound: if it is gone.
        :raises PreconditionFailed: if it is no longer as it was.
        :raises Unsupported: if the calendar takes no events.
        """
        place = self._place(calendar)
        answer = place.put(ref, render(draft), {"If-Match": etag})
        if _stored(answer):
            return Written(ref, strong(answer))
        raise self._unmet(place, ref, answer)

    def delete(self, calendar: CalendarId, ref: EventRef, etag: ETag) -> None:
        """Remove the event that was last seen as *etag*.

        :raises EventNotFound: if it is gone already.
        :raises PreconditionFailed: if it is no longer as it was.
        """
        place = self._place(calendar)
        if of_etag(etag).blind_delete and place.body(ref, place.get(ref))[1] != etag:
            raise PreconditionFailed("the event is not as it was", where=place.where)
        answer = place.delete(ref, etag)
        if not _removed(place, answer):
            raise self._unmet(place, ref, answer)

    def ref_for(self, calendar: CalendarId, uid: str) -> EventRef:
        """Return where an event of ours with *uid* is created; no request is made."""
        return EventRef(f"{calendar_path(calendar)}{uid}.ics")

    def close(self) -> None:
        """Close the connections of this turn."""
        self._wire.close()

    def _place(self, calendar: CalendarId) -> Collection:
        return Collection(self._wire, calendar)

    def _busy(self, calendar: CalendarId, window: Interval) -> BusyTime:
        items = self.changes(calendar, None, known={}, window=window).items
        return together(one.time for one in items if isinstance(one, Event | Unread))

    def _unmet(self, place: Collection, ref: EventRef, answer: Answer) -> ProviderError:
        """Return why a conditional write was refused: the event is looked at, the refusal proves nothing."""
        absent, unmet = answer.status == HTTPStatus.NOT_FOUND, _not_met(answer)
        if not absent and not unmet:
            return place.refused(answer)
        if (look := place.get(ref)).status == HTTPStatus.NOT_FOUND:
            return place.missing(look)
        if absent:
            return Unavailable("the server contradicts itself", where=place.where, status=answer.status)
        return PreconditionFailed("the event is not as it was", where=place.where, status=answer.status)


def _stored(answer: Answer) -> bool:
    """Tell whether *answer* to a PUT says that it was stored: a page with status 200 does not."""
    return answer.status in _WRITTEN or (answer.status == HTTPStatus.OK and not answer.body)


def _removed(place: Collection, answer: Answer) -> bool:
    """Tell whether *answer* to a DELETE says that it was done: Radicale says so in XML, a page does not."""
    if answer.status == HTTPStatus.NO_CONTENT:
        return True
    if answer.status != HTTPStatus.OK:
        return False
    if not answer.body:
        return True
    found = parsed(answer, where=place.where)
    if not found.rows or found.odd or not all(row.fine for row in found.rows):
        raise Unavailable("the server does not say that the event was removed", where=place.where)
    return True


def _not_met(answer: Answer) -> bool:
    return answer.status == HTTPStatus.PRECONDITION_FAILED and not about_content(answer.conditions)
