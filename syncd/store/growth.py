"""How far a database has come: numbers that only grow with it, and who it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from syncd.store import engines
from syncd.store.faults import in_our_words
from syncd.store.tables import due_turn, feed, meta

IDENTITY = "identity"
"""The name in ``meta`` of what tells this database from every other."""
_PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Growth:
    """How far a database has come."""

    database: str
    """Where it is, for people."""
    identity: str | None
    turn: int
    """Every claim of work counts it up."""
    feed: int
    """Every piece of news counts it up."""

    def behind(self, turn: int, feed: int) -> bool:
        """Tell whether it had come further once."""
        return self.turn < turn or self.feed < feed


def growth(url: str) -> Growth:
    """Return how far the database at *url* has come.

    :raises StoreError: if it cannot be read.
    """
    at = engines.place(url)
    engine = engines.engine(at, _PATIENCE)
    try:
        with in_our_words(at.name), engine.connect() as connection, engines.begin(connection):
            return Growth(
                at.name,
                connection.scalar(select(meta.c.value).where(meta.c.name == IDENTITY)),
                int(connection.scalar(select(due_turn.c.turn)) or 0),
                int(connection.scalar(select(func.coalesce(func.max(feed.c.id), 0))) or 0),
            )
    finally:
        engine.dispose()
