"""Where somebody's calendars are, and what they do in them with their own hands: the same on every kind of server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from syncd import wiring
from syncd.accounts import Connected, Login, connect
from syncd.demo.hand import Hand, Stored
from syncd.demo.people import move_in
from syncd.demo.person import Person
from syncd.demo.servers import Server
from syncd.house import House
from syncd.store import rows

_TIMES = re.compile(r"(DTSTART|DTEND):(\d{8}T\d{6}Z)")
_UTC = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Seen:
    """An event of a session, as the server itself shows it."""

    url: str
    cancelled: bool = False
    """Whether its organizer has called it off."""


class Home(Protocol):
    """The calendars of one person; events are named by their addresses, calendars by their names."""

    @property
    def url(self) -> str:
        """The address of the server."""

    @property
    def password(self) -> str:
        """What lets the person in there."""

    @property
    def calendars(self) -> Mapping[str, str]:
        """The addresses of all calendars, by title."""

    def move_in(self) -> None:
        """Fill the calendars."""

    def connect(self, house: House, row: rows.Person) -> Connected:
        """Connect the account to syncd, as the person would.

        :raises ProviderError: if it cannot be connected.
        """

    def delivers_to(self, other: Home) -> bool:
        """Tell whether the server brings invitations into the calendars of *other* by itself."""

    def events(self, session_id: str) -> tuple[Seen, ...]:
        """Ask the server for the events of a session in all calendars, the cancelled ones too."""

    def wrote(self, session_id: str) -> bool:
        """Tell whether anybody has put an event of a session into these calendars in the person's own name."""

    def delete(self, event: str) -> None:
        """Delete an event."""

    def put_back(self, event: str) -> None:
        """Undo its deletion."""

    def drag(self, event: str, by: timedelta) -> None:
        """Move an event to another time."""

    def carry(self, event: str, name: str) -> None:
        """Move an event to another calendar of the person's."""

    def decline(self, event: str) -> None:
        """Answer an invitation with no."""

    def delete_calendar(self, name: str) -> None:
        """Delete a calendar with all that is in it."""


@dataclass(frozen=True, slots=True)
class CalDavHome:
    """Calendars on a CalDAV server; every method raises :class:`Refused` if the server does not do it."""

    person: Person
    server: Server
    delivers: bool
    """The server carries invitations between those who are on it."""
    _bin: dict[str, str] = field(default_factory=dict)
    """What was deleted and can be put back, by address."""

    @property
    def url(self) -> str:
        """The address of the server."""
        return self.server.url

    @property
    def password(self) -> str:
        """What lets the person in there."""
        return self.person.password

    @property
    def calendars(self) -> Mapping[str, str]:
        """The addresses of all calendars, by title."""
        return {one.title: self._hand.calendar(one.name) for one in self.person.calendars}

    @property
    def _hand(self) -> Hand:
        return self.server.hand(self.person.user)

    def move_in(self) -> None:
        """Fill the calendars; where the server delivers invitations, have it know the person and their address."""
        addresses = move_in(self.person, self.server)
        if self.delivers:
            self.server.introduce(self.person.user, self.person.email)
            self.server.deliver(self.person.user, addresses[self.person.sessions])

    def connect(self, house: House, row: rows.Person) -> Connected:
        """Connect the account to syncd, with its password.

        :raises ProviderError: if it cannot be connected.
        """
        login = Login(wiring.CALDAV, self.server.url, self.person.user, self.person.password)
        return connect(house, row, login, (), self.person.sessions)

    def delivers_to(self, other: Home) -> bool:
        """Tell whether the server brings invitations into the calendars of *other* by itself."""
        return self.delivers and isinstance(other, CalDavHome) and other.server is self.server

    def events(self, session_id: str) -> tuple[Seen, ...]:
        """Ask the server for the events of a session in all calendars, the cancelled ones too."""
        return tuple(
            Seen(found.url, found.cancelled)
            for one in self.calendars.values()
            for found in self._hand.find(one, f"syncd-{session_id}-")
        )

    def wrote(self, session_id: str) -> bool:
        """Tell whether anybody has put an event of a session there with the person's own password."""
        seen = self.server.front.seen() if self.server.front else ()
        who = (self.person.user, "PUT")
        return any((one.user, one.method) == who and session_id in one.path for one in seen)

    def delete(self, event: str) -> None:
        """Delete an event."""
        self._bin[event] = self._hand.get(event)
        self._hand.delete(event)

    def put_back(self, event: str) -> None:
        """Undo its deletion."""
        self._hand.put(event, self._bin.pop(event))

    def drag(self, event: str, by: timedelta) -> None:
        """Move an event to another time."""

        def later(found: re.Match[str]) -> str:
            at = datetime.strptime(f"{found[2]}+0000", f"{_UTC}%z") + by
            return f"{found[1]}:{at:{_UTC}}"

        self._hand.put(event, _TIMES.sub(later, self._hand.get(event)))

    def carry(self, event: str, name: str) -> None:
        """Move an event to another calendar of the person's."""
        self._hand.move(event, f"{self._hand.calendar(name)}{event.rpartition('/')[2]}")

    def decline(self, event: str) -> None:
        """Answer an invitation with no."""
        self._hand.decline(Stored(event, self._hand.get(event)), self.person.email)

    def delete_calendar(self, name: str) -> None:
        """Delete a calendar with all that is in it."""
        self._hand.delete(self._hand.calendar(name))
