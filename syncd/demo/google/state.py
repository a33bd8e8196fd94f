"""Everything the fake remembers: people, their calendars, and each calendar's copies of events."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Literal
from zoneinfo import ZoneInfo

from syncd.clock import Clock
from syncd.demo.google.refusals import Body, access_level, not_found
from syncd.demo.google.times import at_millisecond, milliseconds

Role = Literal["freeBusyReader", "reader", "writer", "owner"]
RANK: tuple[Role, ...] = ("freeBusyReader", "reader", "writer", "owner")
"""What a calendar can be shared as, from least to most."""
FIXED = (
    *("id", "iCalUID", "created", "creator", "organizer", "recurringEventId", "originalStartTime"),
    "eventType",
)
"""What no client changes once an event is made."""


@dataclass(frozen=True)
class Person:
    """Somebody with a Google account; their primary calendar bears their address."""

    email: str
    name: str = ""
    zone: str = "Europe/Berlin"
    takes_invitations: bool = True
    """Invitations appear by themselves; if not, once they are answered."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "email", self.email.lower())


class Gone(Enum):
    """What is left of a cancelled event."""

    DETAILED = auto()
    """Everything: on the organizer's calendar, and where a guest has removed it."""
    BARE = auto()
    """Its id alone."""


@dataclass
class Copy:
    """An event as it stands on one calendar."""

    id: str
    shared: Body
    """What every copy has in common, and the organizer alone can change."""
    own: Body = field(default_factory=dict)
    """What is of this copy alone: reminders, transparency, private extended properties."""
    gone: Gone | None = None
    fallen: bool = False
    """It went with the series that it is of."""
    hidden: bool = False
    """An invitation that is not shown before it is answered."""
    updated: datetime | None = None
    version: int = 0
    """The milliseconds at which it became what it is."""
    place: int = 0
    """Where in the history of everything it was changed last."""

    @property
    def etag(self) -> str:
        """Its version as Google writes it, quotes included."""
        return f'"{2 * self.version}000"'

    @property
    def organizer(self) -> str:
        """The calendar, or the address outside, that the event belongs to."""
        return str(self.shared["organizer"]["email"])

    @property
    def attendees(self) -> list[Body]:
        """The guests, as they are kept."""
        guests: list[Body] = self.shared.get("attendees", [])
        return guests

    def attendee(self, email: str) -> Body | None:
        """Return one guest, or nothing if they are none."""
        return next((one for one in self.attendees if one["email"] == email), None)


@dataclass
class Calendar:
    """A calendar of a person."""

    id: str
    owner: str
    summary: str
    zone: ZoneInfo
    roles: dict[str, Role]
    """Who sees it, by e-mail address, and as what."""
    description: str = ""
    primary: bool = False
    by_app: bool = False
    """It was made over the API."""
    copies: dict[str, Copy] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    """Every id that was ever used here."""
    etag: str = '"0"'
    updated: datetime | None = None
    floor: int = 0
    """Sync tokens from before this place in history are worth nothing any more."""


@dataclass(frozen=True)
class Letter:
    """A mail of Google's about an event."""

    to: str
    kind: Literal["REQUEST", "CANCEL", "REPLY"]
    event: str
    at: datetime
    body: Body
    """What all copies had in common then."""


@dataclass
class Manners:
    """How the server behaves where Google leaves itself free, and what is out of order with it."""

    page_size: int | None = None
    """At most so many rows on a page, whatever was asked for."""
    empty_pages: bool = False
    """An empty page comes before every other one."""
    bare: Literal["never", "lists", "always"] = "never"
    """Deleted events have no more than id and status: in lists, or even when they are asked for by id."""
    revival: bool = True
    """A deleted event can be written to be confirmed again."""
    rotation: Literal["never", "keeps", "kills"] = "never"
    """Each refresh brings a new refresh token; the old one is kept until the new one was used, or is dead at once."""
    token_life: timedelta = timedelta(seconds=3599)
    """How long an access token is good."""
    refresh_life: timedelta | None = None
    """How long a refresh token is good: seven days for a client that is still being tested."""
    busy_errors: dict[str, str] = field(default_factory=dict)
    """Calendars whose free/busy cannot be had, with the reason."""


class World:
    """All that is remembered, behind one lock."""

    def __init__(self, clock: Clock, manners: Manners) -> None:
        self.clock = clock
        self.manners = manners
        self.people: dict[str, Person] = {}
        self.calendars: dict[str, Calendar] = {}
        self.letters: list[Letter] = []
        self.place = 0
        self.after: Callable[[frozenset[str]], None] = lambda _: None
        """Told, outside the lock, which calendars were changed by an act."""
        self._touched: set[str] = set()
        self.lock = threading.RLock()
        self._depth = 0

    @contextmanager
    def act(self) -> Iterator[None]:
        """Do something to it alone; whoever watches is told afterwards."""
        touched: frozenset[str] | None = None
        try:
            with self.lock:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                    if not self._depth:
                        touched, self._touched = frozenset(self._touched), set()
        finally:
            if touched is not None:
                self.after(touched)

    def touch(self, calendar: Calendar, copy: Copy, *, quietly: bool = False) -> None:
        """Note that a copy was changed; *quietly*, if ``updated`` does not tell."""
        now, before = self.clock.now(), calendar.copies.get(copy.id, copy)
        self.place += 1
        copy.place = self.place
        # No two versions of a copy bear the same stamp, even if the clock stands still between them.
        copy.version = max(milliseconds(now), copy.version + 1, before.version + 1)
        if not quietly or copy.updated is None:
            copy.updated = at_millisecond(copy.version)
        calendar.updated, calendar.etag = now, f'"p{copy.place}"'
        calendar.copies[copy.id] = copy
        calendar.used.add(copy.id)
        self._touched.add(calendar.id)

    def forget(self, calendar: Calendar) -> None:
        """Let every sync token of a calendar be worth nothing."""
        self.place += 1
        calendar.floor = self.place

    def add_person(self, person: Person) -> Calendar:
        """Let somebody have an account, with a primary calendar."""
        self.people[person.email] = person
        return self.add_calendar(person.email, person.email, person.email, primary=True)

    def add_calendar(
        self, owner: str, summary: str, name: str = "", *, zone: str = "", primary: bool = False
    ) -> Calendar:
        """Let somebody have one more calendar."""
        name = name or f"c_{secrets.token_hex(16)}@group.calendar.google.com"
        zoned = ZoneInfo(zone or self.people[owner].zone)
        made = Calendar(
            name, owner, summary, zoned, {owner: "owner"}, primary=primary, updated=self.clock.now()
        )
        self.calendars[name] = made
        return made

    def seen(self, viewer: str, name: str, least: Role = "freeBusyReader") -> Calendar:
        """Return a calendar that *viewer* may see.

        :raises Refusal: if they may not, or not as much of it.
        """
        found = self.calendars.get(viewer if name == "primary" else name)
        role = found and found.roles.get(viewer)
        if found is None or role is None:
            raise not_found()
        if RANK.index(role) < RANK.index(least):
            raise access_level(least)
        return found

    def post(self, to: str, kind: Literal["REQUEST", "CANCEL", "REPLY"], copy: Copy) -> None:
        """Send a mail about an event."""
        self.letters.append(Letter(to, kind, copy.id, self.clock.now(), deepcopy(copy.shared)))
