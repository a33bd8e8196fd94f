"""A school whose accounts are at a Google of our own, over real HTTP; others may be on a server in memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from providers.base import CalendarId, CalendarProvider, Owner
from providers.oauth import Delegation, Grant
from providers.uids import named_by
from syncd.clock import MovableClock
from syncd.demo.google import GoogleFake
from syncd.demo.google.faults import Faults
from syncd.house import GOOGLE, Found, House
from syncd.oauth import connecting
from syncd.oauth.consent import SCOPES
from syncd.store.database import Database
from syncd.store.rows import Account
from syncd.wiring import GoogleAccounts
from tests.endurance.quiet import TOUCHED
from tests.faults.town import MortalDoors, Town
from tests.providers.google_house import GoogleHand
from tests.syncd.engine.house import _VAULT, HOUR, NOW, START
from tests.syncd.google.ground import AMINA, MO
from tests.syncd.google.ground import Ground as Console
from tests.syncd.store.grounds import Ground, file_of

AT_GOOGLE = "google"
"""Where :meth:`GoogleTown.person` has the calendars of somebody who is with Google."""
BOSS = "boss@school.example"
PUBLIC = "https://school.example"
_PATIENCE = 10.0
"""Seconds of silence that are waited for; no run that is not about slowness comes to it."""
_READS = {("POST", "/calendar/v3/freeBusy"), ("POST", "/token")}
_PORTS: list[int] = []
"""The port of every Google of this process: the library builds its service for each address anew."""


@dataclass(frozen=True)
class Doors:
    """The ways into Google, and into servers in memory."""

    memory: MortalDoors
    google: GoogleAccounts

    def open(self, account: Account, secret: str, owner: Owner) -> CalendarProvider:
        return (self.google if account.provider == GOOGLE else self.memory).open(account, secret, owner)

    def find(self, address: str, username: str, secret: str, owner: Owner) -> Found:
        return self.memory.find(address, username, secret, owner)


class GoogleTown(Town):
    """A school with Google; a session is written into the primary calendar of who has one there."""

    def __init__(self, url: str, clock: MovableClock, google: GoogleFake, patience: float) -> None:
        folder = file_of(url).with_suffix("")
        folder.mkdir()
        self.google, self.patience = google, patience
        self.console = Console(folder, clock, google, google.register(installed=True))
        self.console.download()
        self.pushed = False
        """Google is asked to call."""
        # Google gives another token each time; the listing of each day may come at any hour, after a fault.
        of_a_calendar = TOUCHED["calendars"] | {"token", "full_at", "window_start", "window_end"}
        self.touched = {**TOUCHED, "calendars": of_a_calendar}
        self.untouched: dict[tuple[CalendarId, str], object] = {}
        self.doubled: set[str] = set()
        """What stood twice in one calendar, be it for a moment."""
        google.world.after = self._changed
        super().__init__(url, clock)
        self.hands[google.api_endpoint] = GoogleHand(google)

    def opened(self, db: Database) -> House:
        """Return a house on *db*, with a way to Google."""
        house = super().opened(db)
        robot = (
            'service_account_file = "robot.json"\n' if self._folder.joinpath("robot.json").exists() else ""
        )
        read = self.console.configure(f"{robot}push = {str(self.pushed).lower()}")
        school = house.config.school.model_copy(update={"public_url": PUBLIC if self.pushed else None})
        limits = read.limits.model_copy(update={"silence": self.patience})
        parts = {"google": read.google, "school": school, "limits": limits}
        config = house.config.model_copy(update=parts)
        google = GoogleAccounts(config, self.watch, db, _VAULT)
        assert isinstance(house.doors, MortalDoors)
        return House(config, house.clock, db, _VAULT, Doors(house.doors, google), house.new_id, google)

    @property
    def _folder(self) -> Path:
        return self.console.folder

    # --- people and their calendars --------------------------------------------------

    def connect(self, name: str, *titles: str, url: str = AT_GOOGLE) -> None:
        """Connect an account of somebody; at Google the last calendar is the primary one."""
        if url != AT_GOOGLE:
            super().connect(name, *titles, url=url)
            return
        self.settle(name, *titles)
        email = self.people[name].email
        connecting.connect(self.house, self.people[name], self.granted(email), None, [], email)

    def settle(self, name: str, *titles: str) -> None:
        """Make the calendars of somebody at Google, with something in each that is nobody's business."""
        email = self.people[name].email
        hand, api = self.google.hand(email), self.google.api_endpoint
        for title in titles:
            if title in self.calendars:
                continue
            calendar = CalendarId(email if title == titles[-1] else hand.make_calendar(title))
            self.calendars[title], self.homes[title] = calendar, api
            ref = hand.add("Dentist", START + 8 * HOUR, START + 9 * HOUR, calendar=calendar)
            self.untouched[calendar, ref] = hand.show(ref, calendar)

    def delegate(self) -> None:
        """Have the administrator permit it for everybody who is connected from now on."""
        self.console.delegate()
        self.house = self.opened(self.db)

    def push(self) -> None:
        """Have Google call from now on; nobody hears it."""
        self.pushed = True
        self.google.channels.deliver = lambda _address, _headers: 204
        self.house = self.opened(self.db)

    def granted(self, email: str) -> Grant | Delegation:
        """Return a permission of somebody's, or the administrator's for them."""
        if self._folder.joinpath("robot.json").exists():
            return Delegation(email)
        with self.google.world.lock:
            grant = self.google.tokens.granted(email, self.console.client.id)
            return Grant(self.google.tokens.refresh(grant, frozenset(SCOPES)), tuple(SCOPES))

    # --- hands and what is there -----------------------------------------------------

    def events_in(self, title: str, session_id: str) -> int:
        """Return how many events of the session one calendar holds."""
        if self.homes[title] != self.google.api_endpoint:
            return super().events_in(title, session_id)
        calendar = self.google.world.calendars.get(self.calendars[title])
        copies = calendar.copies.values() if calendar else ()
        return sum(one.gone is None and _is_of(session_id, one.id) for one in copies)

    def sent(self) -> list[str]:
        """Return every request that writes, in memory and at Google."""
        asked = [one for one in self.google.asked if one.method != "GET"]
        return [
            *super().sent(),
            *(f"{one.method} {one.path}" for one in asked if (one.method, one.path) not in _READS),
        ]

    def _changed(self, touched: frozenset[str]) -> None:
        """Look at every calendar that was just changed, and let Google call."""
        for title in (title for title, calendar in self.calendars.items() if calendar in touched):
            twice = (name for name, session in self.names.items() if self.events_in(title, session) > 1)
            self.doubled.update(f"{name} stood twice in {title}" for name in twice)
        self.google.channels.tell(touched)

    def check(self) -> None:
        """Check what must always hold, whatever has happened."""
        super().check()
        assert not self.doubled, ", ".join(sorted(self.doubled))
        for (calendar, ref), before in self.untouched.items():
            owner = self.google.world.calendars[calendar].owner
            assert self.google.hand(owner).show(ref, calendar) == before, "a foreign event was touched"

    def close(self) -> None:
        super().close()
        shutil.rmtree(self._folder)


@contextmanager
def google_town(
    ground: Ground, faults: Faults | None = None, patience: float = _PATIENCE
) -> Iterator[GoogleTown]:
    """Open a school without people, and a Google that knows some; *faults* befall its requests."""
    url, clock = ground.migrated(), MovableClock(NOW)
    google = GoogleFake(clock, (AMINA, MO, BOSS), port=_PORTS[0] if _PORTS else 0)
    google.faults = faults or google.faults
    with google:
        _PORTS[:] = [google._port]
        one = GoogleTown(url, clock, google, patience)
        try:
            yield one
        finally:
            one.close()
            ground.drop(url)


def _is_of(session_id: str, ref: str) -> bool:
    return (named_by(ref) or "").startswith(f"syncd-{session_id}-")
