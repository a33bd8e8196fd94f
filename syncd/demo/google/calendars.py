"""The methods of ``calendarList`` and ``calendars``: what a person has, and what is shared with them."""

from __future__ import annotations

from syncd.demo.google.calls import Call
from syncd.demo.google.pages import Listing, Pages, whole
from syncd.demo.google.refusals import Body, forbidden, full_sync, invalid, required
from syncd.demo.google.state import RANK, Calendar, World
from syncd.demo.google.times import zone_of

_USUAL, _MOST = 100, 250


def list_calendars(call: Call, pages: Pages) -> Body:
    """Answer ``calendarList.list``.

    :raises Refusal: if it cannot be listed so.
    """
    size, where = call.number("maxResults", _USUAL, _MOST), (call.viewer, "")
    token = call.text("pageToken")
    page = pages.first(_listing(call), size) if token is None else pages.go_on(token, where, call.query, size)
    rows = [_entry(call, call.world.calendars[name]) for name in page.ids if _sees(call, name)]
    answer: Body = {"kind": "calendar#calendarList", "etag": f'"p{call.world.place}"', "items": rows}
    mark = pages.mark(page.listing)
    return answer | ({"nextPageToken": page.next} if page.next else {"nextSyncToken": mark})


def get_entry(call: Call) -> Body:
    """Answer ``calendarList.get``.

    :raises Refusal: if the viewer has no such calendar.
    """
    return _entry(call, call.calendar())


def get(call: Call) -> Body:
    """Answer ``calendars.get``.

    :raises Refusal: if the viewer has no such calendar.
    """
    return _calendar(call.calendar())


def insert(call: Call) -> Body:
    """Answer ``calendars.insert``.

    :raises Refusal: if it has no title, or a zone that there is none of.
    """
    summary, zone = call.body.get("summary"), call.body.get("timeZone")
    if not summary:
        raise required("Missing summary.")
    if zone:
        zone_of(zone)
    made = call.world.add_calendar(call.viewer, summary, zone=zone or "UTC")
    made.by_app, made.description = True, call.body.get("description") or ""
    return _calendar(made)


def delete(call: Call) -> None:
    """Answer ``calendars.delete``.

    :raises Refusal: if it is a primary calendar, or somebody else's.
    """
    calendar = call.calendar("owner")
    if calendar.primary:
        raise invalid("Cannot delete primary calendar.") if calendar.owner == call.viewer else forbidden()
    drop(call.world, calendar)


def drop(world: World, calendar: Calendar) -> None:
    """Let a calendar be gone, with all that is on it."""
    world.place += 1
    del world.calendars[calendar.id]


def _listing(call: Call) -> Listing:
    if call.text("syncToken"):
        raise full_sync()  # changes of the list of calendars are not remembered, and a token may expire any time
    least = call.text("minAccessRole") or RANK[0]
    if least not in RANK:
        raise invalid("Invalid value for minAccessRole", "minAccessRole")
    ids = [
        one.id
        for one in call.world.calendars.values()
        if call.viewer in one.roles and RANK.index(one.roles[call.viewer]) >= RANK.index(least)
    ]
    return Listing((call.viewer, ""), whole(call.query), call.world.place, tuple(ids), None)


def _sees(call: Call, name: str) -> bool:
    calendar = call.world.calendars.get(name)
    return calendar is not None and call.viewer in calendar.roles


def _calendar(calendar: Calendar) -> Body:
    owner = {} if calendar.primary else {"dataOwner": calendar.owner}
    return {
        "kind": "calendar#calendar",
        "etag": calendar.etag,
        "id": calendar.id,
        "summary": calendar.summary,
        "timeZone": calendar.zone.key,
        **owner,
        **({"description": calendar.description} if calendar.description else {}),
        "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
    }


def _entry(call: Call, calendar: Calendar) -> Body:
    mine = calendar.primary and calendar.owner == call.viewer
    return {
        **_calendar(calendar),
        "kind": "calendar#calendarListEntry",
        "colorId": "14",
        "backgroundColor": "#9fe1e7",
        "foregroundColor": "#000000",
        "selected": True,
        "accessRole": calendar.roles[call.viewer],
        "defaultReminders": [{"method": "popup", "minutes": 30}] if mine else [],
        **({"primary": True} if mine else {}),
    }
