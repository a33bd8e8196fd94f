"""How an event is answered: field by field, in the zone of the calendar that it is asked for on."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Literal
from zoneinfo import ZoneInfo

from syncd.demo.google.refusals import Body
from syncd.demo.google.state import Calendar, Copy, Gone
from syncd.demo.google.times import shown, stamped

Detail = Literal["all", "times", "id"]
"""How much of an event is told: nothing but when it is, to who may see no more."""
_VERBATIM = (
    *("summary", "description", "location", "recurrence", "recurringEventId", "sequence", "source"),
    *("iCalUID", "conferenceData", "attachments", "anyoneCanAddSelf", "guestsCanInviteOthers"),
    *("guestsCanModify", "guestsCanSeeOtherGuests", "workingLocationProperties", "outOfOfficeProperties"),
    *("focusTimeProperties", "eventType"),
)


def event(calendar: Calendar, copy: Copy, zone: ZoneInfo | None = None, detail: Detail = "all") -> Body:
    """Return a copy as it is answered; of a deleted one there may be no more than its id."""
    zone = zone or calendar.zone
    cancelled = copy.gone is not None
    answer: Body = {
        "kind": "calendar#event",
        "etag": copy.etag,
        "id": copy.id,
        "status": "cancelled" if cancelled else copy.shared["status"],
    }
    if "recurringEventId" in copy.shared:
        original = shown(copy.shared["originalStartTime"], zone)
        answer |= {"recurringEventId": copy.shared["recurringEventId"], "originalStartTime": original}
    if copy.gone is Gone.BARE or detail == "id":
        return answer
    answer |= {which: shown(copy.shared[which], zone) for which in ("start", "end")}
    if copy.updated:
        answer |= {"created": copy.shared["created"], "updated": stamped(copy.updated)}
    if detail == "times":
        return answer | {"visibility": "private", "iCalUID": copy.shared["iCalUID"]}
    return answer | _details(calendar, copy)


def _details(calendar: Calendar, copy: Copy) -> Body:
    shared = copy.shared
    told = {name: shared[name] for name in _VERBATIM if name in shared} | copy.own
    told.pop("private", None)
    eid = urlsafe_b64encode(f"{copy.id} {calendar.id}".encode()).decode().rstrip("=")
    told |= {"htmlLink": f"https://www.google.com/calendar/event?eid={eid}"}
    told |= {who: _self(shared[who], calendar) for who in ("creator", "organizer")}
    if "source" in told and shared["creator"]["email"] != calendar.owner:
        del told["source"]
    if guests := _attendees(calendar, copy):
        told["attendees"] = guests
    kinds = (("private", copy.own.get("private")), ("shared", shared.get("shared")))
    if properties := {kind: dict(given) for kind, given in kinds if given}:
        told["extendedProperties"] = properties
    return told


def _attendees(calendar: Calendar, copy: Copy) -> list[Body]:
    guests = [_self(one, calendar) for one in copy.attendees]
    if copy.shared.get("guestsCanSeeOtherGuests") is False and copy.organizer != calendar.id:
        guests = [one for one in guests if one.get("self")]
    return [{**one, **({"organizer": True} if one["email"] == copy.organizer else {})} for one in guests]


def _self(who: Body, calendar: Calendar) -> Body:
    return {**who, **({"self": True} if who["email"] == calendar.id else {})}
