"""The two databases on which the store's suite stands."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, LiteralString, Protocol, TypeAlias

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from syncd.clock import MovableClock
from syncd.store.database import Database

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
Rows: TypeAlias = list[tuple[Any, ...]]


class Ground(Protocol):
    """A place where databases are made, and a way past the store to look into them."""

    name: str

    def empty(self) -> str:
        """Return the URL of a database without tables."""
        ...

    def migrated(self) -> str:
        """Return the URL of a database with every table and no rows."""
        ...

    def sql(self, url: str, statement: LiteralString) -> Rows:
        """Run one statement by the bare driver, and commit."""
        ...

    def versions(self, url: str) -> Rows:
        """Return a picture that differs after any write, even one of the same values."""
        ...

    def drop(self, url: str) -> None:
        """Take a database away."""
        ...


def upgraded(url: str) -> str:
    db = Database.open(url, MovableClock(NOW))
    db.upgrade()
    db.close()
    return url


class SQLiteGround:
    name = "SQLite"

    def __init__(self, root: Path) -> None:
        self._root = root
        self._numbers = count()
        self._template = root / "template.db"
        upgraded(f"sqlite:///{self._template}")

    def empty(self) -> str:
        return f"sqlite:///{self._root / f'{next(self._numbers)}.db'}"

    def migrated(self) -> str:
        url = self.empty()
        shutil.copyfile(self._template, file_of(url))
        return url

    def sql(self, url: str, statement: LiteralString) -> Rows:
        with closing(sqlite3.connect(file_of(url))) as raw, raw:
            return raw.execute(statement).fetchall()

    def versions(self, url: str) -> Rows:
        # The header's change counter does not move in WAL mode; each commit adds frames to the log.
        log = file_of(url).with_suffix(".db-wal")
        return [(log.read_bytes() if log.exists() else b"",)]

    def drop(self, url: str) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{file_of(url)}{suffix}").unlink(missing_ok=True)


class PostgreSQLGround:
    name = "PostgreSQL"

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._numbers = count()
        self._template = upgraded(self.empty())

    def empty(self) -> str:
        return self._make("template0")

    def migrated(self) -> str:
        return self._make(name_of(self._template))

    def sql(self, url: str, statement: LiteralString) -> Rows:
        with psycopg.connect(url, autocommit=True) as raw:
            cursor = raw.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def versions(self, url: str) -> Rows:
        tables = self.sql(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        with psycopg.connect(url) as raw:
            return [
                (name, raw.execute(SQL("SELECT ctid, xmin FROM {}").format(Identifier(name))).fetchall())
                for (name,) in tables
            ]

    def drop(self, url: str) -> None:
        with psycopg.connect(self._uri, autocommit=True) as raw:
            raw.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name_of(url))))

    def _make(self, template: str) -> str:
        name = f"school_{next(self._numbers)}"
        statement = SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
        with psycopg.connect(self._uri, autocommit=True) as raw:
            raw.execute(statement)
        return make_url(self._uri).set(database=name).render_as_string(hide_password=False)


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def name_of(url: str) -> str:
    return str(make_url(url).database)
