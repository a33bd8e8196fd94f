"""What people do in their own calendars on real servers, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest

from policy.facts import Act, Actor, Side
from policy.life import CalendarState, State
from policy.notice import Doubt, Outcome, Verdict
from syncd.demo.hand import Hand, Refused
from syncd.store.rows import Role
from tests.providers.entries import Change, answering, edited, saying, starting
from tests.system.school import PASSWORD, School, school

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
START = NOW + timedelta(hours=48)
DEADLINE = START - timedelta(hours=24)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Story:
    """A session of Amina with Mo, standing in both calendars on one server."""

    school: School
    id: str

    @property
    def amina(self) -> Hand:
        return self.school.hand("amina")

    @property
    def url(self) -> str:
        return self.school.event(self.id)

    def state(self) -> State:
        return self.school.session(self.id).state

    @property
    def verdict(self) -> Verdict:
        verdict = self.school.session(self.id).verdict
        assert verdict is not None, f"undecided: {self.state()}"
        return verdict

    def edit(self, change: Change) -> None:
        self.amina.put(self.url, edited(self.amina.get(self.url), change))

    def at(self, moment: datetime) -> None:
        self.school.clock.move(moment)
        self.school.sync()

    def after(self, length: timedelta) -> None:
        self.at(self.school.clock.now() + length)

    def settle(self) -> None:
        """Let the second look be taken and the hold run out."""
        self.after(timedelta(0))
        self.after(31 * timedelta(seconds=1))
        self.after(31 * MINUTE)

    def prove(self) -> None:
        """Let the deadline look be taken, and a quarter of an hour pass."""
        self.at(DEADLINE + timedelta(minutes=2))
        self.school.wait(15 * MINUTE)

    def stands(self, side: Side = Side.STUDENT) -> bool:
        hand = self.school.hand("amina" if side is Side.STUDENT else "mo")
        return hand.ask("GET", self.school.event(self.id, side)).status == HTTPStatus.OK

    def gone_everywhere(self) -> bool:
        return not self.stands() and not self.stands(Side.MENTOR)


@pytest.fixture(params=["Radicale", "Xandikos"])
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Story]:
    with school(tmp_path, request.param, ("amina", "mo"), NOW) as one:
        amina, mo = one.person("amina", Role.STUDENT), one.person("mo", Role.MENTOR)
        for name, title in (("amina", "life"), ("amina", "lessons"), ("mo", "work")):
            one.calendar(name, title)
        one.connect(amina, "amina", "lessons")
        one.connect(mo, "mo", "work")
        session = one.agree(amina, mo, START)
        one.sync()
        found = Story(one, session.id)
        assert found.state() is State.BOOKED
        assert found.stands()
        assert found.stands(Side.MENTOR)
        one.wait(HOUR)
        yield found


def test_deleted_in_time(story: Story) -> None:
    story.amina.delete(story.url)
    story.settle()
    assert (story.verdict.outcome, story.verdict.act) == (Outcome.TIMELY, Act.REMOVED)
    assert story.gone_everywhere()


def test_deleted_late_after_the_deadline_look(story: Story) -> None:
    story.prove()
    story.amina.delete(story.url)
    story.settle()
    assert story.verdict.outcome is Outcome.FORFEIT
    assert story.verdict.present_at == DEADLINE
    assert story.gone_everywhere()


def test_restored_within_the_hold(story: Story) -> None:
    text = story.amina.get(story.url)
    story.amina.delete(story.url)
    story.after(MINUTE)
    assert story.state() is State.NOTICED
    story.school.wait(5 * MINUTE)
    story.amina.put(story.url, text)
    story.settle()
    assert story.state() is State.BOOKED
    assert story.stands(Side.MENTOR)


def test_moved_in_time_and_moved_back(story: Story) -> None:
    story.edit(starting(START + HOUR))
    story.after(MINUTE)
    assert story.state() is State.MOVING
    story.edit(starting(START))
    story.after(HOUR)
    assert story.state() is State.BOOKED


def test_moved_in_time_and_never_answered(story: Story) -> None:
    story.edit(starting(START + HOUR))
    story.after(MINUTE)
    story.after(25 * HOUR)
    assert (story.verdict.outcome, story.verdict.act) == (Outcome.TIMELY, Act.MOVED)
    story.after(MINUTE)
    assert story.gone_everywhere()


def test_moved_late_is_put_back_once(story: Story) -> None:
    story.prove()
    story.edit(starting(START + HOUR))
    story.after(timedelta(0))
    session = story.school.session(story.id)
    assert (session.put_back, session.calendar_state) == (True, CalendarState.PRESENT)
    assert f"DTSTART:{START:%Y%m%dT%H%M%SZ}" in story.amina.get(story.url)
    story.edit(starting(START + 2 * HOUR))
    story.after(MINUTE)
    story.after(MINUTE)
    assert f"DTSTART:{START:%Y%m%dT%H%M%SZ}" not in story.amina.get(story.url)


@pytest.mark.parametrize(
    ("change", "act"),
    [
        (answering("amina@school.example", "DECLINED"), Act.DECLINED),
        (saying("STATUS", "CANCELLED"), Act.CANCELLED),
    ],
)
def test_declined_or_marked_as_cancelled(story: Story, change: Change, act: Act) -> None:
    story.edit(change)
    story.settle()
    assert (story.verdict.outcome, story.verdict.act) == (Outcome.TIMELY, act)
    assert story.gone_everywhere()


def test_moved_to_another_connected_calendar_is_followed(story: Story) -> None:
    there = story.amina.calendar("life") + story.url.rpartition("/")[2]
    try:
        story.amina.move(story.url, there)
    except Refused:  # a server without MOVE: apps write it anew and delete the old one
        story.amina.put(there, story.amina.get(story.url))
        story.amina.delete(story.url)
    story.settle()
    assert story.state() is State.BOOKED
    assert story.url == there
    story.prove()
    story.amina.delete(there)
    story.settle()
    assert story.verdict.outcome is Outcome.FORFEIT


def test_an_older_mirror_is_not_followed(story: Story) -> None:
    mirror = story.amina.calendar("life") + "mirror.ics"
    story.amina.put(mirror, story.amina.get(story.url))
    story.after(MINUTE)
    story.after(5 * MINUTE)
    story.amina.delete(story.url)
    story.settle()
    assert story.verdict.outcome is Outcome.TIMELY
    assert story.amina.ask("GET", mirror).status == HTTPStatus.OK, "it is not ours to take away"


def test_a_deleted_calendar_is_an_incident(story: Story) -> None:
    story.amina.delete(story.amina.calendar("lessons"))
    story.after(MINUTE)
    assert story.state() is State.INCIDENT
    story.at(DEADLINE + HOUR)
    assert story.school.session(story.id).verdict is None
    assert story.stands(Side.MENTOR)


def test_a_server_that_was_stopped_over_the_deadline_leaves_doubt(story: Story) -> None:
    story.school.clock.move(DEADLINE - HOUR)
    story.school.server.stop()
    story.after(timedelta(0))
    story.at(DEADLINE + HOUR)
    story.school.server.start()
    story.amina.delete(story.url)
    story.settle()
    assert (story.verdict.outcome, story.verdict.doubt) == (Outcome.TIMELY, Doubt.SERVER_DOWN)


def test_a_mentor_who_removes_their_copy_owes_the_session(story: Story) -> None:
    story.school.hand("mo").delete(story.school.event(story.id, Side.MENTOR))
    story.after(MINUTE)
    story.after(3 * MINUTE)
    story.after(31 * MINUTE)
    story.after(3 * MINUTE)
    assert (story.verdict.outcome, story.verdict.actor) == (Outcome.NOT_STUDENT, Actor.MENTOR)
    assert story.gone_everywhere()


def test_a_password_that_is_wrong_later_is_an_incident(story: Story) -> None:
    front = story.school.server.front
    assert front is not None
    front.users["amina"] = "another"
    story.after(MINUTE)
    assert story.state() is State.INCIDENT
    front.users["amina"] = PASSWORD
    story.after(2 * HOUR)
    assert story.state() is State.BOOKED
