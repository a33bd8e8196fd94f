"""A Google account as a :class:`~providers.base.CalendarProvider`."""

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
    Status,
    SyncToken,
    Tombstone,
    Unread,
    Written,
)
from providers.errors import (
    EventExists,
    EventNotFound,
    PreconditionFailed,
    ProviderError,
    Unavailable,
    Unreadable,
)
from providers.google import channels, directory, freebusy, listing
from providers.google.answer import Answer
from providers.google.api import Api, Pause, pause
from providers.google.carrier import Token
from providers.google.place import Place
from providers.google.reading import Reader, etag_of, ref_of
from providers.google.reasons import Meaning, meaning
from providers.google.writing import body, told
from providers.push import Channel, Hook
from providers.uids import google_id

_UNMET = frozenset({Meaning.CHANGED, Meaning.ABSENT, Meaning.DELETED, Meaning.EXISTS})
"""Refusals of a conditional write that are about the event, or may be."""


class GoogleProvider:
    """One person's calendars at Google; *account* is the address of their primary calendar."""

    def __init__(
        self,
        endpoint: str,
        account: str,
        owner: Owner,
        http: requests.Session,
        token: Token,
        *,
        pause: Pause = pause,
    ) -> None:
        self._api = Api(endpoint, http, token, pause)
        self._reader = Reader(account.lower(), owner)

    def capabilities(self) -> Capability:
        """Return what Google can do, once it has let the account in.

        :raises Unsupported: if this is not Google's calendar API.
        """
        directory.reached(self._api)
        return Capability.FREE_BUSY | Capability.SYNC_TOKEN | Capability.SCHEDULING | Capability.STAMPS

    def calendars(self) -> tuple[CalendarEntry, ...]:
        """Return every calendar of the account, sorted by name.

        :raises Unsupported: if this is not Google's calendar API.
        """
        return directory.calendars(self._api)

    def busy(self, calendars: Sequence[CalendarId], window: Interval) -> Mapping[CalendarId, BusyTime]:
        """Return what each of *calendars* says about *window*; what Google cannot tell is unknown."""
        return freebusy.busy(self._api, calendars, window)

    def changes(
        self,
        calendar: CalendarId,
        since: SyncToken | None,
        *,
        known: Mapping[RefKey, ETag],
        window: Interval,  # noqa: ARG002 - busy time is asked for by itself
    ) -> Changes:
        """Return what changed after *since*, or a complete listing when it is ``None``; no busy time.

        :raises SyncTokenExpired: if *since* is of another calendar, or Google does not take it.
        """
        return listing.changes(self._place(calendar), since, known)

    def fetch(self, calendar: CalendarId, ref: EventRef) -> Event:
        """Return the event by its id, past any cache.

        :raises EventNotFound: if the calendar answers and the event is not in it, or is deleted.
        :raises Unreadable: if what stands there is not an event that can be understood.
        """
        place = self._place(calendar)
        match place.find(ref):
            case Event() as found:
                return found
            case Unread():
                raise Unreadable("what stands there cannot be understood", where=place.where)
            case gone:
                raise place.missing(gone)

    def create(self, calendar: CalendarId, draft: EventDraft) -> Written:
        """Write a new event under the id that :meth:`ref_for` names.

        :raises EventExists: if something stands there, or stood there once.
        :raises Unsupported: if Google does not take the event.
        """
        place, ref = self._place(calendar), self.ref_for(calendar, draft.uid)
        written = {"id": ref, **body(draft, calendar, self._reader)}
        # Never without an id of ours: an insert whose answer is lost would be a second event.
        request = self._api.on.events.insert(calendarId=calendar, body=written, sendUpdates=told(draft))
        answer = self._api.write(request)
        if answer.fine:
            return _written(place, ref, answer, draft)
        if meaning(answer) is Meaning.EXISTS:
            raise EventExists("something stands there, or did once", where=place.where, status=answer.status)
        raise place.refused(answer, write=True)

    def update(self, calendar: CalendarId, ref: EventRef, draft: EventDraft, etag: ETag) -> Written:
        """Replace the event that was last seen as *etag*; a draft that is cancelled deletes it.

        :raises EventNotFound: if it is gone.
        :raises PreconditionFailed: if it is no longer as it was.
        :raises Unsupported: if Google does not take the event, or it is somebody else's.
        """
        place, written = self._place(calendar), body(draft, calendar, self._reader)
        request = self._api.on.events.update(
            calendarId=calendar, eventId=ref, body=written, sendUpdates=told(draft)
        )
        answer = self._api.write(request, {"If-Match": etag})
        if answer.fine:
            return _written(place, ref, answer, draft)
        raise self._unmet(place, ref, answer)

    def delete(self, calendar: CalendarId, ref: EventRef, etag: ETag) -> None:
        """Remove the event that was last seen as *etag*; its guests, if it has any, are told.

        :raises EventNotFound: if it is gone already.
        :raises PreconditionFailed: if it is no longer as it was.
        :raises Unsupported: if it is somebody else's.
        """
        place = self._place(calendar)
        request = self._api.on.events.delete(calendarId=calendar, eventId=ref, sendUpdates="all")
        answer = self._api.write(request, {"If-Match": etag})
        if answer.status == HTTPStatus.NO_CONTENT or (answer.fine and not answer.body):
            return
        if meaning(answer) is Meaning.DELETED:
            raise EventNotFound("the event was deleted before", where=place.where, status=answer.status)
        raise self._unmet(place, ref, answer)

    def ref_for(self, calendar: CalendarId, uid: str) -> EventRef:  # noqa: ARG002 - the same on all calendars
        """Return the id under which an event of ours with *uid* is created; no request is made."""
        return EventRef(google_id(uid))

    def watch(self, calendar: CalendarId, channel: str, hook: Hook) -> Channel:
        """Return a new channel under the id *channel*: Google calls *hook* from now on.

        :raises Unsupported: if Google does not take the id or the hook, or watches no such calendar.
        """
        return channels.watch(self._api, calendar, channel, hook)

    def renew(self, calendar: CalendarId, old: Channel, channel: str, hook: Hook) -> Channel:
        """Return a new channel in the place of *old*, which is stopped once the new one is open.

        :raises Unsupported: if Google does not take the id or the hook, or watches no such calendar.
        """
        return channels.renew(self._api, calendar, old, channel, hook)

    def stop(self, channel: Channel) -> None:
        """End *channel*; one that has ended is left alone."""
        channels.stop(self._api, channel)

    def close(self) -> None:
        """Close the connections of this turn."""
        self._api.close()

    def _place(self, calendar: CalendarId) -> Place:
        return Place(self._api, calendar, self._reader)

    def _unmet(self, place: Place, ref: EventRef, answer: Answer) -> ProviderError:
        """Return why a conditional write was refused: the event is looked at, the refusal proves nothing."""
        found = meaning(answer)
        if found not in _UNMET:
            return place.refused(answer, write=True)
        changed = PreconditionFailed("the event is not as it was", where=place.where, status=answer.status)
        try:
            there = place.find(ref)
        except Unavailable:
            if found is Meaning.CHANGED:
                return changed  # whatever it is: it is to be looked at again
            raise
        if there is None or isinstance(there, Tombstone):
            return place.missing(there)
        if found is Meaning.CHANGED:
            return changed
        return Unavailable("Google contradicts itself", where=place.where, status=answer.status)


def _written(place: Place, ref: EventRef, answer: Answer, draft: EventDraft) -> Written:
    """Return where a write left the event: only an answer that shows it says that it was stored."""
    found = answer.object()
    if ref_of(found) != ref:
        words = "the answer does not say that the event was stored"
        raise Unavailable(words, where=place.where, status=answer.status)
    stands = draft.status is not Status.CANCELLED
    return Written(ref, etag_of(found.get("etag")) if stands else None)
