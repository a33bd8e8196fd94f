"""Calendars at Google, as the demo's fake of it keeps them: people act on their phones, and let syncd in on Google's page."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo

from providers.uids import named_by
from syncd.accounts import Connected
from syncd.config.model import Google
from syncd.demo.google import GoogleFake, Hand
from syncd.demo.google import Person as Account
from syncd.demo.google.importing import Importer
from syncd.demo.google.refusals import Body
from syncd.demo.home import Home, Seen
from syncd.demo.person import Person
from syncd.house import House
from syncd.oauth import consent
from syncd.oauth.connecting import connect
from syncd.store import rows

_BACK = "http://127.0.0.1:9/"
"""Where Google sends people back to: nobody need listen, the address alone is read."""
_PATIENCE = 30.0
_LIFE = timedelta(days=3650)
"""How long a visitor's token is good, however far they move the clock."""


@dataclass(frozen=True, slots=True)
class GoogleHome:
    """Calendars at Google; every act raises :class:`NotPossible` if what it names is not there."""

    person: Person
    google: GoogleFake
    _ids: dict[str, str] = field(default_factory=dict)
    """Calendars by name, the primary one by nothing."""

    @property
    def url(self) -> str:
        """The address of the API."""
        return self.google.api_endpoint

    @property
    def password(self) -> str:
        """A token that opens the API to the person."""
        return self.google.token(self.person.email, life=_LIFE)

    @property
    def calendars(self) -> Mapping[str, str]:
        """The addresses of all calendars, by title."""
        return {one.title: self._address(self._ids[one.name]) for one in self.person.calendars}

    @property
    def _hand(self) -> Hand:
        return self.google.hand(self.person.email)

    def move_in(self) -> None:
        """Get an account, and import the calendars."""
        zone = ZoneInfo(self.person.zone)
        hand = self.google.add(Account(self.person.email, self.person.name, zone.key))
        for one in self.person.calendars:
            primary = one.name == self.person.primary
            self._ids[one.name] = "" if primary else hand.make_calendar(one.title)
            for text in one.resources.values():
                Importer(hand, self._ids[one.name], zone).put(text)

    def connect(self, house: House, row: rows.Person) -> Connected:
        """Let syncd in, as the person would on Google's page.

        :raises ProviderError: if it cannot be connected.
        """
        asked, pending = consent.begin(house.config, _BACK, house.clock.now(), hint=self.person.email)
        self.google.consent.at_once(self.person.email)
        given = consent.finish(house.config, pending, _clicked(asked), house.clock.now())
        sessions = self._ids[self.person.sessions] or self.person.email
        return connect(house, row, given.grant, given.first, (), sessions).connected

    def delivers_to(self, other: Home) -> bool:
        """Tell whether Google brings invitations into the calendars of *other* by itself."""
        return isinstance(other, GoogleHome)

    def events(self, session_id: str) -> tuple[Seen, ...]:
        """Return the events of a session in all calendars; one that was called off is not there any more."""
        return tuple(
            Seen(f"{self._address(calendar)}/events/{event}")
            for calendar, event, _ in self._standing(session_id)
        )

    def wrote(self, session_id: str) -> bool:
        """Tell whether an event of a session there is the person's own, and no invitation."""
        return any(
            found["organizer"]["email"] == (calendar or self.person.email)
            for calendar, _, found in self._standing(session_id)
        )

    def delete(self, event: str) -> None:
        """Delete an event."""
        name, calendar = self._parts(event)
        self._hand.delete(name, calendar)

    def put_back(self, event: str) -> None:
        """Take an event out of the bin again."""
        name, calendar = self._parts(event)
        self._hand.restore(name, calendar)

    def drag(self, event: str, by: timedelta) -> None:
        """Move an event to another time."""
        name, calendar = self._parts(event)
        shown = self._hand.show(name, calendar) or {}
        start, end = (datetime.fromisoformat(shown[which]["dateTime"]) + by for which in ("start", "end"))
        self._hand.move(name, start, end, calendar)

    def carry(self, event: str, name: str) -> None:
        """Move an event to another calendar of the person's."""
        moved, calendar = self._parts(event)
        self._hand.carry(moved, self._ids[name], calendar)

    def decline(self, event: str) -> None:
        """Answer an invitation with no."""
        self._hand.decline(self._parts(event)[0])

    def delete_calendar(self, name: str) -> None:
        """Delete a calendar with all that is in it."""
        self._hand.delete_calendar(self._ids[name])

    def _standing(self, session_id: str) -> Iterator[tuple[str, str, Body]]:
        there = self.google.world.calendars
        for calendar in self._ids.values():
            found = self._hand.events(calendar) if not calendar or calendar in there else {}
            for event, shown in found.items():
                if (named_by(event) or "").startswith(f"syncd-{session_id}-"):
                    yield calendar, event, shown

    def _address(self, calendar: str) -> str:
        return f"{self.url}/calendars/{quote(calendar or self.person.email)}"

    def _parts(self, event: str) -> tuple[str, str]:
        *_, calendar, _, name = map(unquote, event.split("/"))
        return name, "" if calendar == self.person.email else calendar


def made_known(google: GoogleFake, directory: Path) -> Google:
    """Return how syncd reaches *google*; what makes it known there is kept in *directory*."""
    client, file = google.register(installed=True), directory / "client.json"
    file.touch(0o600)
    known = {"installed": {"client_id": client.id, "client_secret": client.secret}}
    file.write_text(json.dumps(known), encoding="utf-8")
    return Google(
        client_secret_file=file,
        api_endpoint=google.api_endpoint,
        auth_uri=google.auth_uri,
        token_uri=google.token_uri,
        revoke_uri=google.revoke_uri,
    )


def _clicked(address: str) -> str:
    """Go to Google's page, where the person says yes, and return what it sends back."""
    at = urlsplit(address)
    browser = http.client.HTTPConnection(at.hostname or "", at.port, timeout=_PATIENCE)
    try:
        browser.request("GET", f"{at.path}?{at.query}")
        return urlsplit(browser.getresponse().headers["Location"]).query
    finally:
        browser.close()
