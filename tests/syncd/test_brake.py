"""The brakes through the whole loop: bursts are stopped in time, and only a person lets them go on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from policy.facts import Actor, Decision, Side, Stop
from policy.life import Effect, State
from policy.notice import Outcome
from policy.rules import Rules
from syncd import brake, sessions
from syncd.decisions import Stopped, decide, stopped
from syncd.errors import Problem
from syncd.store.rows import Incident, Role
from tests.syncd.engine.conftest import school
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, START, Play
from tests.syncd.store.conftest import sqlite_ground
from tests.syncd.store.grounds import Ground

__all__ = ["sqlite_ground"]

AMINA = "amina@school.example"
DEADLINE = START - DAY


@pytest.fixture
def play(sqlite_ground: Ground) -> Iterator[Play]:
    """A school with Amina, a student with two calendars, and Mo, a mentor with one."""
    yield from school(sqlite_ground)


def booked(play: Play, count: int) -> list[str]:
    """Return sessions of Amina, two hours apart, that stand in both calendars."""
    found = [play.agree(start=START + 2 * number * HOUR) for number in range(count)]
    play.sync()
    assert {play.state(one) for one in found} == {State.BOOKED}
    play.after(HOUR)
    return found


def settle(play: Play) -> None:
    """Let the second look be taken and the hold run out."""
    play.after(31 * LAG / 120)
    play.after(31 * MINUTE)


def states(play: Play, ids: list[str]) -> list[State]:
    return [play.state(one) for one in ids]


def shown(play: Play) -> tuple[Stopped, ...]:
    with play.house.db.read() as tx:
        return stopped(tx)


def incidents(play: Play) -> tuple[Incident, ...]:
    with play.house.db.read() as tx:
        return tx.incidents.open()


def feed(play: Play, kind: str) -> list[dict[str, object]]:
    with play.house.db.read() as tx:
        return [row.body for row in tx.feed.after(0) if row.kind == kind]


# --- a student's own brake -------------------------------------------------------------


def test_three_sessions_gone_within_an_hour_are_three_notices(play: Play) -> None:
    found = booked(play, 4)
    for one in found[:3]:
        play.delete(one)
    play.sync()
    settle(play)
    assert states(play, found) == [*[State.CANCELLED] * 3, State.BOOKED]
    assert incidents(play) == ()


def test_a_fourth_stops_all_of_them_until_a_person_decides(play: Play) -> None:
    found = booked(play, 5)
    for one in found[:4]:
        play.delete(one)
    play.sync()
    assert [each.kind for each in incidents(play)] == [brake.PERSON]
    settle(play)
    play.at(DEADLINE + 12 * HOUR)
    assert states(play, found) == [*[State.SUSPECT] * 4, State.BOOKED]
    assert [play.session(one).verdict for one in found] == [None] * 5
    (held,) = shown(play)
    assert (held.scope, held.person, len(held.sessions)) == (Stop.PERSON, AMINA, 4)
    assert held.why.startswith(
        f"4 sessions of {AMINA} were taken out of the calendar within an hour: nothing"
    )
    assert feed(play, "brake.on") == [{"scope": "person", "sessions": found[:4]}]
    assert "too many of this student's sessions" in play.explained(found[0])


def test_a_release_judges_each_by_its_own_evidence(play: Play) -> None:
    found = booked(play, 4)
    play.at(DEADLINE + LAG)
    play.clock.sleep(MINUTE)
    for one in found:
        play.delete(one)
    play.sync()
    settle(play)
    assert set(states(play, found)) == {State.SUSPECT}
    play.clock.sleep(5 * HOUR)
    decide(play.house, AMINA, Decision.RELEASE, "IT")
    assert states(play, found) == [State.FORFEITED, *[State.CANCELLED] * 3]
    assert play.verdict(found[0]).gone_at == DEADLINE + LAG + MINUTE
    assert play.verdict(found[1]).doubt is None
    assert incidents(play) == ()
    assert feed(play, "brake.off") == [{"scope": "person", "how": "release"}]
    play.sync()
    assert [dict(play.standing(one)) for one in found] == [{}] * 4
    assert "released: it counts" in play.explained(found[0])


def test_what_was_not_looked_at_twice_is_looked_at_after_the_release(play: Play) -> None:
    found = booked(play, 4)
    play.at(DEADLINE + LAG)
    play.clock.sleep(MINUTE)
    for one in found:
        play.delete(one)
    play.sync()
    decide(play.house, AMINA, Decision.RELEASE, "IT")
    assert set(states(play, found)) == {State.NOTICED}
    settle(play)
    assert play.state(found[0]) is State.FORFEITED
    assert set(states(play, found[1:])) == {State.CANCELLED}


def test_a_dismissal_puts_everything_back_as_a_new_event(play: Play) -> None:
    found = booked(play, 4)
    for one in found:
        play.delete(one)
    play.sync()
    settle(play)
    play.clock.sleep(HOUR)
    decide(play.house, AMINA, Decision.DISMISS, "IT")
    play.sync()
    assert set(states(play, found)) == {State.BOOKED}
    assert [dict(play.standing(one)) for one in found] == [{"lessons": 1, "work": 1}] * 4
    assert [play.generation(one) for one in found] == [2] * 4
    assert incidents(play) == ()
    assert [play.told(one, Effect.STANDS_AGAIN) for one in found] == [1] * 4
    play.until(START + 2 * HOUR)
    assert play.state(found[0]) is State.ELAPSED


@pytest.mark.parametrize("act", ["decline", "cancel"])
def test_what_was_declined_or_cancelled_is_written_anew_by_a_dismissal(play: Play, act: str) -> None:
    found = booked(play, 4)
    for one in found:
        getattr(play, act)(one)
    play.sync()
    settle(play)
    assert set(states(play, found)) == {State.SUSPECT}
    decide(play.house, AMINA, Decision.DISMISS, "IT")
    play.sync()
    play.after(HOUR)
    assert set(states(play, found)) == {State.BOOKED}
    assert [play.generation(one) for one in found] == [2] * 4


def test_after_a_dismissal_there_is_time_again_to_say_no(play: Play) -> None:
    found = booked(play, 4)
    play.at(DEADLINE + LAG)
    play.clock.sleep(MINUTE)
    for one in found:
        play.delete(one)
    play.sync()
    settle(play)
    decide(play.house, AMINA, Decision.DISMISS, "IT")
    play.sync()
    play.after(20 * MINUTE)
    play.delete(found[0])
    play.sync()
    settle(play)
    assert play.verdict(found[0]).outcome is Outcome.TIMELY


def test_a_dismissal_voids_what_is_still_being_confirmed_too(play: Play) -> None:
    found = booked(play, 4)
    for one in found:
        play.delete(one)
    play.sync()
    assert set(states(play, found)) == {State.NOTICED}
    decide(play.house, AMINA, Decision.DISMISS, "IT")
    play.sync()
    assert set(states(play, found)) == {State.BOOKED}
    assert [play.generation(one) for one in found] == [2] * 4


def test_what_comes_back_by_itself_is_an_undo_and_takes_the_brake_off(play: Play) -> None:
    found = booked(play, 4)
    for one in found:
        play.delete(one)
    play.sync()
    settle(play)
    play.clock.sleep(3 * HOUR)
    for one in found:
        play.restore(one)
    play.sync()
    assert set(states(play, found)) == {State.BOOKED}
    assert incidents(play) == ()
    assert feed(play, "brake.off") == [{"scope": "person", "how": "over"}]


def test_sessions_that_moved_to_another_calendar_are_followed_and_not_stopped(play: Play) -> None:
    found = booked(play, 5)
    for one in found:
        play.carry(one, "life")
    play.sync()
    settle(play)
    assert set(states(play, found)) == {State.BOOKED}
    assert [dict(play.standing(one)) for one in found] == [{"life": 1, "work": 1}] * 5
    assert incidents(play) == ()


def test_exact_words_count_while_the_brake_is_on(play: Play) -> None:
    found = booked(play, 4)
    for one in found:
        play.delete(one)
    play.sync()
    settle(play)
    sessions.cancel(play.house, found[0], Actor.STUDENT, "")
    sessions.cancel(play.house, found[1], Actor.SCHOOL, "")
    assert states(play, found) == [*[State.CANCELLED] * 2, *[State.SUSPECT] * 2]
    for one in found[2:]:
        sessions.cancel(play.house, one, Actor.STUDENT, "")
    assert incidents(play) == ()


def test_acts_spread_over_a_day_are_no_burst(play: Play) -> None:
    found = booked(play, 5)
    for one in found:
        play.delete(one)
        play.sync()
        settle(play)
        play.clock.sleep(HOUR)
    assert set(states(play, found)) == {State.CANCELLED}


def test_a_mentors_acts_do_not_count_against_a_student(play: Play) -> None:
    found = booked(play, 5)
    for one in found:
        play.delete(one, Side.MENTOR)
    play.sync()
    play.until(play.clock.now() + 3 * HOUR)
    assert set(states(play, found)) == {State.RELEASED}


def test_a_stopped_session_waits_past_its_time_and_blocks_nothing(play: Play) -> None:
    found = booked(play, 4)
    for one in found:
        play.delete(one)
    play.sync()
    settle(play)
    play.at(START - 5 * HOUR)
    play.at(START + 8 * DAY)
    assert set(states(play, found)) == {State.SUSPECT}
    assert [play.told(one, Effect.UNDECIDED_SOON) for one in found] == [1] * 4
    later = play.agree(start=START + 10 * DAY)
    play.sync()
    assert play.state(later) is State.BOOKED
    decide(play.house, AMINA, Decision.DISMISS, "IT")
    assert set(states(play, found)) == {State.ELAPSED}
    assert incidents(play) == ()


def test_nothing_is_released_that_is_not_stopped(play: Play) -> None:
    found = booked(play, 1)
    for whom in (None, AMINA, found[0], "x"):
        with pytest.raises(Problem, match=r"syncd (brake show|session list)"):
            decide(play.house, whom, Decision.RELEASE, "IT")
    with pytest.raises(Problem, match="nobody here"):
        decide(play.house, "no@school.example", Decision.RELEASE, "IT")


# --- the school's brake ----------------------------------------------------------------


@pytest.fixture
def class_of(play: Play) -> list[str]:
    """Six students with three sessions each, in calendars on one server."""
    play.rules = Rules(brake_least=5, brake_share=0.25)
    play.house = play.opened(play.db)
    found = []
    for number in range(6):
        name = f"student{number}"
        play.person(name, Role.STUDENT, f"lessons of {name}")
        for turn in range(3):
            start = START + (number * 3 + turn) * HOUR
            found.append(play.agree(name, "mo", start))
    play.sync()
    play.after(HOUR)
    assert set(states(play, found)) == {State.BOOKED}
    return found


def test_half_the_school_gone_at_once_stops_everything(play: Play, class_of: list[str]) -> None:
    for one in class_of[::2]:
        play.delete(one)
    play.sync()
    settle(play)
    assert set(states(play, class_of[::2])) == {State.SUSPECT}
    assert set(states(play, class_of[1::2])) == {State.BOOKED}
    assert [each.kind for each in incidents(play)] == [brake.SCHOOL]
    (held,) = shown(play)
    assert (held.scope, held.person, len(held.sessions)) == (Stop.SCHOOL, None, 9)
    assert " of 18 sessions were taken out of calendars within an hour" in held.why

    play.clock.sleep(5 * HOUR)
    play.delete(class_of[1])
    play.sync()
    settle(play)
    assert play.state(class_of[1]) is State.SUSPECT, "what comes later is stopped as well"
    play.delete(class_of[3], Side.MENTOR)
    play.until(play.clock.now() + 3 * HOUR)
    assert play.state(class_of[3]) is State.SUSPECT, "whoever's act it is"
    sessions.cancel(play.house, class_of[5], Actor.STUDENT, "")
    assert play.state(class_of[5]) is State.CANCELLED, "words are exact"

    decide(play.house, None, Decision.RELEASE, "IT")
    play.until(play.clock.now() + HOUR)
    assert set(states(play, class_of[::2])) == {State.CANCELLED}
    assert play.state(class_of[3]) is State.RELEASED
    assert incidents(play) == ()


def test_a_dismissal_for_the_school_puts_everybodys_event_back(play: Play, class_of: list[str]) -> None:
    for one in class_of[::2]:
        play.delete(one)
    play.delete(class_of[1], Side.MENTOR)
    play.decline(class_of[3], Side.MENTOR, "mo")
    play.sync()
    settle(play)
    decide(play.house, None, Decision.DISMISS, "IT")
    play.sync()
    assert set(states(play, class_of)) == {State.BOOKED}
    assert all(play.standing(one)["work"] >= 1 for one in class_of)
    assert all(sum(play.standing(one).values()) >= 2 for one in class_of)
    assert incidents(play) == ()


def test_mentors_with_a_session_soon_are_named(play: Play, class_of: list[str]) -> None:
    play.at(START - 6 * HOUR)
    for one in class_of[::2]:
        play.delete(one)
    play.sync()
    (held,) = shown(play)
    assert held.mentors == ("mo@school.example",)
    assert held.why.endswith("mentors with one in the next 12h: mo@school.example")
    (told,) = feed(play, "brake.on")
    assert told["mentors"] == ["mo@school.example"]


def test_without_a_hold_no_verdict_is_undone_by_the_brake(play: Play, class_of: list[str]) -> None:
    play.rules = play.rules.model_copy(update={"hold": 0 * HOUR})
    for number, one in enumerate(class_of[::2]):
        play.delete(one)
        if number == 1:
            play.sync()
            play.after(31 * LAG / 120)
    decided = [one for one in class_of if play.session(one).verdict]
    play.sync()
    settle(play)
    assert all(play.session(one).verdict for one in decided)
