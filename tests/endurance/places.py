"""The calendar servers of a school: people use one door of each, the daemon another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from providers.base import CalendarId
from syncd import accounts
from syncd.clock import SystemClock
from syncd.demo.calendars import Calendar
from syncd.demo.front import Front
from syncd.demo.google import GoogleFake, Manners
from syncd.demo.google.refusals import Refusal
from syncd.demo.google_home import GoogleHome, made_known
from syncd.demo.hand import Hand as WebDav
from syncd.demo.person import Person as Owner
from syncd.demo.servers import Server, radicale, xandikos
from syncd.house import House
from syncd.store.rows import Person, Role
from syncd.wiring import CALDAV
from tests.endurance.door import Door
from tests.endurance.hands import AppHand, Hand, PhoneHand

PASSWORD = "open sesame"
LESSONS, LIFE = "lessons", "life"
"""The calendar in which sessions stand, and another one that students have."""
_TITLES: Mapping[Role, tuple[str, ...]] = {Role.STUDENT: (LESSONS, LIFE), Role.MENTOR: (LESSONS,)}
_PAGE = 20
"""Rows of a page at Google: a listing is to have several."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person of the school and where their calendars lie."""

    person: Person
    name: str
    """Who they are at the door of their server."""
    hand: Hand
    calendars: Mapping[str, CalendarId]
    """By name, as people know them."""
    place: Place


@dataclass(eq=False)
class Place(ABC):
    """One server, with the daemon's own door to it."""

    name: str
    door: Door
    delivers: ClassVar[bool] = False
    """The server brings the event of one of its people to another of them by itself, and takes it away again."""
    keeps_cancelled: ClassVar[bool] = True
    """What its owner marks as cancelled stays where it is."""
    carries_whole: ClassVar[bool] = True
    """What its owner carries to another calendar leaves nothing behind."""
    stamps: ClassVar[bool] = False
    """The server tells when an act was done, whenever it is asked."""

    @abstractmethod
    def settle(self, house: House, person: Person) -> Somebody:
        """Bring in one person, with calendars that are connected."""


@dataclass(eq=False)
class CalDavPlace(Place):
    """A CalDAV server with its two doors."""

    server: Server
    people: Front
    """The door that people use."""

    def settle(self, house: House, person: Person) -> Somebody:
        user = person.name
        home = self.server.home(user).replace(f":{self.door.port}/", f":{self.people.port}/")
        hand = WebDav(home, user, PASSWORD)
        calendars = {title: CalendarId(hand.make_calendar(title)) for title in _TITLES[person.role]}
        login = accounts.Login(CALDAV, self.server.home(user), user, PASSWORD)
        accounts.connect(house, person, login, [], LESSONS)
        return Somebody(person, user, AppHand(hand), calendars, self)


class GoogleDoor(Door):
    """A door that leaves it to Google whom to let in, and knows people by their tokens."""

    def __init__(self, google: GoogleFake) -> None:
        super().__init__(urlsplit(google.url).port or 0, {})
        self._google = google

    def user_of(self, authorization: str | None) -> str | None:
        super().user_of(authorization)
        try:
            return self._google.tokens.bearer(authorization or "").person
        except Refusal:
            return ""


@dataclass(eq=False)
class GooglePlace(Place):
    """The fake of Google: the daemon comes through the door, people's own devices need none."""

    google: GoogleFake
    delivers = True
    keeps_cancelled = False
    carries_whole = False  # the owner is a guest of it from then on, and guests have copies
    stamps = True

    def settle(self, house: House, person: Person) -> Somebody:
        titles = _TITLES[person.role]
        calendars = tuple(Calendar(title, title, {}) for title in titles)
        home = GoogleHome(
            Owner(
                user=person.name,
                password=PASSWORD,
                name=person.name,
                email=person.email,
                role="student" if person.role is Role.STUDENT else "mentor",
                zone=person.zone,
                weekly="",
                calendars=calendars,
                sessions=LESSONS,
                known=(),
                server="google",
            ),
            self.google,
        )
        home.move_in()
        home.connect(house, person)
        ids = {title: CalendarId(unquote(url.rpartition("/")[2])) for title, url in home.calendars.items()}
        return Somebody(person, person.email, PhoneHand(self.google), ids, self)

    def section(self, directory: Path) -> str:
        """Return what the configuration says of it; what makes syncd known there is kept in *directory*."""
        there = made_known(self.google, directory).model_dump(mode="json", exclude_defaults=True)
        door = self.door.url.rstrip("/")
        lines = (f'{key} = "{value.replace(self.google.url, door)}"\n' for key, value in there.items())
        return "".join(["[google]\n", *lines])


@contextmanager
def _caldav(
    make: Callable[[Path, Mapping[str, str]], Server], directory: Path, names: Sequence[str]
) -> Iterator[Place]:
    users = dict.fromkeys(names, PASSWORD)
    server = make(directory, users)
    behind = server.front.behind if server.front else server.port
    realm, own_only = server.name, bool(server.front and server.front.own_only)
    door = Door(behind, users, realm=realm, own_only=own_only)
    people = Front(behind, users, realm=realm, own_only=own_only)
    server.front = door
    with server, people:
        yield CalDavPlace(server.name, door, server, people)


@contextmanager
def _google(_: Path, __: Sequence[str]) -> Iterator[Place]:
    # Each daemon renews every grant when it starts: the hardest is that it is another one then.
    manners = Manners(page_size=_PAGE, rotation="keeps")
    with GoogleFake(SystemClock(), (), manners=manners) as google, GoogleDoor(google) as door:
        yield GooglePlace("google", door, google)


Opening = Callable[[Path, Sequence[str]], AbstractContextManager[Place]]
KINDS: Mapping[str, Opening] = {
    "radicale": partial(_caldav, radicale),
    "xandikos": partial(_caldav, xandikos),
    "google": _google,
}
"""How each kind of server is opened, in a directory and for people of these names."""
SERVERS: Mapping[str, tuple[str, ...]] = {
    **{kind: (kind,) for kind in KINDS},
    "both": ("radicale", "xandikos"),
    "all": tuple(KINDS),
}
"""What ``--server`` means."""
