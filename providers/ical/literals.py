"""The values that icalendar reads for us, with its errors, which quote what they met, left behind."""

from __future__ import annotations

from datetime import date, timedelta

from icalendar.prop import vDDDTypes, vDuration

from providers.ical.notes import FAULTS, Note, Unclear


def date_of(value: str, otherwise: Note) -> date:
    """Return a DATE, or a DATE-TIME as a naive time or, with a ``Z``, as an instant (RFC 5545, 3.3.4 and 3.3.5).

    :raises Unclear: if it is neither, saying *otherwise*.
    """
    try:
        read = vDDDTypes.from_ical(value)  # type: ignore[no-untyped-call]
    except FAULTS:
        raise Unclear(otherwise) from None
    if not isinstance(read, date):
        raise Unclear(otherwise)
    return read


def duration_of(value: str) -> timedelta:
    """Return a DURATION (RFC 5545, 3.3.6).

    :raises Unclear: if it is none.
    """
    try:
        read: timedelta = vDuration.from_ical(value)  # type: ignore[no-untyped-call]
    except FAULTS:
        raise Unclear(Note.DATE_UNREADABLE) from None
    return read
