"""What an answer's head says beside the answer itself, and names that are fit to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from providers.base import Receipt

_LONGEST_WAIT = timedelta(days=1)
_JOINER = "\u200d"  # holds the parts of one emoji together
_LONGEST_NAME = 200


def receipt(headers: Mapping[str, str]) -> Receipt:
    """Return how far an answer with *headers* can be trusted as a sight of the present."""
    age = headers.get("Age", "").strip()
    # int() takes neither all digits nor many
    aged = age.isascii() and age.isdigit() and age.strip("0") != ""
    return Receipt(_date(headers.get("Date")), cached=aged)


def wait(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long the server asks us to wait (RFC 9110, 10.2.3), a day at most."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return timedelta(seconds=min(int(asked[:9]), _LONGEST_WAIT.total_seconds()))
    until, now = _date(asked), _date(headers.get("Date"))
    if until is None or now is None:
        return None
    return min(max(until - now, timedelta(0)), _LONGEST_WAIT)


def readable(name: str) -> str:
    """Return a name as it can be shown on a terminal: no control codes, no turned direction, not endless."""
    plain = "".join(one for one in name if one.isprintable() or one == _JOINER)
    return plain[:_LONGEST_NAME].strip() or "?"


def _date(header: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header or "")
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
