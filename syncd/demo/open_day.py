"""The school with its doors open: true rules, a clock that a person moves, and all that is needed to try it by hand."""

from __future__ import annotations

import os
import secrets
import tempfile
from base64 import b32encode
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from syncd.clock import ShiftedClock
from syncd.config import load
from syncd.config.model import NESTED, PREFIX
from syncd.demo.hours import common, hours
from syncd.demo.keeper import at_work
from syncd.demo.people import Person, everybody
from syncd.demo.school import NAME, ZONE, join
from syncd.demo.town import Town
from syncd.errors import Problem
from syncd.house import GOOGLE, House
from syncd.sessions import agree
from syncd.sync import sync_now
from syncd.vault import Vault
from syncd.wiring import DEMO_CLOCK, open_house

_LENGTH = timedelta(hours=1)
_SOON, _LATER = timedelta(hours=26), timedelta(hours=48)
"""How far ahead sessions are: one whose deadline comes next, and one that can be cancelled at leisure."""
_ID_BYTES = 5  # 8 letters: short enough to be typed

_CONFIG = """\
# The school of "syncd demo", with the rules of a real one. It is gone when the demo ends.

[school]
name = "{name}"
zone = "{zone}"

[database]
url = "sqlite:///syncd.db"

[keys]
file = "key"

[caldav]
# The demo's calendar servers are on this computer and without encryption.
allow = [{allow}]
"""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody whose calendars can be played with."""

    name: str
    email: str
    role: str
    user: str
    password: str
    server: str
    """Where any calendar app connects; Google's API where it is Google."""
    calendars: Mapping[str, str]
    """Name to address."""
    google: bool = False
    """Their calendars are with Google: the password is a token."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A session that stands in two calendars."""

    id: str
    student: str
    mentor: str
    start: datetime
    deadline: datetime
    student_event: str
    mentor_event: str


@dataclass(frozen=True, slots=True)
class Command:
    """Something to try, ready to be pasted into a shell."""

    what: str
    command: str


@dataclass(frozen=True, slots=True)
class OpenDay:
    """What a visitor is told."""

    url: str
    config: str
    at: datetime
    people: tuple[Member, ...]
    sessions: tuple[Booked, ...]


@contextmanager
def open_day(port: int | None = None, google: Collection[str] = ()) -> Iterator[OpenDay]:
    """Keep the school open and its daemon at work for as long as the context lasts; nothing is left behind.

    Those in *google* have their calendars there.

    :raises NoServer: if a calendar server cannot be had, or the port is taken.
    :raises Problem: if the environment would overrule the demo's configuration.
    """
    _demand_quiet_environment()
    with tempfile.TemporaryDirectory(prefix="syncd-demo-") as folder:
        directory = Path(folder)
        clock = _clock(directory)
        today = clock.now().astimezone(ZONE).date()
        people = everybody(today - timedelta(days=today.weekday()), google)
        with Town(directory, people, clock, port).open() as town, _house(directory, town, clock) as house:
            school = _opened(house, town)
            with at_work(house, clock):
                yield school


def _demand_quiet_environment() -> None:
    for name in os.environ:
        if name.upper().startswith(PREFIX) and NESTED in name:
            raise Problem(
                f"{name} is set and would overrule the demo's own configuration; unset it and start again"
            )


def _clock(directory: Path) -> ShiftedClock:
    file = directory / "clock"
    file.write_text("0", "ascii")
    return ShiftedClock(file)


@contextmanager
def _house(directory: Path, town: Town, clock: ShiftedClock) -> Iterator[House]:
    file = directory / "config.toml"
    allow = ", ".join(f'"{server}"' for server in town.allowed)
    text = _CONFIG.format(name=NAME, zone=ZONE.key, allow=allow) + _google(town, directory)
    file.write_text(text, encoding="utf-8")
    Vault.create(directory / "key")
    house = open_house(load(file), clock)
    with closing(house.db):
        with house.db.write() as tx:
            tx.meta.put(DEMO_CLOCK, str(clock.file))
        yield replace(house, new_id=_short_id)


def _google(town: Town, directory: Path) -> str:
    if town.google is None:
        return ""
    section = town.google_section(directory).model_dump(mode="json", exclude_defaults=True)
    lines = (f'{name} = "{value}"\n' for name, value in section.items())
    return f"\n[google]\n# The demo's own, on this computer.\n{''.join(lines)}"


def _short_id() -> str:
    return b32encode(secrets.token_bytes(_ID_BYTES)).decode().lower()


def _opened(house: House, town: Town) -> OpenDay:
    for person in town.people.values():
        join(house, town, person)
    sessions = _sessions(house, town)
    members = tuple(_member(person, town) for person in town.people.values())
    return OpenDay(town.most.url, str(house.config.file), house.clock.now(), members, sessions)


def _member(person: Person, town: Town) -> Member:
    home = town.home(person.user)
    return Member(
        name=person.name,
        email=person.email,
        role=person.role,
        user=person.user,
        password=home.password,
        server=home.url,
        calendars=home.calendars,
        google=person.server == GOOGLE,
    )


# --- sessions ------------------------------------------------------------------------


def _sessions(house: House, town: Town) -> tuple[Booked, ...]:
    """Agree on one session to cancel in time, one to cancel late, and one that its mentor declines."""
    now = house.clock.now()
    in_time = _agreement(house, town, "arjun", "miriam", now + _LATER)
    late = _agreement(house, town, "lena", "jonas", now + _SOON)
    declined = _agreement(house, town, "chloe", "jonas", max(now + _LATER, late[2] + 2 * _LENGTH))
    agreements = (in_time, late, declined)
    ids = [
        agree(house, one.email, other.email, start, _LENGTH, None)[0].id for one, other, start in agreements
    ]
    sync_now(house, soon=timedelta(0))
    return tuple(_booked(house, town, *each) for each in zip(ids, agreements, strict=True))


def _agreement(
    house: House, town: Town, student: str, mentor: str, after: datetime
) -> tuple[Person, Person, datetime]:
    """Choose the first hour after *after* that both have free."""
    one, other = town.people[student], town.people[mentor]
    found = common(hours(house, one), hours(house, other))
    return one, other, next(at for at in found if at >= after)


def _booked(house: House, town: Town, session_id: str, agreement: tuple[Person, Person, datetime]) -> Booked:
    student, mentor, start = agreement
    return Booked(
        session_id,
        student.email,
        mentor.email,
        start,
        start - house.config.rules.notice,
        _event(town, student, session_id),
        _event(town, mentor, session_id),
    )


def _event(town: Town, person: Person, session_id: str) -> str:
    """Return where the event of a session stands; a person's server has been asked."""
    (event,) = town.events(person.user, session_id)
    return event.url
