"""Calendar files in Google's calendars: iCalendar text (RFC 5545) becomes events, as its own import makes them.

Only what the demo's people have is understood: lines are as :mod:`syncd.demo.calendars` writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from syncd.demo.google.hand import Hand
from syncd.demo.google.recurrence import name_of
from syncd.demo.google.refusals import Body
from syncd.demo.google.times import starts, stored

_EVENT = re.compile(r"BEGIN:VEVENT\n(.*?)END:VEVENT", re.DOTALL)
_ALARM = re.compile(r"BEGIN:VALARM\n.*?END:VALARM\n", re.DOTALL)
_UNTIL = re.compile(r"UNTIL=[0-9TZ]+")
_HOURS = re.compile(r"PT(\d+)H")
_ESCAPED = re.compile(r"\\(.)")
_WINDOWS = {"Eastern Standard Time": "America/New_York"}
_SERIES = ("RRULE", "EXDATE", "RDATE")
_ANSWERS = {"NEEDS-ACTION": "needsAction", "ACCEPTED": "accepted", "DECLINED": "declined"}


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    parameters: dict[str, str]
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Importer:
    """Puts files into one calendar."""

    hand: Hand
    calendar: str
    """By its id; the primary one by nothing."""
    zone: ZoneInfo
    """Where times lie that name no zone."""

    def put(self, text: str) -> None:
        """Add the event of a file, or the series with all its exceptions."""
        first, *others = _events(text)
        if "STATUS" in first and first["STATUS"][0].value == "CANCELLED":
            return  # Google shows nothing of it
        series = self._add(first, _recurrence(first))
        for other in others:
            (original,) = other["RECURRENCE-ID"]
            if original.parameters.get("RANGE") == "THISANDFUTURE":
                self._part(series, first, other)
            else:
                self._except(series, other)

    def _add(self, event: dict[str, list[_Line]], recurrence: list[str]) -> str:
        title, place = (
            _ESCAPED.sub(r"\1", event[name][0].value) if name in event else ""
            for name in ("SUMMARY", "LOCATION")
        )
        fields = {**self._times(event), "recurrence": recurrence, "location": place, **self._rest(event)}
        now = self.hand.world.clock.now()
        return self.hand.add(title, now, now, calendar=self.calendar, fields=fields)

    def _times(self, event: dict[str, list[_Line]]) -> Body:
        start = self._moment(event["DTSTART"][0])
        if "DTEND" in event:
            return {"start": start, "end": self._moment(event["DTEND"][0])}
        length = _HOURS.fullmatch(event["DURATION"][0].value)
        hours = timedelta(hours=int(length[1]) if length else 0)
        end = datetime.fromisoformat(start["dateTime"]) + hours
        return {"start": start, "end": {**start, "dateTime": end.isoformat()}}

    def _moment(self, line: _Line) -> Body:
        at = datetime.fromisoformat(line.value)
        if line.parameters.get("VALUE") == "DATE":
            return {"date": f"{at:%Y-%m-%d}"}
        named = line.parameters.get("TZID", "UTC" if at.tzinfo else self.zone.key)
        return {"dateTime": at.isoformat(), "timeZone": _WINDOWS.get(named, named)}

    def _rest(self, event: dict[str, list[_Line]]) -> Body:
        guests = [
            {
                "email": one.value.removeprefix("mailto:"),
                "responseStatus": _ANSWERS[one.parameters["PARTSTAT"]],
            }
            for one in event.get("ATTENDEE", ())
        ]
        given = {name: event[name][0].value.lower() for name in ("STATUS", "TRANSP") if name in event}
        return {
            "attendees": guests,
            "status": given.get("STATUS", "confirmed"),
            "transparency": given.get("TRANSP", "opaque"),
        }

    def _original(self, event: dict[str, list[_Line]]) -> Body:
        return stored(self._moment(event["RECURRENCE-ID"][0]), "start", self.zone)

    def _except(self, series: str, event: dict[str, list[_Line]]) -> None:
        instance = name_of(series, self._original(event))
        if "STATUS" in event and event["STATUS"][0].value == "CANCELLED":
            self.hand.delete(instance, self.calendar)
        else:
            self.hand.change(instance, self.calendar, **self._times(event))

    def _part(self, series: str, first: dict[str, list[_Line]], event: dict[str, list[_Line]]) -> None:
        """End a series and begin another one, as Google does with "this and following events"."""
        last = starts(self._original(event), self.zone).astimezone(UTC) - timedelta(seconds=1)
        ended = [_UNTIL.sub(f"UNTIL={last:%Y%m%dT%H%M%SZ}", line) for line in _recurrence(first)]
        self.hand.change(series, self.calendar, recurrence=ended)
        self._add(event, [line for line in _recurrence(first) if line.startswith("RRULE")])


def _events(text: str) -> Iterator[dict[str, list[_Line]]]:
    """Yield the events of a file, each as its lines by name."""
    unfolded = text.replace("\r\n", "\n").replace("\n ", "")
    for body in _EVENT.findall(_ALARM.sub("", unfolded)):
        lines: dict[str, list[_Line]] = {}
        for line in body.splitlines():
            head, _, value = line.partition(":")
            name, *parameters = head.split(";")
            named = dict(one.split("=", 1) for one in parameters)
            lines.setdefault(name, []).append(_Line(name, named, value, line))
        yield lines


def _recurrence(event: dict[str, list[_Line]]) -> list[str]:
    return [line.text for name in _SERIES for line in event.get(name, ())]
