"""A school in a directory: a real calendar server, a house with a clock that can be moved, people in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from policy.life import Session
from policy.rules import Rules
from syncd import accounts, sessions
from syncd.book import session_in
from syncd.clock import MovableClock
from syncd.config import read
from syncd.demo.hand import Hand
from syncd.demo.servers import Server, radicale, xandikos
from syncd.house import House
from syncd.store.rows import Person, Role, SessionId, Side
from syncd.sync import Synced, sync_now
from syncd.vault import Vault
from syncd.wiring import CALDAV, open_house

PASSWORD = "open sesame"
SCHEDULING = "Xandikos that schedules"
SERVERS: dict[str, Callable[..., Server]] = {
    "Radicale": radicale,
    "Xandikos": xandikos,
    SCHEDULING: partial(xandikos, scheduling=True),
}


@dataclass
class School:
    """What a test needs to play a story."""

    house: House
    clock: MovableClock
    server: Server

    def person(self, name: str, role: Role, zone: str = "Europe/Berlin", weekly: str | None = None) -> Person:
        with self.house.db.write() as tx:
            return tx.people.add(f"{name}@school.example", name.title(), role, zone, weekly)

    def hand(self, name: str) -> Hand:
        return self.server.hand(name)

    def calendar(self, name: str, title: str) -> str:
        return self.hand(name).make_calendar(title)

    def connect(self, person: Person, name: str, sessions_in: str) -> accounts.Connected:
        login = accounts.Login(CALDAV, self.server.url, name, PASSWORD)
        return accounts.connect(self.house, person, login, [], sessions_in)

    def agree(self, student: Person, mentor: Person, start: datetime) -> Session:
        session, _ = sessions.agree(
            self.house, student.email, mentor.email, start, timedelta(hours=1), key=None
        )
        return session

    def sync(self, soon: timedelta = timedelta(seconds=15)) -> Synced:
        return sync_now(self.house, soon=soon)

    def wait(self, length: timedelta) -> None:
        self.clock.sleep(length)

    def session(self, session_id: str) -> Session:
        with self.house.db.read() as tx:
            return session_in(tx.sessions.get(SessionId(session_id)))

    def event(self, session_id: str, side: Side = Side.STUDENT) -> str:
        """Return the address at which the session's event stands, or stood."""
        with self.house.db.read() as tx:
            copy = [each for each in tx.copies.of(SessionId(session_id)) if each.side is side][-1]
            calendar = tx.calendars.get(copy.calendar_id)
        return calendar.remote.rstrip("/") + "/" + copy.ref.rsplit("/", 1)[1]


@contextmanager
def school(
    directory: Path, kind: str, users: tuple[str, ...], now: datetime, rules: Rules | None = None, **grid: Any
) -> Iterator[School]:
    """Open a school whose server and clock both stand at *now*."""
    clock = MovableClock(now)
    with SERVERS[kind](directory / "server", dict.fromkeys(users, PASSWORD), clock=clock) as server:
        file = directory / "config.toml"
        host = server.url.removeprefix("http://").rstrip("/")
        file.write_text(f'[school]\nzone = "Europe/Berlin"\n[caldav]\nallow = ["{host}"]\n', encoding="utf-8")
        config = read(file)
        changed = {"rules": rules or Rules(), "grid": config.grid.model_copy(update=grid)}
        Vault.create(config.keys.file)
        house = open_house(config.model_copy(update=changed), clock)
        try:
            yield School(house, clock, server)
        finally:
            house.db.close()
