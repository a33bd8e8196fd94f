"""Doubt that repeats, through the whole loop: whose it is, how often, and who decides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from policy.facts import Decision, Stop
from policy.life import State
from policy.notice import Doubt, Outcome
from syncd import doubts
from syncd.attention import matters
from syncd.decisions import decide
from syncd.store.rows import Role
from tests.rules.rows import row
from tests.syncd.engine.conftest import school
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, ONE, PASSWORD, START, TWO, Play
from tests.syncd.store.conftest import sqlite_ground
from tests.syncd.store.grounds import Ground

__all__ = ["sqlite_ground"]

AMINA = "amina@school.example"
DEADLINE = START - DAY


@pytest.fixture
def play(sqlite_ground: Ground) -> Iterator[Play]:
    """A school without people."""
    yield from school(sqlite_ground, people=False)


def three(play: Play) -> list[str]:
    """Return three sessions of Amina that stand before their deadlines."""
    found = [play.agree(start=START + number * HOUR) for number in range(3)]
    play.sync()
    assert {play.state(one) for one in found} == {State.BOOKED}
    return found


def settle(play: Play) -> None:
    """Let the second look be taken and the hold run out."""
    play.sync()
    play.after(31 * LAG / 120)
    play.after(31 * MINUTE)


def lose_access_over_the_deadlines(play: Play, ids: list[str]) -> None:
    play.clock.move(DEADLINE - HOUR)
    play.servers[ONE].change_password("amina", "another")
    play.sync()
    for one in ids:
        play.delete(one)
    play.clock.move(DEADLINE + 5 * HOUR)
    play.servers[ONE].change_password("amina", PASSWORD)
    settle(play)


def test_the_third_case_is_for_a_person_and_the_first_two_are_timely(play: Play) -> None:
    play.person("amina", Role.STUDENT, "lessons")
    play.person("mo", Role.MENTOR, "work", url=TWO)
    found = three(play)
    lose_access_over_the_deadlines(play, found)
    suspect = [one for one in found if play.state(one) is State.SUSPECT]
    timely = [one for one in found if play.state(one) is State.CANCELLED]
    assert (len(suspect), len(timely)) == (1, 2)
    assert {play.verdict(one).doubt for one in timely} == {Doubt.ACCESS_LOST}
    assert play.session(suspect[0]).stops == (Stop.DOUBT,)
    with play.house.db.read() as tx:
        (matter,) = matters(tx, ended=False)
    assert (matter.kind, matter.person, matter.sessions) == (doubts.INCIDENT, AMINA, tuple(suspect))
    assert "2 such cases came before it" in play.explained(suspect[0])

    decide(play.house, suspect[0], Decision.RELEASE, "IT")
    verdict = play.verdict(suspect[0])
    assert (verdict.outcome, verdict.doubt) == (Outcome.TIMELY, Doubt.ACCESS_LOST)
    with play.house.db.read() as tx:
        assert tx.incidents.open() == ()


def test_a_dismissed_case_stands_and_counts_no_more(play: Play) -> None:
    play.person("amina", Role.STUDENT, "lessons")
    play.person("mo", Role.MENTOR, "work", url=TWO)
    found = three(play)
    lose_access_over_the_deadlines(play, found)
    (suspect,) = [one for one in found if play.state(one) is State.SUSPECT]
    decide(play.house, AMINA, Decision.DISMISS, "IT")
    play.sync()
    assert play.state(suspect) is State.BOOKED
    assert play.standing(suspect) == {"lessons": 1, "work": 1}


@row("2.repeat-shared")
@pytest.mark.parametrize(("mentors", "suspects"), [(ONE, 0), (TWO, 1)])
def test_a_server_that_is_down_counts_only_if_it_is_the_students_own(
    play: Play, mentors: str, suspects: int
) -> None:
    play.person("amina", Role.STUDENT, "lessons")
    play.person("mo", Role.MENTOR, "work", url=mentors)
    found = three(play)
    play.clock.move(DEADLINE - HOUR)
    play.servers[ONE].go_down()
    play.sync()
    for one in found:
        play.delete(one)
    play.clock.move(DEADLINE + 5 * HOUR)
    play.servers[ONE].come_up()
    settle(play)
    states = [play.state(one) for one in found]
    assert states.count(State.SUSPECT) == suspects
    assert states.count(State.CANCELLED) == 3 - suspects


@row("2.repeat-ours")
def test_nobody_having_looked_is_never_the_students_doubt(play: Play) -> None:
    play.person("amina", Role.STUDENT, "lessons")
    play.person("mo", Role.MENTOR, "work", url=TWO)
    found = three(play)
    for one in found:
        play.delete(one)
    play.clock.move(DEADLINE + 5 * HOUR)
    settle(play)
    assert {play.verdict(one).doubt for one in found} == {Doubt.DAEMON_DOWN}
