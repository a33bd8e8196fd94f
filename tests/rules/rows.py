"""The rows of the rules, and what ties a test to them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T", bound=Callable[..., object])
_FILE = Path(__file__).with_name("rows.toml")
_MARK = "__rows__"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that holds."""

    id: str
    words: str
    waits: str | None = None
    """What must be built before it can hold; it has no test until then."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the rules."""

    number: str
    title: str
    rows: tuple[Row, ...]


def _read() -> tuple[Section, ...]:
    written = tomllib.loads(_FILE.read_text("utf-8"))["section"]
    return tuple(
        Section(one["number"], one["title"], tuple(Row(*row) for row in one["rows"])) for one in written
    )


SECTIONS = _read()
ROWS = {row.id: row for section in SECTIONS for row in section.rows}


def row(*ids: str) -> Callable[[T], T]:
    """Tie a test to the rows that it proves.

    :raises ValueError: if there is no such row.
    """
    for id_ in ids:
        if id_ not in ROWS:
            raise ValueError(f"{id_!r} is no row of the rules; they are in {_FILE}")

    def tie(test: T) -> T:
        setattr(test, _MARK, (*ids, *rows_of(test)))
        return test

    return tie


def rows_of(test: object) -> tuple[str, ...]:
    """Return the rows that *test* is tied to."""
    ids: tuple[str, ...] = getattr(test, _MARK, ())
    return ids
