"""The event that a session becomes: the only text of ours that people read in their calendars."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from policy.facts import Side
from policy.life import Session
from policy.notice import deadline
from policy.rules import shown
from providers.base import Attendee, EventDraft, PartStat
from syncd.store.rows import Person


def uid(session_id: str, generation: int) -> str:
    """Return the UID of a session's event: ours, unguessable, and never used twice."""
    return f"syncd-{session_id}-{generation}"


def draft(
    session: Session,
    student: Person,
    mentor: Person,
    side: Side,
    *,
    generation: int,
    sequence: int,
    at: datetime,
    silent: bool = True,
    refused: bool = False,
) -> EventDraft:
    """Return the event of *session* as it is to stand in the calendar on *side*.

    The server tells the guests of it by itself unless it is *silent*. The mentor is asked, or has *refused*.
    """
    reader, other = (student, mentor) if side is Side.STUDENT else (mentor, student)
    return EventDraft(
        uid=uid(session.id, generation),
        session=session.id,
        start=session.start,
        end=session.end,
        summary=f"Mentoring: {other.name}",
        description=_TEXT[side](session, other, ZoneInfo(reader.zone), at),
        organizer=Attendee(student.email, student.name),
        attendees=(
            Attendee(student.email, student.name, PartStat.ACCEPTED),
            Attendee(mentor.email, mentor.name, PartStat.DECLINED if refused else PartStat.NEEDS_ACTION),
        ),
        stamp=at.replace(microsecond=0),
        sequence=sequence,
        silent=silent,
    )


def _for_student(session: Session, other: Person, zone: ZoneInfo, at: datetime) -> str:
    free_until = deadline(session.start, session.agreed_at, at, session.rules)
    return "\n".join(
        (
            f"Your mentoring session with {other.name}.",
            "",
            f"Free to cancel until {local(free_until, zone)}.",
            "To cancel, delete or decline this event: that is your notice, once your calendar's server has it.",
            f"Changed your mind? Restore it within {shown(session.rules.hold)}, and nothing has happened.",
            "To ask for another time, move the event before the deadline.",
            "Later than that, the session counts as used.",
            "",
            "First time with this mentor? Think of what you want to reach, and how you like to work.",
        )
    )


def _for_mentor(session: Session, other: Person, zone: ZoneInfo, at: datetime) -> str:
    del zone, at
    return "\n".join(
        (
            f"Mentoring session with {other.name}.",
            "",
            "Cannot make it? Delete or decline this event: the student is offered new times and loses nothing.",
            f"Restored within {shown(session.rules.hold)}, it stands as before.",
        )
    )


_TEXT = {Side.STUDENT: _for_student, Side.MENTOR: _for_mentor}


def local(moment: datetime, zone: ZoneInfo) -> str:
    """Return *moment* on the wall clock of *zone*, with the zone's name."""
    there = moment.astimezone(zone)
    clock = "%H:%M:%S" if there.second else "%H:%M"
    return f"{there:%a} {there.day} {there:%b %Y} {there.strftime(clock)} ({zone.key})"
