"""Hands that reach around the provider: into the server in memory, and over plain HTTP."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlsplit

from providers.base import CalendarId, EventRef
from providers.memory import MemoryServer
from syncd.demo.hand import Hand
from tests.providers.entries import Change, Entry, Shown, answering, edited, ics, saying, shown, starting

_DAY = Entry("odd-software", datetime(2026, 12, 3, 9, tzinfo=UTC), datetime(2026, 12, 3, 10, tzinfo=UTC))
UNREADABLE = ics(_DAY).replace(
    "VERSION:2.0", "VERSION:2.0\r\nCALSCALE:HEBREW"
)  # servers do not care; readers must


class TextHand(ABC):
    """A person's app on a server that keeps iCalendar text at refs."""

    def __init__(self) -> None:
        self._bin: dict[EventRef, str] = {}

    @abstractmethod
    def read(self, ref: EventRef) -> str:
        """Return the text at *ref*."""

    @abstractmethod
    def write(self, calendar: CalendarId, ref: EventRef, text: str) -> None:
        """Put *text* at *ref*."""

    @abstractmethod
    def remove(self, calendar: CalendarId, ref: EventRef) -> None:
        """Take away what is at *ref*."""

    @abstractmethod
    def place(self, calendar: CalendarId, name: str) -> EventRef:
        """Return the ref of the resource *name*."""

    def add(self, calendar: CalendarId, entry: Entry) -> EventRef:
        return self._put(calendar, entry.name or f"{entry.uid}.ics", ics(entry))

    def add_unreadable(self, calendar: CalendarId) -> EventRef:
        return self._put(calendar, "odd-software.ics", UNREADABLE)

    def hide_time(self, calendar: CalendarId) -> None:
        self.add_unreadable(calendar)

    def move_time(self, calendar: CalendarId, ref: EventRef, start: datetime) -> None:
        self._edit(calendar, ref, starting(start))

    def decline(self, calendar: CalendarId, ref: EventRef, address: str) -> None:
        self._edit(calendar, ref, answering(address, "DECLINED"))

    def cancel(self, calendar: CalendarId, ref: EventRef) -> None:
        self._edit(calendar, ref, saying("STATUS", "CANCELLED"))

    def retitle(self, calendar: CalendarId, ref: EventRef, title: str) -> None:
        self._edit(calendar, ref, saying("SUMMARY", title))

    def show(self, calendar: CalendarId, ref: EventRef) -> Shown:
        return shown(self.read(ref))

    def delete(self, calendar: CalendarId, ref: EventRef) -> None:
        self._bin[ref] = self.read(ref)
        self.remove(calendar, ref)

    def restore(self, calendar: CalendarId, ref: EventRef) -> None:
        self.write(calendar, ref, self._bin.pop(ref))

    def _put(self, calendar: CalendarId, name: str, text: str) -> EventRef:
        ref = self.place(calendar, name)
        self.write(calendar, ref, text)
        return ref

    def _edit(self, calendar: CalendarId, ref: EventRef, change: Change) -> None:
        self.write(calendar, ref, edited(self.read(ref), change))


class MemoryHand(TextHand):
    """Reaches into a :class:`MemoryServer`."""

    def __init__(self, server: MemoryServer) -> None:
        super().__init__()
        self._server = server

    def read(self, ref: EventRef) -> str:
        return self._server.body(self._calendar(ref), ref).decode()

    def write(self, calendar: CalendarId, ref: EventRef, text: str) -> None:
        self._server.put(calendar, ref, text.encode())

    def remove(self, calendar: CalendarId, ref: EventRef) -> None:
        self._server.remove(calendar, ref)

    def place(self, calendar: CalendarId, name: str) -> EventRef:
        return EventRef(calendar.removeprefix("memory:") + name)

    def move_to(self, calendar: CalendarId, ref: EventRef, other: CalendarId) -> EventRef:
        return self._server.move(calendar, ref, other)

    def delete_calendar(self, calendar: CalendarId) -> None:
        self._server.delete_calendar(calendar)

    def _calendar(self, ref: EventRef) -> CalendarId:
        return CalendarId("memory:" + ref.rpartition("/")[0] + "/")


class CalDavHand(TextHand):
    """Speaks plain WebDAV, as any calendar app does."""

    def __init__(self, hand: Hand) -> None:
        super().__init__()
        self._hand = hand

    def read(self, ref: EventRef) -> str:
        return self._hand.get(self._url(ref))

    def write(self, calendar: CalendarId, ref: EventRef, text: str) -> None:
        self._hand.put(self._url(ref), text)

    def remove(self, calendar: CalendarId, ref: EventRef) -> None:
        self._hand.delete(self._url(ref))

    def place(self, calendar: CalendarId, name: str) -> EventRef:
        return EventRef(unquote(urlsplit(calendar).path) + name.replace("%", "%25"))

    def move_to(self, calendar: CalendarId, ref: EventRef, other: CalendarId) -> EventRef:
        there = self.place(other, ref.rpartition("/")[2])
        self._hand.move(self._url(ref), self._url(there))
        return there

    def delete_calendar(self, calendar: CalendarId) -> None:
        self._hand.delete(calendar)

    def _url(self, ref: EventRef) -> str:
        at = urlsplit(self._hand.home)
        return f"{at.scheme}://{at.netloc}{quote(ref, safe='/%')}"
