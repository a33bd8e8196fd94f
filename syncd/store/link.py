"""One open transaction, as the repositories see it: statements in, rows out, errors in our words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from random import Random
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Executable, Row, Table, and_, or_, update
from sqlalchemy.dialects import postgresql, sqlite

from syncd.store.errors import Refused
from syncd.store.faults import in_our_words

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
Upsert: TypeAlias = "sqlite.Insert | postgresql.Insert"
Values: TypeAlias = Mapping[str, Any] | None
"""What a statement that was built once is run with, by name."""


class Link:
    """The connection of one transaction, its instant, and its source of chance."""

    def __init__(
        self, connection: Connection, name: str, now: datetime, chance: Random, *, writing: bool
    ) -> None:
        self._connection = connection
        self._name = name
        self.now = now
        self.chance = chance
        self.writing = writing
        self.postgresql = connection.dialect.name == "postgresql"

    def rows(self, statement: Executable, values: Values = None) -> Sequence[AnyRow]:
        """Return every row that *statement* gives."""
        with in_our_words(self._name, writing=self.writing):
            return self._connection.execute(statement, values).all()

    def row(self, statement: Executable, values: Values = None) -> AnyRow | None:
        """Return the first row that *statement* gives."""
        with in_our_words(self._name, writing=self.writing):
            return self._connection.execute(statement, values).first()

    def value(self, statement: Executable, values: Values = None) -> Any:
        """Return the first column of the first row."""
        found = self.row(statement, values)
        return None if found is None else found[0]

    def run(self, statement: Executable, values: Values = None) -> int:
        """Return how many rows *statement* touched."""
        with in_our_words(self._name, writing=self.writing):
            # Without the option an INSERT reports -1 on PostgreSQL.
            options = {"preserve_rowcount": True}
            return self._connection.execute(statement, values, execution_options=options).rowcount

    def run_many(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run *statement* once for each of *rows*."""
        if rows:
            with in_our_words(self._name, writing=self.writing):
                self._connection.execute(statement, rows)

    def insert(self, table: Table) -> Upsert:
        """Return an INSERT that knows ON CONFLICT."""
        return postgresql.insert(table) if self.postgresql else sqlite.insert(table)

    def change(self, table: Table, which: ColumnElement[bool], values: Mapping[str, Any]) -> bool:
        """Update the rows that differ from *values*, and tell whether there were any."""
        if not values:
            return False
        differs = or_(*(table.c[name].is_distinct_from(value) for name, value in values.items()))
        return self.run(update(table).where(and_(which, differs)).values(**values)) > 0

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undo what happens inside if the schema refuses it; the transaction goes on, on both databases.

        :raises Refused: with the rule that was broken.
        """
        with in_our_words(self._name, writing=self.writing):
            point = self._connection.begin_nested()
        try:
            yield
        except Refused:
            with in_our_words(self._name, writing=self.writing):
                point.rollback()
            raise
        with in_our_words(self._name, writing=self.writing):
            point.commit()
