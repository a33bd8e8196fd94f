"""When people are busy, as Google says it: ``freeBusy.query``, merged and without events.

A calendar whose time Google cannot tell has an empty list beside its error: that is unknown
time, and never free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from policy.interval import Interval, clip, merge
from providers.base import BusyTime, CalendarId
from providers.google.answer import Json, objects
from providers.google.api import Api
from providers.google.place import gone
from providers.google.reading import instant
from providers.google.reasons import Meaning, meaning, refusal

CALENDARS = 50
"""The most that one query takes (calendarExpansionMax)."""
SPAN = timedelta(days=60)
"""Of one query: Google refuses more than about three months as ``timeRangeTooLong``."""

_SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class _Time:
    busy: list[Interval] = field(default_factory=list)
    unknown: list[Interval] = field(default_factory=list)


def busy(api: Api, calendars: Sequence[CalendarId], window: Interval) -> Mapping[CalendarId, BusyTime]:
    """Return what each of *calendars* says about *window*; what cannot be told is unknown.

    :raises AccessLost: if one of them is not there any more.
    """
    asked = list(dict.fromkeys(calendars))
    times = {calendar: _Time() for calendar in asked}
    for at in range(0, len(asked), CALENDARS):
        some = asked[at : at + CALENDARS]
        for span in _spans(window):
            said = _query(api, some, span)
            for calendar in some:
                _take(api, calendar, said.get(calendar), span, times[calendar])
    return {
        calendar: BusyTime(busy=merge(time.busy), unknown=merge(time.unknown))
        for calendar, time in times.items()
    }


def _spans(window: Interval) -> Iterator[Interval]:
    start = window.start
    while start < window.end:
        end = min(start + SPAN, window.end)
        yield Interval(start, end)
        start = end


def _query(api: Api, calendars: Sequence[CalendarId], span: Interval) -> Json:
    body = {
        "timeMin": _written(span.start),
        "timeMax": _written(span.end + _SECOND - timedelta(microseconds=1)),
        "items": [{"id": calendar} for calendar in calendars],
    }
    answer = api.read(api.on.freebusy.query(body=body))
    if not answer.fine:
        raise refusal(answer, write=False)
    said = answer.object().get("calendars")
    return said if isinstance(said, dict) else {}


def _take(api: Api, calendar: CalendarId, said: object, span: Interval, time: _Time) -> None:
    """Add what is *said* of one calendar; what is not said, or cannot be read, is unknown."""
    if isinstance(said, dict) and _not_found(said):
        _listed(api, calendar)
    found = _busy(said) if isinstance(said, dict) and not said.get("errors") else None
    if found is None:
        time.unknown.append(span)
    else:
        time.busy += clip(found, span)


def _busy(said: Json) -> list[Interval] | None:
    rows = objects(said.get("busy"))
    if rows is None or said.get("busy") is None:
        return None
    try:
        times = [(instant(row.get("start")), instant(row.get("end"))) for row in rows]
        return [Interval(start, end) for start, end in times if start != end]
    except (ValueError, OverflowError):  # no instants, or an end before its start
        return None


def _not_found(said: Json) -> bool:
    return any(one.get("reason") == "notFound" for one in objects(said.get("errors")) or ())


def _listed(api: Api, calendar: CalendarId) -> None:
    """Return if the account still lists *calendar*: "not found" beside others may be a passing failure.

    :raises AccessLost: if it does not.
    """
    answer = api.read(api.on.calendars.get(calendarId=calendar, fields="id"))
    if not answer.fine and meaning(answer) is Meaning.ABSENT:
        raise gone(answer)


def _written(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
