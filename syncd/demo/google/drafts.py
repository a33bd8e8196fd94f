"""What a client may write of an event: its fields read, checked, and parted into shared and own ones."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from syncd.demo.google.recurrence import checked as checked_recurrence
from syncd.demo.google.refusals import Body, invalid, required, time_range
from syncd.demo.google.state import FIXED, Calendar, Copy
from syncd.demo.google.times import starts, stored

ID = re.compile(r"[a-v0-9]{5,1024}")
"""What a client can choose as an id: the letters of base32hex (RFC 4648, 7)."""
ANSWERS = ("needsAction", "declined", "tentative", "accepted")
_TEXTS = ("summary", "description", "location")
_FLAGS = ("guestsCanInviteOthers", "guestsCanModify", "guestsCanSeeOtherGuests", "anyoneCanAddSelf")
_OBJECTS = (
    *("source", "conferenceData", "workingLocationProperties"),
    *("outOfOfficeProperties", "focusTimeProperties"),
)
_PLAIN = (*_TEXTS, *_FLAGS, *_OBJECTS, "attachments")
_OWN = ("transparency", "visibility", "colorId", "reminders")
_TYPES: dict[str, type] = {
    **dict.fromkeys((*_TEXTS, "colorId", "id", "iCalUID"), str),
    **dict.fromkeys(_FLAGS, bool),
    **dict.fromkeys((*_OBJECTS, "start", "end", "reminders", "extendedProperties"), dict),
    **dict.fromkeys(("attachments", "attendees", "recurrence"), list),
    "sequence": int,
}
_VALUES = {
    "status": ("confirmed", "tentative", "cancelled"),
    "transparency": ("opaque", "transparent"),
    "visibility": ("default", "public", "private", "confidential"),
}
_DEFAULTS = {
    **dict.fromkeys(_TEXTS, ""),
    "guestsCanInviteOthers": True,
    "guestsCanModify": False,
    "guestsCanSeeOtherGuests": True,
    "anyoneCanAddSelf": False,
    "transparency": "opaque",
    "visibility": "default",
}
"""What goes without saying, and is not said in an answer."""
_KEY, _VALUE, _PROPERTIES = 44, 1024, 300


@dataclass(frozen=True)
class Draft:
    """An event as a client wants it."""

    shared: Body
    own: Body
    status: str | None = None
    """The status that the client named, if it named one."""


def draft(body: Body, calendar: Calendar, copy: Copy | None = None, *, whole: bool = True) -> Draft:
    """Return what *body* makes of *copy*, or of nothing; what it leaves out stays if it is not the *whole*.

    :raises Refusal: if it is no event.
    """
    given = {name: value for name, value in body.items() if not whole or value is not None}
    _understood(given)
    base = {} if copy is None or whole else copy.shared
    shared = {name: deepcopy(base[name]) for name in base if name not in FIXED}
    own = {} if copy is None or whole else deepcopy(copy.own)
    _plain(given, shared, _PLAIN)
    _plain(given, own, _OWN)
    _times(given, shared, calendar, whole=whole)
    _guests(given, shared, copy)
    _properties(given, shared, own)
    own.setdefault("reminders", {"useDefault": True})
    status = given.get("status")
    standing = copy.shared["status"] if copy and (not whole or status == "cancelled") else "confirmed"
    shared["status"] = standing if status in {None, "cancelled"} else status
    _sequence(given, shared, copy, whole=whole)
    return Draft(shared, own, status)


def _understood(given: Body) -> None:
    for name, value in given.items():
        kinds = _TYPES.get(name)
        if value is not None and kinds is not None and not isinstance(value, kinds):
            raise invalid(f"Invalid value for: {name}")
        if value is not None and name in _VALUES and value not in _VALUES[name]:
            raise invalid(f"Invalid value for: {name}")
    properties = (given.get("extendedProperties") or {}).values()
    for one in (*(given.get("attendees") or ()), *(each for each in properties if each is not None)):
        if not isinstance(one, dict):
            raise invalid("Invalid value for: attendees or extendedProperties")
    if not all(isinstance(one, str) for one in given.get("recurrence") or ()):
        raise invalid("Invalid recurrence rule.")


def _plain(given: Body, into: Body, names: tuple[str, ...]) -> None:
    for name in names:
        if name in given:
            into.pop(name, None)
            if given[name] not in (None, _DEFAULTS.get(name)):
                into[name] = deepcopy(given[name])


def _times(given: Body, shared: Body, calendar: Calendar, *, whole: bool) -> None:
    for which in ("start", "end"):
        if whole or which in given:
            shared[which] = stored(given.get(which), which, calendar.zone)
    start, end = shared["start"], shared["end"]
    if ("date" in start) != ("date" in end):
        raise invalid("Start and end times must either both be date or both be dateTime.")
    if starts(end, calendar.zone) < starts(start, calendar.zone):
        raise time_range("timeRangeEmpty", "The specified time range is empty.")
    if "recurrence" in given:
        shared.pop("recurrence", None)
        if given["recurrence"]:
            shared["recurrence"] = list(given["recurrence"])
    if shared.get("recurrence"):
        if "start" in given and "dateTime" in given["start"] and not given["start"].get("timeZone"):
            raise required("Missing time zone definition for start time.")
        checked_recurrence(shared, calendar.zone)


def _guests(given: Body, shared: Body, copy: Copy | None) -> None:
    if "attendees" not in given:
        return
    omitted = copy is not None and given.get("attendeesOmitted")
    kept = {one["email"]: deepcopy(one) for one in copy.attendees} if copy and omitted else {}
    for one in given["attendees"] or ():
        email = one.get("email")
        if not isinstance(email, str) or not re.fullmatch(r"[^\s@]+@[^\s@]+", email):
            raise invalid("Invalid attendee email.") if email else required("Missing attendee email.")
        email = email.lower()
        before = copy.attendee(email) if copy else None
        answer = one.get("responseStatus") or (before or {}).get("responseStatus", "needsAction")
        if answer not in ANSWERS:
            raise invalid("Invalid value for: responseStatus")
        kept[email] = {"email": email, "responseStatus": answer, **_more(one)}
    shared.pop("attendees", None)
    if kept:
        shared["attendees"] = list(kept.values())


def _more(guest: Body) -> Body:
    names = ("displayName", "optional", "resource", "comment", "additionalGuests")
    return {name: guest[name] for name in names if guest.get(name)}


def _properties(given: Body, shared: Body, own: Body) -> None:
    for kind, into in (("shared", shared), ("private", own)):
        properties = (given.get("extendedProperties") or {}).get(kind)
        if properties is None:
            continue
        kept: dict[str, Any] = {**into.get(kind, {}), **properties}
        # Longer keys are dropped and longer values cut, both without a word.
        kept = {key: str(one)[:_VALUE] for key, one in kept.items() if one is not None and len(key) <= _KEY}
        if len(kept) > _PROPERTIES:
            raise invalid("Too many extended properties.")
        into[kind] = kept


def _sequence(given: Body, shared: Body, copy: Copy | None, *, whole: bool) -> None:
    before = int(copy.shared.get("sequence", 0)) if copy else 0
    # In a whole event a number that is left out counts as 0, and is refused like any that is too low.
    wanted = given.get("sequence") or (0 if whole else before)
    shared["sequence"] = int(wanted)
    if shared["sequence"] < before:
        raise invalid(
            "Invalid sequence value. The specified sequence number is below the current sequence number of "
            "the resource. Re-fetch the resource and use its sequence number on the following request."
        )
    if copy and shared["sequence"] == before and _moved(shared, copy.shared):
        shared["sequence"] = before + 1


def _moved(now: Body, before: Body) -> bool:
    return any(_when(now[one]) != _when(before[one]) for one in ("start", "end")) or (
        now.get("recurrence") != before.get("recurrence")
    )


def _when(moment: Body) -> str:
    return str(moment.get("date") or moment["dateTime"])
