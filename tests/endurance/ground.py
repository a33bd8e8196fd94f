"""A school on disk with real calendar servers: people use one door of each, the daemon another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from policy.facts import Side
from policy.facts import parse as parse_fact
from policy.life import Session
from syncd import accounts
from syncd.book import current, session_in
from syncd.clock import SystemClock
from syncd.config import read
from syncd.demo.front import Front, free_port
from syncd.demo.hand import Hand
from syncd.demo.servers import Server, radicale, xandikos
from syncd.explain import Told, explain
from syncd.house import House
from syncd.store.rows import Copy, Person, Role, SessionId
from syncd.vault import Vault
from syncd.wiring import CALDAV, open_house
from tests.endurance.door import Door

KINDS = {"radicale": radicale, "xandikos": xandikos}
PASSWORD = "open sesame"


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the school lives."""

    notice: int = 20
    """Seconds, as all the others."""
    lead: tuple[int, int] = (28, 50)
    """From the agreement to the start."""
    every: int = 1
    lag: int = 1
    confirm_after: int = 1
    hold: int = 2
    request_expires: int = 5


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person of the school and where their calendars lie."""

    person: Person
    hand: Hand
    calendars: dict[str, str]
    """Address by name, as people know it; sessions stand in ``lessons``."""
    door: Door

    @property
    def name(self) -> str:
        return self.hand.user


@dataclass
class Place:
    """One server with its two doors."""

    server: Server
    door: Door
    people: Front
    """The door that people use."""

    def home(self, user: str) -> str:
        return self.server.home(user).replace(f":{self.door.port}/", f":{self.people.port}/")


@dataclass
class Ground:
    """What a story is played on."""

    config: Path
    house: House
    places: list[Place]
    pace: Pace
    students: list[Somebody] = field(default_factory=list)
    mentors: list[Somebody] = field(default_factory=list)

    @property
    def everybody(self) -> list[Somebody]:
        return [*self.students, *self.mentors]

    def writes(self) -> int:
        """Count the writes of the daemon so far."""
        return sum(place.door.writes() for place in self.places)

    def whose(self, session: Session, side: Side) -> Somebody:
        """Return whose calendar is on *side* of *session*."""
        wanted = session.student if side is Side.STUDENT else session.mentor
        return next(each for each in self.everybody if each.person.id == wanted)

    def session(self, session_id: str) -> Session:
        """Return the session as it is in the book."""
        with self.house.db.read() as tx:
            return session_in(tx.sessions.get(SessionId(session_id)))

    def copy(self, session_id: str, side: Side) -> Copy | None:
        """Return where the book has the event of one side."""
        with self.house.db.read() as tx:
            return current(tx, SessionId(session_id)).get(side)

    def url(self, session_id: str, side: Side) -> str:
        """Return the address at which the owner finds the event.

        :raises LookupError: if it was never written.
        """
        copy = self.copy(session_id, side)
        if copy is None:
            raise LookupError(session_id)
        owner = self.whose(self.session(session_id), side)
        return owner.calendars["lessons"] + copy.ref.rpartition("/")[2]

    def told(self, session_id: str) -> str:
        """Return what ``syncd explain`` says."""
        with self.house.db.read() as tx:
            row = tx.sessions.get(SessionId(session_id))
            facts = tuple((fact.seq, parse_fact(fact.body)) for fact in tx.ledger.facts(row.id))
            two = tx.people.get(row.student_id), tx.people.get(row.mentor_id)
        return "\n".join(explain(Told(session_in(row), *two, facts)))


@contextmanager
def ground(
    directory: Path, kinds: Sequence[str], pace: Pace, students: int = 3, mentors: int = 2
) -> Iterator[Ground]:
    """Open a school with so many students and mentors on each server."""
    directory.mkdir(parents=True, exist_ok=True)
    names = [*(f"student{n}" for n in range(students)), *(f"mentor{n}" for n in range(mentors))]
    with ExitStack() as stack:
        places = [stack.enter_context(_place(directory, kind, names)) for kind in kinds]
        config = directory / "config.toml"
        config.write_text(_config(places, pace), encoding="utf-8")
        Vault.create(read(config).keys.file)
        house = open_house(read(config))
        stack.callback(house.db.close)
        found = Ground(config, house, places, pace)
        for place in places:
            for name in names:
                _settle(found, place, name)
        yield found


@contextmanager
def _place(directory: Path, kind: str, names: Sequence[str]) -> Iterator[Place]:
    users = dict.fromkeys(names, PASSWORD)
    server = KINDS[kind](directory / kind, users)
    behind = server.front.behind if server.front else server.port
    options = {"realm": kind, "own_only": kind == "xandikos"}
    door, people = Door(behind, users, **options), Front(behind, users, **options)  # type: ignore[arg-type]
    server.front = door
    with server, people:
        yield Place(server, door, people)


def _settle(school: Ground, place: Place, name: str) -> None:
    """Bring in one person of one server, with calendars that are connected."""
    role = Role.STUDENT if name.startswith("student") else Role.MENTOR
    hand = Hand(place.home(name), name, PASSWORD)
    titles = ("lessons", "life") if role is Role.STUDENT else ("lessons",)
    calendars = {title: hand.make_calendar(title) for title in titles}
    address = f"{name}.{place.server.name}@school.example"
    with school.house.db.write() as tx:
        person = tx.people.add(address, address.partition("@")[0], role, "Europe/Berlin")
    login = accounts.Login(CALDAV, place.server.home(name), name, PASSWORD)
    accounts.connect(school.house, person, login, [], "lessons")
    group = school.students if role is Role.STUDENT else school.mentors
    group.append(Somebody(person, hand, calendars, place.door))


def _config(places: Sequence[Place], pace: Pace) -> str:
    allow = ", ".join(f'"127.0.0.1:{place.door.port}"' for place in places)
    return f"""\
[school]
zone = "Europe/Berlin"
[rules]
notice = "{pace.notice}s"
grace = "0s"
lag = "{pace.lag}s"
confirm_after = "{pace.confirm_after}s"
confirm_limit = "10m"
hold = "{pace.hold}s"
request_expires = "{pace.request_expires}s"
elapse_after = "5s"
doubts_allowed = 1000000
brake_person = 1000000
brake_share = "100%"
brake_least = 1000000
[poll]
every = "{pace.every}s"
near_deadline = "1s"
[caldav]
allow = [{allow}]
[web]
listen = "127.0.0.1:{free_port()}"
[log]
format = "json"
"""


def now_clock() -> SystemClock:
    """Return the clock that all of this lives by."""
    return SystemClock()


def seconds(length: float) -> timedelta:
    """Return *length* seconds."""
    return timedelta(seconds=length)
