"""A school on disk, with its calendar servers and its people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from policy.facts import Side
from policy.facts import parse as parse_fact
from policy.life import Session
from providers.base import CalendarId, EventRef
from syncd.book import current, session_in
from syncd.config import read
from syncd.demo.front import free_port
from syncd.explain import Told, explain
from syncd.house import House
from syncd.store.rows import Copy, Role, SessionId
from syncd.vault import Vault
from syncd.wiring import open_house
from tests.endurance.places import KINDS, LESSONS, CalDavPlace, GooglePlace, Place, Somebody


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

    def where(self, session_id: str, side: Side) -> tuple[Somebody, CalendarId, EventRef]:
        """Return the owner of one side, and where they find the event.

        :raises LookupError: if it was never written.
        """
        copy = self.copy(session_id, side)
        if copy is None:
            raise LookupError(session_id)
        owner = self.whose(self.session(session_id), side)
        return owner, owner.calendars[LESSONS], copy.ref

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
        places = [stack.enter_context(KINDS[kind](directory / kind, names)) for kind in kinds]
        config = directory / "config.toml"
        config.write_text(_config(directory, places, pace), encoding="utf-8")
        Vault.create(read(config).keys.file)
        house = open_house(read(config))
        stack.callback(house.db.close)
        found = Ground(config, house, places, pace)
        for place in places:
            for name in names:
                _settle(found, place, name)
        yield found


def _settle(school: Ground, place: Place, name: str) -> None:
    role = Role.STUDENT if name.startswith("student") else Role.MENTOR
    with school.house.db.write() as tx:
        person = tx.people.add(f"{name}.{place.name}@school.example", name, role, "Europe/Berlin")
    group = school.students if role is Role.STUDENT else school.mentors
    group.append(place.settle(school.house, person))


def _config(directory: Path, places: Sequence[Place], pace: Pace) -> str:
    allow = ", ".join(f'"127.0.0.1:{place.door.port}"' for place in places if isinstance(place, CalDavPlace))
    google = "".join(place.section(directory) for place in places if isinstance(place, GooglePlace))
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
{google}"""
