"""A small school to begin with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from providers.base import CalendarId, EventRef
from syncd.store.database import Database
from syncd.store.rows import (
    Account,
    Copy,
    Person,
    Role,
    SessionId,
    SessionRow,
    Side,
)
from syncd.store.tx import Tx
from tests.syncd.store.grounds import NOW

TEN = NOW + timedelta(days=2, hours=1)
HOUR = timedelta(hours=1)


class School:
    def __init__(self, db: Database) -> None:
        self.db = db
        with db.write() as tx:
            self.ada, self.ben = (_person(tx, name, Role.STUDENT) for name in ("ada", "ben"))
            self.mia, self.max = (_person(tx, name, Role.MENTOR) for name in ("mia", "max"))
            self.account = connect(tx, self.ada)
            self.calendar = tx.calendars.add(
                self.account.id, CalendarId("https://dav/ada/"), "Ada", busy=True, sessions=True
            )

    def session(self, name: str = "one", start: datetime = TEN, **values: Any) -> SessionRow:
        defaults = {
            "key": None,
            "student_id": self.ada.id,
            "mentor_id": self.mia.id,
            "end": start + HOUR,
            "state": "planned",
            "live": True,
            "deadline": start - timedelta(hours=24),
            "calendar_state": "unwritten",
            "snapshot": {"seq": 1},
            "created_at": NOW,
        }
        return SessionRow(id=SessionId(name), start=start, **{**defaults, **values})

    def book(self, name: str = "one", start: datetime = TEN, **values: Any) -> SessionRow:
        row = self.session(name, start, **values)
        with self.db.write() as tx:
            tx.sessions.add(row)
        return row

    def copy(self, session: SessionRow, generation: int = 1) -> Copy:
        uid = f"{session.id}-{generation}"
        ref = EventRef(f"/ada/{uid}.ics")
        with self.db.write() as tx:
            return tx.copies.add(session.id, Side.STUDENT, generation, self.calendar.id, uid, ref)


def _person(tx: Tx, name: str, role: Role) -> Person:
    return tx.people.add(f"{name}@example.org", name.title(), role, "Europe/Berlin")


def connect(tx: Tx, person: Person, username: str = "ada") -> Account:
    return tx.accounts.add(person.id, "caldav", "https://dav/", username, b"sealed", 3)
