"""A school whose calendars lie on a server in memory, with hands that reach into them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from policy.facts import Agreed, Side
from policy.facts import parse as parse_fact
from policy.life import Effect, Session, State
from policy.notice import Outcome, Verdict
from policy.rules import Rules
from policy.session import advance, begin
from providers.base import CalendarId, CalendarProvider, Capability, EventRef, Owner
from providers.memory import MemoryProvider, MemoryServer
from syncd import accounts, sessions, work
from syncd.book import current, session_in
from syncd.clock import MovableClock
from syncd.config import Config
from syncd.config.model import Poll, School
from syncd.engine.drain import Drain, Drained
from syncd.explain import Told, explain
from syncd.house import Found, House
from syncd.invariants import check
from syncd.store.database import Database
from syncd.store.rows import Account, Copy, Person, Role, SessionId, Ticket
from syncd.sync import HANDLERS, PATIENCE, Synced, sync_now
from syncd.vault import Vault
from tests.providers.entries import Entry
from tests.providers.hands import MemoryHand
from tests.providers.house import Outside
from tests.syncd.engine.faults import Faults, Faulty

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
START = NOW + timedelta(hours=48)
"""When a session starts unless a test says otherwise; its deadline is a day after NOW."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LAG = Rules().lag
ONE, TWO = "memory://one", "memory://two"
PASSWORD = "open sesame"
_ALL = (work.LOOK, work.TIME, work.WRITE, work.SYNC)
_VAULT = Vault({"key": b"k" * 32}, "a test")


@dataclass
class MemoryDoors:
    """The ways into calendar servers in memory."""

    servers: dict[str, MemoryServer]
    faults: Faults
    capabilities: Capability = Capability.SYNC_TOKEN
    own: dict[str, Capability] = field(default_factory=dict)
    """What single servers can do instead."""

    def open(self, account: Account, secret: str, owner: Owner) -> CalendarProvider:
        return self._provider(account.url, account.username, secret, owner)

    def find(self, address: str, username: str, secret: str, owner: Owner) -> Found:
        return Found(address, self._provider(address, username, secret, owner))

    def _provider(self, url: str, username: str, secret: str, owner: Owner) -> CalendarProvider:
        can = self.own.get(url, self.capabilities)
        inner = MemoryProvider(self.servers[url], username, secret, owner, can)
        return Faulty(inner, self.faults)


