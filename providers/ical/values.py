"""From content lines to dates, lengths and answers (RFC 5545, 3.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo

from icalendar.parser import Contentline, unescape_backslash

from providers.ical.limits import Limits
from providers.ical.literals import date_of, duration_of
from providers.ical.notes import FAULTS, Note, Unclear
from providers.ical.zones import Zones


@dataclass(frozen=True, slots=True)
class Property:
    """One content line in its three parts."""

    params: Mapping[str, str]
    """Names in upper case; of a parameter with several values, the first."""
    value: str
    """As it stands, nothing unescaped."""

    @property
    def text(self) -> str:
        """The value as TEXT (RFC 5545, 3.3.11)."""
        return unescape_backslash(self.value).strip()  # type: ignore[no-any-return]


_PLAIN = re.compile(r'[A-Za-z0-9-]+((?:;[A-Za-z0-9-]+=[^";:,^%\\\x00-\x1f\x7f]+)*):([^"^%\\]*)')
"""Lines in which nothing is quoted or encoded: nearly all."""


def split(line: str) -> Property:
    """Return the parts of a content line.

    :raises Unclear: if it has none.
    """
    if plain := _PLAIN.fullmatch(line):
        params, value = plain.groups()
        pairs = (one.partition("=") for one in params.split(";")[1:])
        return Property({name.upper(): given for name, _, given in pairs}, value.strip())
    try:
        _, params, value = Contentline(line).raw_parts()  # type: ignore[no-untyped-call]
    except FAULTS:
        raise Unclear(Note.LINE_UNREADABLE) from None
    firsts = {str(k).upper(): v if isinstance(v, str) else next(iter(v), "") for k, v in params.items()}
    return Property(firsts, value.strip())


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or time as it is written: on a wall, in a zone."""

    wall: datetime
    """Naive; midnight for a date."""
    zone: tzinfo
    """The owner's zone for dates and floating times."""
    is_date: bool = False
    floating: bool = False

    @property
    def instant(self) -> datetime:
        """The instant in UTC: a skipped time is read by the offset before the gap, a repeated one as the first."""
        return self.wall.replace(tzinfo=self.zone).astimezone(UTC)

    def at(self, wall: datetime) -> Moment:
        """Return another time on the same wall."""
        return Moment(wall, self.zone, self.is_date, self.floating)


@dataclass(frozen=True, slots=True)
class Length:
    """How long an event is: first so much by the wall clock, then so much by the stopwatch."""

    nominal: timedelta = timedelta(0)
    exact: timedelta = timedelta(0)

    @property
    def total(self) -> timedelta:
        """The length on a day when no clock changes."""
        return self.nominal + self.exact

    def after(self, start: Moment) -> datetime:
        """Return the instant at which an event ends that begins at *start*."""
        end = start.at(start.wall + self.nominal).instant + self.exact
        # 02:30-03:00 on a day without 02:30 would end before it begins.
        return end if end > start.instant else start.instant + self.total


@dataclass(frozen=True, slots=True)
class Dates:
    """How dates are read in one document of one owner."""

    zones: Zones
    zone: tzinfo
    limits: Limits

    def guessing(self) -> Dates:
        """Return a reader that takes every zone it does not know for UTC."""
        return replace(self, zones=self.zones.guessing())

    def one(self, prop: Property) -> Moment:
        """Return the date or time of a property.

        :raises Unclear: if it is neither, or its zone is unknown.
        """
        return self.moment(prop.value, prop.params.get("TZID"))

    def many(self, prop: Property) -> Iterator[tuple[Moment, Length | None]]:
        """Yield the dates, times and periods of a list (RDATE, EXDATE).

        :raises Unclear: at the first one that cannot be read.
        """
        tzid = prop.params.get("TZID")
        for value in prop.value.split(","):
            first, slash, second = value.strip().partition("/")
            start = self.moment(first, tzid)
            yield start, self._second(start, second, tzid) if slash else None

    def _second(self, start: Moment, value: str, tzid: str | None) -> Length:
        if value[:1] in {"P", "+", "-"}:
            return length(value)
        return between(start, self.moment(value, tzid))

    def moment(self, value: str, tzid: str | None) -> Moment:
        """Return one date or time.

        :raises Unclear: if it is neither, or its zone is unknown.
        """
        read = date_of(value, Note.DATE_UNREADABLE)
        if not self.limits.first_year <= read.year <= self.limits.last_year:
            raise Unclear(Note.YEAR_OUT_OF_RANGE)
        if not isinstance(read, datetime):
            return Moment(datetime.combine(read, time()), self.zone, is_date=True)
        if read.tzinfo is not None:
            return Moment(read.replace(tzinfo=None), UTC)
        if tzid is None:
            return Moment(read, self.zone, floating=True)
        return Moment(read, self.zones.find(tzid))


def length(value: str) -> Length:
    """Return a DURATION (RFC 5545, 3.3.6): weeks and days are nominal, the rest is exact.

    :raises Unclear: if it is none, or negative.
    """
    days, _, rest = value.strip().upper().partition("T")
    nominal = duration_of(days)
    exact = duration_of(days.partition("P")[0] + "PT" + rest) if rest else timedelta(0)
    if nominal < timedelta(0) or exact < timedelta(0):
        raise Unclear(Note.END_BEFORE_START)
    return Length(nominal, exact)


def between(start: Moment, end: Moment) -> Length:
    """Return the length from *start* to *end*.

    RFC 5545, 3.8.5.3, wants the exact length for a DTEND; libical, ical.js and the clients
    made of them keep the wall clock, 22:00 to 06:00 in every night, and so do people.

    :raises Unclear: if *end* is earlier.
    """
    if end.instant < start.instant:
        raise Unclear(Note.END_BEFORE_START)
    if start.is_date and end.is_date:
        # A DTEND on the same day is wrong (RFC 5545, 3.6.1) and meant as that day.
        return Length(nominal=max(end.wall - start.wall, timedelta(days=1)))
    if start.zone == end.zone and end.wall >= start.wall:
        return Length(nominal=end.wall - start.wall)
    return Length(exact=end.instant - start.instant)
