"""Calendar documents, written out short."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from policy.interval import Interval
from providers.base import BusyTime, Owner
from providers.ical import Document, Series, read

BERLIN = Owner(ZoneInfo("Europe/Berlin"), frozenset({"me@school.example"}))
NEW_YORK = Owner(ZoneInfo("America/New_York"))


def at(text: str) -> datetime:
    """Return the instant of ``2026-03-29 08:00``, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def between(start: str, end: str) -> Interval:
    return Interval(at(start), at(end))


def event(*lines: str, uid: str = "one") -> str:
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT"])


def document(*components: str) -> bytes:
    text = "\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//EN", *components, "END:VCALENDAR", ""]
    )
    return text.replace("\n", "\r\n").encode()


def read_in(window: Interval, *components: str, owner: Owner = BERLIN) -> Document:
    return read(document(*components), owner, window)


def series_in(window: Interval, *components: str, owner: Owner = BERLIN) -> Series:
    (series,) = read_in(window, *components, owner=owner).series
    return series


def time_in(window: Interval, *components: str, owner: Owner = BERLIN) -> BusyTime:
    return series_in(window, *components, owner=owner).time


def shown(intervals: tuple[Interval, ...]) -> list[str]:
    """Return intervals as ``03-29 08:00-09:00``, the end with its day where that is another."""
    return [_shown(one) for one in intervals]


def _shown(one: Interval) -> str:
    same = one.start.date() == one.end.date()
    return f"{one.start:%m-%d %H:%M}-{one.end:{'%H:%M' if same else '%m-%d %H:%M'}}"
