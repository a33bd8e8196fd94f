"""The real program, with its real database, in a school that is made up."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from policy.facts import Actor, Decision
from policy.life import ENDED, Session
from policy.rules import Rules
from providers.base import CalendarProvider, EventRef, Owner
from providers.errors import ProviderError
from syncd import accounts, act, decisions, jumps, look, poll, rollcall, sessions, work
from syncd.book import session_in
from syncd.census import CENSUS, census
from syncd.clock import MovableClock, WatchedClock
from syncd.config import Config
from syncd.config.model import Poll
from syncd.config.model import School as SchoolSection
from syncd.engine.runner import HOLDER, ThreadRunner
from syncd.engine.runs import Handler
from syncd.errors import Problem
from syncd.house import Found, House
from syncd.store.database import Database
from syncd.store.errors import StoreBusy, StoreError, StoreUnreachable
from syncd.store.rows import Account, Person, Role, SessionId
from syncd.store.tables import facts
from syncd.store.tx import Tx
from syncd.vault import Vault
from tests.simulation import dav
from tests.simulation.clock import TrueTime, Wall
from tests.simulation.connection import Connection
from tests.simulation.hands import Hands
from tests.simulation.places import Place
from tests.simulation.plan import START, Act, Deed, Plan
from tests.simulation.server import Server
from tests.simulation.weather import HOUR, Kind, Weather
from tests.simulation.wire import Wire

PASSWORD = "open sesame"
_VAULT = Vault({"key": b"k" * 32}, "a simulation")


def _handlers() -> dict[str, Handler]:
    # By name, for a planted bug takes the place of one in its module.
    return {
        work.LOOK: look.look,
        work.TIME: look.pass_time,
        work.WRITE: act.write,
        work.SYNC: poll.sync,
        CENSUS: census,
    }


class Killed(BaseException):
    """The program was killed here."""


class MortalDatabase(Database):
    """A database on a disk that may be full or locked, of a program that may be killed at any commit."""

    weather: Weather
    true: TrueTime
    chance: Random
    dead = False
    doomed = False
    """It dies at one of its next commits."""
    told = False
    """A fact was written since somebody looked last."""

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Open a transaction as ever, unless something is wrong."""
        self._alive()
        if self.weather.now(Kind.LOCKED, self.true.now):
            self.true.now += timedelta(seconds=5)
            raise StoreBusy("the database is locked")
        if self.weather.now(Kind.FULL, self.true.now):
            raise StoreUnreachable("the disk is full")
        fate = self.chance.random() if self.doomed else 1.0
        if fate < 0.15:
            self._die()
        with super().write() as tx:
            yield tx
            self._alive()
            if fate < 0.3:
                self._die()
            self.told |= tx.ledger._link._writes[facts] > 0
        if fate < 0.45:
            self._die()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a transaction as ever."""
        self._alive()
        with super().read() as tx:
            yield tx

    def _alive(self) -> None:
        if self.dead:
            raise Killed

    def _die(self) -> None:
        self.dead = True
        raise Killed


@dataclass
class Doors:
    """The ways into the simulated servers."""

    wire: Wire
    places: dict[str, Place]
    revoked: set[str]
    wired: bool

    def open(self, account: Account, secret: str, owner: Owner) -> CalendarProvider:
        """Open an account."""
        del secret
        return self._to(account.url, account.username, owner)

    def find(self, address: str, username: str, secret: str, owner: Owner) -> Found:
        """Find an account."""
        del secret
        return Found(address, self._to(address, username, owner))

    def _to(self, url: str, user: str, owner: Owner) -> CalendarProvider:
        server = Server(self.wire, self.places[url], user, lambda: user in self.revoked)
        return dav.opened(server, owner) if self.wired else Connection(server)


@dataclass
class School:
    """One school of a plan."""

    plan: Plan
    folder: Path
    template: Path
    true: TrueTime = field(init=False)
    asked: int = 0
    """How often the program was started."""

    def __post_init__(self) -> None:
        plan = self.plan
        self.true = TrueTime(START)
        self.weather = Weather(plan.spells)
        self.places = {
            f"sim://{number}": Place(f"sim://{number}", schedules, removes, number in plan.google)
            for number, (schedules, removes) in enumerate(plan.schedules)
        }
        self.homes = {name: self.places[f"sim://{number}"] for name, number in plan.home}
        self.meetings = {each.number: each for each in plan.meetings}
        self.hands = Hands(self.places.values(), self.homes, self.meetings)
        self.wire = Wire(self.true, self.weather, Random(f"{plan.seed} wire"), self._happen, self._alive)  # noqa: S311
        self.wire.hurry = self._hurry
        self.doors = Doors(self.wire, self.places, self.hands.revoked, plan.wired)
        self.ids = count(1)
        self.deeds = [deed for deed in plan.deeds if deed.act not in _COMMANDS]
        self.commands = [deed for deed in plan.deeds if deed.act in _COMMANDS]
        self.unanswered: set[Deed] = set()
        self.spells = sorted(
            (one for one in plan.spells if one.kind in {Kind.FORGET, Kind.CHURN}), key=lambda one: one.since
        )
        self.done: list[tuple[Deed, bool]] = []
        self.people: dict[str, Person] = {}
        self.file = self.folder / "syncd.db"
        shutil.copyfile(self.template, self.file)
        self.config = Config.model_construct(
            school=SchoolSection(zone=ZoneInfo("Europe/Berlin")),
            rules=Rules(elapse_after=6 * HOUR),  # what nobody can see need not be waited for so long
            poll=Poll(every=plan.every, near_deadline=plan.near, stale_after=max(6 * plan.every, HOUR)),
        )
        self.db = self._opened()
        self.house, self.runner = self._begun()
        self._furnish()

    # --- the program's life --------------------------------------------------------------

    def _opened(self) -> MortalDatabase:
        self.clock = WatchedClock(
            Wall(self.true, self.weather),
            Config.model_construct().rules.clock_bound,
            jumps.settling(self.config),
            self.true.since,
        )
        chance = Random(f"{self.plan.seed} chance {self.asked}")  # noqa: S311
        db = MortalDatabase.open(f"sqlite:///{self.file}", self.clock, chance=chance)
        db.weather, db.true, db.chance = (
            self.weather,
            self.true,
            Random(f"{self.plan.seed} kill {self.asked}"),  # noqa: S311
        )
        return db

    def _begun(self) -> tuple[House, ThreadRunner]:
        house = House(self.config, self.clock, self.db, _VAULT, self.doors, lambda: f"id{next(self.ids)}")
        return house, ThreadRunner(house, _handlers(), workers=3, per_host=2)

    def start(self) -> None:
        """Start the program anew on its database, as the daemon does."""
        self.asked += 1
        self.db.close()
        self.db = self._opened()
        self.house, self.runner = self._begun()
        with self.db.write() as tx:
            tx.due.release(HOLDER)
        rollcall.accounts(self.house)
        rollcall.sessions(self.house)

    def close(self) -> None:
        """End it."""
        self.db.close()
        for file in self.folder.glob(f"{self.file.name}*"):  # a log that is left would be the next one's
            file.unlink()

    def _alive(self) -> None:
        if self.db.dead:
            raise Killed
        if self.weather.now(Kind.DOWN, self.true.now) or (self.db.doomed and self.wire.chance.random() < 0.1):
            self.db.dead = True
            raise Killed

    # --- the world -----------------------------------------------------------------------

    def _happen(self, until: datetime) -> None:
        """Let everything happen in people's calendars that is due by *until*."""
        while self.deeds and self.deeds[0].at <= until:
            deed = self.deeds.pop(0)
            self.true.now = max(self.true.now, deed.at)
            self.done.append((deed, self.hands.do(deed, self.true.now)))
        while self.spells and self.spells[0].since <= until:
            spell = self.spells.pop(0)
            for place in self.places.values():
                if spell.where in {"", place.url}:
                    _strike(place, spell.kind, max(self.true.now, spell.since))

    def _hurry(self, ref: EventRef, by: timedelta) -> None:
        """Let the next act at the event of *ref* happen now, if it would come within *by*."""
        for deed in self.deeds:
            id_ = self.hands.ids.get(deed.meeting)
            if id_ is not None and f"/syncd-{id_}-" in ref and deed.at <= self.true.now + by:
                self.deeds.remove(deed)
                early = replace(deed, at=self.true.now)
                self.done.append((early, self.hands.do(early, self.true.now)))
                return

    def next_world(self) -> datetime | None:
        """Return when something happens next that is not the program's doing."""
        coming = [each[0].at for each in (self.deeds, self.commands) if each]
        coming += [one.since for one in self.spells[:1]]
        return min(coming, default=None)

    def happen(self, until: datetime) -> None:
        """Let the time pass until *until*, with all that happens in it."""
        self._happen(until)
        self.true.now = max(self.true.now, until)

    # --- commands ------------------------------------------------------------------------

    def due_commands(self) -> Iterator[Deed]:
        """Yield the commands whose time has come."""
        while self.commands and self.commands[0].at <= self.true.now:
            yield self.commands.pop(0)

    def command(self, deed: Deed) -> bool:
        """Give a command as people and the platform do, and tell whether it was taken."""
        try:
            taken = _COMMANDS[deed.act](self, deed)
        except Problem:
            taken = False
        except (ProviderError, StoreError):
            return False
        except Killed:
            if deed not in self.unanswered:  # who gets no answer says it again
                self.unanswered.add(deed)
                self.commands.insert(0, deed)
            raise
        return taken or deed in self.unanswered  # it may have been done before the program was killed

    def session(self, number: int) -> Session | None:
        """Return a session as it is in the book; ``None`` if it was never agreed."""
        id_ = self.hands.ids.get(number)
        if id_ is None:
            return None
        with self.db.read() as tx:
            return session_in(tx.sessions.get(SessionId(id_)))

    def _furnish(self) -> None:
        for name in (*self.plan.students, *self.plan.mentors):
            role = Role.STUDENT if name in self.plan.students else Role.MENTOR
            with self.db.write() as tx:
                self.people[name] = tx.people.add(f"{name}@school.example", name, role, "Europe/Berlin")
            place = self.homes[name]
            for title in ("life", "lessons"):
                place.add(name, title)
            place.add(name, "private", connected=False)
            if name not in self.plan.unconnected:
                self.connect(name)

    def connect(self, name: str) -> None:
        """Connect somebody's account."""
        login = accounts.Login("memory", self.homes[name].url, name, PASSWORD)
        accounts.connect(self.house, self.people[name], login, ("life", "lessons"), "lessons")


