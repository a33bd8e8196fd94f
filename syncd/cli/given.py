"""What was typed behind a command, read for it: what cannot be read ends in exit code 2."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from syncd import written
from syncd.errors import Usage

if TYPE_CHECKING:
    from policy.weekly import Weekly

T = TypeVar("T")


def instant(text: str, zone: ZoneInfo) -> datetime:
    """Return a time as an instant in UTC; without an offset it is a wall time of *zone*.

    :raises Usage: if it is no time, or a wall time that comes twice or never.
    """
    return _read(lambda: written.instant_at(text, zone))


def day(text: str) -> date:
    """Return a day written like ``2026-12-01``.

    :raises Usage: if it is none.
    """
    return _read(lambda: written.day(text))


def zone(text: str) -> ZoneInfo:
    """Return a time zone by its name.

    :raises Usage: if there is none of this name; it names the nearest.
    """
    return _read(lambda: written.zone_named(text))


def address(text: str) -> str:
    """Return an e-mail address in lower case.

    :raises Usage: if it is none.
    """
    return _read(lambda: written.mail_address(text))


def length(text: str) -> timedelta:
    """Return a length of time written like ``90s`` or ``24h``.

    :raises Usage: if it is none.
    """
    from policy.rules import duration

    return _read(lambda: duration(text))


def weekly(text: str) -> Weekly:
    """Return weekly hours.

    :raises Usage: if they cannot be read.
    """
    from policy.weekly import Weekly

    return _read(lambda: Weekly.parse(text))


def _read(reader: Callable[[], T]) -> T:
    try:
        return reader()
    except ValueError as error:
        raise Usage(str(error)) from None
