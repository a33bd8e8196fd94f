"""How connections are made: the two databases, each set up so that a committed write survives a power cut."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, RootTransaction, create_engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from syncd.store.errors import StoreUnreachable

_STATEMENTS = 512
"""More than there are in this program: none is prepared twice on one connection."""
_ROOM = 64
"""Connections at most: more than there are threads, so that nobody waits for one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the database is."""

    name: str
    """For people: the file, or the address without its password."""
    url: URL
    file: Path | None
    """The SQLite file; ``None`` for PostgreSQL."""


def place(url: str) -> Place:
    """Return where *url* points.

    :raises StoreUnreachable: if it is not an address of a database that we know.
    """
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreUnreachable("the database's address is not a URL such as sqlite:///syncd.db") from None
    if made.drivername == "sqlite" and made.database not in {None, "", ":memory:"}:
        file = Path(str(made.database)).absolute()
        return Place(str(file), made, file)
    if made.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        made = made.set(drivername="postgresql+psycopg")
        return Place(made.render_as_string(hide_password=True).replace("+psycopg", ""), made, None)
    raise StoreUnreachable(
        f"{made.drivername}: only sqlite:///path/of/a/file and postgresql://user@host/name are known"
    )


def engine(at: Place, patience: timedelta) -> Engine:
    """Return an engine for *at* that waits for locks no longer than *patience*."""
    return _sqlite(at.file, patience) if at.file else _postgresql(at.url, patience)


def create(file: Path) -> None:
    """Make an empty database file that nobody else can read, unless there is one.

    :raises StoreUnreachable: if it cannot be made.
    """
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreUnreachable(f"{file} cannot be made: {error.strerror}") from error


def _sqlite(file: Path, patience: timedelta) -> Engine:
    # mode=rw: a connection never makes a file by itself, only `create` does, with its mode.
    address = f"file:{quote(str(file))}?mode=rw"

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(
            address,
            uri=True,
            timeout=patience.total_seconds(),
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS,
        )
        try:
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "recursive_triggers=ON",
            ):
                raw.execute(f"PRAGMA {pragma}").close()
        except sqlite3.Error:
            raw.close()
            raise
        return raw

    return create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, max_overflow=_ROOM, hide_parameters=True
    )


def begin(connection: Connection) -> RootTransaction:
    """Begin a transaction; one that is to write has the lock of a SQLite file from its first moment."""
    transaction = connection.begin()
    if connection.dialect.name == "sqlite":
        # A deferred transaction that turns out to write fails at once with SQLITE_BUSY_SNAPSHOT.
        # PRAGMA query_only would refuse writes to a reading one, but each use of it, as of most flags,
        # has SQLite prepare every statement anew (OP_Expire): the link refuses them instead. And a
        # listener to the engine's "begin" would have every statement look for listeners of its own.
        writing = connection.get_execution_options().get("writing", False)
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
    return transaction


def _postgresql(url: URL, patience: timedelta) -> Engine:
    given = url.query.get("options", "")
    options = f"{given if isinstance(given, str) else ' '.join(given)} -c timezone=UTC"
    options += f" -c lock_timeout={int(patience.total_seconds() * 1000)}"
    return create_engine(
        url.update_query_dict({"options": options.strip()}),
        max_overflow=_ROOM,
        pool_pre_ping=True,
        pool_timeout=patience.total_seconds(),
        hide_parameters=True,
        connect_args={"connect_timeout": 10},
    )
