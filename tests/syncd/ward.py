"""A school that has lived through something, and whose rows may be tampered with behind the program's back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

from policy.life import State
from syncd.clock import MovableClock
from syncd.store.database import Database
from syncd.store.rows import Role
from tests.syncd.engine.house import HOUR, LAG, NOW, START, Play
from tests.syncd.store.grounds import Ground, Rows, file_of


@dataclass(frozen=True)
class Ward:
    """The school, and a way past the program to its rows."""

    play: Play
    ground: Ground
    url: str
    named: dict[str, str] = field(default_factory=dict)
    """The sessions of the story that was lived, if one was."""

    def sql(self, statement: str) -> Rows:
        return self.ground.sql(self.url, statement)

    def tamper(self, table: str, statement: str) -> None:
        """Run *statement* on a table that refuses it, with the refusal out of the way."""
        if self.ground.name == "SQLite":
            for act in ("no_update", "no_delete", "no_replace"):
                self.sql(f"DROP TRIGGER IF EXISTS {table}_{act}")
        else:
            self.sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        self.sql(statement)


@contextmanager
def opened(ground: Ground, *, people: bool = True) -> Iterator[Ward]:
    """Open a school with Amina, a student with two calendars, and Mo, a mentor with one."""
    url, clock = ground.migrated(), MovableClock(NOW)
    db = Database.open(url, clock, chance=Random(1))  # noqa: S311 - a back-off is no secret
    try:
        play = Play(db, clock)
        if people:
            play.person("amina", Role.STUDENT, "life", "lessons")
            play.person("mo", Role.MENTOR, "work")
        yield Ward(play, ground, url)
    finally:
        db.close()
        ground.drop(url)


def lived(play: Play) -> dict[str, str]:
    """Play a little story, and return its sessions: one kept, one cancelled in time, one forfeited."""
    named = {
        "kept": play.agree(start=START + 4 * HOUR),
        "timely": play.agree(start=START + 2 * HOUR),
        "late": play.agree(),
    }
    play.sync()
    play.after(HOUR)
    play.delete(named["timely"])
    play.until(NOW + 3 * HOUR)
    play.at(START - 24 * HOUR + LAG)
    play.delete(named["late"])
    play.sync()
    play.until(play.clock.now() + 2 * HOUR)
    assert [play.state(one) for one in named.values()] == [State.BOOKED, State.CANCELLED, State.FORFEITED]
    return named


@dataclass(frozen=True)
class Memory:
    """A story that was played once, as its SQLite file has it."""

    file: Path
    named: dict[str, str]
    now: datetime


def remembered(ground: Ground, file: Path) -> Memory:
    """Play the story, and keep what is left of it in *file*."""
    with opened(ground) as one:
        named, now = lived(one.play), one.play.clock.now()
        one.play.db.close()
        file.write_bytes(file_of(one.url).read_bytes())
    return Memory(file, named, now)


@contextmanager
def revived(ground: Ground, memory: Memory) -> Iterator[Ward]:
    """Open the school at the end of its story; its calendar servers are not there any more."""
    with opened(ground, people=False) as one:
        one.play.db.close()
        file_of(one.url).write_bytes(memory.file.read_bytes())
        one.play.clock.move(memory.now)
        yield Ward(one.play, ground, one.url, memory.named)
