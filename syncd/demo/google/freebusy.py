"""``freebusy.query``: when a calendar is taken, without a word of what takes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from syncd.demo.google.calls import Call
from syncd.demo.google.recurrence import instances, name_of
from syncd.demo.google.refusals import Body, Refusal, invalid, required, time_range
from syncd.demo.google.series import exceptions
from syncd.demo.google.state import Calendar, Copy
from syncd.demo.google.times import instant, starts, written, zone_of

_LONGEST = timedelta(days=90)
_MOST = 50
_NO_TIME = frozenset(("workingLocation", "birthday"))
_Span = tuple[datetime, datetime]


def query(call: Call) -> Body:
    """Answer ``freebusy.query``.

    :raises Refusal: if the range is empty or longer than three months.
    """
    since, until = _range(call.body)
    zone = zone_of(call.body.get("timeZone") or "UTC")
    most = call.body.get("calendarExpansionMax") or _MOST
    if not isinstance(most, int) or most > _MOST:
        raise invalid("calendarExpansionMax is too large.")
    items = call.body.get("items") or []
    if not all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in items):
        raise invalid("Invalid value for: items")
    asked = list(dict.fromkeys(one["id"] for one in items))
    calendars = {one: _answer(call, one, (since, until), zone) for one in asked[:most]}
    calendars |= {one: _error("tooManyCalendarsRequested", "calendar") for one in asked[most:]}
    return {
        "kind": "calendar#freeBusy",
        "timeMin": written(since, zone),
        "timeMax": written(until, zone),
        "calendars": calendars,
    }


def _range(body: Body) -> _Span:
    for name in ("timeMin", "timeMax"):
        if not body.get(name):
            raise required(f"Missing {name} parameter.")
    since, until = instant(body["timeMin"], "timeMin"), instant(body["timeMax"], "timeMax")
    if until <= since:
        raise time_range("timeRangeEmpty", "The specified time range is empty.")
    if until - since > _LONGEST:
        raise time_range("timeRangeTooLong", "The requested time range is too long.")
    return since, until


def _answer(call: Call, name: str, span: _Span, zone: ZoneInfo) -> Body:
    try:
        calendar = call.world.seen(call.viewer, name)
    except Refusal:
        return _error("notFound")
    if reason := call.world.manners.busy_errors.get(calendar.id):
        return _error(reason)
    blocks = _merged(sorted(_taken(calendar, span)))
    return {"busy": [{"start": written(start, zone), "end": written(end, zone)} for start, end in blocks]}


def _error(reason: str, domain: str = "global") -> Body:
    # With the error comes an empty list: who reads that alone takes the person for free.
    return {"errors": [{"domain": domain, "reason": reason}], "busy": []}


def _taken(calendar: Calendar, span: _Span) -> Iterator[_Span]:
    for copy in calendar.copies.values():
        if _counts(calendar, copy):
            for start, end in _spans(calendar, copy, span):
                first, last = max(start, span[0]), min(end, span[1])
                if first < last:
                    yield first, last


def _counts(calendar: Calendar, copy: Copy) -> bool:
    mine = copy.attendee(calendar.id)
    return (
        copy.gone is None
        and not copy.hidden
        and copy.own.get("transparency") != "transparent"
        and copy.shared["eventType"] not in _NO_TIME
        and (mine is None or mine["responseStatus"] != "declined")
    )


def _spans(calendar: Calendar, copy: Copy, span: _Span) -> Iterator[_Span]:
    if copy.shared.get("recurrence"):
        parts = exceptions(calendar, copy.id)
        for one in instances(copy.shared, calendar.zone, *span):
            if name_of(copy.id, one.original) not in parts:
                yield one.start, one.end
    else:
        yield starts(copy.shared["start"], calendar.zone), starts(copy.shared["end"], calendar.zone)


def _merged(spans: list[_Span]) -> list[_Span]:
    blocks: list[_Span] = []
    for start, end in spans:
        if blocks and start <= blocks[-1][1]:
            blocks[-1] = (blocks[-1][0], max(end, blocks[-1][1]))
        else:
            blocks.append((start, end))
    return blocks
