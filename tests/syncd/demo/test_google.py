"""The story on Google: everybody there, or some; and what a visitor can do there from another terminal."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests

from policy.facts import Side
from policy.life import State
from policy.notice import Outcome
from providers.oauth import Grant, grant_in, revoke
from providers.transport import session
from syncd.clock import MovableClock
from syncd.config import load
from syncd.demo import story, visitor
from syncd.demo.google import GoogleFake
from syncd.demo.google import Person as Account
from syncd.demo.google.calls import Call
from syncd.demo.google.freebusy import query
from syncd.demo.google.importing import Importer
from syncd.demo.open_day import OpenDay, open_day
from syncd.demo.people import AT_GOOGLE, everybody
from syncd.demo.person import Person
from syncd.demo.stagehand import Meeting, Play, WrongEnding, when
from syncd.demo.story import MEETINGS
from syncd.errors import Problem
from syncd.house import House, identity
from syncd.oauth.files import rules_of
from syncd.sessions import person_called
from syncd.wiring import open_house
from tests.syncd.demo.test_story import VERDICTS

ALL = frozenset(person.user for person in everybody())
HOUR = timedelta(hours=1)
SOON = 30
"""A hang guard, nothing else."""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, str | None]]:
    out = io.StringIO()
    story.tell(out, json=True, google=ALL)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_every_session_of_a_school_at_google_ends_as_it_must(lines: list[dict[str, str | None]]) -> None:
    sessions = [line["session"] for line in lines if line["step"] == "booked"]
    told = dict(zip((meeting.key for meeting in MEETINGS), sessions, strict=True))
    verdicts = {line["session"]: line["verdict"] for line in lines if line["verdict"]}
    assert {key: verdicts.get(session) for key, session in told.items()} == VERDICTS
    assert lines[-1]["step"] == "the end"


def test_it_is_told_that_all_invitations_are_googles(lines: list[dict[str, str | None]]) -> None:
    words = {line["step"]: line["what"] or "" for line in lines}
    assert words["invited"].endswith("So it is with all six.")
    assert words["stands"].endswith("Miriam's copy went and came back with it.")
    assert sum(", with Google:" in (line["what"] or "") for line in lines) == len(ALL)


def test_where_some_are_with_google_every_mixture_occurs() -> None:
    there = {(one.student in AT_GOOGLE, one.mentor in AT_GOOGLE) for one in MEETINGS}
    assert there == {(False, False), (False, True), (True, False), (True, True)}


def test_a_school_without_google_has_none_of_it() -> None:
    assert not any(person.server == "google" for person in everybody())
    code = (
        "import sys; from syncd.demo import open_day, story, town, visitor;"
        "print([name for name in sys.modules if name.startswith(('syncd.demo.google', 'googleapiclient'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- what else people do at Google ---------------------------------------------------


def play(*scenes: story.Scene) -> None:
    """Play *scenes* at Google; the ending, which is that of the whole week, is not reached."""
    with pytest.raises(WrongEnding, match="expected"):
        story.tell(io.StringIO(), json=True, google=ALL, scenes=scenes)


def carried(play: Play, meetings: Mapping[str, Meeting]) -> None:
    meeting = meetings["by mistake"]
    play.until(when("Mon 20:45"))
    home = play.home(meeting.student)
    home.carry(play.event(meeting, Side.STUDENT), "uni")
    play.poll(when("Mon 20:48"), meeting.student, meeting.mentor)
    play.poll(when("Mon 21:50"), meeting.student, meeting.mentor)
    play.expect(meeting, State.BOOKED)
    # Google leaves the owner, who is a guest now, a copy where it was.
    moved, _ = sorted(play.standing(meeting, Side.STUDENT), key=lambda one: "group.calendar" not in one.url)
    home.delete(moved.url)
    play.poll(when("Mon 22:00"), meeting.student)
    play.expect(meeting, State.NOTICED)
    play.until(when("Mon 22:35"))
    play.expect(meeting, State.CANCELLED, Outcome.TIMELY)
    play.expect_event(meeting, Side.MENTOR, stands=False)
    reached.append("carried")


def removed_by_the_mentor(play: Play, meetings: Mapping[str, Meeting]) -> None:
    meeting = meetings["given up"]
    play.until(when("Mon 23:50"))
    play.home(meeting.mentor).delete(play.event(meeting, Side.MENTOR))
    play.poll(when("Mon 23:52"), meeting.student, meeting.mentor)
    play.expect(meeting, State.NOTICED)
    play.until(when("Tue 00:40"))
    play.expect(meeting, State.RELEASED, Outcome.NOT_STUDENT)
    play.expect_event(meeting, Side.STUDENT, stands=False)
    reached.append("removed")


reached: list[str] = []
"""The scenes that were played to their end."""


def test_a_session_that_is_carried_to_another_calendar_stands_and_can_be_deleted_there() -> None:
    reached.clear()
    play(carried, removed_by_the_mentor)
    assert reached == ["carried", "removed"]


# --- calendars that are imported -----------------------------------------------------


def busy(google: GoogleFake, person: Person, hour: datetime) -> bool:
    """Tell whether Google says that a person is busy in an hour, in any of their calendars."""
    body = {"timeMin": hour.isoformat(), "timeMax": (hour + HOUR).isoformat()}
    calendars = [one.id for one in google.world.calendars.values() if one.owner == person.email]
    asked = {**body, "items": [{"id": one} for one in calendars]}
    call = Call(google.world, "calendar.freebusy.query", person.email, frozenset(), {}, {}, asked, None)
    return any(one["busy"] for one in query(call)["calendars"].values())


@pytest.mark.parametrize("person", everybody(), ids=lambda one: one.user)
def test_calendars_that_are_imported_say_what_was_worked_out_by_hand(person: Person) -> None:
    google = GoogleFake(MovableClock(when("Mon 07:30")), [Account(person.email, person.name, person.zone)])
    hand = google.hand(person.email)
    for calendar in person.calendars:
        place = "" if calendar.name == person.primary else hand.make_calendar(calendar.title)
        for text in calendar.resources.values():
            Importer(hand, place, ZoneInfo(person.zone)).put(text)
    found = {known: busy(google, person, person.local(known.hour)) for known in person.known}
    assert [known for known, taken in found.items() if taken != (known.state == "busy")] == []


# --- a visitor -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def school() -> Iterator[OpenDay]:
    with open_day(google=ALL) as opened:
        yield opened


@pytest.fixture
def house(school: OpenDay) -> Iterator[House]:
    """The house as another terminal opens it."""
    one = open_house(load(Path(school.config)))
    yield one
    one.db.close()


def test_a_visitor_declines_and_deletes_sessions_at_google(school: OpenDay, house: House) -> None:
    in_time, late, _ = school.sessions
    said = visitor.decline(house, in_time.id)
    assert said.startswith(f"Dr Miriam Okafor has declined session {in_time.id}, in the calendar ")
    said = visitor.delete(house, late.id)
    assert said.startswith(f"Lena Hartmann has deleted session {late.id}, in the calendar ")
    with pytest.raises(Problem, match="does not stand in a calendar of Lena Hartmann"):
        visitor.delete(house, late.id)
    with pytest.raises(Problem, match="does not stand in a calendar of Jonas Weber"):
        visitor.decline(house, late.id)


def test_a_visitor_whose_permission_was_taken_back_is_told(school: OpenDay, house: House) -> None:
    with house.db.read() as tx:
        chloe = person_called(tx, school.sessions[2].student)
        (account,) = tx.accounts.of(chloe.id)
    secret = house.vault.open(account.grant, identity(account.id, chloe.id)).decode()
    grant = grant_in(secret)
    assert isinstance(grant, Grant)
    with session(rules_of(house.config)) as http:
        revoke(http, house.config.google.revoke_uri, grant.refresh_token)
    with pytest.raises(Problem, match=f"lets nobody in any more as {chloe.email}"):
        visitor.delete(house, school.sessions[2].id)


def test_members_are_told_a_token_that_opens_googles_api(school: OpenDay) -> None:
    assert all(member.google for member in school.people)
    for member in school.people:
        proof = {"Authorization": f"Bearer {member.password}"}
        answer = requests.get(f"{member.server}/users/me/calendarList", headers=proof, timeout=SOON)
        primary = [one["id"] for one in answer.json()["items"] if one.get("primary")]
        assert primary == [member.email]
