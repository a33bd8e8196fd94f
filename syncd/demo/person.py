"""What the demo knows of a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from syncd.demo.calendars import Calendar

MONDAY = date(2026, 10, 12)
"""The story's first Monday: two weeks before Europe's clocks change and three before America's."""


@dataclass(frozen=True, slots=True)
class Known:
    """What one hour is, worked out by hand from the calendars."""

    hour: datetime
    """The wall time at which it starts, in the person's zone."""
    state: Literal["free", "busy"]
    because: str


def free(hour: str, because: str) -> Known:
    """Return that the person is free in the hour that starts at *hour*, on their own wall clock."""
    return Known(datetime.fromisoformat(hour), "free", because)


def busy(hour: str, because: str) -> Known:
    """Return that the person is busy in the hour that starts at *hour*, on their own wall clock."""
    return Known(datetime.fromisoformat(hour), "busy", because)


@dataclass(frozen=True, slots=True)
class Person:
    """A student or a mentor of the demo, with everything that stands in their calendars."""

    user: str
    """Their name on the calendar server."""
    password: str
    name: str
    email: str
    role: Literal["student", "mentor"]
    zone: str
    weekly: str
    """The hours they highlighted, as ``syncd person add --weekly`` reads them."""
    calendars: tuple[Calendar, ...]
    sessions: str
    """The name of the calendar in which they want their sessions."""
    known: tuple[Known, ...]
    """Right only where the calendars begin at :data:`MONDAY`, with tentative events counted as busy."""
    server: Literal["xandikos", "radicale", "google"] = "xandikos"
    """The program that keeps their calendars."""
    named_after: str = ""
    """The calendar that bears their address at Google, if it is another than that of their sessions."""

    @property
    def primary(self) -> str:
        """The name of the calendar that bears their address at Google, where no such calendar can be deleted."""
        return self.named_after or self.sessions

    def local(self, hour: datetime) -> datetime:
        """Return a wall time of theirs as an aware one."""
        return hour.replace(tzinfo=ZoneInfo(self.zone))

    def calendar(self, name: str) -> Calendar:
        """Return one of their calendars.

        :raises KeyError: if they have none of that name.
        """
        return {one.name: one for one in self.calendars}[name]
