"""The two databases on which the store's suite stands."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import psycopg
from psycopg.sql import SQL, Composed, Identifier
from sqlalchemy import make_url

from syncd.clock import MovableClock
from syncd.store.database import Database
from syncd.store.tables import metadata

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
Rows: TypeAlias = list[tuple[Any, ...]]


class Ground(Protocol):
    """A place where databases are made, and a way past the store to look into them."""

    name: str
    refusals: type[Exception]
    """What the bare driver raises when the schema refuses."""

    def empty(self) -> str:
        """Return the URL of a database without tables."""
        ...

    def migrated(self) -> str:
        """Return the URL of a database with every table and no rows."""
        ...

    def sql(self, url: str, statement: str) -> Rows:
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
    refusals: type[Exception] = sqlite3.IntegrityError

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

    def sql(self, url: str, statement: str) -> Rows:
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
    refusals: type[Exception] = psycopg.errors.RestrictViolation

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._numbers = count()
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            self.sql(uri, SQL("ALTER SYSTEM SET {} = off").format(Identifier(setting)))
        self.sql(uri, SQL("SELECT pg_reload_conf()"))
        self._migrated = upgraded(self.empty())

    def empty(self) -> str:
        name = f"school_{next(self._numbers)}"
        self.sql(self._uri, SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(name)))
        return make_url(self._uri).set(database=name).render_as_string(hide_password=False)

    def migrated(self) -> str:
        # Making a database takes a second on a busy machine; emptying one takes a moment.
        with psycopg.connect(self._migrated) as raw:
            raw.execute("SET session_replication_role = replica")  # past the triggers that refuse this
            raw.execute(
                SQL("TRUNCATE {} RESTART IDENTITY").format(
                    SQL(", ").join(Identifier(name) for name in metadata.tables)
                )
            )
            raw.execute("INSERT INTO due_turn VALUES (1, 0)")
        return self._migrated

    def sql(self, url: str, statement: str | SQL | Composed) -> Rows:
        with psycopg.connect(url, autocommit=True) as raw:
            cursor = raw.execute(statement.encode() if isinstance(statement, str) else statement)
            return cursor.fetchall() if cursor.description else []

    def versions(self, url: str) -> Rows:
        tables = self.sql(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        with psycopg.connect(url) as raw:
            return [
                (name, raw.execute(SQL("SELECT ctid, xmin FROM {}").format(Identifier(name))).fetchall())
                for (name,) in tables
            ]

    def drop(self, url: str) -> None:
        if url != self._migrated:
            self.sql(self._uri, SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name_of(url))))


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def name_of(url: str) -> str:
    return str(make_url(url).database)
