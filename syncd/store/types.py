"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from policy.interval import instant

Id = BigInteger().with_variant(Integer(), "sqlite")
"""A row's number; SQLite counts up by itself only for a column that is called INTEGER."""


class Instant(TypeDecorator[datetime]):
    """An instant in UTC: ``timestamptz``, or text of fixed width on SQLite, so that it sorts and compares."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return *value* for the driver.

        :raises ValueError: if *value* is naive.
        """
        if value is None:
            return None
        return written(value) if dialect.name == "sqlite" else instant(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Return what the driver gave as an instant."""
        if value is None:
            return None
        return datetime.fromisoformat(value) if dialect.name == "sqlite" else value.astimezone(UTC)


def written(moment: datetime) -> str:
    """Return *moment* as SQLite keeps it."""
    return instant(moment).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


class Words(TypeDecorator[str]):
    """Text from anywhere: what neither database can keep (NUL, lone surrogates) becomes U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return *value* for the driver."""
        del dialect
        return None if value is None else clean(value)


def clean(text: str) -> str:
    """Return *text* without what a database refuses."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class Body(TypeDecorator[dict[str, Any]]):
    """A JSON object in canonical form, so that equal bodies are equal text on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> str | None:
        """Return *value* for the driver.

        :raises TypeError: if it holds something that JSON does not know.
        :raises ValueError: if it holds a number that JSON does not know.
        """
        del dialect
        return None if value is None else canonical(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> dict[str, Any] | None:
        """Return the object."""
        del dialect
        return None if value is None else json.loads(value)


def canonical(body: dict[str, Any]) -> str:
    """Return *body* as its one JSON text.

    :raises TypeError: if it holds something that JSON does not know.
    :raises ValueError: if it holds a number that JSON does not know.
    """
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
