"""What a person's other calendar app writes: entries as values, and as iCalendar.

The text is written here by hand and by the icalendar library, never by our own writer, so
that a mistake of ours is not made twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import icalendar

BERLIN = """\
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE"""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as a person makes it in their own app."""

    uid: str
    start: datetime | date
    """An instant in UTC, or a date."""
    end: datetime | date
    zone: str | None = None
    """The app writes times on the wall of this zone (only Europe/Berlin); UTC without it."""
    name: str | None = None
    """The resource's name where resources have names; made from the UID without it."""
    transparent: bool = False
    status: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    """PARTSTAT by address."""
    rule: str | None = None
    """An RRULE."""
    without: tuple[datetime, ...] = ()
    """Instances that were taken out."""
    moved: Mapping[datetime, datetime] = field(default_factory=dict)
    """Instances that were moved, old start to new start; the length stays."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person reads in their own app."""

    summary: str
    description: str
    location: str


def ics(entry: Entry) -> str:
    """Return *entry* as an app would store it."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//A foreign app//EN"]
    lines += [BERLIN] if entry.zone else []
    lines += _event(entry, entry.start, entry.end, _repeated(entry))
    for old, new in entry.moved.items():
        length = _instant(entry.end) - _instant(entry.start)
        lines += _event(entry, new, new + length, [_line("RECURRENCE-ID", old, entry)])
    lines.append("END:VCALENDAR")
    return "\r\n".join("\r\n".join(lines).splitlines()) + "\r\n"


def _event(entry: Entry, start: datetime | date, end: datetime | date, more: list[str]) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{entry.uid}",
        "DTSTAMP:20261101T120000Z",
        _line("DTSTART", start, entry),
        _line("DTEND", end, entry),
        "SUMMARY:Dentist",
        *more,
        *(["TRANSP:TRANSPARENT"] if entry.transparent else []),
        *([f"STATUS:{entry.status}"] if entry.status else []),
        *(["ORGANIZER:mailto:someone@else.example"] if entry.answers else []),
        *(f"ATTENDEE;PARTSTAT={answer}:mailto:{one}" for one, answer in entry.answers.items()),
        "END:VEVENT",
    ]


def _repeated(entry: Entry) -> list[str]:
    rule = [f"RRULE:{entry.rule}"] if entry.rule else []
    return rule + [_line("EXDATE", one, entry) for one in entry.without]


def _line(name: str, when: datetime | date, entry: Entry) -> str:
    if not isinstance(when, datetime):
        return f"{name};VALUE=DATE:{when:%Y%m%d}"
    if entry.zone is None:
        return f"{name}:{when.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    wall = when.astimezone(ZoneInfo(entry.zone))
    return f"{name};TZID={entry.zone}:{wall:%Y%m%dT%H%M%S}"


def _instant(when: datetime | date) -> datetime:
    assert isinstance(when, datetime)
    return when


Change = Callable[[Any], None]
"""What an app does to an event; icalendar types no property."""


def edited(body: str, change: Change) -> str:
    """Return *body* after an app has changed its events and written everything anew."""
    calendar = icalendar.Calendar.from_ical(body)
    for event in calendar.walk("VEVENT"):
        change(event)
    return str(calendar.to_ical().decode())


def starting(start: datetime) -> Change:
    """Return the change of dragging an event to another time."""

    def drag(event: Any) -> None:
        length = event["DTEND"].dt - event["DTSTART"].dt
        _swap(event, "DTSTART", start)
        _swap(event, "DTEND", start + length)

    return drag


def answering(address: str, answer: str) -> Change:
    """Return the change of clicking an answer."""

    def click(event: Any) -> None:
        attendees = event["ATTENDEE"]
        for one in attendees if isinstance(attendees, list) else [attendees]:
            if one.lower() == f"mailto:{address}":
                one.params["PARTSTAT"] = answer

    return click


def saying(name: str, value: str) -> Change:
    """Return the change of one property."""
    return lambda event: _swap(event, name, value)


def shown(body: str) -> Shown:
    """Return what an app shows of the event."""
    (event,) = icalendar.Calendar.from_ical(body).walk("VEVENT")
    return Shown(*(str(event.get(name, "")) for name in ("SUMMARY", "DESCRIPTION", "LOCATION")))


def _swap(event: Any, name: str, value: Any) -> None:
    event.pop(name, None)
    event.add(name, value)
