"""The values that icalendar reads for us, with its errors, which quote what they met, left behind."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from icalendar.prop import vDDDTypes, vDuration

from providers.ical.notes import FAULTS, Note, Unclear

_PLAIN = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z)?)?")


def date_of(value: str, otherwise: Note) -> date:
    """Return a DATE, or a DATE-TIME as a naive time or, with a ``Z``, as an instant (RFC 5545, 3.3.4 and 3.3.5).

    :raises Unclear: if it is neither, saying *otherwise*.
    """
    if not value.isascii():
        raise Unclear(otherwise)  # int() would take the digits of any script
    try:
        if plain := _PLAIN.fullmatch(value):
            return _plain(*plain.groups())
        read = vDDDTypes.from_ical(value)  # type: ignore[no-untyped-call]
    except FAULTS:
        raise Unclear(otherwise) from None
    if not isinstance(read, date):
        raise Unclear(otherwise)
    return read


def _plain(
    year: str, month: str, day: str, hour: str | None, minute: str, second: str, utc: str | None
) -> date:
    if hour is None:
        return date(int(year), int(month), int(day))
    zone = UTC if utc else None
    return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=zone)


def duration_of(value: str) -> timedelta:
    """Return a DURATION (RFC 5545, 3.3.6).

    :raises Unclear: if it is none.
    """
    try:
        read: timedelta = vDuration.from_ical(value)  # type: ignore[no-untyped-call]
    except FAULTS:
        raise Unclear(Note.DATE_UNREADABLE) from None
    return read
