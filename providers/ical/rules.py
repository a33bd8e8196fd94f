"""Recurrence rules (RFC 5545, 3.3.10), refused before they can run away.

dateutil expands them on the wall clock of the event's zone; it cannot be stopped from
outside, so a rule is looked at first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import prod

from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

from providers.ical.limits import Limits
from providers.ical.literals import date_of
from providers.ical.notes import FAULTS, Note, Unclear

_STEP = {"HOURLY": timedelta(hours=1), "DAILY": timedelta(days=1), "WEEKLY": timedelta(weeks=1)}
_SLOW = {"MONTHLY": timedelta(days=28), "YEARLY": timedelta(days=365)}
_FAST = frozenset({"SECONDLY", "MINUTELY"})
_WEEKDAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER = re.compile(r"[+-]?[0-9]{1,5}")


def _within(low: int, high: int, *, signed: bool = False) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        if not _NUMBER.fullmatch(text):
            return False
        number = int(text)
        return low <= (abs(number) if signed else number) <= high

    return fits


_LISTS: Mapping[str, Callable[[str], bool]] = {
    "BYSECOND": _within(0, 59),
    "BYMINUTE": _within(0, 59),
    "BYHOUR": _within(0, 23),
    "BYDAY": lambda text: _WEEKDAY.fullmatch(text) is not None,
    "BYMONTHDAY": _within(1, 31, signed=True),
    "BYYEARDAY": _within(1, 366, signed=True),
    "BYWEEKNO": _within(1, 53, signed=True),
    "BYMONTH": _within(1, 12),
    "BYSETPOS": _within(1, 366, signed=True),
}
_SINGLES = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"})
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
_DAYS_IN = {"HOURLY": 1, "DAILY": 1, "MONTHLY": 31, "YEARLY": 366}
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that ends in bounded time."""

    freq: str
    text: str
    """The rule without UNTIL, which is compared by instants and not by dateutil."""
    interval: int
    counted: bool
    until: date | None
    """A date, a wall time, or an instant in UTC."""

    def starts(self, first: datetime, low: datetime, high: datetime, limits: Limits) -> Iterator[datetime]:
        """Yield the wall times of the rule from *low* to *high*; *first* is DTSTART.

        :raises Unclear: if it takes too many steps to get there.
        """
        begin = first if self.counted else self._skip(first, low)
        step = (_STEP | _SLOW)[self.freq] * self.interval
        if (high - begin) / step > limits.steps:
            raise Unclear(Note.RULE_TOO_LONG)
        try:
            for wall in rrulestr(self.text, dtstart=begin):
                if wall > high:
                    return
                if wall >= low:
                    yield wall
        except FAULTS:
            raise Unclear(Note.RULE_UNREADABLE) from None

    def _skip(self, first: datetime, low: datetime) -> datetime:
        """Return a start that yields the same from *low* on: hours, days and weeks are all alike."""
        if self.freq not in _STEP or low <= first:
            return first
        step = _STEP[self.freq] * self.interval
        return first + max(0, (low - first) // step - 1) * step


def parse(value: str, limits: Limits) -> Rule:
    """Return the rule of an RRULE.

    :raises Unclear: if it is wrong, or so fast, wide or empty that expanding it might not end.
    """
    parts = _parts(value)
    freq = parts.get("FREQ", "")
    if freq in _FAST:
        raise Unclear(Note.RULE_TOO_FAST)
    if freq not in _STEP | _SLOW:
        raise Unclear(Note.RULE_UNREADABLE)
    lists = {name: parts[name].split(",") for name in parts if name in _LISTS}
    if not all(_LISTS[name](text) for name, texts in lists.items() for text in texts):
        raise Unclear(Note.RULE_UNREADABLE)
    if prod(len(texts) for texts in lists.values()) > limits.product:
        raise Unclear(Note.RULE_TOO_WIDE)
    if _empty(freq, lists):
        raise Unclear(Note.RULE_NEVER_MATCHES)
    interval = _positive(parts.get("INTERVAL", "1"), limits.interval)
    if "COUNT" in parts:
        _positive(parts["COUNT"], limits.steps * limits.product)
    text = ";".join(f"{name}={part}" for name, part in parts.items() if name != "UNTIL")
    return Rule(freq, text, interval, "COUNT" in parts, _until(parts.get("UNTIL")))


def _parts(value: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for piece in value.strip().strip(";").upper().split(";"):
        name, equals, part = piece.strip().partition("=")
        # RSCALE and SKIP (RFC 7529) count in another calendar; half a rule is no rule.
        if not equals or not part or name in parts or name not in _SINGLES | _LISTS.keys():
            raise Unclear(Note.RULE_UNREADABLE)
        parts[name] = part.strip()
    return parts


def _positive(text: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", text) or not 1 <= int(text) <= most:
        raise Unclear(Note.RULE_UNREADABLE)
    return int(text)


def _until(text: str | None) -> date | None:
    return None if text is None else date_of(text, Note.RULE_UNREADABLE)


def _empty(freq: str, lists: Mapping[str, list[str]]) -> bool:
    """Tell whether nothing in any year can match: dateutil would search until the year 9999."""
    # RFC 5545 knows these three for slower rules only, and they contradict each other unseen.
    if freq in _STEP and ("BYWEEKNO" in lists or "BYYEARDAY" in lists):
        return True
    months = [int(month) for month in lists.get("BYMONTH", ())] or range(1, 13)
    days = [abs(int(day)) for day in lists.get("BYMONTHDAY", ())] or [1]
    if min(days) > max(_MONTH_DAYS[month - 1] for month in months):
        return True
    if "BYSETPOS" in lists:
        times = prod(len(lists.get(name, "1")) for name in _TIMES[freq == "HOURLY" :])
        most = times * _DAYS_IN.get(freq, len(lists.get("BYDAY", "1")))
        return min(abs(int(position)) for position in lists["BYSETPOS"]) > most
    return False
