"""``events.list``: pages of what stands on a calendar, or of what changed there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from syncd.demo.google.calls import Call
from syncd.demo.google.pages import Listing, Page, Pages, whole
from syncd.demo.google.recurrence import instances
from syncd.demo.google.refusals import Body, invalid, not_found, time_range, too_long_ago
from syncd.demo.google.series import all_instances, copy_of, exceptions
from syncd.demo.google.state import Calendar, Copy
from syncd.demo.google.times import stamped, starts

_REMEMBERED = timedelta(days=30)
_USUAL, _MOST = 250, 2500


def list_events(call: Call, pages: Pages) -> Body:
    """Answer ``events.list``.

    :raises Refusal: if it cannot be listed so.
    """
    return _paged(call, pages, lambda calendar: _listing(call, calendar, pages))


def list_instances(call: Call, pages: Pages) -> Body:
    """Answer ``events.instances``.

    :raises Refusal: if there is no such series.
    """
    return _paged(call, pages, lambda calendar: _series(call, calendar), marked=False)


def _paged(call: Call, pages: Pages, listed: Callable[[Calendar], Listing], *, marked: bool = True) -> Body:
    calendar = call.calendar()
    size, where = call.number("maxResults", _USUAL, _MOST), (call.viewer, calendar.id)
    token = call.text("pageToken")
    page = (
        pages.first(listed(calendar), size) if token is None else pages.go_on(token, where, call.query, size)
    )
    answer: Body = {
        "kind": "calendar#events",
        "etag": calendar.etag,
        "summary": calendar.summary,
        "updated": stamped(calendar.updated or call.world.clock.now()),
        "timeZone": calendar.zone.key,
        "accessRole": calendar.roles[call.viewer],
        "defaultReminders": [{"method": "popup", "minutes": 30}] if calendar.primary else [],
        "items": _rows(call, calendar, page),
    }
    if calendar.description:
        answer["description"] = calendar.description
    if page.next:
        return answer | {"nextPageToken": page.next}
    mark = pages.mark(page.listing) if marked else None
    return answer | ({"nextSyncToken": mark} if mark else {})


def _series(call: Call, calendar: Calendar) -> Listing:
    master = calendar.copies.get(call.at["eventId"])
    if master is None or not master.shared.get("recurrence"):
        raise not_found()
    first, last = call.instant("timeMin"), call.instant("timeMax")
    parts = [*exceptions(calendar, master.id).values()]
    found = all_instances(calendar, [master, *parts], first, last, call.world.clock.now())
    wanted = _filter(call, calendar, None)
    rows = sorted((one for one in found if wanted(one)), key=lambda one: one.id)
    return Listing((call.viewer, calendar.id), whole(call.query), 0, tuple(one.id for one in rows), None)


def _listing(call: Call, calendar: Calendar, pages: Pages) -> Listing:
    where, token = (call.viewer, calendar.id), call.text("syncToken")
    since = None if token is None else pages.since(token, where, call.query, calendar.floor)
    _orderly(call)
    wanted = _filter(call, calendar, since)
    found = [
        one
        for one in calendar.copies.values()
        if (since is None or one.place > since) and not _hidden(call, one)
    ]
    if _singles(call):
        found = all_instances(
            calendar, found, call.instant("timeMin"), call.instant("timeMax"), call.world.clock.now()
        )
    rows = _sorted(call, calendar, [one for one in found if wanted(one)])
    return Listing(where, whole(call.query), call.world.place, tuple(one.id for one in rows), since)


def _singles(call: Call) -> bool:
    return bool(call.flag("singleEvents")) or call.method == "calendar.events.instances"


def _orderly(call: Call) -> None:
    order = call.text("orderBy")
    if order not in {None, "startTime", "updated"}:
        raise invalid("Invalid value for orderBy", "orderBy")
    if order == "startTime" and not _singles(call):
        raise invalid("The requested ordering is not available for the particular query.", "orderBy")
    first, last = call.instant("timeMin"), call.instant("timeMax")
    if first and last and last <= first:
        raise time_range("timeRangeEmpty", "The specified time range is empty.")
    updated = call.instant("updatedMin")
    if updated and updated < call.world.clock.now() - _REMEMBERED:
        raise too_long_ago()


def _hidden(call: Call, copy: Copy) -> bool:
    return copy.hidden and not call.flag("showHiddenInvitations")


def _sorted(call: Call, calendar: Calendar, rows: list[Copy]) -> list[Copy]:
    if call.text("orderBy") == "startTime":
        return sorted(rows, key=lambda one: starts(one.shared["start"], calendar.zone))
    return sorted(rows, key=lambda one: one.place)


def _filter(call: Call, calendar: Calendar, since: int | None) -> Callable[[Copy], bool]:
    first, last, updated = (call.instant(name) for name in ("timeMin", "timeMax", "updatedMin"))
    deleted = bool(call.flag("showDeleted")) or since is not None or updated is not None
    kinds, uid, text = call.query.get("eventTypes"), call.text("iCalUID"), (call.text("q") or "").casefold()
    private, shared = call.query.get("privateExtendedProperty"), call.query.get("sharedExtendedProperty")

    def wanted(one: Copy) -> bool:
        # Cancelled instances of a series that stands are told of in any case: without them it would be read wrong.
        exception = "recurringEventId" in one.shared and not _singles(call)
        if one.gone and not (deleted or (exception and _stands(calendar, one))):
            return False
        return (
            (updated is None or (one.updated is not None and one.updated >= updated))
            and _within(calendar, one, first, last)
            and (uid is None or one.shared["iCalUID"] == uid)
            and (not kinds or one.shared["eventType"] in kinds)
            and all(_has(one.own.get("private"), pair) for pair in private or ())
            and all(_has(one.shared.get("shared"), pair) for pair in shared or ())
            and _says(one, text)
        )

    return wanted


def _stands(calendar: Calendar, one: Copy) -> bool:
    master = calendar.copies.get(one.shared["recurringEventId"])
    return master is not None and master.gone is None


def _within(calendar: Calendar, one: Copy, first: datetime | None, last: datetime | None) -> bool:
    if first is None and last is None:
        return True
    if one.shared.get("recurrence"):
        since, until = first or datetime.min.replace(tzinfo=UTC), last or datetime.max.replace(tzinfo=UTC)
        return any(True for _ in instances(one.shared, calendar.zone, since, until))
    start, end = (starts(one.shared[which], calendar.zone) for which in ("start", "end"))
    return (first is None or end > first) and (last is None or start < last)


def _has(properties: Body | None, pair: str) -> bool:
    name, _, value = pair.partition("=")
    return (properties or {}).get(name) == value


def _says(one: Copy, text: str) -> bool:
    guests = (part for guest in one.attendees for part in (guest["email"], guest.get("displayName", "")))
    words = (*(one.shared.get(name, "") for name in ("summary", "description", "location")), *guests)
    return any(text in word.casefold() for word in words)


def _rows(call: Call, calendar: Calendar, page: Page) -> list[Body]:
    """Return the rows of a page as they are now: what was deleted since the first page may be missing."""
    found = (copy_of(calendar, name) for name in page.ids)
    wanted = _filter(call, calendar, page.listing.since)
    return [
        call.shown(calendar, one, bare=_bare(call, one, page))
        for one in found
        if one is not None and (one.gone is None or wanted(one))
    ]


def _bare(call: Call, one: Copy, page: Page) -> bool:
    # A sync without showDeleted tells no more of what was deleted than its id (the discovery document says so).
    unasked = page.listing.since is not None and not call.flag("showDeleted")
    return one.gone is not None and (unasked or call.world.manners.bare != "never")
