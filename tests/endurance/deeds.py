"""What people did, and exactly when: the truth that verdicts are measured by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of a session by people's doing."""

    NOTHING = "nothing"
    DELETED = "deleted"
    DECLINED = "declined"
    MARKED = "marked as cancelled"
    MOVED = "moved"
    MOVED_BACK = "moved and moved back"
    MOVED_DELETED = "moved and deleted"
    RESTORED = "deleted and restored"
    RETITLED = "retitled"
    CARRIED = "carried to another calendar"
    MENTOR_DELETED = "deleted by the mentor"
    SAID = "cancelled by the student's word"
    MENTOR_SAID = "cancelled by the mentor's word"
    SCHOOL_SAID = "cancelled by the school's word"


REMOVALS = frozenset({Fate.DELETED, Fate.DECLINED, Fate.MARKED})
WORDS = frozenset({Fate.SAID, Fate.MENTOR_SAID, Fate.SCHOOL_SAID})


@dataclass(frozen=True, slots=True)
class Deed:
    """One act of somebody: it took effect between these instants."""

    began: datetime
    ended: datetime


@dataclass(slots=True)
class Record:
    """One session as its people know it."""

    id: str
    start: datetime
    fate: Fate
    late: bool
    """It is meant to happen after the deadline."""
    far: bool
    """It starts long after everything here is over."""
    deeds: list[Deed] = field(default_factory=list)
    skipped: str | None = None
    """Why its fate did not come about."""
