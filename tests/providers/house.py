"""What a provider must bring to be tested: an account, its calendars, and a hand from outside."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from policy.interval import Interval
from providers.base import (
    Attendee,
    CalendarId,
    CalendarProvider,
    Changes,
    ETag,
    Event,
    EventDraft,
    EventRef,
    Owner,
    PartStat,
    SyncToken,
    Tombstone,
    Unread,
    Written,
    key_of,
)
from tests.providers.entries import Entry, Shown

STUDENT = "student@school.example"
MENTOR = "mentor@school.example"
OWNER = Owner(ZoneInfo("Europe/Berlin"), frozenset({STUDENT}))
START = datetime(2026, 12, 1, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WINDOW = Interval(datetime(2026, 11, 30, tzinfo=UTC), datetime(2027, 5, 1, tzinfo=UTC))


class Outside(Protocol):
    """The person's other calendar app: acts on the server without the provider.

    It speaks of entries and of what a person does with them, never of a wire format, so
    that a server with an API of its own can be tested by the same sentences.
    """

    def add(self, calendar: CalendarId, entry: Entry) -> EventRef:
        """Make an event."""
        ...

    def add_unreadable(self, calendar: CalendarId) -> EventRef:
        """Make something whose time nobody can tell, as odd software does."""
        ...

    def hide_time(self, calendar: CalendarId) -> None:
        """Let nobody tell any more when the calendar is busy."""
        ...

    def move_time(self, calendar: CalendarId, ref: EventRef, start: datetime) -> None:
        """Drag an event to another time."""
        ...

    def decline(self, calendar: CalendarId, ref: EventRef, address: str) -> None:
        """Answer "no" in the name of *address*."""
        ...

    def cancel(self, calendar: CalendarId, ref: EventRef) -> None:
        """Mark an event as cancelled and leave it where it is, if the server lets it stay."""
        ...

    def retitle(self, calendar: CalendarId, ref: EventRef, title: str) -> None:
        """Change nothing but the title."""
        ...

    def show(self, calendar: CalendarId, ref: EventRef) -> Shown:
        """Read an event's text."""
        ...

    def delete(self, calendar: CalendarId, ref: EventRef) -> None:
        """Delete an event."""
        ...

    def restore(self, calendar: CalendarId, ref: EventRef) -> None:
        """Bring back the event that was last deleted from *ref*, as it was."""
        ...

    def move_to(self, calendar: CalendarId, ref: EventRef, other: CalendarId) -> EventRef:
        """Move an event to another calendar of the same person."""
        ...

    def delete_calendar(self, calendar: CalendarId) -> None:
        """Delete the calendar with all that is in it."""
        ...


@dataclass(frozen=True)
class House:
    """One person's account on one server."""

    provider: CalendarProvider
    """The account, connected for :data:`OWNER`."""
    calendar: CalendarId
    """An empty calendar that the person may write."""
    make_other: Callable[[], CalendarId]
    """Makes another one: only where a test needs it, for some servers take their time."""
    forbidden: CalendarId
    """A calendar on the same server that the person may not write."""
    no_calendar: CalendarId
    """Something on the server that holds no events."""
    outside: Outside
    another: Callable[[], CalendarProvider]
    """Connects the same account once more."""
    refused: CalendarProvider
    """The same account with a wrong password."""
    outage: Callable[[], AbstractContextManager[None]]
    """Takes the server down for a while."""
    requests: Callable[[], int]
    """How many requests the server has answered so far."""
    crowd: int
    """How many events make this server's calendar a full one: more than one multiget's worth."""
    silent: bool = True
    """Events are written so that the server tells nobody; ``False`` where an event that nobody is told of has no guests."""
    cancelled_stands: bool = True
    """A cancelled event stays where it is and says so; ``False`` where cancelling is deleting."""
    tells_tentative: bool = True
    """Tentative time is told apart from busy time."""
    permanent: bool = False
    """The calendar cannot be deleted, only another one can."""

    def draft(self, uid: str | None = None, **other: Any) -> EventDraft:
        """Return a session as the daemon would write it here."""
        return draft(uid, **{"silent": self.silent, **other})

    @cached_property
    def other(self) -> CalendarId:
        """Another empty calendar that the person may write."""
        return self.make_other()

    @property
    def doomed(self) -> CalendarId:
        """An empty calendar that the person may write and delete."""
        return self.other if self.permanent else self.calendar

    @property
    def spared(self) -> CalendarId:
        """Another one than :attr:`doomed`."""
        return self.calendar if self.permanent else self.other


def draft(uid: str | None = None, *, start: datetime = START, **other: Any) -> EventDraft:
    """Return a session as the daemon would write it."""
    plain = EventDraft(
        uid=uid or f"syncd-{uuid.uuid4().hex}",
        session="s-0001",
        start=start,
        end=start + HOUR,
        summary="Mentoring",
        description="Free to cancel until Mon 30 Nov 16:00 (Europe/Berlin).",
        organizer=Attendee(STUDENT, "A Student", PartStat.ACCEPTED),
        attendees=(Attendee(STUDENT, "A Student", PartStat.ACCEPTED), Attendee(MENTOR, "A Mentor")),
        stamp=datetime(2026, 11, 2, 9, tzinfo=UTC),
        location="Room 7",
        url="https://school.example/s/1",
        silent=True,
    )
    return replace(plain, **other)


def entry(start: datetime = START, **other: Any) -> Entry:
    """Return an hour of the person's own life."""
    return replace(Entry(f"own-{uuid.uuid4().hex}", start, start + HOUR), **other)


def version(house: House, written: Written) -> ETag:
    """Return the version that a write left, read back if the server did not tell."""
    return written.etag or house.provider.fetch(house.calendar, written.ref).etag


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look found different."""

    there: dict[EventRef, Event | Unread]
    """New or in a new version."""
    gone: frozenset[EventRef]
    """Seen before and not there any more."""
    changes: Changes


@dataclass(slots=True)
class Watch:
    """Looks at a calendar again and again as the daemon does, with or without tokens."""

    provider: CalendarProvider
    calendar: CalendarId
    token: SyncToken | None = None
    known: dict[EventRef, ETag] = field(default_factory=dict)

    def look(self) -> Sight:
        """Return what changed since the last look."""
        changes = self.provider.changes(
            self.calendar,
            self.token,
            known={key_of(ref): etag for ref, etag in self.known.items()},
            window=WINDOW,
        )
        there = {one.ref: one for one in changes.items if not isinstance(one, Tombstone)}
        if changes.listed is None:
            gone = {one.ref for one in changes.items if isinstance(one, Tombstone)} & self.known.keys()
        else:
            gone = self.known.keys() - changes.listed.keys()
        self.token = changes.token
        self.known = {ref: etag for ref, etag in self.known.items() if ref not in gone}
        self.known |= {ref: one.etag for ref, one in there.items()}
        return Sight(there, frozenset(gone), changes)
