"""From the parts of one series to the time it takes of a window.

dateutil yields the rule's wall times; everything else is decided here, by instants, because
recurring-ical-events expands with the same dateutil but reads all-day dates in the window's
zone, swaps negative lengths and knows no bounds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from policy.interval import Interval, clip
from providers.base import BusyTime
from providers.ical.limits import Limits
from providers.ical.notes import Note, Unclear
from providers.ical.parts import Part, Takes
from providers.ical.rules import Rule
from providers.ical.values import Length, Moment

_DAY = timedelta(days=1)
Key = datetime | date


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One instance of a series."""

    start: datetime
    end: datetime
    takes: Takes


def time_of(parts: Sequence[Part], window: Interval, limits: Limits) -> BusyTime:
    """Return what a series takes of *window*.

    :raises Unclear: if it takes too long to find out.
    """
    busy: list[Interval] = []
    tentative: list[Interval] = []
    for count, one in enumerate(occurrences(parts, window, limits)):
        if count >= limits.occurrences:
            raise Unclear(Note.TOO_MANY_OCCURRENCES)
        if one.takes is not Takes.NOTHING and one.start < one.end:
            (busy if one.takes is Takes.BUSY else tentative).append(Interval(one.start, one.end))
    return BusyTime(clip(busy, window), clip(tentative, window))


def occurrences(parts: Sequence[Part], window: Interval, limits: Limits) -> Iterator[Occurrence]:
    """Yield the instances of a series that may touch *window*.

    :raises Unclear: if it takes too many steps to get there.
    """
    masters, overrides = _versions(parts)
    standing = list(overrides)
    for master in masters:
        excluded = {key for at in master.excluded for key in _keys(at, master)}
        yield from _instances(master, overrides, excluded, window, limits)
        standing = [part for part in standing if excluded.isdisjoint(_names(_known(part, master), master))]
    for part in standing:
        # It stands even where the rule has no such instance, unless that one is excluded.
        yield Occurrence(part.start.instant, part.length.after(part.start), part.takes)


def _versions(parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """Return the masters and the overrides that count: of two versions, the one with the higher SEQUENCE."""
    newest = max((part.sequence for part in parts if part.replaces is None), default=0)
    masters = [part for part in parts if part.replaces is None and part.sequence == newest]
    overrides: dict[datetime, Part] = {}
    for part in parts:
        if part.replaces is not None:
            at = part.replaces.instant
            if at not in overrides or part.sequence >= overrides[at].sequence:
                overrides[at] = part
    return masters, list(overrides.values())


def _instances(
    master: Part, overrides: Sequence[Part], excluded: set[Key], window: Interval, limits: Limits
) -> Iterator[Occurrence]:
    known = [(_known(part, master), part) for part in overrides]
    replaced = {key for at, _ in known for key in _keys(at, master)}
    onwards = sorted(((at.instant, at, part) for at, part in known if part.onwards), key=lambda one: one[0])
    for at, length in _starts(master, [part for _, _, part in onwards], window, limits):
        instant, names = at.instant, _names(at, master)
        if not excluded.isdisjoint(names) or not replaced.isdisjoint(names):
            continue
        if earlier := bisect_right(onwards, instant, key=lambda one: one[0]):
            _, origin, part = onwards[earlier - 1]
            start = _shifted(at, origin, part)
            yield Occurrence(start.instant, part.length.after(start), part.takes)
        else:
            yield Occurrence(instant, (length or master.length).after(at), master.takes)


def _known(override: Part, master: Part) -> Moment:
    """Return the RECURRENCE-ID of an override as its master means it."""
    at = override.replaces or override.start
    return replace(at, zone=master.start.zone) if at.floating or at.is_date else at


def _names(at: Moment, master: Part) -> tuple[Key, Key]:
    """Return by what an instance may be named."""
    instant = at.instant
    return instant, instant.astimezone(master.start.zone).date()


def _keys(at: Moment, master: Part) -> Iterator[Key]:
    """Yield by what an EXDATE or RECURRENCE-ID is found again: its instant, or its date if one side has no time."""
    if at.is_date or (master.start.is_date and at.wall.time() == time()):
        yield at.wall.date()
    elif master.start.is_date:
        yield at.instant.astimezone(master.start.zone).date()
    else:
        yield at.instant


def _shifted(at: Moment, origin: Moment, override: Part) -> Moment:
    """Return where an instance goes under THISANDFUTURE: as far as the first was moved (RFC 5545, 3.8.4.4)."""
    if at.is_date or override.start.is_date:
        first = origin.wall if origin.is_date else origin.instant.astimezone(at.zone).replace(tzinfo=None)
        return override.start.at(override.start.wall + (at.wall - first))
    there = (moment.instant.astimezone(at.zone).replace(tzinfo=None) for moment in (override.start, origin))
    return at.at(at.wall + (next(there) - next(there)))


def _starts(
    master: Part, onwards: Iterable[Part], window: Interval, limits: Limits
) -> Iterator[tuple[Moment, Length | None]]:
    """Yield each start of the recurrence set once, before overrides and exclusions."""
    before = after = timedelta(0)
    for part in (master, *onwards):
        moved = abs(part.start.instant - (part.replaces or part.start).instant) + _DAY
        before = max(before, moved + part.length.total)
        after = max(after, moved)
    periods = dict(master.added)
    for at, length in periods.items():
        yield at if not at.is_date or master.start.is_date else _timed(at, master), length
    taken = {at.instant for at in periods}
    for at in _ruled(master, window.start - before, window.end + after, limits):
        if (instant := at.instant) not in taken:
            taken.add(instant)
            yield at, None


def _timed(at: Moment, master: Part) -> Moment:
    """Return an added date without a time at the hour of the series."""
    return master.start.at(datetime.combine(at.wall.date(), master.start.wall.time()))


def _ruled(master: Part, low: datetime, high: datetime, limits: Limits) -> Iterator[Moment]:
    start = master.start
    ends = [_until(rule, start) for rule in master.rules]
    if not ends or any(end is None or start.instant <= end for end in ends):
        yield start
    walls = (moment.astimezone(start.zone).replace(tzinfo=None) for moment in (low, high))
    first, last = walls
    for rule, end in zip(master.rules, ends, strict=True):
        stop = last if end is None else min(last, end.astimezone(start.zone).replace(tzinfo=None) + _DAY)
        for wall in rule.starts(start.wall, first, stop, limits):
            for at in _readings(start.at(wall), rule):
                if end is None or at.instant <= end:
                    yield at


def _readings(at: Moment, rule: Rule) -> Iterator[Moment]:
    yield at
    if rule.freq == "HOURLY":
        # The hour that the clock shows twice is two hours of the day.
        again = at.at(at.wall.replace(fold=1))
        if again.instant > at.instant:
            yield again


def _until(rule: Rule, start: Moment) -> datetime | None:
    """Return the last instant at which the rule may start; a date lasts to its end.

    UNTIL of an all-day series is a date (RFC 5545, 3.3.10); where a client writes an instant,
    its date in UTC or at the owner's, the later, so that no day of the series is lost.
    """
    until = rule.until
    if until is None:
        return None
    if isinstance(until, datetime):
        if not start.is_date:
            return start.at(until).instant if until.tzinfo is None else until.astimezone(UTC)
        days = [until.date()] if until.tzinfo is None else [until.date(), until.astimezone(start.zone).date()]
        until = max(days)
    return start.at(datetime.combine(until, time.max)).instant
