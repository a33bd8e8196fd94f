"""The one way to the store: open it, then read or write in transactions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random, SystemRandom
from typing import Self

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from syncd.clock import Clock
from syncd.store import engines, schema
from syncd.store.errors import SchemaMissing, StoreBusy, StoreUnreachable
from syncd.store.faults import in_our_words
from syncd.store.link import Link
from syncd.store.tx import Tx

PATIENCE = timedelta(seconds=30)
"""How long a locked database is waited for."""


class Database:
    """The state of one school, in a SQLite file or in PostgreSQL."""

    def __init__(
        self, at: engines.Place, engine: Engine, clock: Clock, chance: Random, patience: timedelta
    ) -> None:
        self.clock = clock
        self.name = at.name
        """Where it is, for people: a path, or an address without its password."""
        self._file = at.file
        self._chance = chance
        self._patience = patience
        self._engine = engine
        self._writer = engine.execution_options(writing=True)
        self._reader = engine
        if at.file is None:
            self._reader = engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._turn = threading.Lock()
        self._whose: int | None = None

    @classmethod
    def open(
        cls, url: str, clock: Clock, *, chance: Random | None = None, patience: timedelta = PATIENCE
    ) -> Self:
        """Return the database at *url*; nothing is touched before the first call.

        :raises StoreUnreachable: if *url* is not an address of a database that we know.
        """
        at = engines.place(url)
        return cls(at, engines.engine(at, patience), clock, chance or SystemRandom(), patience)

    def upgrade(self) -> None:
        """Bring the schema up to date; a missing SQLite file is made, for its owner's eyes only.

        :raises StoreError: if that cannot be done: one of its children says why.
        """
        if self._file is not None:
            engines.create(self._file)
        if self.ready():
            return
        with self._my_turn(), self._transaction(self._writer) as connection, in_our_words(self.name):
            schema.upgrade(connection, self.name)

    def ready(self) -> bool:
        """Tell whether the schema is current; a file that is still to be made is not.

        :raises SchemaTooNew: if a newer syncd has worked on it.
        :raises StoreDamaged: if it is not a database.
        :raises StoreBusy: if it stayed locked.
        :raises StoreUnreachable: if it cannot be read.
        """
        if self._file is not None and not self._file.exists():
            if not self._file.parent.is_dir():
                raise StoreUnreachable(f"{self._file.parent} is not a directory")
            return False
        with self._transaction(self._reader) as connection, in_our_words(self.name):
            return schema.current(connection, self.name)

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Open a transaction that commits when the block ends, and is rolled back if the block raises.

        On SQLite it is the only writing one; keep network calls outside.

        :raises StoreBusy: if the database stayed locked.
        :raises StoreError: if the block, or its end, cannot be done.
        """
        with self._my_turn(), self._transaction(self._writer) as connection:
            yield Tx(self._link(connection, writing=True))

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a transaction that sees one moment of the database and cannot write.

        :raises StoreError: if the database cannot be read.
        """
        with self._transaction(self._reader) as connection:
            yield Tx(self._link(connection, writing=False))

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _link(self, connection: Connection, *, writing: bool) -> Link:
        return Link(connection, self.name, self.clock.now(), self._chance, writing=writing)

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        if self._file is not None and not self._file.exists():
            raise SchemaMissing(f"{self.name} does not exist yet: run `syncd db upgrade`")
        with in_our_words(self.name):
            connection = engine.connect()
        try:
            with in_our_words(self.name):
                transaction = engines.begin(connection)
            try:
                yield connection
            except BaseException:
                _give_up(connection)
                raise
            try:
                with in_our_words(self.name):
                    transaction.commit()
            except BaseException:
                connection.invalidate()  # SQLite keeps a transaction open whose COMMIT it refused
                raise
        finally:
            connection.close()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        """Let one thread of this process write at a time: on SQLite one writer is faster than eight."""
        if self._file is None:
            yield
            return
        if self._whose == threading.get_ident():
            raise RuntimeError("this thread is inside a writing transaction already")
        if not self._turn.acquire(timeout=self._patience.total_seconds()):
            raise StoreBusy(f"{self.name} has been written to for too long by another thread; try again")
        self._whose = threading.get_ident()
        try:
            yield
        finally:
            self._whose = None
            self._turn.release()


def _give_up(connection: Connection) -> None:
    # A full disk or a lost server has rolled back already; the block's own error is the one to tell.
    try:
        connection.rollback()
    except SQLAlchemyError:
        connection.invalidate()
