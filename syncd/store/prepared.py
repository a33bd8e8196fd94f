"""Statements that are built once and run for years: compiled once too, and given to the driver as it wants them.

SQLAlchemy writes the SQL and knows the types. Its own way from a statement to its rows costs ten times what SQLite
needs for one of ours, and most of what a round costs.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Executable
from sqlalchemy.sql.compiler import ExpandedState, SQLCompiler

Values: TypeAlias = Mapping[str, Any]
"""What a statement is run with, by name."""
_Turn: TypeAlias = Callable[[Any], Any] | None
"""How a value becomes what the driver takes, or the other way round."""
_Place: TypeAlias = tuple[str | None, int, _Turn, Any]
"""Whose value it is, which of a list, how it is turned; of nobody: what is always the same."""
_ALONE = -1


class Statements:
    """All statements for one kind of database, each compiled when it is run first."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: WeakKeyDictionary[Executable, dict[tuple[str, ...], Prepared]] = WeakKeyDictionary()

    def get(self, statement: Executable, values: Values) -> Prepared:
        """Return *statement* as it is run with values of these names."""
        known = self._known.get(statement)
        if known is None:
            known = self._known[statement] = {}
        names = tuple(values)
        found = known.get(names)
        if found is None:
            found = known[names] = Prepared(statement, names, self._dialect)
        return found


_OF: dict[str, Statements] = {}


def statements(dialect: Dialect) -> Statements:
    """Return what is known of the statements for databases of this kind."""
    return _OF.get(dialect.name) or _OF.setdefault(dialect.name, Statements(dialect))


class Prepared:
    """One statement, its text for lists of each length, and how its rows are read."""

    def __init__(self, statement: Executable, names: tuple[str, ...], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(names))  # type: ignore[attr-defined]
        if not isinstance(compiled, SQLCompiler) or compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError(f"not to be prepared: {statement}")  # a default in Python would be left out
        self._dialect = dialect
        self._compiled = compiled
        self._lists = [name for name in names if name in compiled.binds and compiled.binds[name].expanding]
        self._texts: dict[tuple[int, ...], Text] = {}
        columns = getattr(statement, "exported_columns", ())
        self._row = _row(tuple(column.key or "" for column in columns))
        turns = (column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns)
        self._turns = [(at, turn) for at, turn in enumerate(turns) if turn is not None]

    def text(self, values: Values) -> Text:
        """Return what the driver is given, for lists as long as those of *values*."""
        sizes = tuple([len(values[name]) for name in self._lists])
        found = self._texts.get(sizes)
        if found is None:
            found = self._texts[sizes] = Text(self._compiled, self._dialect, values)
        return found

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        """Return what the driver *found*: columns by name, in our types."""
        made, turns = self._row, self._turns
        if not turns:
            return [made(*row) for row in found]
        return [made(*_turned(row, turns)) for row in found]


class Text:
    """What a driver is given."""

    __slots__ = ("_lists", "_names", "_places", "sql")

    def __init__(self, compiled: SQLCompiler, dialect: Dialect, values: Values) -> None:
        state = compiled.construct_expanded_state(values)
        self.sql = state.statement
        order = state.positiontup
        names = tuple(state.parameters) if order is None else tuple(order)
        self._names = names if order is None else None
        self._lists = tuple(name for name in state.parameter_expansion if name in values)
        places = dict(_places(compiled, dialect, state, values))
        self._places = [places[name] for name in names]

    def given(self, values: Values) -> Any:
        """Return *values* as the driver takes them, in their order or by their names."""
        flat = {name: _flat(values[name]) for name in self._lists} if self._lists else {}
        given = []
        for name, at, turn, always in self._places:
            if name is None:
                given.append(always)
                continue
            value = values[name] if at == _ALONE else flat[name][at]
            given.append(value if turn is None else turn(value))
        return given if self._names is None else dict(zip(self._names, given, strict=True))


def _places(
    compiled: SQLCompiler, dialect: Dialect, state: ExpandedState, values: Values
) -> Iterator[tuple[str, _Place]]:
    whose = {
        part: (name, at) for name, parts in state.parameter_expansion.items() for at, part in enumerate(parts)
    }
    for part, value in state.parameters.items():
        name, at = whose.get(part, (part, _ALONE))
        turn = state.processors.get(part)
        if at == _ALONE:
            turn = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
        if name in values:
            yield part, (name, at, turn, None)
        else:
            yield part, (None, at, None, value if turn is None else turn(value))


def _flat(values: Iterable[Any]) -> list[Any]:
    return [part for value in values for part in (value if isinstance(value, tuple) else (value,))]


def _turned(row: Sequence[Any], turns: list[tuple[int, Callable[[Any], Any]]]) -> list[Any]:
    turned = list(row)
    for at, turn in turns:
        turned[at] = turn(turned[at])
    return turned


@cache
def _row(names: tuple[str, ...]) -> Callable[..., Any]:
    return namedtuple("Row", names, rename=True)  # noqa: PYI024 - its names are known only here
