"""Rules of recurrence as the generator draws them: each can tell of any one day whether it is meant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

_NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LAST_SAFE_DAY = 28
"""Every month has it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule from its first day on."""

    freq: str
    interval: int
    weekdays: tuple[int, ...] = ()
    nth: bool = False
    """Whether a month's rule goes by the weekday in the month and not by its number."""
    count: int | None = None
    until: datetime | None = None
    """The last start, as the wall clock of the event shows it."""

    def means(self, first: date, day: date) -> bool:
        """Tell whether *day* is one of the rule that begins on *first*."""
        months = (day.year - first.year) * 12 + day.month - first.month
        match self.freq:
            case "DAILY":
                return (day - first).days % self.interval == 0
            case "WEEKLY":
                return _weeks(first, day) % self.interval == 0 and day.weekday() in self.weekdays
            case "MONTHLY" if self.nth:
                same = (day.weekday(), (day.day - 1) // 7) == (first.weekday(), (first.day - 1) // 7)
                return same and months % self.interval == 0
            case "MONTHLY":
                return day.day == first.day and months % self.interval == 0
            case _:
                return (day.month, day.day) == (first.month, first.day)

    def text(self, until: Callable[[datetime], str]) -> str:
        """Return the rule as RFC 5545, 3.3.10, writes it; *until* writes its end."""
        parts = [f"FREQ={self.freq}"]
        if self.interval > 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.freq == "WEEKLY":
            parts.append(f"BYDAY={','.join(_NAMES[day] for day in self.weekdays)}")
        elif self.nth:
            parts.append(f"BYDAY={self.weekdays[1]}{_NAMES[self.weekdays[0]]}")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            parts.append(f"UNTIL={until(self.until)}")
        return ";".join(parts)


def a_rule(chance: Random, start: datetime) -> Rule:
    """Return a rule whose first day is that of *start*."""
    freq = chance.choices(("DAILY", "WEEKLY", "MONTHLY", "YEARLY"), (15, 60, 18, 7))[0]
    if freq in {"MONTHLY", "YEARLY"} and start.day > _LAST_SAFE_DAY:
        freq = "DAILY"
    interval = 1 if freq == "YEARLY" else chance.choice((1, 1, 2, 3))
    count, until = _end(chance, start, freq)
    nth = freq == "MONTHLY" and chance.random() < 0.5  # noqa: PLR2004 - a coin
    weekdays: tuple[int, ...] = ()
    if freq == "WEEKLY":
        weekdays = tuple(sorted({start.weekday(), *chance.sample(range(7), chance.randint(0, 2))}))
    elif nth:
        weekdays = (start.weekday(), (start.day - 1) // 7 + 1)
    return Rule(freq, interval, weekdays, nth, count, until)


def _end(chance: Random, start: datetime, freq: str) -> tuple[int | None, datetime | None]:
    kind = chance.choice(("never", "never", "count", "until"))
    if kind == "count":
        return chance.randint(2, 10 if freq == "YEARLY" else 200), None
    if kind == "until":
        return None, start + timedelta(weeks=chance.randint(3, 170))  # often itself the last day
    return None, None


def _weeks(first: date, day: date) -> int:
    monday = timedelta(days=1)
    return ((day - monday * day.weekday()) - (first - monday * first.weekday())).days // 7
