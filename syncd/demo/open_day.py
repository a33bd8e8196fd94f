"""The school with its doors open: real clock, short rules, and everything a person needs to try it by hand."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from shlex import quote

from policy.facts import Side
from syncd.clock import Clock, SystemClock
from syncd.config import load
from syncd.config.model import NESTED, PREFIX
from syncd.demo.front import HOST
from syncd.demo.hours import common, hours
from syncd.demo.people import Person, everybody, passwords
from syncd.demo.school import NAME, ZONE, event_address, in_service, join
from syncd.demo.servers import Server, radicale
from syncd.errors import Problem
from syncd.house import House
from syncd.sessions import agree
from syncd.sync import sync_now
from syncd.vault import Vault
from syncd.wiring import open_house

_MINUTE = timedelta(minutes=1)
_LENGTH = timedelta(hours=1)
_SOON, _SOONER = 10 * _MINUTE, 5 * _MINUTE

_CONFIG = """\
# The school of "syncd demo". It is gone when the demo ends.

[school]
name = "{name}"
zone = "{zone}"

[database]
url = "sqlite:///syncd.db"

[keys]
file = "key"

[caldav]
# The demo's calendar server is on this computer and without encryption.
allow = ["{server}"]

[rules]
# So short that everything can be tried within minutes; a school has 24h, 1h, 2m, 30s, 30m and 24h here.
notice = "2m"
grace = "0s"
lag = "1s"
confirm_after = "1s"
hold = "10s"
request_expires = "1m"
"""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody whose calendars can be played with."""

    name: str
    email: str
    role: str
    user: str
    password: str
    calendars: Mapping[str, str]
    """Name to address; any calendar app can subscribe to them."""


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
    people: tuple[Member, ...]
    sessions: tuple[Booked, ...]
    commands: tuple[Command, ...]


@contextmanager
def open_day(port: int | None = None) -> Iterator[OpenDay]:
    """Keep the school open for as long as the context lasts; nothing of it is left behind.

    :raises NoServer: if the calendar server cannot be had, or the port is taken.
    :raises Problem: if the environment would overrule the demo's configuration.
    """
    _demand_quiet_environment()
    clock = SystemClock()
    today = clock.now().astimezone(ZONE).date()
    people = everybody(today - timedelta(days=today.weekday()))
    with tempfile.TemporaryDirectory(prefix="syncd-demo-") as folder:
        directory = Path(folder)
        server = radicale(directory / "server", passwords(people), clock=clock)
        if port is not None and server.front is not None:
            server.front.port = port
        with in_service(server):
            yield _opened(directory, server, clock, people)


def _demand_quiet_environment() -> None:
    for name in os.environ:
        if name.upper().startswith(PREFIX) and NESTED in name:
            raise Problem(
                f"{name} is set and would overrule the demo's own configuration; unset it and start again"
            )


def _opened(directory: Path, server: Server, clock: Clock, people: tuple[Person, ...]) -> OpenDay:
    file = directory / "config.toml"
    file.write_text(
        _CONFIG.format(name=NAME, zone=ZONE.key, server=f"{HOST}:{server.port}"), encoding="utf-8"
    )
    Vault.create(directory / "key")
    house = open_house(load(file), clock)
    try:
        for person in people:
            join(house, server, person)
        sessions = _sessions(house, server, {person.user: person for person in people})
    finally:
        house.db.close()
    members = tuple(_member(person, server) for person in people)
    return OpenDay(server.url, str(file), members, sessions, _commands(file, members, sessions))


def _member(person: Person, server: Server) -> Member:
    hand = server.hand(person.user)
    calendars = {each.title: hand.calendar(each.name) for each in person.calendars}
    return Member(person.name, person.email, person.role, person.user, person.password, calendars)


# --- sessions ------------------------------------------------------------------------


def _sessions(house: House, server: Server, people: Mapping[str, Person]) -> tuple[Booked, ...]:
    now = house.clock.now()
    minute = now.replace(second=0, microsecond=0) + _MINUTE
    found = common(hours(house, people["chloe"]), hours(house, people["miriam"]))
    agreements = (
        (people["lena"], people["jonas"], minute + _SOON),
        (people["arjun"], people["miriam"], minute + _SOONER),
        (people["chloe"], people["miriam"], next(at for at in found if at - now > timedelta(days=1))),
    )
    ids = [
        agree(house, one.email, other.email, start, _LENGTH, None)[0].id for one, other, start in agreements
    ]
    sync_now(house, soon=timedelta(0))
    return tuple(_booked(house, server, *each) for each in zip(ids, agreements, strict=True))


def _booked(
    house: House, server: Server, session_id: str, agreement: tuple[Person, Person, datetime]
) -> Booked:
    student, mentor, start = agreement
    notice = house.config.rules.notice
    return Booked(
        session_id,
        student.email,
        mentor.email,
        start,
        start - notice,
        event_address(house, server, session_id, Side.STUDENT),
        event_address(house, server, session_id, Side.MENTOR),
    )


# --- what to try ---------------------------------------------------------------------


def _commands(file: Path, members: tuple[Member, ...], sessions: tuple[Booked, ...]) -> tuple[Command, ...]:
    secrets = {member.email: f"{member.user}:{member.password}" for member in members}
    in_time, late, given_up = sessions

    def syncd(rest: str) -> str:
        return f"syncd --config {quote(str(file))} {rest}"

    def delete(email: str, event: str) -> str:
        return f"curl -u {quote(secrets[email])} -X DELETE {event}"

    another = (
        f"session add --student {late.student} --mentor {late.mentor} --start $(date -u -d +2hours +%FT%TZ)"
    )
    until = f"{late.deadline.astimezone(ZONE):%H:%M}"
    return (
        Command("See all sessions", syncd("session list")),
        Command(
            "Cancel in time, as Lena does it in her calendar", delete(in_time.student, in_time.student_event)
        ),
        Command("Let syncd look, and wait the ten seconds in which she could undo it", syncd("sync")),
        Command("Read what was decided, and why", syncd(f"explain {in_time.id}")),
        Command("Give a session up as its mentor", delete(given_up.mentor, given_up.mentor_event)),
        Command(
            f"Cancel too late: let syncd look just after {until} (Berlin), at the deadline", syncd("sync")
        ),
        Command("... then delete it before it starts", delete(late.student, late.student_event)),
        Command("... and let syncd look again", syncd("sync")),
        Command("... to read how it was proven", syncd(f"explain {late.id}")),
        Command("Agree on another session, two hours from now", syncd(another)),
        Command("See when somebody can be met", syncd(f"availability {in_time.student}")),
        Command("See how the school stands", syncd("status")),
    )
