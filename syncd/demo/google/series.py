"""Series on a calendar: masters, their exceptions, and the instances that nobody has written down."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from syncd.demo.google.recurrence import Instance, instances, name_of, parted
from syncd.demo.google.refusals import Body
from syncd.demo.google.state import Calendar, Copy
from syncd.demo.google.times import starts, written

_BACK, _AHEAD = timedelta(days=365), timedelta(days=730)
"""How far a series is expanded if nobody says how far."""


def expanded(calendar: Calendar, master: Copy, since: datetime, until: datetime) -> Iterator[Copy]:
    """Yield the instances of a series that nobody has written down, between two instants."""
    parts = exceptions(calendar, master.id)
    for one in instances(master.shared, calendar.zone, since, until):
        if name_of(master.id, one.original) not in parts:
            yield _made(calendar, master, one)


def exceptions(calendar: Calendar, series: str) -> dict[str, Copy]:
    """Return what differs from the rule of a series, by id."""
    return {
        name: one for name, one in calendar.copies.items() if one.shared.get("recurringEventId") == series
    }


def all_instances(
    calendar: Calendar, copies: list[Copy], since: datetime | None, until: datetime | None, now: datetime
) -> list[Copy]:
    """Return *copies* with each series replaced by its instances."""
    found: list[Copy] = []
    for one in copies:
        if one.shared.get("recurrence"):
            found += expanded(calendar, one, since or now - _BACK, until or now + _AHEAD)
        else:
            found.append(one)
    return found


def copy_of(calendar: Calendar, event: str) -> Copy | None:
    """Return what stands on a calendar under an id, be it an instance that nobody has written down."""
    return calendar.copies.get(event) or virtual(calendar, event)


def virtual(calendar: Calendar, event: str) -> Copy | None:
    """Return the instance that an id names, if it is one of a series and nobody has written it down."""
    named = parted(event)
    master = named and calendar.copies.get(named[0])
    if not named or not master or not master.shared.get("recurrence"):
        return None
    at = starts(named[1], calendar.zone)
    around = expanded(calendar, master, at - timedelta(seconds=1), at + timedelta(seconds=1))
    return next((one for one in around if one.id == event), None)


def _made(calendar: Calendar, master: Copy, instance: Instance) -> Copy:
    shared = deepcopy(master.shared)
    shared.pop("recurrence", None)
    shared |= {"recurringEventId": master.id, "originalStartTime": _zoned(instance.original, master)}
    shared |= {"start": _zoned(instance.original, master), "end": _end(calendar, master, instance)}
    one = Copy(name_of(master.id, instance.original), shared, deepcopy(master.own), gone=master.gone)
    one.hidden, one.version, one.updated, one.place = (
        master.hidden,
        master.version,
        master.updated,
        master.place,
    )
    return one


def _zoned(moment: Body, master: Copy) -> Body:
    return {**moment, **({"timeZone": master.shared["start"]["timeZone"]} if "dateTime" in moment else {})}


def _end(calendar: Calendar, master: Copy, instance: Instance) -> Body:
    if "date" in instance.original:
        return {"date": instance.end.astimezone(calendar.zone).date().isoformat()}
    return _zoned({"dateTime": written(instance.end.astimezone(UTC), ZoneInfo("UTC"))}, master)
