"""A house on SQLite for a benchmark: opened from a configuration file, as the daemon opens its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from policy.interval import Interval
from providers.base import CalendarId, Capability, SyncToken
from syncd import work
from syncd.clock import Clock
from syncd.config import read
from syncd.house import House, identity
from syncd.store.rows import Account, Person, Role
from syncd.store.types import written
from syncd.vault import Vault
from syncd.wiring import CALDAV, open_house

USER, PASSWORD = "amina", "open sesame"
TOKEN = SyncToken("http://fake.example/ns/sync/1")
"""The token that every account of a crowd holds."""
_SPARE = timedelta(days=2)


@contextmanager
def house_in(folder: Path, allow: str = "127.0.0.1:1", clock: Clock | None = None) -> Iterator[House]:
    """Open a new house whose one permitted server is *allow*."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.toml"
    host = allow.removeprefix("http://").rstrip("/")
    if not file.exists():
        file.write_text(f'[school]\nzone = "Europe/Berlin"\n[caldav]\nallow = ["{host}"]\n', encoding="utf-8")
        Vault.create(read(file).keys.file)
    house = open_house(read(file), clock)
    try:
        yield house
    finally:
        house.db.close()


def person(house: House, name: str = USER, role: Role = Role.STUDENT) -> Person:
    """Enter a person."""
    with house.db.write() as tx:
        return tx.people.add(f"{name}@school.example", name.title(), role, "Europe/Berlin")


def account(house: House, whose: Person, url: str) -> Account:
    """Enter an account with one calendar that was read just now and is asked with :data:`TOKEN`."""
    with house.db.write() as tx:
        made = tx.accounts.add(whose.id, CALDAV, url, USER, b"", Capability.SYNC_TOKEN.value)
        tx.accounts.put_grant(made.id, house.vault.seal(PASSWORD.encode(), identity(made.id, whose.id)))
        place = CalendarId(f"{url}u{made.id}/calendar/")
        kept = tx.calendars.add(made.id, place, "Calendar", busy=True, sessions=True)
        tx.calendars.saw(kept.id, TOKEN, tx.now, tx.now, _window(house, whose))
        key = work.account_key(made.id)
        tx.due.set_time(work.SYNC, key, tx.now, prio=work.PRIO[work.SYNC], excl=key)
        return tx.accounts.get(made.id)


def crowd(house: House, url: str, size: int) -> None:
    """Enter *size* people with an account each."""
    first = account(house, person(house), url)
    copies(house, first, size, PASSWORD.encode(), lambda number: f"{first.url}u{number}/calendar/")


def copies(
    house: House, first: Account, size: int, secret: bytes, remote: Callable[[int], str] | None = None
) -> None:
    """Enter people with an account each, *size* with the first one's, all others as copies of its rows.

    Through the store it would take longer than what is measured. *remote* names the calendar of an account.
    """
    with closing(sqlite3.connect(_file(house))) as db:
        db.row_factory = sqlite3.Row
        with db:
            for number in range(1, size):
                whose, mine = int(first.person_id) + number, int(first.id) + number
                _again(db, "people", first.person_id, id=whose, email=f"{USER}{number}@school.example")
                grant = house.vault.seal(secret, identity(mine, whose))
                _again(db, "accounts", first.id, id=mine, person_id=whose, sealed=grant)
                place = {"remote": remote(mine)} if remote else {}
                _again(db, "calendars", first.id, "account_id", id=None, account_id=mine, **place)
                _again(db, "due", str(first.id), "key", key=str(mine), excl=str(mine))


def _again(db: sqlite3.Connection, table: str, at: Any, by: str = "id", /, **changed: Any) -> None:
    row = dict(db.execute(f"SELECT * FROM {table} WHERE {by} = ?", (at,)).fetchone()) | changed  # noqa: S608
    names = ", ".join(f'"{one}"' for one in row)
    marks = ", ".join("?" * len(row))
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))  # noqa: S608


def unwell(house: House) -> int:
    """Count the pieces of work that failed and are to be tried again."""
    with house.db.read() as tx:
        return sum(bool(row.attempts) for row in tx.due.all())


def all_due(house: House, at: datetime) -> None:
    """Have every account looked at from *at* on, by one statement."""
    with closing(sqlite3.connect(_file(house))) as db, db:
        db.execute("UPDATE due SET due_at = ? WHERE kind = ?", (written(at), work.SYNC))


def due_over(house: House, first: datetime, spread: timedelta) -> None:
    """Have every deadline look fall due from *first* on, evenly over *spread*."""
    with closing(sqlite3.connect(_file(house))) as db, db:
        keys = [key for (key,) in db.execute("SELECT key FROM due WHERE kind = ? ORDER BY key", (work.LOOK,))]
        times = [(written(first + spread * number / len(keys)), key) for number, key in enumerate(keys)]
        db.executemany(f"UPDATE due SET due_at = ? WHERE kind = '{work.LOOK}' AND key = ?", times)  # noqa: S608


def _window(house: House, whose: Person) -> Interval:
    day = (
        house.clock.now().astimezone(ZoneInfo(whose.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    )
    return Interval(day.astimezone(UTC), day + house.config.grid.horizon + _SPARE)


def _file(house: House) -> str:
    return house.config.database.url.removeprefix("sqlite:///")
