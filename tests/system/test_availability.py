"""Availability from real calendars on a real server, against hours worked out by hand in three zones."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from policy.availability import State
from policy.interval import Interval
from policy.weekly import Weekly
from syncd.free import availability
from syncd.store.rows import Role
from tests.rules.rows import row
from tests.system.school import school

NOW = datetime(2027, 3, 14, 12, tzinfo=UTC)
BERLIN = "TZID=Europe/Berlin"


def vevent(uid: str, *lines: str) -> str:
    body = "\r\n".join(("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20270301T000000Z", *lines, "END:VEVENT"))
    return f"{body}\r\n"


def vcalendar(*events: str) -> str:
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n{''.join(events)}END:VCALENDAR\r\n"


def span(start: str, end: str, zone: str = BERLIN) -> tuple[str, str]:
    return f"DTSTART;{zone}:{start}", f"DTEND;{zone}:{end}"


def resources(owner: str) -> dict[str, str]:
    """Return the same life for everybody; only what floats, and whole days, are each one's own."""
    monday = vevent(
        "monday",
        *span("20270315T100000", "20270315T120000"),
        "RRULE:FREQ=WEEKLY;COUNT=5",
        f"EXDATE;{BERLIN}:20270322T100000",
    )
    moved = vevent(
        "monday", f"RECURRENCE-ID;{BERLIN}:20270405T100000", *span("20270406T140000", "20270406T160000")
    )
    wednesday = vevent("wednesday", *span("20270317T150000", "20270317T160000"), "RRULE:FREQ=WEEKLY;COUNT=4")
    later = vevent(
        "wednesday",
        f"RECURRENCE-ID;RANGE=THISANDFUTURE;{BERLIN}:20270331T150000",
        *span("20270331T170000", "20270331T180000"),
    )
    declined = (f"ATTENDEE;PARTSTAT=DECLINED:mailto:{owner}", "ORGANIZER:mailto:somebody@else.example")
    return {
        "monday.ics": vcalendar(monday, moved),
        "wednesday.ics": vcalendar(wednesday, later),
        "day.ics": vcalendar(vevent("day", "DTSTART;VALUE=DATE:20270326", "DTEND;VALUE=DATE:20270327")),
        "floating.ics": vcalendar(vevent("floating", "DTSTART:20270325T090000", "DTEND:20270325T100000")),
        "transparent.ics": vcalendar(
            vevent("transparent", *span("20270325T110000", "20270325T120000"), "TRANSP:TRANSPARENT")
        ),
        "cancelled.ics": vcalendar(
            vevent("cancelled", *span("20270325T130000", "20270325T140000"), "STATUS:CANCELLED")
        ),
        "declined.ics": vcalendar(vevent("declined", *span("20270325T150000", "20270325T160000"), *declined)),
        "tentative.ics": vcalendar(
            vevent("tentative", *span("20270325T170000", "20270325T180000"), "STATUS:TENTATIVE")
        ),
    }


WHOLE_DAY = set(range(24))
BY_HAND: dict[str, dict[str, set[int]]] = {
    # The series are at 10:00 and 15:00 in Berlin: UTC+1 until 28 March 2027, UTC+2 from then on.
    "Europe/Berlin": {
        "03-15": {10, 11},
        "03-17": {15},
        "03-24": {15},
        "03-25": {9, 17},
        "03-26": WHOLE_DAY,
        "03-29": {10, 11},
        "03-31": {17},
        "04-06": {14, 15},
        "04-07": {17},
        "04-12": {10, 11},
    },
    # UTC-4 since 14 March: five hours behind Berlin, then six.
    "America/New_York": {
        "03-15": {5, 6},
        "03-17": {10},
        "03-24": {10},
        "03-25": {9, 12},
        "03-26": WHOLE_DAY,
        "03-29": {4, 5},
        "03-31": {11},
        "04-06": {8, 9},
        "04-07": {11},
        "04-12": {4, 5},
    },
    # UTC+5:30: four and a half hours ahead, then three and a half, so that two hours touch three of theirs.
    "Asia/Kolkata": {
        "03-15": {14, 15, 16},
        "03-17": {19, 20},
        "03-24": {19, 20},
        "03-25": {9, 21, 22},
        "03-26": WHOLE_DAY,
        "03-29": {13, 14, 15},
        "03-31": {20, 21},
        "04-06": {17, 18, 19},
        "04-07": {20, 21},
        "04-12": {13, 14, 15},
    },
}


@row("8.derived", "8.free")
@pytest.mark.parametrize("zone", BY_HAND)
@pytest.mark.parametrize("kind", ["Radicale", "Xandikos"])
def test_the_hours_are_those_worked_out_by_hand(tmp_path: Path, kind: str, zone: str) -> None:
    with school(tmp_path, kind, ("amina",), NOW, weekly=Weekly.parse("Mon-Sun 00:00-24:00")) as one:
        person = one.person("amina", Role.STUDENT, zone)
        one.hand("amina").fill(one.calendar("amina", "life"), resources(person.email))
        one.connect(person, "amina", "life")
        window = Interval(
            datetime(2027, 3, 15, tzinfo=ZoneInfo(zone)), datetime(2027, 4, 13, tzinfo=ZoneInfo(zone))
        )
        found = availability(one.house, person, window)

    busy: dict[str, set[int]] = {}
    for slot in found.slots:
        start = slot.start.astimezone(ZoneInfo(zone))
        assert slot.state is not State.UNKNOWN, f"{start} is unknown"
        if slot.state is State.BUSY:
            busy.setdefault(f"{start:%m-%d}", set()).add(start.hour)
    assert busy == BY_HAND[zone]
