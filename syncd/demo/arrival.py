"""How the story begins: people connect their calendars, hours are found, sessions are agreed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from policy.facts import Side
from policy.life import State
from syncd.demo.hours import common, differences, hours
from syncd.demo.person import Known, Person
from syncd.demo.school import ZONE, join
from syncd.demo.stagehand import Meeting, Play, WrongEnding
from syncd.free import Free
from syncd.house import GOOGLE
from syncd.sessions import agree
from syncd.sync import sync_now

_HOUR = timedelta(hours=1)
_TWO_WEEKS = timedelta(weeks=2)
_CITIES = {"Europe/Berlin": "Berlin", "Asia/Kolkata": "India", "America/New_York": "New York"}
_CITIES |= {"Europe/London": "London"}
_AT = {GOOGLE: ", with Google"}
_TOLD = {
    "lena": ("2026-10-20 12:00", "2026-10-22 11:00", "2026-10-23 09:00"),
    "arjun": ("2026-10-14 12:00", "2026-10-20 10:00", "2026-10-23 18:00"),
    "chloe": ("2026-10-23 19:00", "2026-10-25 13:00", "2026-10-31 15:00"),
}
"""Hours of each student that are worth a word, on their own clocks."""


def opening(play: Play) -> None:
    """Say what is going to be seen."""
    rules = play.house.config.rules
    play.chapter(
        "syncd: one week at a school, in a few seconds",
        f"Three students meet two mentors, one to one. Who cannot come needs no other app: they delete"
        f" the session in their own calendar, {spoken(rules.notice)} before it starts or earlier. Then it is"
        f" not lost. What follows really happens, on {_where(play)}; only the"
        f" clock is moved. Times are those of {_CITIES[ZONE.key]}.",
        _let_in(play),
    )


def _at_google(play: Play) -> list[str]:
    return [first_name(person) for person in play.cast.values() if person.server == GOOGLE]


def _where(play: Play) -> str:
    match len(_at_google(play)):
        case 0:
            return "two calendar servers on this computer"
        case some if some < len(play.cast):
            return "three calendar servers on this computer, one of them a small Google"
    return "a small Google on this computer"


def _let_in(play: Play) -> str:
    given = "gives syncd the address of their calendar server, a name and a password"
    match _at_google(play):
        case []:
            return f"Each of the five {given}."
        case some if len(some) < len(play.cast):
            return f"{' and '.join(some)} say yes to syncd on Google's page. Each of the others {given}."
    return "Each of the five says yes to syncd on Google's page."


def connected(play: Play) -> None:
    """Add everybody to the school and connect their calendars.

    :raises ProviderError: if an account cannot be connected.
    """
    for person in play.cast.values():
        done = join(play.house, play.town, person)
        names = " and ".join(f'"{entry.name}"' for entry in done.busy)
        play.tell(
            "connected",
            f"{person.name}, {person.role} in {_CITIES[person.zone]}{_AT.get(person.server, '')}:"
            f' calendars {names}; sessions will go into "{done.sessions.name}".',
        )


# --- hours ---------------------------------------------------------------------------


def hours_known(play: Play) -> None:
    """Find everybody's hours, check them against those worked out by hand, and find what people have in common.

    :raises WrongEnding: if one hour is otherwise.
    """
    play.chapter(
        "When can they meet?", "Only busy and free are read out of the calendars; titles are not kept."
    )
    found = {user: hours(play.house, person) for user, person in play.cast.items()}
    for user, worth_telling in _TOLD.items():
        _tell_hours(play, play.cast[user], found[user], worth_telling)
    checked = sum(_check(person, found[user]) for user, person in play.cast.items())
    play.tell(
        "checked",
        f"{checked} hours, over clock changes, moved lectures and half-hour zones, were worked out by hand"
        " beforehand: all agree.",
    )
    play.tell("in common", "\n".join(_in_common(play, found)))


def _check(person: Person, found: Free) -> int:
    for known, state in differences(person, found):
        raise WrongEnding(
            f"{person.name}, {known.hour:%a %d %b %Y %H:%M}: expected {known.state} ({known.because}); came {state}; "
            "this is an error in syncd: show it to whoever looks after it"
        )
    return len(person.known)


def _tell_hours(play: Play, person: Person, found: Free, worth_telling: Sequence[str]) -> None:
    states = {slot.start: slot.state.value for slot in found.slots}
    picked = {f"{known.hour:%Y-%m-%d %H:%M}": known for known in person.known}
    lines = [_hour(picked[hour], states[person.local(picked[hour].hour)]) for hour in worth_telling]
    free = sum(state == "free" for start, state in states.items() if start < play.clock.now() + _TWO_WEEKS)
    whose = (
        f"{first_name(person)} has {free} free hours in two weeks. On the clock in {_CITIES[person.zone]}:"
    )
    play.tell("hours", "\n".join((whose, *lines)))


def _hour(known: Known, state: str) -> str:
    return f"{known.hour:%a %d %b %H:%M} {state}: {known.because}"


def _in_common(play: Play, found: Mapping[str, Free]) -> list[str]:
    end = play.clock.now() + _TWO_WEEKS
    students = [user for user, person in play.cast.items() if person.role == "student"]
    mentors = [user for user, person in play.cast.items() if person.role == "mentor"]
    lines = ["Hours in two weeks that two people both have free:"]
    for student, mentor in product(students, mentors):
        count = sum(start < end for start in common(found[student], found[mentor]))
        lines.append(
            f"{first_name(play.cast[student]):<5} and {first_name(play.cast[mentor]):<6}  {count:>2}"
        )
    return lines


# --- sessions ------------------------------------------------------------------------


def agreed(play: Play, meetings: Sequence[Meeting]) -> Mapping[str, Meeting]:
    """Commit the sessions, each in an hour that both have free, and have them written into the calendars.

    :raises WrongEnding: if one does not come to stand in both calendars.
    """
    play.chapter(
        "Six sessions",
        "Each lies in an hour that both have free. Both said yes, and syncd writes an event for each.",
    )
    for meeting in meetings:
        _agree(play, meeting)
    sync_now(play.house, soon=timedelta(0))
    for meeting in meetings:
        found = play.expect(meeting, State.BOOKED)
        for side in Side:
            play.expect_event(meeting, side, stands=True)
        play.tell("booked", _booked(play, meeting, found.deadline), meeting)
    _invited(play, meetings)
    return {meeting.key: meeting for meeting in meetings}


def _agree(play: Play, meeting: Meeting) -> None:
    student, mentor = play.cast[meeting.student], play.cast[meeting.mentor]
    if meeting.start not in common(hours(play.house, student), hours(play.house, mentor)):
        raise WrongEnding(
            f"{student.name} and {mentor.name}: expected a common free hour at {meeting.start}; came none"
        )
    session, _ = agree(play.house, student.email, mentor.email, meeting.start, _HOUR, None)
    play.ids[meeting.key] = session.id


def _invited(play: Play, meetings: Sequence[Meeting]) -> None:
    """Look at who wrote what: where a student's server brings the invitation, syncd has written nothing to the mentor."""
    for meeting in meetings:
        by_hand = {True: "an event that syncd wrote", False: "an event that the server brought"}
        written = play.town.wrote(meeting.mentor, play.ids[meeting.key])
        play.demand(meeting, by_hand[not play.delivered(meeting)], by_hand[written])
    first = next(meeting for meeting in meetings if play.delivered(meeting))
    student, mentor = first_name(play.cast[first.student]), first_name(play.cast[first.mentor])
    play.tell(
        "invited",
        f"syncd has written only to {student}'s calendar: his server has brought the invitation to {mentor}'s by itself,"
        f" as for any meeting. {_uninvited(play, meetings)}",
        first,
    )


