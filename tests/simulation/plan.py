"""What will happen in a school, known before anything runs, so that it can be shrunk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from tests.simulation.weather import DAY, HOUR, Spell

START = datetime(2026, 10, 23, 6, tzinfo=UTC)
"""A Friday: clocks go back in Europe on the Sunday after it, and in America a week later."""


class Act(StrEnum):
    """What somebody does."""

    REMOVE = "remove"
    DECLINE = "decline"
    CANCEL = "cancel"
    RESTORE = "restore"
    MOVE = "move"
    BACK = "move back"
    EDIT = "edit"
    LENGTHEN = "lengthen"
    ALL_DAY = "all day"
    CARRY = "carry"
    CARRY_OUT = "carry out"
    MIRROR = "mirror"
    IMPORT = "import"
    STRIP = "strip"
    BLEACH = "bleach"
    """A tool takes our mark off."""
    ASK = "ask"
    MENTOR_REMOVE = "mentor removes"
    MENTOR_DECLINE = "mentor declines"
    MENTOR_GUEST = "mentor declines in the student's event"
    MENTOR_RESTORE = "mentor restores"
    MENTOR_MOVE = "mentor moves"
    MENTOR_ASK = "mentor asks"
    SCHOOL_ASK = "school asks"
    DROP_CALENDAR = "drop calendar"
    REVOKE = "revoke"
    DISCONNECT = "disconnect"
    RECONNECT = "reconnect"
    RELEASE = "release"
    DISMISS = "dismiss"
    AGREE = "agree"


COMMANDS = frozenset(
    {
        Act.ASK,
        Act.MENTOR_ASK,
        Act.SCHOOL_ASK,
        Act.DISCONNECT,
        Act.RECONNECT,
        Act.RELEASE,
        Act.DISMISS,
        Act.AGREE,
    }
)
"""What is done by a command of the program, and not in a calendar."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One act of somebody at a moment."""

    at: datetime
    act: Act
    meeting: int = -1
    """The number of the session; -1 if it is about none."""
    person: str = ""
    size: float = 0.0
    """Hours, where something is moved."""

    def __str__(self) -> str:
        """Say it in one line."""
        whom = f"session {self.meeting}" if self.meeting >= 0 else self.person
        return f"{self.at:%m-%d %H:%M:%S} {self.act} {whom} {self.size or ''}".rstrip()


@dataclass(frozen=True, slots=True)
class Meeting:
    """One session as it will be agreed."""

    number: int
    student: str
    mentor: str
    agreed_at: datetime
    start: datetime

    @property
    def deadline(self) -> datetime:
        """When the deadline is, if the event is written without delay."""
        return min(self.start, max(self.start - DAY, self.agreed_at + HOUR))


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole play."""

    seed: int
    students: tuple[str, ...]
    mentors: tuple[str, ...]
    home: tuple[tuple[str, int], ...]
    """On which server everybody's calendars are."""
    schedules: tuple[tuple[bool, bool], ...]
    """What each server does by itself: invite guests, and take their copies away."""
    google: frozenset[int] = field(default=frozenset(), kw_only=True)
    """Which servers are like Google."""
    wired: bool = field(default=False, kw_only=True)
    """The servers speak CalDAV to the program's own adapter."""
    unconnected: frozenset[str]
    """Mentors who connect nothing."""
    every: timedelta
    near: timedelta
    meetings: tuple[Meeting, ...]
    deeds: tuple[Deed, ...]
    spells: tuple[Spell, ...]

    @property
    def end(self) -> datetime:
        """When all of it is over."""
        return max((each.start for each in self.meetings), default=START) + 8 * HOUR
