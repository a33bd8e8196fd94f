"""A SQLite driver that tells what it is asked to do before it does it; whoever listens may let it fail instead."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from syncd.store.database import Database

Ear = Callable[[sqlite3.Connection, str], None]
"""Hears each statement, commits included, with its connection."""


class _Cursor:
    def __init__(self, real: sqlite3.Cursor, ear: Ear) -> None:
        self._real = real
        self._ear = ear

    def execute(self, sql: str, given: Any = ()) -> object:
        self._ear(self._real.connection, sql)
        self._real.execute(sql, given)
        return self

    def executemany(self, sql: str, given: Any) -> object:
        self._ear(self._real.connection, sql)
        self._real.executemany(sql, given)
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Connection:
    def __init__(self, real: sqlite3.Connection, ear: Ear) -> None:
        self._real = real
        self._ear = ear

    def cursor(self) -> _Cursor:
        return _Cursor(self._real.cursor(), self._ear)

    def commit(self) -> None:
        self._ear(self._real, "COMMIT")
        self._real.commit()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def listen(db: Database, ear: Ear) -> None:
    """Have *ear* hear whatever the driver of *db* is asked from now on."""
    engine = db._engine
    engine.dispose()

    def between(raw: sqlite3.Connection, record: Any) -> None:
        record.dbapi_connection = _Connection(raw, ear)

    event.listen(engine, "connect", between)
