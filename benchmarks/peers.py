"""The others' ways from calendar text to busy time, with their own libraries as their authors mean them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import recurring_ical_events
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]
from icalendar import Calendar

from benchmarks.calendars import BERLIN, DAY, OWNER, WINDOW
from policy.interval import Interval

Found = dict[str, list[Interval]]
_START, _END = WINDOW.start.astimezone(BERLIN), WINDOW.end.astimezone(BERLIN)


def recurring_ical_events_busy(documents: Sequence[bytes]) -> Found:
    """Return the busy time of each UID by recurring-ical-events."""
    found: Found = defaultdict(list)
    for text in documents:
        query = recurring_ical_events.of(Calendar.from_ical(text))
        for event in query.between(_START - DAY, _END + DAY):
            if _busy(event):
                found[str(event["UID"])].append(_interval(event["DTSTART"].dt, event["DTEND"].dt))
    return found


def dateutil_busy(documents: Sequence[bytes]) -> Found:
    """Return the busy time of each UID by icalendar, with python-dateutil for the rules."""
    found: Found = {}
    for text in documents:
        groups: dict[str, list[Any]] = defaultdict(list)
        for event in Calendar.from_ical(text).walk("VEVENT"):
            groups[str(event["UID"])].append(event)
        for uid, events in groups.items():
            found[uid] = list(_series(events))
    return found


def _series(events: list[Any]) -> Iterator[Interval]:
    overrides = {_instant(one["RECURRENCE-ID"].dt): one for one in events if "RECURRENCE-ID" in one}
    for event in events:
        if not _busy(event):
            continue
        start = event["DTSTART"].dt
        length = _length(event)
        if "RECURRENCE-ID" in event or "RRULE" not in event:
            yield _interval(start, start + length)
            continue
        out = {_instant(one.dt) for one in _listed(event, "EXDATE")} | overrides.keys()
        for day in _starts(event, start):
            if _instant(day) not in out:
                yield _interval(day, day + length)


def _starts(event: Any, start: Any) -> Iterator[Any]:
    """Yield the starts of a rule near the window: counted on the wall clock, then put in their zone."""
    zone = start.tzinfo if isinstance(start, datetime) else None
    naive = start.replace(tzinfo=None) if isinstance(start, datetime) else datetime.combine(start, time())
    rule = event["RRULE"]
    until = rule.pop("UNTIL", None)
    text = rule.to_ical().decode()
    if until:
        text += f";UNTIL={_wall(until[0], zone):%Y%m%dT%H%M%S}"
        rule["UNTIL"] = until
    first, last = _START.replace(tzinfo=None) - 5 * DAY, _END.replace(tzinfo=None) + 2 * DAY
    for at in rrulestr(text, dtstart=naive).between(first, last, inc=True):
        yield at.replace(tzinfo=zone) if isinstance(start, datetime) else at.date()


def _wall(until: Any, zone: Any) -> datetime:
    if not isinstance(until, datetime):
        return datetime.combine(until, time())
    return until if until.tzinfo is None else until.astimezone(zone).replace(tzinfo=None)


def _listed(event: Any, name: str) -> Iterator[Any]:
    given = event.get(name, [])
    for one in given if isinstance(given, list) else [given]:
        yield from one.dts


def _length(event: Any) -> timedelta:
    if "DTEND" in event:
        length: timedelta = event["DTEND"].dt - event["DTSTART"].dt
        return length
    return event["DURATION"].dt if "DURATION" in event else timedelta(0)


def _interval(start: Any, end: Any) -> Interval:
    return Interval(_instant(start), _instant(end))


def _instant(at: date) -> datetime:
    """Return a date, or a time in no zone, as the owner's clock shows it."""
    if not isinstance(at, datetime):
        at = datetime.combine(at, time())
    return (at if at.tzinfo else at.replace(tzinfo=BERLIN)).astimezone(UTC)


def _busy(event: Any) -> bool:
    if event.get("STATUS") == "CANCELLED" or event.get("TRANSP") == "TRANSPARENT":
        return False
    guests = event.get("ATTENDEE", [])
    return not any(
        guest.lower().removeprefix("mailto:") in OWNER.addresses
        and guest.params.get("PARTSTAT") == "DECLINED"
        for guest in (guests if isinstance(guests, list) else [guests])
    )
