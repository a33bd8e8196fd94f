"""What a TZID means: the IANA name, then the document's own definition, then what Windows and vendors call it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import cache
from itertools import chain, islice
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from providers.ical.limits import Limits
from providers.ical.lines import Block
from providers.ical.notes import FAULTS, Note, Unclear
from providers.ical.rules import parse

_OFFSET = re.compile(r"([+-])([0-9]{2})([0-5][0-9])([0-5][0-9])?")
_WIDEST = timedelta(hours=18)
WEST, EAST = timedelta(hours=12), timedelta(hours=14)
"""How far from UTC the clocks of the world are, at most."""


@dataclass(frozen=True, slots=True)
class Change:
    """A clock change: at this instant (naive, UTC) from one offset to another."""

    at: datetime
    before: timedelta
    after: timedelta


class DocumentZone(tzinfo):
    """A zone as a document defines it (VTIMEZONE, RFC 5545, 3.6.5).

    Built here and not by icalendar, which keeps the first definition of a name for the whole
    process: one person's "School Zone" would shift another's times.
    """

    def __init__(self, changes: list[Change]) -> None:
        self._changes = sorted(changes, key=lambda change: change.at)
        self._instants = [change.at for change in self._changes]
        # A skipped wall time counts by the offset before the gap, a repeated one as the first.
        self._walls = [change.at + max(change.before, change.after) for change in self._changes]

    def _offset(self, passed: int) -> timedelta:
        return self._changes[passed - 1].after if passed else self._changes[0].before

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        """Return the offset from UTC at a wall time."""
        if dt is None:
            return None
        return self._offset(bisect_right(self._walls, dt.replace(tzinfo=None)))

    def fromutc(self, dt: datetime) -> datetime:
        """Return the wall time of an instant."""
        return dt + self._offset(bisect_right(self._instants, dt.replace(tzinfo=None)))

    def dst(self, _: datetime | None, /) -> timedelta | None:
        """Return ``None``: nothing here asks."""
        return None

    def tzname(self, _: datetime | None, /) -> str | None:
        """Return ``None``: names are the document's, and nothing here asks."""
        return None


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones that one document can name."""

    own: Mapping[str, Block | None]
    """The document's VTIMEZONEs by TZID; ``None`` where two of one name differ."""
    limits: Limits
    guess: bool = False
    _built: dict[str, DocumentZone | None] = field(default_factory=dict)

    def guessing(self) -> Zones:
        """Return the same zones, with UTC in the place of every other one."""
        return replace(self, guess=True)

    def find(self, tzid: str) -> tzinfo:
        """Return the zone that *tzid* names.

        :raises Unclear: if there is none; a time in it is then not floating but unknown.
        """
        try:
            return self._find(_plain(tzid))
        except Unclear:
            if self.guess:
                return UTC
            raise

    def _find(self, tzid: str) -> tzinfo:
        if (iana := _iana().get(tzid.casefold())) is not None:
            return ZoneInfo(iana)
        if tzid in self.own:
            return self._document(tzid)
        if (windows := WINDOWS_TO_OLSON.get(tzid)) is not None:
            return ZoneInfo(windows)
        if (vendors := _suffix(tzid)) is not None:
            return ZoneInfo(vendors)
        raise Unclear(Note.ZONE_UNKNOWN)

    def _document(self, tzid: str) -> DocumentZone:
        if tzid not in self._built:
            self._built[tzid] = _build(self.own[tzid], self.limits)
        built = self._built[tzid]
        if built is None:
            raise Unclear(Note.ZONE_UNREADABLE)
        return built


def zones(calendar: Block, limits: Limits) -> Zones:
    """Return the zones of a document; a definition is looked into only when a date needs it."""
    own: dict[str, Block | None] = {}
    for block in calendar.inner("VTIMEZONE"):
        for line in block.all("TZID")[:1]:
            tzid = _plain(line.partition(":")[2])
            own[tzid] = block if own.setdefault(tzid, block) == block else None
    return Zones(own, limits)


def _plain(tzid: str) -> str:
    # Outlook's names hold commas, escaped in the definition and quoted where they are used.
    return tzid.replace("\\", "").strip()


@cache
def _iana() -> Mapping[str, str]:
    # "localtime" is whatever the computer runs on, and "Factory" is no place.
    names = available_timezones() - {"localtime", "Factory"}
    return {name.casefold(): name for name in names}


def _suffix(tzid: str) -> str | None:
    """Return the IANA name at the end of a globally unique TZID (``/mozilla.org/20070129_1/Europe/Berlin``)."""
    parts = tzid.strip("/").split("/")
    if not tzid.startswith("/"):
        return None
    tails = ("/".join(parts[n:]).casefold() for n in range(len(parts)))
    return next((_iana()[tail] for tail in tails if tail in _iana()), None)


def _build(block: Block | None, limits: Limits) -> DocumentZone | None:
    parts = block.inner("STANDARD", "DAYLIGHT") if block else []
    if not 0 < len(parts) <= limits.observances:
        return None
    try:
        return DocumentZone(_bounded((one for part in parts for one in _changes(part, limits)), limits))
    except (Unclear, *FAULTS):
        return None


def _bounded(changes: Iterator[Change], limits: Limits) -> list[Change]:
    bounded = list(islice(changes, limits.dates + 1))
    if len(bounded) > limits.dates:
        raise Unclear(Note.ZONE_UNREADABLE)
    return bounded


def _changes(part: Block, limits: Limits) -> Iterator[Change]:
    if part.note is not None:
        raise Unclear(Note.ZONE_UNREADABLE)
    before, after = _offset(part, "TZOFFSETFROM"), _offset(part, "TZOFFSETTO")
    starts = [_wall(line.rpartition(":")[2]) for line in part.all("DTSTART")[:1]]
    if not starts:
        raise Unclear(Note.ZONE_UNREADABLE)
    dates = (value for line in part.all("RDATE") for value in line.rpartition(":")[2].split(","))
    added = (_wall(value.partition("/")[0]) for value in dates)
    ruled = (_yearly(line.partition(":")[2], starts[0], before, limits) for line in part.all("RRULE"))
    for onset in chain(starts, added, *ruled):
        yield Change(onset - before, before, after)


def _yearly(text: str, first: datetime, before: timedelta, limits: Limits) -> Iterator[datetime]:
    rule = parse(text, limits)
    if rule.freq != "YEARLY":
        raise Unclear(Note.ZONE_UNREADABLE)
    last = datetime(limits.last_year + 1, 1, 1)  # noqa: DTZ001 -- a wall time of the zone
    if isinstance(rule.until, datetime):
        # An instant by RFC 5545, 3.6.5, and a wall time by some writers.
        until = min(rule.until.replace(tzinfo=None), last)
        last = until + before if rule.until.tzinfo else until
    elif rule.until is not None:
        last = min(last, datetime.combine(rule.until, time.max))
    return rule.starts(first, first, last, limits)


def _wall(value: str) -> datetime:
    digits = value.strip().rstrip("Z")
    pattern = "%Y%m%dT%H%M%S" if "T" in digits else "%Y%m%d"
    return datetime.strptime(digits, pattern)  # noqa: DTZ007 -- onsets are wall times (RFC 5545, 3.6.5)


def _offset(part: Block, name: str) -> timedelta:
    for line in part.all(name)[:1]:
        if found := _OFFSET.fullmatch(line.rpartition(":")[2].strip()):
            sign, hours, minutes, seconds = found.groups()
            size = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
            if size <= _WIDEST:
                return -size if sign == "-" else size
    raise Unclear(Note.ZONE_UNREADABLE)
