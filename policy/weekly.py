"""Weekly hours: wall times that come back every week, in a person's own zone.

Rule 1: a span covers every real instant whose wall clock lies in it, and no other. So a
span over the repeated hour is open in both passes, a span inside the skipped hour is open
for no instant at all that day, and hours stay at their wall time across clock changes.
Rule 2: between two changes of offset the wall clock runs as fast as UTC, so the week is
laid over each steady piece by adding alone, and no wall time is ever resolved by ``fold``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from policy.interval import Interval, merge

DAY = 1440
"""Minutes of a wall-clock day."""
WEEK = 7 * DAY
EXAMPLE = "Mon-Fri 16:00-21:00, Sat 10:00-14:00"
NEVER = "never"
"""How a week without hours is written."""

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHORT = tuple(day[:3] for day in _DAYS)
_LEAST_LETTERS = 2
_SPAN = re.compile(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)", re.ASCII)
_ROUGH_TIME = re.compile(r"([01]?\d|2[0-4])(?:[:.h]?([0-5]\d))?(am|pm)?", re.ASCII | re.IGNORECASE)
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
# No zone has ever changed twice within three days (the closest: Freetown, June 1939, four days).
_PROBE = timedelta(days=1)
_SECOND = timedelta(seconds=1)

Span = tuple[int, int]
"""From and to, in minutes of the wall clock, half-open."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """The wall-clock minutes of a week at which a person can be met."""

    spans: tuple[Span, ...] = ()
    """Minutes since Monday 00:00, sorted, merged; none crosses the end of the week."""

    def __post_init__(self) -> None:
        for start, end in self.spans:
            if not 0 <= start < end <= WEEK:
                raise ValueError(f"not a span of minutes within one week: {start} - {end}")
        object.__setattr__(self, "spans", _merged(self.spans))

    @classmethod
    def parse(cls, text: str) -> Weekly:
        """Read weekly hours like ``Mon-Fri 16:00-21:00, Sat 10:00-14:00``.

        Days: names, lists (``Mon, Wed``), ranges (``Sat-Mon`` wraps). Hours: one or more spans
        after the days; ``24:00`` is an end; an end at or before its start is on the next day.

        :raises ValueError: if it cannot be read; it names the piece and the nearest match.
        """
        if text.strip().lower() == NEVER:
            return cls()
        return cls(tuple(_Reading(text).spans()))

    def __str__(self) -> str:
        """Return the hours in the form that :meth:`parse` reads."""
        pieces: list[str] = []
        days = _shown_days(self.spans)
        for hours in dict.fromkeys(hours for hours in days if hours):
            named = _shown_names([day for day in range(7) if days[day] == hours])
            pieces.append(f"{named} {', '.join(hours)}")
        return ", ".join(pieces) or NEVER

    def intervals(self, zone: ZoneInfo, window: Interval) -> tuple[Interval, ...]:
        """Return the instants of *window* whose wall clock in *zone* lies in these hours, merged."""
        return merge(
            shown
            for piece, offset in steady_pieces(zone, window)
            for one in self._laid(piece, offset)
            if (shown := one.clip(piece)) is not None
        )

    def _laid(self, piece: Interval, offset: timedelta) -> Iterator[Interval]:
        wall = piece.start + offset
        week = wall.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=wall.weekday())
        week -= offset
        while week < piece.end:
            for start, end in self.spans:
                yield Interval(week + timedelta(minutes=start), week + timedelta(minutes=end))
            week += timedelta(minutes=WEEK)


def steady_pieces(zone: ZoneInfo, window: Interval) -> Iterator[tuple[Interval, timedelta]]:
    """Yield *window* in the pieces in which *zone* keeps one offset, in order, each with its offset."""
    start = at = window.start
    offset = _offset(zone, at)
    while at < window.end:
        to = min(at + _PROBE, window.end)
        after = _offset(zone, to)
        if after == offset:
            at = to
            continue
        at = _change(zone, at, to)
        yield Interval(start, at), offset
        start, offset = at, after
    if start < window.end:
        yield Interval(start, window.end), offset


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).replace(tzinfo=UTC) - at


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the first instant past *before* with the offset of *after*; changes fall on whole seconds."""
    new = _offset(zone, after)
    while after - before > _SECOND:
        middle = before + (after - before) / 2
        if _offset(zone, middle) == new:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


