"""An event of ours as Google takes it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from providers.base import Attendee, CalendarId, EventDraft, PartStat, Status
from providers.google.reading import MARK, PARTSTATS, SILENT, Reader

UID = "uid"
"""The name of a private extended property of ours."""

_STATUS = {
    Status.CONFIRMED: "confirmed",
    Status.TENTATIVE: "tentative",
    Status.CANCELLED: "cancelled",  # written so, it is deleted
}
_WEB = ("https://", "http://")


def body(draft: EventDraft, calendar: CalendarId, reader: Reader) -> dict[str, Any]:
    """Return *draft* as it is written into *calendar*."""
    written: dict[str, Any] = {
        "summary": draft.summary,
        "description": draft.description,
        "location": draft.location,
        "start": _moment(draft.start),
        "end": _moment(draft.end),
        "status": _STATUS[draft.status],
        "sequence": draft.sequence,
        "transparency": "opaque",
        "guestsCanModify": False,
        "reminders": {"useDefault": True},
        "attendees": _attendees(draft, calendar, reader),
        # On this copy alone: a guest's copy does not show it.
        "extendedProperties": {"private": _private(draft)},
    }
    if draft.url.startswith(_WEB):
        written["source"] = {"title": draft.summary, "url": draft.url}
    return written


def told(draft: EventDraft) -> str:
    """Return whom Google tells of a write (``sendUpdates``)."""
    return "none" if draft.silent else "all"


def is_primary(calendar: CalendarId, reader: Reader) -> bool:
    """Tell whether *calendar* is the one that bears the account's address."""
    return calendar.lower() in {reader.account, "primary"}


def _private(draft: EventDraft) -> dict[str, str]:
    marks = {MARK: draft.session, UID: draft.uid}
    return marks | {SILENT: "1"} if draft.silent else marks


def _attendees(draft: EventDraft, calendar: CalendarId, reader: Reader) -> list[dict[str, Any]]:
    """Return who takes part, as Google can be told.

    A guest gets a copy whatever ``sendUpdates`` says, so a silent event has none. The owner
    can answer on their primary calendar, where they are known by the account's address: any
    other of theirs would be invited as a stranger. On another calendar, which is its own
    organizer, they would be invited to their own event.
    """
    own = [one for one in draft.attendees if _is_own(one, reader)]
    guests = [] if draft.silent else [one for one in draft.attendees if not _is_own(one, reader)]
    written = [_attendee(one.address, one) for one in guests]
    if own and is_primary(calendar, reader):
        written.insert(0, _attendee(reader.account, own[0]))
    return written


def _is_own(one: Attendee, reader: Reader) -> bool:
    return one.address.lower() in reader.owner.addresses | {reader.account}


def _attendee(address: str, one: Attendee) -> dict[str, Any]:
    answer = PARTSTATS.get(one.partstat, PARTSTATS[PartStat.NEEDS_ACTION])
    written = {"email": address, "responseStatus": answer}
    return written | {"displayName": one.name} if one.name else written


def _moment(when: datetime) -> dict[str, str]:
    return {"dateTime": f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z", "timeZone": "UTC"}
