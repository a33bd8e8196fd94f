"""The quiet round: nothing is written to a server, and no row changes but for what a round must touch."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from tests.endurance.child import wait_for
from tests.endurance.ground import Ground
from tests.endurance.oracle import Violation

TOUCHED: Mapping[str, frozenset[str]] = {
    "calendars": frozenset({"verified_at", "busy_at"}),
    "due": frozenset({"due_at", "lease_until", "fence", "seen_gen", "holder"}),
    "due_turn": frozenset({"turn"}),
}
"""What a round notes of itself: when it looked, and when it will look again."""
_UNTOUCHED = "sync"
"""Of due work only the rounds themselves are done."""
_GOOGLE = "SELECT id FROM accounts WHERE provider = 'google'"
_ROUNDS = 2
_GUARD = 120.0

Row = tuple[object, ...]


def dump(file: Path, touched: Mapping[str, frozenset[str]] = TOUCHED) -> dict[str, list[Row]]:
    """Return every row of every table, without what a round must touch."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        google = frozenset(account for (account,) in db.execute(_GOOGLE))
        return {name: _rows(db, name, touched.get(name, frozenset()), google) for name in names}


def _rows(db: sqlite3.Connection, table: str, ignored: frozenset[str], google: frozenset[int]) -> list[Row]:
    cursor = db.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - the names come from the database itself
    columns = [column[0] for column in cursor.description]
    rows = (dict(zip(columns, row, strict=True)) for row in cursor)
    return sorted((_row(table, row, ignored, google) for row in rows), key=repr)


def _row(table: str, row: dict[str, object], ignored: frozenset[str], google: frozenset[int]) -> Row:
    """Return one row; of due work only a round's own is excused."""
    excused = ignored
    if table == "due" and row["kind"] != _UNTOUCHED:
        excused = frozenset()
    if table == "calendars" and row["account_id"] in google:
        excused |= {"token"}  # Google gives another one each time
    return tuple(value for name, value in row.items() if name not in excused)


def quiet_rounds(ground: Ground, file: Path) -> Iterator[Violation]:
    """Let each account be looked at twice more, and yield what should not have happened."""
    more_rounds(ground)  # the last round that brought something has ended
    before, writes = dump(file), ground.writes()
    more_rounds(ground)
    after = dump(file)
    if ground.writes() != writes:
        yield Violation(None, f"a quiet round sent {ground.writes() - writes} writes")
    for table in sorted(before.keys() | after.keys()):
        new, old = after.get(table, []), before.get(table, [])
        if new != old:
            gone, come = [row for row in old if row not in new], [row for row in new if row not in old]
            yield Violation(None, f"a quiet round changed {table}: {gone[:3]} became {come[:3]}")


def more_rounds(ground: Ground) -> None:
    """Wait until each calendar was looked at so many times more.

    :raises Hung: if that does not happen.
    """
    start = {id(place): place.door.rounds() for place in ground.places}

    def done() -> bool:
        return all(
            place.door.rounds()[one.name] - counts[one.name] >= _ROUNDS * len(one.calendars)
            for place in ground.places
            for counts in (start[id(place)],)
            for one in ground.everybody
            if one.place is place
        )

    wait_for(done, _GUARD, "two rounds of every account")
