"""One calendar at Google: is it there, and what stands in it at one id."""

from __future__ import annotations

from dataclasses import dataclass

from providers.base import CalendarId, Event, EventRef, Tombstone, Unread
from providers.errors import AccessLost, EventNotFound, Loss, ProviderError, Unavailable
from providers.google.answer import Answer
from providers.google.api import Api
from providers.google.reading import FIELDS, Reader, ref_of
from providers.google.reasons import Meaning, meaning, refusal

_FRESH = {"Cache-Control": "no-cache"}


@dataclass(frozen=True, slots=True)
class Place:
    """A calendar of an account."""

    api: Api
    calendar: CalendarId
    reader: Reader

    @property
    def where(self) -> str:
        """The API's address, as errors may show it."""
        return self.api.where

    def alive(self) -> None:
        """Return if the calendar answers.

        :raises AccessLost: if it is gone, or refused.
        :raises Unavailable: if neither can be told.
        """
        answer = self.api.read(
            self.api.on.events.list(calendarId=self.calendar, maxResults=1, fields="kind"), _FRESH
        )
        if answer.fine:
            if answer.object().get("kind") != "calendar#events":
                raise Unavailable("the answer is not that of a calendar", where=self.where)
            return
        if meaning(answer) is Meaning.ABSENT:
            raise gone(answer)
        raise refusal(answer, write=False)

    def find(self, ref: EventRef) -> Event | Tombstone | Unread | None:
        """Return what is at *ref*, past any cache; ``None`` if the calendar answers and knows of nothing there.

        A deleted event is found as well: for a long time, though not for ever.
        """
        request = self.api.on.events.get(calendarId=self.calendar, eventId=ref, fields=FIELDS)
        answer = self.api.read(request, _FRESH)
        if answer.fine:
            found = answer.object()
            if ref_of(found) != ref:
                raise Unavailable("the answer does not speak of what was asked", where=self.where)
            return self.reader.item(found, ref, answer.receipt)
        if meaning(answer) in {Meaning.ABSENT, Meaning.DELETED}:
            self.alive()
            return None
        raise refusal(answer, write=False)

    def refused(self, answer: Answer, *, write: bool) -> ProviderError:
        """Return why a request of the calendar was refused, where no event is the reason.

        A 404 means its loss, unless it stands all the same.
        """
        if meaning(answer) not in {Meaning.ABSENT, Meaning.DELETED}:
            return refusal(answer, write=write)
        self.alive()
        return Unavailable("Google contradicts itself", where=self.where, status=answer.status)

    def missing(self, found: Tombstone | None) -> EventNotFound:
        """Return that nothing stands there any more."""
        words, when = "the event is not in the calendar", found.stamp if found else None
        return EventNotFound(words, where=self.where, stamp=when)


def gone(answer: Answer) -> AccessLost:
    """Return that a calendar is not there any more, or not for this account to know of."""
    words = "the calendar is not there any more, or not shared with this account"
    return AccessLost(words, loss=Loss.GONE, where=answer.where, status=answer.status)
