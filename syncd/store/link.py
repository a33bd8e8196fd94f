"""One open transaction, as the repositories see it: statements in, rows out, errors in our words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from functools import cache
from random import Random
from typing import Any, TypeAlias

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    Executable,
    Select,
    Table,
    UpdateBase,
    and_,
    bindparam,
    or_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import CoreExecuteOptionsParameter

from syncd.store.errors import Refused
from syncd.store.faults import in_our_words
from syncd.store.prepared import Prepared, Values, statements

AnyRow: TypeAlias = Any
"""A row: its columns by name, or in their order."""
Upsert: TypeAlias = "sqlite.Insert | postgresql.Insert"
_RUN: CoreExecuteOptionsParameter = {"preserve_rowcount": True}
"""Without this an INSERT reports -1 on PostgreSQL."""

_MANY = 1000
"""So many answers are kept at most in one transaction."""


class Link:
    """The connection of one transaction, its instant, and its source of chance."""

    def __init__(
        self, connection: Connection, name: str, now: datetime, chance: Random, *, writing: bool
    ) -> None:
        self._connection = connection
        self._raw = connection.connection
        self._statements = statements(connection.dialect)
        self._name = name
        self._read: dict[tuple[int, tuple[Any, ...]], tuple[tuple[int, ...], Sequence[AnyRow]]] = {}
        self._writes: Counter[Table] = Counter()
        self.now = now
        self.chance = chance
        self.writing = writing
        self.postgresql = connection.dialect.name == "postgresql"
        self.alone = not (writing and self.postgresql)
        """Nothing that others commit can be seen before the end: what was read once is so still."""

    def kept(
        self, statement: Select[*tuple[Any, ...]], values: Mapping[str, Any], *tables: Table
    ) -> Sequence[AnyRow]:
        """Return every row that *statement* gives: those of the last time, while nothing is written to its *tables*."""
        if not self.alone:
            return self.rows(statement, values)
        key = id(statement), tuple(values.values())
        state = tuple([self._writes[table] for table in tables])
        then = self._read.get(key)
        if then is not None and then[0] == state:
            return then[1]
        if len(self._read) >= _MANY:
            self._read.clear()
        found = self.rows(statement, values)
        self._read[key] = state, found
        return found

    def rows(self, statement: Executable, values: Values | None = None) -> Sequence[AnyRow]:
        """Return every row that *statement* gives: with *values* one that was built once, without any one for this one time."""
        with in_our_words(self._name, writing=self.writing):
            if values is None:
                return self._execute(statement).all()
            prepared = self._prepared(statement, values)
            with closing(self._raw.cursor()) as cursor:
                text = prepared.text(values)
                cursor.execute(text.sql, text.given(values))
                return prepared.rows(cursor.fetchall())

    def row(self, statement: Executable, values: Values | None = None) -> AnyRow | None:
        """Return the first row that *statement* gives."""
        found = self.rows(statement, values)
        return found[0] if found else None

    def value(self, statement: Executable, values: Values | None = None) -> Any:
        """Return the first column of the first row."""
        found = self.row(statement, values)
        return None if found is None else found[0]

    def run(self, statement: Executable, values: Values | None = None) -> int:
        """Return how many rows *statement* touched."""
        with in_our_words(self._name, writing=self.writing):
            if values is None:
                return self._execute(statement, options=_RUN).rowcount
            text = self._prepared(statement, values).text(values)
            with closing(self._raw.cursor()) as cursor:
                cursor.execute(text.sql, text.given(values))
                return cursor.rowcount

    def run_many(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run *statement* once for each of *rows*."""
        if rows:
            with in_our_words(self._name, writing=self.writing):
                self._execute(statement, rows)

    def insert(self, table: Table) -> Upsert:
        """Return an INSERT that knows ON CONFLICT."""
        return inserting(table, on_postgresql=self.postgresql)

    def change(self, table: Table, these: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
        """Update the rows that have *these* values and differ from *values*, and tell whether there were any."""
        if not values:
            return False
        given = {name: value for name, value in these.items() if value is not None}
        nulls = frozenset(name for name in these if name not in given)
        named = {f"old_{name}": value for name, value in given.items()}
        named |= {f"new_{name}": value for name, value in values.items()}
        return self.run(_change(table, tuple(given), nulls, tuple(values)), named) > 0

    def change_where(self, table: Table, which: ColumnElement[bool], values: Mapping[str, Any]) -> bool:
        """Update the rows that differ from *values* by a condition that is built for this one time."""
        differs = or_(*(table.c[name].is_distinct_from(value) for name, value in values.items()))
        return self.run(update(table).where(and_(which, differs)).values(**values)) > 0

    def _execute(
        self,
        statement: Executable,
        values: Sequence[Values] | None = None,
        options: CoreExecuteOptionsParameter | None = None,
    ) -> CursorResult[*tuple[Any, ...]]:
        self._note(statement)
        return self._connection.execute(statement, values, execution_options=options)

    def _prepared(self, statement: Executable, values: Values) -> Prepared:
        self._note(statement)
        return self._statements.get(statement, values)

    def _note(self, statement: Executable) -> None:
        if isinstance(statement, UpdateBase):
            if not self.writing:
                raise Refused("a reading transaction cannot write")
            if isinstance(statement.table, Table):
                self._writes[statement.table] += 1

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
            self._read.clear()
            with in_our_words(self._name, writing=self.writing):
                point.rollback()
            raise
        with in_our_words(self._name, writing=self.writing):
            point.commit()


def inserting(table: Table, *, on_postgresql: bool) -> Upsert:
    """Return an INSERT that knows ON CONFLICT."""
    return postgresql.insert(table) if on_postgresql else sqlite.insert(table)


@cache
def _change(
    table: Table, given: tuple[str, ...], nulls: frozenset[str], names: tuple[str, ...]
) -> Executable:
    these = [table.c[name] == bound("old", table.c[name]) for name in given]
    these += [table.c[name].is_(None) for name in sorted(nulls)]
    values = {name: bound("new", table.c[name]) for name in names}
    differs = or_(*(table.c[name].is_distinct_from(value) for name, value in values.items()))
    return update(table).where(and_(*these, differs)).values(values)


def bound(prefix: str, column: Column[Any]) -> BindParameter[Any]:
    """Return a place for a value of *column*; its bare name is taken where the column is written."""
    return bindparam(f"{prefix}_{column.name}", type_=column.type)
