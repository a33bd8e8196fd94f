"""One daemon at a time for a database: the claim of the first, and what the second is told."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, text

from syncd.store import engines
from syncd.store.errors import StoreError, StoreUnreachable
from syncd.store.faults import in_our_words

_PATIENCE = timedelta(seconds=10)
KEY = 0x53594E43_4404
"""PostgreSQL's advisory lock of the daemon."""
_NOBODY_KNOWN = "another process"
_LINES: dict[str, str | list[str]] = {
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""A line that is dead must be noticed to be: else nobody knows that the lock is gone."""


class Occupied(StoreError):
    """Another daemon works on this database."""


class Sole(Protocol):
    """The right to be the one daemon of a database."""

    def hold(self) -> bool:
        """Tell whether it is ours, and take it again if it was lost and nobody has it."""
        ...

    def release(self) -> None:
        """Let another one have it."""
        ...


def take(url: str) -> Sole:
    """Become the one daemon of the database at *url*; the end of the process gives it up, however it comes.

    :raises Occupied: if there is one already; it is named.
    :raises StoreError: if that cannot be found out.
    """
    at = engines.place(url)
    sole = _File(at.file) if at.file else _Session(at)
    sole.take()
    return sole


def _me() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def _occupied(name: str, holder: str) -> Occupied:
    return Occupied(
        f"{name}: a syncd daemon works on this database already, {holder}; "
        "stop that one first, or give this one a database of its own"
    )


def lock_of(database: Path) -> Path:
    """Return the file that the daemon of an SQLite *database* has locked."""
    real = database.resolve()
    return real.with_name(f"{real.name}.daemon")


class _File:
    """A locked file beside the SQLite file; it is never deleted, else two could lock one each."""

    def __init__(self, file: Path) -> None:
        self._database = file
        self._path = lock_of(file)
        self._handle: int | None = None

    def take(self) -> None:
        """Lock the file.

        :raises Occupied: if another process has.
        :raises StoreUnreachable: if there is no such file and none can be made.
        """
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnreachable(
                f"{self._path} cannot be opened: {error.strerror}; see its owner and mode and its directory"
            ) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(handle, 200, 0).decode(errors="replace").strip() or _NOBODY_KNOWN
            os.close(handle)
            raise _occupied(str(self._database), holder) from None
        with suppress(OSError):  # a full disk keeps the name away, not the lock
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{_me()}\n".encode(), 0)
        self._handle = handle

    def hold(self) -> bool:
        """Tell whether the file that we locked is the one that others would lock."""
        if self._handle is not None:
            mine = os.fstat(self._handle)
            with suppress(OSError):
                there = self._path.stat()
                if (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino):
                    return True
            self.release()
        with suppress(StoreError):
            self.take()
            return True
        return False

    def release(self) -> None:
        """Unlock the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class _Session:
    """A session of its own with an advisory lock; when the session ends, so does the lock."""

    def __init__(self, at: engines.Place) -> None:
        self._name = at.name
        self._engine = engines.engine(replace(at, url=at.url.update_query_dict(_LINES)), _PATIENCE)
        self._connection: Connection | None = None

    def take(self) -> None:
        """Open the session and lock.

        :raises Occupied: if another session has.
        :raises StoreError: if the database cannot be used.
        """
        with in_our_words(self._name):
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            with in_our_words(self._name):
                named = text("SELECT set_config('application_name', :me, false)")
                connection.execute(named, {"me": f"syncd run, {_me()}"[:63]})
                connection.execute(text("SET statement_timeout = '10s'"))
                if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": KEY}):
                    raise _occupied(self._name, _holder(connection))
        except StoreError:
            self._close(connection)
            raise
        self._connection = connection

    def hold(self) -> bool:
        """Tell whether the session is still there."""
        with suppress(StoreError):
            if self._connection is not None:
                with in_our_words(self._name):
                    self._connection.execute(text("SELECT 1"))
                return True
        self.release()
        with suppress(StoreError):
            self.take()
            return True
        return False

    def release(self) -> None:
        """End the session."""
        if self._connection is not None:
            self._close(self._connection)
            self._connection = None

    def _close(self, connection: Connection) -> None:
        # Back in the pool it would keep the lock.
        with suppress(StoreError), in_our_words(self._name):
            connection.invalidate()
            connection.close()
        self._engine.dispose()


def _holder(connection: Connection) -> str:
    """Return who has the lock: its session says so in its name."""
    named = text(
        "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) "
        "WHERE locktype = 'advisory' AND granted AND classid = :high AND objid = :low "
        "AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    found = connection.scalar(named, {"high": KEY >> 32, "low": KEY & 0xFFFFFFFF})
    return str(found).removeprefix("syncd run, ") if found else _NOBODY_KNOWN
