"""Answers of Google's, good and bad, as they come over the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from providers.base import CalendarId

HOST = "https://calendar.google.example"
PORTAL = "https://portal.example"
"""What a network puts in between until somebody logs in."""
ENDPOINT = f"{HOST}/calendar/v3"
ACCOUNT = "amina.student@gmail.example"
CALENDAR = CalendarId(ACCOUNT)
JSON = "application/json; charset=UTF-8"
LOGIN = "<!DOCTYPE html><html><body><form>Log in</form></body></html>"
EVENTS = f"/calendar/v3/calendars/{ACCOUNT.replace('@', '%40')}/events"
CALENDARS = "/calendar/v3/users/me/calendarList"
FREE_BUSY = "/calendar/v3/freeBusy"


@dataclass(frozen=True, slots=True)
class Said:
    """One answer."""

    status: int = 200
    body: Any = ""
    """An object that is written as JSON, or the text itself."""
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str | bytes:
        return self.body if isinstance(self.body, str | bytes) else json.dumps(self.body)


def refused(status: int, reason: str = "", *, detail: str = "", **headers: str) -> Said:
    """Return a refusal in Google's shape, older and newer."""
    error: dict[str, Any] = {"code": status, "message": "Secret words of Google's"}
    if reason:
        error["errors"] = [{"domain": "global", "reason": reason, "message": "Secret words of Google's"}]
    if detail:
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": detail}]
    return Said(
        status, {"error": error}, headers={name.replace("_", "-"): one for name, one in headers.items()}
    )


def page(*items: Any, **more: Any) -> Said:
    """Return a page of a listing; the last one, unless it names another."""
    token = {} if {"nextPageToken", "nextSyncToken"} & more.keys() else {"nextSyncToken": "sync-1"}
    return Said(200, {"kind": "calendar#events", "items": list(items), **token, **more})


def event(ref: str, **more: Any) -> dict[str, Any]:
    """Return an event as Google writes it; what is given as ``None`` is left out."""
    plain: dict[str, Any] = {
        "kind": "calendar#event",
        "id": ref,
        "etag": '"3181161784712000"',
        "status": "confirmed",
        "updated": "2026-11-20T09:00:00.123Z",
        "iCalUID": f"{ref}@google.com",
        "summary": "Secret",
        "start": {"dateTime": "2026-11-24T11:00:00+01:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-11-24T12:00:00+01:00", "timeZone": "Europe/Berlin"},
        "sequence": 0,
    }
    return {name: value for name, value in (plain | more).items() if value is not None}


def deleted(ref: str, updated: str | None = "2026-11-21T10:00:00.000Z") -> dict[str, Any]:
    """Return what is told of a deleted event; of some, nothing but the id."""
    bare = {"kind": "calendar#event", "id": ref, "etag": '"9"', "status": "cancelled"}
    return bare if updated is None else event(ref, status="cancelled", updated=updated)


ALIVE = Said(200, {"kind": "calendar#events"})
