"""Calendars from a seed, and the answer that every reader of them must give.

The answer is found by brute force: every day from a rule's start is asked whether the rule
means it. Nothing here uses a calendar library, so that no contestant marks its own work.
Starts keep clear of the hours in which clocks change, for there readers may rightly differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from benchmarks.rules import Rule, a_rule
from benchmarks.zones import DEFINITIONS
from policy.interval import Interval, clip, merge
from providers.base import Owner

BERLIN = ZoneInfo("Europe/Berlin")
OWNER = Owner(BERLIN, frozenset({"amina@school.example"}))
WINDOW = Interval(
    datetime(2026, 3, 2, tzinfo=BERLIN).astimezone(UTC), datetime(2026, 4, 27, tzinfo=BERLIN).astimezone(UTC)
)
"""Eight weeks, with the clock changes of Europe and of America in them."""
DAY = timedelta(days=1)
_FIRST, _LAST = date(2026, 1, 5), date(2026, 6, 20)
_HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//benchmarks//EN\r\n"
_TAIL = "END:VCALENDAR\r\n"
_WORDS = r"Bring what you need\, and be there. "
_RECURRING = 0.2


@dataclass(frozen=True, slots=True)
class Place:
    """How an event writes its times: all day, in a zone, in UTC, or in nobody's zone."""

    kind: str

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which its clock is read; whatever names none is read in the owner's."""
        return ZoneInfo(self.kind) if self.kind in DEFINITIONS or self.kind == "UTC" else BERLIN

    def line(self, name: str, at: datetime) -> str:
        """Return the property *name* with the wall-clock time *at*."""
        if self.kind == "all-day":
            return f"{name};VALUE=DATE:{at:%Y%m%d}"
        parameter = f";TZID={self.kind}" if self.kind in DEFINITIONS else ""
        return f"{name}{parameter}:{at:%Y%m%dT%H%M%S}{'Z' if self.kind == 'UTC' else ''}"

    def until(self, at: datetime) -> str:
        """Return *at* as the end of a rule (RFC 5545, 3.3.10)."""
        if self.kind == "all-day":
            return f"{at:%Y%m%d}"
        if self.kind == "floating":
            return f"{at:%Y%m%dT%H%M%S}"
        return f"{at.replace(tzinfo=self.zone).astimezone(UTC):%Y%m%dT%H%M%SZ}"

    def taken(self, at: datetime, length: timedelta) -> Interval:
        """Return the time between two readings of the wall clock."""
        end = at + length
        return Interval(at.replace(tzinfo=self.zone), end.replace(tzinfo=self.zone))


@dataclass(frozen=True, slots=True)
class Made:
    """One event with all its exceptions, and the time that it takes of the window."""

    uid: str
    text: str
    zone: str
    taken: tuple[Interval, ...]

    def document(self) -> bytes:
        """Return the event as a calendar server keeps it: one resource."""
        return f"{_HEAD}{_zone(self.zone)}{self.text}{_TAIL}".encode()


@dataclass(frozen=True, slots=True)
class Calendar:
    """One person's calendar."""

    events: tuple[Made, ...]

    def text(self) -> bytes:
        """Return the calendar as one document, as an export has it."""
        zones = "".join(_zone(name) for name in DEFINITIONS)
        return f"{_HEAD}{zones}{''.join(one.text for one in self.events)}{_TAIL}".encode()

    def key(self) -> dict[str, list[tuple[float, float]]]:
        """Return the one right answer: each event's time in the window, merged, in seconds since 1970."""
        return {one.uid: seconds(one.taken) for one in self.events if one.taken}


def calendar(size: int, seed: int) -> Calendar:
    """Return a calendar of *size* events, the same for the same *seed*."""
    chance = Random(seed)  # noqa: S311 - not a secret
    return Calendar(tuple(_event(chance, number, seed) for number in range(size)))


def seconds(intervals: tuple[Interval, ...]) -> list[tuple[float, float]]:
    """Return *intervals* as pairs of seconds since 1970."""
    return [(one.start.timestamp(), one.end.timestamp()) for one in intervals]


def _event(chance: Random, number: int, seed: int) -> Made:
    uid = f"{seed:04d}-{number:06d}-{chance.getrandbits(64):016x}@calendar.example"
    kinds = ("Europe/Berlin", "Europe/London", "America/New_York", "UTC", "floating", "all-day")
    place = Place(chance.choices(kinds, (45, 15, 10, 14, 4, 12))[0])
    how = chance.choices(("busy", "tentative", "transparent", "cancelled", "declined"), (82, 5, 6, 4, 3))[0]
    drawn = _recurring if chance.random() < _RECURRING else _single
    texts, taken = drawn(chance, uid, place, how)
    busy = how in {"busy", "tentative"}
    return Made(uid, "".join(texts), place.kind, clip(merge(taken), WINDOW) if busy else ())