class _Reading:
    """One text on its way to spans: the days named last wait for their hours."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.days: list[int] = []
        self.waiting = ""

    def spans(self) -> Iterator[Span]:
        plain = "-".join(end.strip() for end in self.text.translate(_DASHES).split("-"))
        for piece in re.split(r"[,;\n]", plain):
            words = piece.split()
            if not words:
                raise self.wrong(repr(piece), "has neither a day nor hours")
            yield from self._piece(words)
        if self.waiting:
            raise self.wrong(repr(self.waiting), "has no hours")

    def _piece(self, words: Sequence[str]) -> Iterator[Span]:
        hours = False
        for word in words:
            if word[0].isdecimal():
                hours = True
                yield from self._hours(word)
            elif hours:
                raise self.wrong(repr(word), "comes after hours; put a comma before it")
            else:
                self._name(word)

    def _name(self, word: str) -> None:
        if not self.waiting:
            self.days = []
        names = word.rstrip(":").split("-")
        if len(names) > 2:  # noqa: PLR2004 - from and to
            raise self.wrong(repr(word), "is not a range of days")
        first, last = self._day(names[0]), self._day(names[-1])
        count = (last - first) % 7 + 1
        self.days += [(first + ahead) % 7 for ahead in range(count)]
        self.waiting = word

    def _day(self, name: str) -> int:
        low = name.lower()
        if len(low) >= _LEAST_LETTERS:
            for number, day in enumerate(_DAYS):
                if day.lower().startswith(low):
                    return number
        known = {day.lower(): day for day in (*_SHORT, *_DAYS, NEVER)}
        near = get_close_matches(low, known, n=1)
        raise self.wrong(repr(name), "is not a day", *map(known.get, near))

    def _hours(self, word: str) -> Iterator[Span]:
        if not self.days:
            raise self.wrong(repr(word), "has no day")
        start, end = self._times(word)
        length = end - start if end > start else end - start + DAY
        self.waiting = ""
        for day in self.days:
            first = day * DAY + start
            last = first + length
            yield first, min(last, WEEK)
            if last > WEEK:
                yield 0, last - WEEK

    def _times(self, word: str) -> Span:
        found = _SPAN.fullmatch(word)
        if found is None:
            raise self.wrong(repr(word), "is not a span of hours", _guess(word))
        hour, minute, to_hour, to_minute = map(int, found.groups())
        start, end = hour * 60 + minute, to_hour * 60 + to_minute
        if max(minute, to_minute) > 59 or max(start, end) > DAY:  # noqa: PLR2004 - a clock's face
            raise self.wrong(repr(word), "names a time that no clock shows")
        if start == DAY:
            raise self.wrong(repr(word), "starts at 24:00, which is an end; use 00:00 of the next day")
        if start == end:
            raise self.wrong(repr(word), "is empty; a whole day is 00:00-24:00")
        return start, end

    def wrong(self, piece: str, what: str, near: str | None = None) -> ValueError:
        """Return the error that says what is wrong with *piece*."""
        hint = f"; did you mean {near}?" if near else "."
        where = "" if piece == repr(self.text) else f" in {self.text!r}"
        return ValueError(f'{piece}{where} {what}{hint} Write weekly hours like "{EXAMPLE}", or "{NEVER}"')


def _guess(word: str) -> str | None:
    ends = [_ROUGH_TIME.fullmatch(end) for end in word.split("-")]
    times = [_time(*found.groups()) for found in ends if found]
    guess = "-".join(times)
    return guess if len(times) == len(ends) and _SPAN.fullmatch(guess) else None


def _time(hour: str, minute: str | None, half: str | None) -> str:
    number = int(hour)
    if half:
        number = number % 12 + (12 if half.lower() == "pm" else 0)
    return f"{number:02}:{minute or '00'}"


def _shown_days(spans: Iterable[Span]) -> list[tuple[str, ...]]:
    days: list[list[Span]] = [[] for _ in _DAYS]
    for start, end in spans:
        for day in range(start // DAY, -(-end // DAY)):
            days[day].append((max(start - day * DAY, 0), min(end - day * DAY, DAY)))
    for today, tomorrow in zip(days, [*days[1:], days[0]], strict=True):
        _carry(today, tomorrow)
    return [tuple(f"{_clock(start)}-{_clock(end)}" for start, end in day) for day in days]


def _carry(today: list[Span], tomorrow: list[Span]) -> None:
    """Show the early hours of *tomorrow* as the end of an evening of *today*, where that reads back."""
    if not (today and tomorrow):
        return
    start, end = today[-1]
    early, until = tomorrow[0]
    if start < end == DAY and early == 0 and until < start:
        today[-1] = (start, until)
        del tomorrow[0]


def _shown_names(days: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join("-".join(dict.fromkeys((_SHORT[run[0]], _SHORT[run[-1]]))) for run in runs)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
