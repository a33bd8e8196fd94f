"""Series: when their instances lie, and what an instance is called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr  # type: ignore[import-untyped]

from syncd.demo.google.refusals import Body, invalid
from syncd.demo.google.times import starts, zone_of

_UNTIL = re.compile(r"UNTIL=(\d{8})(T\d{6}Z?)?", re.IGNORECASE)
_NAME = re.compile(r"(?P<series>.+)_(?P<day>\d{8})(?:T(?P<time>\d{6})Z)?")
_MOST = 3000


@dataclass(frozen=True)
class Instance:
    """One event of a series, as its rule has it."""

    original: Body
    """Its start, as :func:`~syncd.demo.google.times.stored` keeps one."""
    start: datetime
    end: datetime


def name_of(series: str, original: Body) -> str:
    """Return the id of the instance of *series* that begins at *original* by the rule."""
    text = original.get("date") or original["dateTime"].removesuffix("Z") + "Z"
    return f"{series}_{re.sub('[-:]', '', text)}"


def parted(event: str) -> tuple[str, Body] | None:
    """Return the series and the original start that an id names; nothing if it names no instance."""
    found = _NAME.fullmatch(event)
    if found is None:
        return None
    day, clock = found["day"], found["time"]
    text = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    if clock is None:
        return found["series"], {"date": text}
    return found["series"], {"dateTime": f"{text}T{clock[:2]}:{clock[2:4]}:{clock[4:]}Z"}


def checked(shared: Body, zone: ZoneInfo) -> None:
    """Make sure that a series can be expanded.

    :raises Refusal: if it cannot.
    """
    first = starts(shared["start"], zone)
    for _ in instances(shared, zone, first, first):
        break


def instances(shared: Body, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[Instance]:
    """Yield the instances that end after *since* and begin before *until*; dates lie in *zone*.

    :raises Refusal: if the rule is none.
    """
    start = shared["start"]
    whole = "date" in start
    own = zone if whole else ZoneInfo(start["timeZone"])
    first = starts(start, own).astimezone(own)
    length = starts(shared["end"], own).astimezone(own).replace(tzinfo=None) - first.replace(tzinfo=None)
    if not whole:
        length = starts(shared["end"], own) - starts(start, own)
    rules, added, left_out = _lines(shared["recurrence"], first)
    # What lasts for days may have begun long before.
    for wall in _walls(rules, added, first, until, since - length - timedelta(days=1)):
        begin = wall.astimezone(UTC)
        end = (wall + length).astimezone(UTC) if whole else begin + length
        if begin not in left_out and end > since and begin < until:
            yield Instance(_original(wall, whole=whole), begin, end)


def _original(wall: datetime, *, whole: bool) -> Body:
    if whole:
        return {"date": wall.date().isoformat()}
    return {"dateTime": wall.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"}


def _walls(
    rules: list[rrule], added: set[datetime], first: datetime, until: datetime, since: datetime
) -> Iterator[datetime]:
    found = {one for one in (added if rules else {first, *added}) if since <= one < until}
    for rule in rules:
        for count, wall in enumerate(rule.xafter(since, inc=True)):
            if wall >= until or count > _MOST:
                break
            found.add(wall)
    yield from sorted(found)


def _lines(lines: list[str], first: datetime) -> tuple[list[rrule], set[datetime], set[datetime]]:
    rules: list[rrule] = []
    added: set[datetime] = set()
    left_out: set[datetime] = set()
    for line in lines:
        head, _, value = line.partition(":")
        name, *parameters = head.split(";")
        match name.upper():
            case "RRULE":
                rules.append(_rule(value, first))
            case "EXDATE" | "RDATE":
                zone = next((one[5:] for one in parameters if one.upper().startswith("TZID=")), "")
                into = added if name.upper() == "RDATE" else left_out
                into.update(_wall(one, first, zone) for one in value.split(","))
            case _:
                raise invalid("Invalid recurrence rule.")
    return rules, added, {one.astimezone(UTC) for one in left_out}


def _rule(text: str, first: datetime) -> rrule:
    # dateutil wants UNTIL in UTC where the start has a zone (RFC 5545, 3.3.10); Google takes dates as well.
    until = _UNTIL.search(text)
    if until and not (until[2] or "").endswith("Z"):
        clock = (until[2] or "T235959").removeprefix("T")
        wall = datetime.strptime(until[1] + clock, "%Y%m%d%H%M%S").replace(tzinfo=first.tzinfo)
        text = text.replace(until[0], f"UNTIL={wall.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    try:
        read = rrulestr(text, dtstart=first)
    except ValueError as wrong:
        raise invalid("Invalid recurrence rule.") from wrong
    if not isinstance(read, rrule):
        raise invalid("Invalid recurrence rule.")
    return read


def _wall(text: str, first: datetime, zone: str) -> datetime:
    own = zone_of(zone) if zone else first.tzinfo
    try:
        if "T" not in text.upper():
            return datetime.combine(date.fromisoformat(text), time(), own)
        read = datetime.fromisoformat(text.upper())
    except ValueError as wrong:
        raise invalid("Invalid recurrence rule.") from wrong
    return read.astimezone(first.tzinfo) if read.tzinfo else read.replace(tzinfo=own)