def _single(chance: Random, uid: str, place: Place, how: str) -> tuple[list[str], list[Interval]]:
    day = _FIRST + DAY * chance.randrange((_LAST - _FIRST).days)
    start, length = _times(chance, place, day)
    return [_vevent(chance, uid, place, start, length, how)], [place.taken(start, length)]


def _recurring(chance: Random, uid: str, place: Place, how: str) -> tuple[list[str], list[Interval]]:
    """Return a series: some of its days are left out, some are moved, and some are called off."""
    start, length = _times(chance, place, _FIRST - DAY * chance.randrange(900))
    rule = a_rule(chance, start)
    meant = list(days(rule, start))
    odd = chance.sample(meant, min(len(meant), 4)) if how == "busy" and chance.random() < 0.6 else []  # noqa: PLR2004
    cut = odd[: chance.randrange(len(odd) + 1)]
    lines = [f"RRULE:{rule.text(place.until)}", *(place.line("EXDATE", day) for day in cut)]
    texts = [_vevent(chance, uid, place, start, length, how, lines)]
    taken = [place.taken(day, length) for day in meant if day not in odd]
    texts += [_override(chance, uid, place, day, length, taken) for day in odd[len(cut) :]]
    return texts, taken


def _override(
    chance: Random, uid: str, place: Place, day: datetime, length: timedelta, taken: list[Interval]
) -> str:
    how = chance.choice(("busy", "busy", "cancelled", "transparent"))
    shift = DAY * chance.randint(-4, 4)
    at = day + shift
    if place.kind != "all-day":
        at = at.replace(hour=chance.randint(6, 20), minute=chance.choice((0, 15, 30, 45)))
    if how == "busy":
        taken.append(place.taken(at, length))
    return _vevent(chance, uid, place, at, length, how, [place.line("RECURRENCE-ID", day)])


def days(rule: Rule, start: datetime) -> Iterator[datetime]:
    """Yield what *rule* means up to a while after the window, asking day by day."""
    found, day = 0, start
    while day.date() <= _LAST and (rule.until is None or day <= rule.until):
        if rule.means(start.date(), day.date()):
            found += 1
            yield day
            if found == rule.count:
                return
        day += DAY


def _times(chance: Random, place: Place, day: date) -> tuple[datetime, timedelta]:
    if place.kind == "all-day":
        return datetime.combine(day, time()), DAY * chance.choice((1, 1, 1, 2, 3))
    clock = time(chance.randint(6, 20), chance.choice((0, 15, 30, 45)))
    return datetime.combine(day, clock), timedelta(minutes=chance.choice((30, 45, 60, 60, 90)))


def _vevent(
    chance: Random,
    uid: str,
    place: Place,
    start: datetime,
    length: timedelta,
    how: str,
    more: list[str] | None = None,
) -> str:
    lines = ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260105T090000Z", "SEQUENCE:1", *(more or [])]
    lines.append(place.line("DTSTART", start))
    if place.kind != "all-day" and chance.random() < 0.2:  # noqa: PLR2004
        lines.append(f"DURATION:PT{length // timedelta(minutes=1)}M")
    else:
        lines.append(place.line("DTEND", start + length))
    lines += [f"SUMMARY:Something that takes {length}", f"DESCRIPTION:{_WORDS * 3}"]
    lines += {"tentative": ["STATUS:TENTATIVE"], "cancelled": ["STATUS:CANCELLED"]}.get(
        how, ["STATUS:CONFIRMED"]
    )
    lines.append("TRANSP:TRANSPARENT" if how == "transparent" else "TRANSP:OPAQUE")
    if how == "declined" or chance.random() < 0.3:  # noqa: PLR2004
        answer = "DECLINED" if how == "declined" else "ACCEPTED"
        lines.append("ORGANIZER;CN=Somebody Else:mailto:else@school.example")
        lines.append(f"ATTENDEE;CN=Amina;PARTSTAT={answer};RSVP=TRUE:mailto:amina@school.example")
    if chance.random() < 0.15:  # noqa: PLR2004
        lines += ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Soon", "TRIGGER:-PT15M"]
        lines += ["REPEAT:2", "DURATION:PT5M", "END:VALARM"]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VEVENT"])


def _folded(line: str) -> str:
    return "\r\n ".join(line[at : at + 74] for at in range(0, len(line), 74))


def _zone(name: str) -> str:
    return DEFINITIONS.get(name, "").replace("\n", "\r\n")