def _strike(place: Place, kind: Kind, at: datetime) -> None:
    for shelf in place.shelves.values():
        if kind is Kind.FORGET:
            shelf.forgotten += 1
        else:
            for ref, body in shelf.standing().items():
                shelf.put(at, ref, replace(body, touched=body.touched + 1), "server")


def _agree(school: School, deed: Deed) -> bool:
    meeting = school.meetings[deed.meeting]
    two = school.people[meeting.student].email, school.people[meeting.mentor].email
    if school.clock.now() >= meeting.start:
        return False
    key = f"meeting-{meeting.number}"
    session, _ = sessions.agree(school.house, *two, meeting.start, HOUR, key)
    school.hands.ids[deed.meeting] = session.id
    return True


def _cancelled(by: Actor) -> Callable[[School, Deed], bool]:
    def cancel(school: School, deed: Deed) -> bool:
        session = school.session(deed.meeting)
        if session is None or session.state in ENDED:
            return False
        sessions.cancel(school.house, session.id, by, "")
        return True

    return cancel


def _disconnect(school: School, deed: Deed) -> bool:
    return accounts.disconnect(school.house, school.people[deed.person]) > 0


def _reconnect(school: School, deed: Deed) -> bool:
    school.hands.revoked.discard(deed.person)
    place = school.homes[deed.person]
    if not any(shelf.id.endswith("/lessons/") for shelf in place.of(deed.person)):
        place.add(deed.person, "lessons")
    school.connect(deed.person)
    return True


def _decided(decision: Decision) -> Callable[[School, Deed], bool]:
    def decide(school: School, deed: Deed) -> bool:
        del deed
        with school.db.read() as tx:
            waiting = decisions.stopped(tx)
        for one in waiting:
            whom = one.person
            decisions.decide(school.house, whom, decision, "the office")
        return bool(waiting)

    return decide


_COMMANDS: dict[Act, Callable[[School, Deed], bool]] = {
    Act.AGREE: _agree,
    Act.ASK: _cancelled(Actor.STUDENT),
    Act.MENTOR_ASK: _cancelled(Actor.MENTOR),
    Act.SCHOOL_ASK: _cancelled(Actor.SCHOOL),
    Act.DISCONNECT: _disconnect,
    Act.RECONNECT: _reconnect,
    Act.RELEASE: _decided(Decision.RELEASE),
    Act.DISMISS: _decided(Decision.DISMISS),
}


def template(folder: Path) -> Path:
    """Return a database with every table and no rows, made once."""
    file = folder / "template.db"
    if not file.exists():
        db = Database.open(f"sqlite:///{file}", MovableClock(START))
        db.upgrade()
        db.close()
    return file