def _uninvited(play: Play, meetings: Sequence[Meeting]) -> str:
    if all(map(play.delivered, meetings)):
        return "So it is with all six."
    if _at_google(play):
        return "Lena's sends none, and none goes from Google to another server or back: there syncd writes both events."
    return "Only Lena's server sends none, so there syncd writes both events."


def _booked(play: Play, meeting: Meeting, deadline: datetime) -> str:
    student, mentor = play.cast[meeting.student], play.cast[meeting.mentor]
    there = meeting.start.astimezone(ZoneInfo(student.zone))
    elsewhere = f" ({there:%H:%M} in {_CITIES[student.zone]})" if student.zone != ZONE.key else ""
    return (
        f"{first_name(student)} meets {first_name(mentor)} on {clock(meeting.start)}{elsewhere}. The event is"
        f" in both calendars. Free to cancel until {clock(deadline)}."
    )


# --- words ---------------------------------------------------------------------------


def first_name(person: Person) -> str:
    """Return the name by which the story calls *person*."""
    return person.name.removeprefix("Dr ").split()[0]


def clock(moment: datetime) -> str:
    """Return *moment* as the school's clock shows it."""
    there = moment.astimezone(ZONE)
    return f"{there:%a} {there.day} {there:%b %H:%M}"


def spoken(length: timedelta) -> str:
    """Return *length* in words, by the minute."""
    hours_, minutes = divmod(round(length.total_seconds()) // 60, 60)
    parts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((hours_, "hour"), (minutes, "minute")) if n]
    return " and ".join(parts) or "less than a minute"
