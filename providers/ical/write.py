"""Render an event of ours: the same draft is the same bytes."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from icalendar import Calendar, Event
from icalendar.prop import vCalAddress, vText, vUri

from providers.base import Attendee, EventDraft

_PRODUCT = "-//syncd//syncd//EN"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What TEXT cannot hold (RFC 5545, 3.3.11)."""
_ESCAPED = re.compile(r"[\\;,]")
_BREAKS = re.compile(r"[\r\n\t]+")


class _Text(vText):
    """A TEXT whose backslash before an N stays one: icalendar writes it as a line break."""

    def to_ical(self) -> bytes:
        """Return the text escaped (RFC 5545, 3.3.11)."""
        return _ESCAPED.sub(r"\\\g<0>", str(self)).replace("\n", "\\n").encode()


def render(draft: EventDraft) -> bytes:
    """Return the complete VCALENDAR of a draft (RFC 5545, 3.6.1; no METHOD, as RFC 4791, 4.1, wants it)."""
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", _PRODUCT)
    calendar.add_component(_event(draft))
    rendered: bytes = calendar.to_ical()
    return rendered


def _event(draft: EventDraft) -> Event:
    event = Event()
    event.add("UID", _text(draft.uid))
    event.add("SEQUENCE", draft.sequence)
    for name, at in (
        ("DTSTAMP", draft.stamp),
        ("LAST-MODIFIED", draft.stamp),
        ("DTSTART", draft.start),
        ("DTEND", draft.end),
    ):
        event.add(name, _utc(at))
    for name, text in (
        ("SUMMARY", draft.summary),
        ("DESCRIPTION", draft.description),
        ("LOCATION", draft.location),
    ):
        if text:
            event.add(name, _text(text))
    if draft.url:
        event.add("URL", vUri(_line(draft.url)))
    event.add("STATUS", draft.status.value)
    event.add("TRANSP", "OPAQUE")
    event.add("ORGANIZER", _organizer(draft))
    for guest in draft.attendees:
        event.add("ATTENDEE", _guest(guest, silent=draft.silent))
    event.add("X-SYNCD-SESSION", _text(draft.session))
    return event


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


def _organizer(draft: EventDraft) -> vCalAddress:
    return _address(draft.organizer, silent=draft.silent)


def _guest(guest: Attendee, *, silent: bool) -> vCalAddress:
    address = _address(guest, silent=silent)
    address.params["PARTSTAT"] = guest.partstat.value
    address.params["ROLE"] = "REQ-PARTICIPANT"
    address.params["RSVP"] = "TRUE"
    return address


def _address(person: Attendee, *, silent: bool) -> vCalAddress:
    address = vCalAddress(f"mailto:{_line(person.address)}")
    if name := _line(person.name):
        address.params["CN"] = name
    if silent:
        address.params["SCHEDULE-AGENT"] = "CLIENT"  # RFC 6638, 7.1
    return address


def _text(text: str) -> _Text:
    return _Text(_CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def _line(text: str) -> str:
    return _BREAKS.sub(" ", _CONTROL.sub("", text)).strip()