@dataclass
class Play:
    """A school with one student, one mentor, and whoever else a test brings in."""

    db: Database
    clock: MovableClock
    rules: Rules = field(default_factory=Rules)
    every: timedelta = timedelta(hours=1)
    faults: Faults = field(default_factory=Faults)
    ids: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.servers = {url: MemoryServer(self.clock.now) for url in (ONE, TWO)}
        self.hands: dict[str, Outside] = {url: MemoryHand(server) for url, server in self.servers.items()}
        self.doors = MemoryDoors(self.servers, self.faults)
        self.people: dict[str, Person] = {}
        self.calendars: dict[str, CalendarId] = {}
        self.homes: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.foreign: dict[tuple[str, CalendarId, EventRef], bytes] = {}
        self.house = self.opened(self.db)

    def opened(self, db: Database) -> House:
        """Return a house on *db*, as a process that has just started has it."""
        config = Config.model_construct(
            school=School(zone=ZoneInfo("Europe/Berlin")), rules=self.rules, poll=Poll(every=self.every)
        )
        return House(config, self.clock, db, _VAULT, self.doors, lambda: f"s{next(self.ids)}")

    def restart(self) -> None:
        """Start anew on the same database, once every lease has run out."""
        self.clock.sleep(work.LEASE + timedelta(seconds=1))
        self.house = self.opened(self.db)

    # --- people and their calendars --------------------------------------------------

    def person(self, name: str, role: Role, *titles: str, url: str = ONE) -> Person:
        """Bring in somebody, with calendars on a server; sessions are written to the last one."""
        with self.db.write() as tx:
            person = tx.people.add(f"{name}@school.example", name.title(), role, "Europe/Berlin")
        self.people[name] = person
        if titles:
            self.connect(name, *titles, url=url)
        return person

    def connect(self, name: str, *titles: str, url: str = ONE) -> None:
        """Connect an account of somebody, its calendars made if they are not there."""
        self.servers[url].add_account(name, PASSWORD)
        for title in titles:
            if title not in self.calendars:
                self.calendars[title] = self.servers[url].add_calendar(name, title)
                self._fill(url, title)
            self.homes.setdefault(title, url)
        login = accounts.Login("memory", url, name, PASSWORD)
        accounts.connect(self.house, self.people[name], login, titles, titles[-1])

    def _fill(self, url: str, title: str) -> None:
        """Put something into a calendar that is nobody's business."""
        calendar = self.calendars[title]
        entry = Entry(f"{title}-dentist", START + 8 * HOUR, START + 9 * HOUR)
        ref = self.hands[url].add(calendar, entry)
        self.foreign[url, calendar, ref] = self.servers[url].body(calendar, ref)

    # --- sessions --------------------------------------------------------------------

    def agree(self, student: str = "amina", mentor: str = "mo", start: datetime = START) -> str:
        """Commit an agreement and return the session's id."""
        two = self.people[student].email, self.people[mentor].email
        return sessions.agree(self.house, *two, start, HOUR, None)[0].id

    def session(self, session_id: str) -> Session:
        """Return the session as it is in the book."""
        with self.house.db.read() as tx:
            return session_in(tx.sessions.get(SessionId(session_id)))

    def state(self, session_id: str) -> State:
        """Return the session's state."""
        return self.session(session_id).state

    def verdict(self, session_id: str) -> Verdict:
        """Return the verdict, which there must be."""
        session = self.session(session_id)
        assert session.verdict is not None, f"undecided: {session.state}"
        return session.verdict

    def copy(self, session_id: str, side: Side = Side.STUDENT) -> Copy:
        """Return where the session's event stands, as the book has it."""
        with self.house.db.read() as tx:
            return current(tx, SessionId(session_id))[side]

    def generation(self, session_id: str, side: Side = Side.STUDENT) -> int:
        """Return how many events this side has had."""
        with self.house.db.read() as tx:
            copy = current(tx, SessionId(session_id)).get(side)
            return copy.generation if copy else 0

    def feed(self, session_id: str) -> list[str]:
        """Return what was told of the session, in order."""
        with self.house.db.read() as tx:
            return [row.kind for row in tx.feed.after(0) if row.session_id == session_id]

    def told(self, session_id: str, effect: Effect) -> int:
        """Return how often *effect* was told of the session."""
        return self.feed(session_id).count(effect)

    def explained(self, session_id: str) -> str:
        """Return the explanation of the session."""
        with self.house.db.read() as tx:
            row = tx.sessions.get(SessionId(session_id))
            facts = tuple((fact.seq, parse_fact(fact.body)) for fact in tx.ledger.facts(row.id))
            two = tx.people.get(row.student_id), tx.people.get(row.mentor_id)
        return "\n".join(explain(Told(session_in(row), *two, facts)))

    def facts(self, session_id: str) -> list[str]:
        """Return the kinds of the session's facts."""
        with self.house.db.read() as tx:
            return [fact.kind for fact in tx.ledger.facts(SessionId(session_id))]

    # --- time ------------------------------------------------------------------------

    def sync(self, soon: timedelta = timedelta(seconds=15)) -> Synced:
        """Look now, as the command does."""
        return sync_now(self.house, soon=soon)

    def after(self, length: timedelta) -> Synced:
        """Let *length* pass, then look."""
        self.clock.sleep(length)
        return self.sync()

    def caught_up(self) -> None:
        """Let what a replica shows become no older than now, and do what waits for that."""
        self.after(LAG + MINUTE)
        self.after(MINUTE)

    def at(self, moment: datetime) -> Synced:
        """Let it be *moment*, then look."""
        self.clock.move(moment)
        return self.sync()

    def until(self, moment: datetime) -> Drained:
        """Let time pass, with all due work done at the very instant at which it is due."""
        drained = Drain(self.house, HANDLERS).run({}, _ALL, lambda: self._next(moment), PATIENCE)
        self.clock.move(moment)
        return drained

    def _next(self, moment: datetime) -> datetime | None:
        with self.house.db.read() as tx:
            coming = [row.due_at for row in tx.due.all() if tx.now < row.due_at <= moment]
            return min(coming, default=None)

    def claim(self, kind: str) -> Ticket:
        """Take a ticket of one kind that is due."""
        with self.house.db.write() as tx:
            (ticket,) = tx.due.claim(1, work.LEASE, [kind])
        return ticket

    # --- hands -----------------------------------------------------------------------

    def place(self, session_id: str, side: Side = Side.STUDENT) -> tuple[str, CalendarId, EventRef]:
        """Return on which server, in which calendar and at which ref the event stands, or stood."""
        copy = self.copy(session_id, side)
        with self.house.db.read() as tx:
            calendar = tx.calendars.get(copy.calendar_id)
            return tx.accounts.get(calendar.account_id).url, calendar.remote, copy.ref

    def delete(self, session_id: str, side: Side = Side.STUDENT) -> None:
        """Delete the event, by its owner's hand."""
        url, calendar, ref = self.place(session_id, side)
        self.hands[url].delete(calendar, ref)

    def restore(self, session_id: str, side: Side = Side.STUDENT) -> None:
        """Bring the event back as it was."""
        url, calendar, ref = self.place(session_id, side)
        self.hands[url].restore(calendar, ref)

    def drag(self, session_id: str, to: datetime, side: Side = Side.STUDENT) -> None:
        """Move the event to another time."""
        url, calendar, ref = self.place(session_id, side)
        self.hands[url].move_time(calendar, ref, to)

    def decline(self, session_id: str, side: Side = Side.STUDENT, name: str = "amina") -> None:
        """Decline the event."""
        url, calendar, ref = self.place(session_id, side)
        self.hands[url].decline(calendar, ref, self.people[name].email)

    def cancel(self, session_id: str, side: Side = Side.STUDENT) -> None:
        """Mark the event as cancelled."""
        url, calendar, ref = self.place(session_id, side)
        self.hands[url].cancel(calendar, ref)

    def carry(self, session_id: str, title: str) -> EventRef:
        """Move the event to another calendar of the same server."""
        url, calendar, ref = self.place(session_id)
        return self.servers[url].move(calendar, ref, self.calendars[title])

    def replace(self, title: str = "lessons") -> None:
        """Have the owner of a calendar delete it and make another of the same name."""
        calendar = self.calendars[title]
        self.servers[ONE].replace_calendar(calendar)
        self.foreign = {at: body for at, body in self.foreign.items() if at[1] != calendar}

    def duplicate(self, session_id: str, title: str, url: str = ONE, name: str = "copy.ics") -> EventRef:
        """Put a second event with the same UID into a calendar."""
        home, calendar, ref = self.place(session_id)
        there = self.ref(title, name)
        self.servers[url].put(self.calendars[title], there, self.servers[home].body(calendar, ref))
        return there

    def ref(self, title: str, name: str) -> EventRef:
        """Return where the resource *name* stands in a calendar."""
        return EventRef(self.calendars[title].removeprefix("memory:") + name)

    # --- what is there ---------------------------------------------------------------

    def standing(self, session_id: str) -> Counter[str]:
        """Return how many events of the session each calendar holds."""
        return +Counter({title: self.events_in(title, session_id) for title in self.calendars})

    def events_in(self, title: str, session_id: str) -> int:
        """Return how many events of the session one calendar holds."""
        return _events(self.servers[self.homes.get(title, ONE)], self.calendars[title], session_id)

    def check(self) -> None:
        """Check what must always hold, whatever has happened."""
        with self.house.db.read() as tx:
            for row in tx.sessions.all():
                facts = [parse_fact(fact.body) for fact in tx.ledger.facts(row.id)]
                assert isinstance(facts[0], Agreed)
                session, _ = begin(facts[0])
                for fact in facts[1:]:
                    session, _ = advance(session, fact)
                assert session == session_in(row), "the facts tell another session"
                given = tx.ledger.latest(row.id)
                assert (given.body if given else None) == (
                    session.verdict.model_dump(mode="json") if session.verdict else None
                )
                _proven(session)
            assert check(tx) == ()
        for (url, calendar, ref), body in self.foreign.items():
            if calendar in self.servers[url]._calendars:
                assert self.servers[url].body(calendar, ref) == body, "a foreign event was touched"


def _events(server: MemoryServer, calendar: CalendarId, session_id: str) -> int:
    if calendar not in server._calendars:
        return 0
    bodies = [server.body(calendar, ref) for ref in server.refs(calendar)]
    return sum(f"UID:syncd-{session_id}-".encode() in body for body in bodies)


def _proven(session: Session) -> None:
    verdict = session.verdict
    if verdict is not None and verdict.outcome is Outcome.FORFEIT:
        assert verdict.doubt is None
        assert verdict.present_at is not None
        assert verdict.gone_at is not None
        assert verdict.present_at >= verdict.deadline < verdict.gone_at
        assert len(verdict.evidence) > 1
