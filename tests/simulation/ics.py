"""What stands at a ref, as iCalendar: what a server stores of a write, and what it shows of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from icalendar import Calendar
from icalendar.prop import vCalAddress

from providers.base import PartStat, Status
from tests.simulation.places import Body

_MAILTO = "mailto:"


def stored(text: bytes) -> Body:
    """Return what a server keeps of a written event."""
    event: Any = Calendar.from_ical(text).walk("VEVENT")[0]
    guests = [event["ATTENDEE"]] if isinstance(event["ATTENDEE"], vCalAddress) else event["ATTENDEE"]
    return Body(
        uid=str(event["UID"]),
        start=event.decoded("DTSTART"),
        end=event.decoded("DTEND"),
        session=str(event["X-SYNCD-SESSION"]),
        status=Status(str(event["STATUS"])),
        partstats=tuple(sorted((_address(one), PartStat(str(one.params["PARTSTAT"]))) for one in guests)),
        silent=any(one.params.get("SCHEDULE-AGENT") == "CLIENT" for one in guests),
        sequence=int(event["SEQUENCE"]),
        organizer=_address(event["ORGANIZER"]),
    )


def shown(body: Body, *, tells: bool) -> bytes:
    """Return the event as a server shows it; *tells*: it says to whom it has sent invites (RFC 6638, 7.3)."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//a simulation//EN", "BEGIN:VEVENT"]
    lines += [f"UID:{body.uid}", f"DTSTAMP:{_utc(datetime(2026, 1, 1, tzinfo=UTC))}"]
    for name, at in (("DTSTART", body.start), ("DTEND", body.end)):
        if at is not None:
            lines.append(f"{name};VALUE=DATE:{at:%Y%m%d}" if body.all_day else f"{name}:{_utc(at)}")
    lines += [
        f"SEQUENCE:{body.sequence}",
        f"STATUS:{body.status.value}",
        f"SUMMARY:{body.text}, {body.touched}",
    ]
    agent = ";SCHEDULE-AGENT=CLIENT" if body.silent else ";SCHEDULE-STATUS=1.2" if tells else ""
    if body.organizer:
        lines.append(f"ORGANIZER:{_MAILTO}{body.organizer}")
    lines += [f"ATTENDEE;PARTSTAT={answer}{agent}:{_MAILTO}{guest}" for guest, answer in body.partstats]
    if body.session is not None:
        lines.append(f"X-SYNCD-SESSION:{body.session}")
    return "\r\n".join((*lines, "END:VEVENT", "END:VCALENDAR", "")).encode()


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _address(who: vCalAddress) -> str:
    return str(who).removeprefix(_MAILTO)
