"""What goes wrong with calendars on a real server: who is told what, and that no verdict falls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest

from policy.facts import Decision, Side, Stop
from policy.life import Effect, State
from policy.notice import Outcome
from syncd import brake
from syncd.attention import Matter, matters
from syncd.cli import main
from syncd.decisions import decide, stopped
from syncd.status import status
from syncd.store.rows import Role
from tests.system.school import PASSWORD, School, school

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
START = NOW + timedelta(hours=48)
DEADLINE = START - timedelta(hours=24)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
AMINA = "amina@school.example"


@dataclass
class Story:
    """Five sessions of Amina with Mo, standing in both calendars on one server."""

    school: School
    ids: list[str]

    def after(self, length: timedelta) -> None:
        self.school.wait(length)
        self.school.sync()

    def settle(self) -> None:
        """Let the second look be taken and the hold run out."""
        self.after(timedelta(0))
        self.after(31 * SECOND)
        self.after(31 * MINUTE)

    def states(self) -> set[State]:
        return {self.school.session(one).state for one in self.ids}

    def undecided(self) -> bool:
        return all(self.school.session(one).verdict is None for one in self.ids)

    def matters(self) -> tuple[Matter, ...]:
        with self.school.house.db.read() as tx:
            return matters(tx, ended=False)

    def feed(self) -> list[str]:
        with self.school.house.db.read() as tx:
            return [row.kind for row in tx.feed.after(0)]

    def delete_all(self) -> None:
        for one in self.ids:
            self.school.hand("amina").delete(self.school.event(one))

    def stand(self, side: Side = Side.STUDENT) -> bool:
        hand = self.school.hand("amina" if side is Side.STUDENT else "mo")
        return all(hand.ask("GET", self.school.event(one, side)).status == HTTPStatus.OK for one in self.ids)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with school(tmp_path, "Radicale", ("amina", "mo"), NOW) as one:
        amina, mo = one.person("amina", Role.STUDENT), one.person("mo", Role.MENTOR)
        one.calendar("amina", "lessons")
        one.calendar("mo", "work")
        one.connect(amina, "amina", "lessons")
        one.connect(mo, "mo", "work")
        ids = [one.agree(amina, mo, START + 2 * number * HOUR).id for number in range(5)]
        one.sync()
        found = Story(one, ids)
        assert found.states() == {State.BOOKED}
        one.wait(HOUR)
        yield found


def test_a_deleted_calendar(story: Story) -> None:
    story.school.hand("amina").delete(story.school.hand("amina").calendar("lessons"))
    story.after(MINUTE)
    (matter,) = story.matters()
    assert (matter.kind, matter.person, matter.sessions) == ("calendar", AMINA, tuple(sorted(story.ids)))
    assert f"syncd connect caldav {AMINA}" in matter.next
    assert "calendar.lost" in story.feed(), "she is told at once"
    assert not status(story.school.house).well
    story.after(30 * HOUR)
    assert story.states() == {State.INCIDENT}
    story.after(START - 11 * HOUR - story.school.clock.now())
    assert story.feed().count(Effect.UNSEEN_SOON) >= 1
    assert story.undecided()
    assert story.stand(Side.MENTOR)


def test_a_changed_password(story: Story) -> None:
    front = story.school.server.front
    assert front is not None
    front.users["amina"] = "another"
    story.after(MINUTE)
    assert story.states() == {State.INCIDENT}
    assert {matter.person for matter in story.matters()} == {AMINA}
    assert "account.lost" in story.feed()
    story.after(26 * HOUR)
    assert story.undecided()
    front.users["amina"] = PASSWORD
    story.after(2 * HOUR)
    assert story.matters() == ()
    assert story.states() == {State.BOOKED}
    assert status(story.school.house).well


def test_a_server_that_is_gone_for_a_day(story: Story) -> None:
    story.school.server.stop()
    story.after(timedelta(0))
    story.after(HOUR)
    assert story.states() == {State.INCIDENT}
    assert {matter.kind for matter in story.matters()} == {"calendar"}
    assert "calendar.unreachable" in story.feed()
    story.after(23 * HOUR)
    assert story.undecided()
    story.school.server.start()
    story.after(6 * HOUR)
    assert (story.matters(), story.states()) == ((), {State.BOOKED})
    assert story.stand()


@pytest.mark.parametrize("decision", list(Decision))
def test_five_events_deleted_at_once(story: Story, decision: Decision) -> None:
    story.delete_all()
    story.settle()
    assert story.states() == {State.SUSPECT}
    (matter,) = story.matters()
    assert (matter.kind, matter.person, len(matter.sessions)) == (brake.PERSON, AMINA, 5)
    assert f"syncd brake release {AMINA}" in matter.next
    assert story.stand(Side.MENTOR), "nothing is written"
    story.after(10 * HOUR)
    assert story.undecided()
    with story.school.house.db.read() as tx:
        (one,) = stopped(tx)
    assert (one.scope, one.person, len(one.sessions)) == (Stop.PERSON, AMINA, 5)

    decide(story.school.house, AMINA, decision, "IT")
    story.after(MINUTE)
    assert story.matters() == ()
    if decision is Decision.RELEASE:
        assert story.states() == {State.CANCELLED}
        found = [story.school.session(one).verdict for one in story.ids]
        assert {(each.outcome, each.doubt) for each in found if each} == {(Outcome.TIMELY, None)}
        assert not story.stand(Side.MENTOR)
    else:
        assert story.states() == {State.BOOKED}
        assert story.stand()
        assert story.stand(Side.MENTOR)


def test_the_commands_tell_of_it_and_decide(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    config = ["--config", str(story.school.server.directory.parent / "config.toml")]
    assert main(["brake", "show", *config]) == 0
    assert main(["incidents", *config]) == 0
    assert capsys.readouterr().out == "nothing is stopped\nnothing has to be seen to\n"
    story.delete_all()
    story.settle()
    assert main(["brake", "show", "--json", *config]) == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert (shown["scope"], shown["person"], shown["count"]) == ("person", AMINA, 5)
    assert {one["state"] for one in shown["sessions"]} == {"suspect"}
    assert main(["incidents", "--json", *config]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["kind"], listed["person"], listed["ended"]) == ("brake_person", AMINA, None)
    assert main(["session", "show", story.ids[0], *config]) == 0
    assert "suspect" in capsys.readouterr().out
    assert main(["brake", "show", *config]) == 0
    assert "nothing is decided about them" in capsys.readouterr().out
    assert main(["explain", story.ids[0], *config]) == 0
    assert "a person decides about all of them" in capsys.readouterr().out
    assert main(["brake", "release", *config]) == 1
    assert "the brake of the school is not on" in capsys.readouterr().err
    assert main(["brake", "dismiss", AMINA, *config]) == 0
    said = capsys.readouterr().out
    assert all(one in said for one in story.ids)
    assert main(["incidents", "--all", *config]) == 0
    assert "until" in capsys.readouterr().out
