"""What people do in their own calendars during the week, what syncd sees of it, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from policy.availability import State as Hour
from policy.facts import Side
from policy.life import State
from policy.notice import Outcome
from policy.schedule import request_ends
from syncd.demo.arrival import clock, first_name, spoken
from syncd.demo.hours import hours
from syncd.demo.stagehand import Meeting, Play, WrongEnding, when
from syncd.status import status

_A_WEEK = timedelta(weeks=1)


def deleted_in_time(play: Play, meetings: Mapping[str, Meeting]) -> None:
    """Let a student delete a session long before its deadline."""
    meeting = meetings["in time"]
    play.chapter("Cancelled in time")
    play.until(when("Mon 14:10"))
    play.home(meeting.student).delete(play.event(meeting, Side.STUDENT))
    play.tell(
        "deleted", "Arjun cannot come on Wednesday. He deletes the session in his own calendar.", meeting
    )
    _called_off(play, meeting)
    _noticed(
        play,
        meeting,
        "Mon 14:12",
        "The event with Miriam is gone from his calendar, {left} before the deadline.",
    )
    _confirmed(play, meeting, "Mon 14:12:30")
    play.until(when("Mon 14:42"))
    play.expect(meeting, State.CANCELLED, Outcome.TIMELY)
    play.expect_event(meeting, Side.MENTOR, stands=False)
    play.tell(
        "decided",
        "For half an hour he could have put it back, and he has not. Cancelled in time: he does not lose the"
        " session, and Miriam's hour is free again.",
        meeting,
    )


def deleted_by_mistake(play: Play, meetings: Mapping[str, Meeting]) -> None:
    """Let a student delete a session and put it back."""
    meeting = meetings["by mistake"]
    play.chapter("Deleted by mistake")
    play.until(when("Mon 20:45"))
    event, home = play.event(meeting, Side.STUDENT), play.home(meeting.student)
    home.delete(event)
    play.tell("deleted", "Lena tidies up her calendar. The session with Miriam goes too.", meeting)
    _noticed(play, meeting, "Mon 20:48", "syncd sees it gone, {left} before the deadline.")
    _confirmed(play, meeting, "Mon 20:48:30")
    play.until(when("Mon 20:56"))
    home.put_back(event)
    play.tell("put back", "Lena sees what she has done, and undoes it in her calendar.", meeting)
    play.poll(when("Mon 20:58"), meeting.student)
    play.expect(meeting, State.BOOKED)
    play.expect_event(meeting, Side.MENTOR, stands=True)
    play.tell(
        "stands",
        f"The event is back within the half hour, so nothing has happened: the session stands. Miriam's"
        f" copy {_COPY[play.delivered(meeting)]}.",
        meeting,
    )


_COPY = {True: "went and came back with it", False: "was never touched"}


def given_up_by_the_mentor(play: Play, meetings: Mapping[str, Meeting]) -> None:
    """Let a mentor delete their own copy while the student's stands."""
    meeting = meetings["given up"]
    play.chapter("The mentor cannot come")
    play.until(when("Tue 17:50"))
    play.decline(meeting)
    play.tell("declined", "Jonas declines Thursday's session with Chloé, in his own calendar.", meeting)
    _noticed(play, meeting, "Tue 17:52", _ANSWERED[play.delivered(meeting)], Side.MENTOR)
    _confirmed(
        play,
        meeting,
        "Tue 17:52:30",
        "A second look: he has declined, and it still stands in Chloé's calendar.",
    )
    play.expect_event(meeting, Side.STUDENT, stands=True)
    play.until(when("Tue 18:22"))
    play.expect(meeting, State.RELEASED, Outcome.NOT_STUDENT)
    play.expect_event(meeting, Side.STUDENT, stands=False)
    play.tell(
        "decided",
        "Half an hour later Chloé's copy still stands, so it was not her doing: she is owed this session."
        " syncd takes the event out of her calendar, so that she does not wait in vain.",
        meeting,
    )


def moved_in_time(play: Play, meetings: Mapping[str, Meeting]) -> None:
    """Let a student move a session to another time before its deadline."""
    meeting = meetings["moved"]
    play.chapter("Moved to another time")
    play.until(when("Wed 10:30"))
    wanted = timedelta(minutes=90)
    play.drag(meeting, wanted)
    new = clock(meeting.start + wanted)
    play.tell(
        "moved", "Arjun drags Friday's session with Jonas from 12:30 to 14:00, in his own calendar.", meeting
    )
    play.poll(when("Wed 10:32"), meeting.student)
    found = play.expect(meeting, State.MOVING)
    request = found.request
    play.demand(
        meeting, f"a wish for {new}", f"a wish for {clock(request.to) if request and request.to else None}"
    )
    until = clock(request_ends(found, request)) if request else ""
    play.tell(
        "noticed",
        f"Moved in time, so it is two things at once: notice for Friday 12:30, and a wish for 14:00, open"
        f" until {until}. If he moved it back until then, it would be as if nothing had happened.",
        meeting,
    )


