"""Calendars as text: iCalendar (RFC 5545) as phones, Outlook and a university's timetable write it.

Written by hand and not with a library, so that what reads it is tested against something else
than itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_FOLD = 74  # octets of a line before CRLF and the next line's blank (RFC 5545, 3.1)
_TZID = re.compile(r"TZID=([^:;]+):")


@dataclass(frozen=True, slots=True)
class Calendar:
    """One calendar of a person."""

    name: str
    """Its last path segment."""
    title: str
    resources: Mapping[str, str]
    """File name to iCalendar text, one event or series each."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, or a wall time: in a zone, in ``UTC``, or floating without one."""

    day: date
    at: time | None = None
    zone: str = ""

    def line(self, name: str) -> str:
        """Return it as a property, for example ``DTSTART;TZID=Europe/Berlin:20261012T101500``."""
        if self.at is None:
            return f"{name};VALUE=DATE:{self.day:%Y%m%d}"
        wall = f"{datetime.combine(self.day, self.at):%Y%m%dT%H%M%S}"
        if self.zone in {"", "UTC"}:
            return f"{name}:{wall}{'Z' if self.zone else ''}"
        return f"{name};TZID={self.zone}:{wall}"


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when an event lasts."""

    start: Moment
    end: Moment


def at(day: date, hours: str, zone: str = "") -> Span:
    """Return *hours* of *day*, such as ``10:15-11:45``; an end before the start is on the next day."""
    start, _, end = hours.partition("-")
    first, last = time.fromisoformat(start), time.fromisoformat(end)
    end_day = day if last > first else day + timedelta(days=1)
    return Span(Moment(day, first, zone), Moment(end_day, last, zone))


def all_day(first: date, days: int = 1) -> Span:
    """Return *days* whole days from *first* on; the end is the first day that is free again."""
    return Span(Moment(first), Moment(first + timedelta(days=days)))


def weekly(days: str, until: date, *, every: int = 1) -> str:
    """Return the RRULE of a weekly series on *days*, such as ``MO,WE``."""
    interval = f";INTERVAL={every}" if every > 1 else ""
    return f"RRULE:FREQ=WEEKLY{interval};UNTIL={until:%Y%m%d}T000000Z;BYDAY={days}"


def instead_of(original: Moment, *, and_after: bool = False) -> str:
    """Return the RECURRENCE-ID of an instance that differs, or from which on all differ."""
    return original.line("RECURRENCE-ID;RANGE=THISANDFUTURE" if and_after else "RECURRENCE-ID")


def invitation(host: str, *guests: str, answer: str = "ACCEPTED") -> tuple[str, ...]:
    """Return who invites and who is invited; the first guest's answer is *answer*."""
    return (
        f"ORGANIZER:mailto:{host}",
        *(
            f"ATTENDEE;PARTSTAT={'NEEDS-ACTION' if position else answer};RSVP=TRUE:mailto:{guest}"
            for position, guest in enumerate(guests)
        ),
    )


def event(uid: str, title: str, span: Span, *more: str, place: str = "") -> str:
    """Return one VEVENT; *more* are further lines as they stand in the text."""
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "DTSTAMP:20260901T060000Z",
        span.start.line("DTSTART"),
        span.end.line("DTEND"),
        f"SUMMARY:{_escaped(title)}",
        *([f"LOCATION:{_escaped(place)}"] if place else []),
        *more,
        "END:VEVENT",
    ]
    return "\n".join(lines)


def resource(*events: str, program: str = "-//Phone//Calendar 17//EN") -> str:
    """Return a whole iCalendar text of one event, or of one series with all its exceptions."""
    body = "\n".join(events)
    zones = [_ZONES[name] for name in sorted(set(_TZID.findall(body)))]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{program}", *zones, body, "END:VCALENDAR"]
    return "".join(f"{_folded(line)}\r\n" for line in "\n".join(lines).split("\n"))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> str:
    pieces, piece = [], ""
    for letter in line:
        if len((piece + letter).encode()) > _FOLD:
            pieces.append(piece)
            piece = ""
        piece += letter
    return "\r\n ".join([*pieces, piece])


def _turn(kind: str, offsets: tuple[str, str], first: str, month: int, day: str) -> str:
    change = (f"TZOFFSETFROM:{offsets[0]}", f"TZOFFSETTO:{offsets[1]}")
    rule = f"RRULE:FREQ=YEARLY;BYMONTH={month};BYDAY={day}"
    return "\n".join((f"BEGIN:{kind}", f"DTSTART:{first}", *change, rule, f"END:{kind}"))


def _european(name: str, winter: str, summer: str, hour: int) -> str:
    return "\n".join(
        (
            *("BEGIN:VTIMEZONE", f"TZID:{name}"),
            _turn("DAYLIGHT", (winter, summer), f"19810329T{hour:02}0000", 3, "-1SU"),
            _turn("STANDARD", (summer, winter), f"19961027T{hour + 1:02}0000", 10, "-1SU"),
            "END:VTIMEZONE",
        )
    )


def _eastern(name: str) -> str:
    return "\n".join(
        (
            *("BEGIN:VTIMEZONE", f"TZID:{name}"),
            _turn("DAYLIGHT", ("-0500", "-0400"), "20070311T020000", 3, "2SU"),
            _turn("STANDARD", ("-0400", "-0500"), "20071104T020000", 11, "1SU"),
            "END:VTIMEZONE",
        )
    )


_ZONES = {
    "Europe/Berlin": _european("Europe/Berlin", "+0100", "+0200", 2),
    "Europe/Paris": _european("Europe/Paris", "+0100", "+0200", 2),
    "Europe/London": _european("Europe/London", "+0000", "+0100", 1),
    "America/New_York": _eastern("America/New_York"),
    "Eastern Standard Time": _eastern("Eastern Standard Time"),  # Outlook's name for New York
    "Asia/Kolkata": "BEGIN:VTIMEZONE\nTZID:Asia/Kolkata\nBEGIN:STANDARD\nDTSTART:19451015T000000\n"
    "TZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nTZNAME:IST\nEND:STANDARD\nEND:VTIMEZONE",
}