def calendar_deleted(play: Play, meetings: Mapping[str, Meeting]) -> None:
    """Let a student delete a whole calendar."""
    meeting = meetings["out of sight"]
    chloe = play.cast[meeting.student]
    title = chloe.calendar(chloe.sessions).title
    play.chapter("A calendar disappears")
    play.until(when("Wed 15:30"))
    play.home(chloe.user).delete_calendar(chloe.sessions)
    play.tell(
        "deleted",
        f'Chloé deletes the whole calendar "{title}" from her account. Thursday\'s session with Miriam stood'
        " in it, among much else.",
        meeting,
    )
    play.poll(when("Wed 15:32"), chloe.user)
    play.expect(meeting, State.INCIDENT)
    play.expect_event(meeting, Side.MENTOR, stands=True)
    named = [(each.person, each.calendar) for each in status(play.house).troubles]
    play.demand(meeting, f"status names {chloe.email}: {title}", f"status names {_names(named)}")
    if any(slot.state is Hour.FREE for slot in hours(play.house, chloe, _A_WEEK).slots):
        raise WrongEnding(f"{chloe.name}: expected unknown hours without that calendar; came free ones")
    play.tell(
        "out of sight",
        "Nobody gave notice here: syncd just cannot see any more. It decides nothing from silence. The"
        f' session stands, and "syncd status" names {chloe.name}, so that somebody asks her. Until then her'
        " hours are unknown, and nobody is offered a time with her.",
        meeting,
    )


def deleted_late(play: Play, meetings: Mapping[str, Meeting]) -> None:
    """Look at the deadline, then let a student delete the session."""
    meeting = meetings["late"]
    play.chapter("Cancelled too late")
    found = play.session(meeting)
    rules = play.house.config.rules
    play.poll(when("Wed 16:02"), meeting.student)
    proven = play.expect(meeting, State.BOOKED).proven_at_deadline
    play.demand(
        meeting,
        "proof that it stood at the deadline",
        f"{'' if proven else 'no '}proof that it stood at the deadline",
    )
    play.tell(
        "deadline",
        f"Until {clock(found.deadline)} Lena was free to cancel Thursday's session with Jonas. Exactly"
        f" {spoken(rules.lag)} later, the most that a server's answer may lag behind, syncd asks for this"
        " one event: it stands. That is the proof, whatever comes now.",
        meeting,
    )
    play.until(when("Wed 17:40"))
    play.home(meeting.student).delete(play.event(meeting, Side.STUDENT))
    left = spoken(meeting.start - play.clock.now())
    play.tell("deleted", f"{left} before the session starts, Lena deletes it in her own calendar.", meeting)
    _noticed(play, meeting, "Wed 17:42", "syncd sees it gone, {late} after the deadline.")
    _confirmed(play, meeting, "Wed 17:42:30")
    play.until(when("Wed 18:12"))
    play.expect(meeting, State.FORFEITED, Outcome.FORFEIT)
    play.expect_event(meeting, Side.MENTOR, stands=False)
    play.tell(
        "decided",
        "Not put back within the half hour either. It is proven that the session stood at its deadline and was"
        " deleted later, so it counts as used. Jonas's calendar is free again.",
        meeting,
    )


def left_unanswered(play: Play, meetings: Mapping[str, Meeting]) -> None:
    """Let the wish for another time lapse."""
    meeting = meetings["moved"]
    play.chapter("The wish for another time, a day later")
    found = play.expect(meeting, State.MOVING)
    if found.request is not None:
        play.until(request_ends(found, found.request))
    play.expect(meeting, State.CANCELLED, Outcome.TIMELY)
    for side in Side:
        play.expect_event(meeting, side, stands=False)
    play.tell(
        "decided",
        "Nobody has answered, and Arjun has not moved it back. His notice for Friday was in time, so he does"
        " not lose the session. The event is gone from both calendars.",
        meeting,
    )


def _called_off(play: Play, meeting: Meeting) -> None:
    """Look at the mentor's calendar, where the student's server has called the session off by itself."""
    if play.delivered(meeting):
        play.expect_event(meeting, Side.MENTOR, stands=False)
        play.tell(
            "called off",
            "His calendar server tells Miriam's calendar at once, as it does for any meeting: the event there"
            " is cancelled.",
            meeting,
        )


# --- what comes after every deletion -------------------------------------------------


def _noticed(play: Play, meeting: Meeting, at: str, what: str, side: Side = Side.STUDENT) -> None:
    # A mentor's answer may come by way of the student's own event.
    play.poll(when(at), meeting.student, *([meeting.mentor] if side is Side.MENTOR else []))
    found = play.expect(meeting, State.NOTICED)
    left = found.deadline - play.clock.now()
    play.tell("noticed", what.format(left=spoken(left), late=spoken(-left)), meeting)


_ANSWERED = {
    True: "The server has passed his answer on, and syncd reads it in Chloé's calendar.",
    False: "syncd sees his answer in Jonas's calendar.",
}
_STILL = "A second look half a minute later: still gone, and in none of {whose} other calendars."


def _confirmed(play: Play, meeting: Meeting, at: str, what: str = _STILL) -> None:
    play.until(when(at))
    found = play.expect(meeting, State.NOTICED)
    confirmed = found.act.confirmed is not None
    play.demand(meeting, "an act seen twice", "an act seen twice" if confirmed else "an act seen once")
    whose = f"{first_name(play.cast[meeting.student])}'s"
    play.tell("confirmed", what.format(whose=whose), meeting)


def _names(troubles: list[tuple[str, str | None]]) -> str:
    return ", ".join(f"{person}: {calendar}" for person, calendar in troubles) or "nobody"
