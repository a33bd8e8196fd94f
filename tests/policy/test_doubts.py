"""Doubt that repeats: a person decides, and never the rule alone against the student."""

from __future__ import annotations

import pytest

from policy.facts import Actor, Decision, Doubts, Stop, Unbraked
from policy.life import Effect, State
from policy.notice import Doubt, Outcome
from policy.rules import Rules
from policy.schedule import must_be_put_back, next_step
from tests.policy.story import (
    HOUR,
    START,
    S,
    Story,
    agreed,
    blind,
    booked,
    gone,
    passed,
    seen,
    told,
    when,
    word,
)


def counted(at: float, count: int) -> Doubts:
    return Doubts(at=when(at), count=count)


def decision(at: float, what: Decision) -> Unbraked:
    return Unbraked(at=when(at), by="IT", decision=what, scope=Stop.DOUBT)


def unseen(count: int) -> Story:
    """Return a session whose removal is doubtful because access was lost, after *count* such cases."""
    lost = blind(-60, Doubt.ACCESS_LOST, lost=True)
    return booked(lost, gone(60), gone(61), counted(90, count), gone(90))


def test_the_first_doubtful_cases_are_timely() -> None:
    for count in (0, 1):
        story = unseen(count)
        assert (story.state, story.verdict.doubt) == (State.CANCELLED, Doubt.ACCESS_LOST)


def test_the_next_one_is_for_a_person_to_decide() -> None:
    story = unseen(2)
    assert (story.state, story.session.stops, story.session.verdict) == (State.SUSPECT, (Stop.DOUBT,), None)
    assert story.effects[-1] is Effect.SUSPECT
    assert next_step(story.session, when(90)) is None
    assert story.then(passed(S + 10 * HOUR)).state is State.SUSPECT


def test_released_it_is_timely_with_its_doubt_and_never_a_forfeit() -> None:
    story = unseen(2).then(seen(80), gone(100), decision(5 * HOUR, Decision.RELEASE))
    assert (story.state, story.verdict.outcome) == (State.CANCELLED, Outcome.TIMELY)
    assert story.verdict.doubt is Doubt.ACCESS_LOST
    assert story.verdict.evidence[-1] == story.session.seq
    assert story.verdict.reasons[-1] == "doubt had repeated, so a person decided"


def test_dismissed_the_session_stands() -> None:
    story = unseen(2).then(decision(5 * HOUR, Decision.DISMISS))
    assert (story.state, story.session.doubts, story.session.proposed) == (State.PLANNED, None, None)


def test_what_comes_back_needs_no_decision() -> None:
    story = unseen(2).then(seen(100, version="v7"))
    assert (story.state, story.session.stops, story.session.doubts) == (State.BOOKED, (), None)


@pytest.mark.parametrize("cause", [Doubt.DAEMON_DOWN, Doubt.CLOCK_UNSURE, Doubt.RESTORED])
def test_what_is_our_own_fault_is_never_a_persons_doubt(cause: Doubt) -> None:
    story = booked(gone(60), gone(61), counted(90, 9), gone(90))
    assert (story.state, story.verdict.doubt) == (State.CANCELLED, Doubt.DAEMON_DOWN)
    assert cause.value


def test_no_doubt_no_question() -> None:
    assert booked(gone(-60), gone(-59), counted(-31, 9), gone(-30)).state is State.CANCELLED
    assert booked(seen(2), gone(60), gone(61), counted(89, 9), gone(90)).state is State.FORFEITED


def test_the_allowance_is_that_of_the_agreement() -> None:
    strict = agreed(rules=Rules(doubts_allowed=0))
    lost = blind(-60, Doubt.ACCESS_LOST, lost=True)
    story = told(seen(-5 * HOUR), lost, gone(60), gone(61), counted(90, 0), gone(90), founded=strict)
    assert story.state is State.SUSPECT


def test_a_students_word_confirms_but_does_not_decide_a_doubtful_time() -> None:
    story = unseen(2).then(word(100))
    assert story.state is State.SUSPECT


def test_a_word_that_is_doubtful_itself_is_for_a_person_too() -> None:
    lost = blind(-60, Doubt.ACCESS_LOST, lost=True)
    story = booked(lost, counted(60, 2), word(60))
    assert (story.state, story.session.stops) == (State.SUSPECT, (Stop.DOUBT,))
    assert story.then(seen(70)).state is State.SUSPECT, "what was said stays said"
    assert story.then(decision(80, Decision.DISMISS)).state is State.BOOKED


@pytest.mark.parametrize("by", [Actor.MENTOR, Actor.SCHOOL])
def test_a_word_of_somebody_else_ends_it(by: Actor) -> None:
    story = unseen(2).then(word(100, by))
    assert (story.state, story.verdict.outcome) == (State.RELEASED, Outcome.NOT_STUDENT)


def moved() -> Story:
    """Return a session moved at an unknown time, whose request has lapsed, after two doubtful cases."""
    lost = blind(-60, Doubt.ACCESS_LOST, lost=True)
    elsewhere = seen(60, start=when(S + 5 * HOUR), version="v2")
    return booked(lost, elsewhere, counted(S, 2), passed(S))


def test_a_doubtful_request_that_lapsed_is_for_a_person() -> None:
    story = moved()
    assert (story.state, story.session.stops) == (State.SUSPECT, (Stop.DOUBT,))
    assert story.then(seen(S + 1, start=when(S + 5 * HOUR), version="v2")).state is State.SUSPECT
    assert story.then(decision(S + 2, Decision.RELEASE)).state is State.CANCELLED


def test_a_doubtful_move_that_is_taken_back_needs_no_decision() -> None:
    assert moved().then(seen(S + 1, start=START, version="v3")).state is State.BOOKED


def test_a_dismissed_move_is_put_back() -> None:
    lost = blind(-60, Doubt.ACCESS_LOST, lost=True)
    elsewhere = seen(60, start=when(S + 5 * HOUR), version="v2")
    story = booked(lost, elsewhere, counted(13 * HOUR, 2), passed(13 * HOUR))
    story.then(decision(13 * HOUR + 1, Decision.DISMISS))
    assert story.state is State.BOOKED
    assert must_be_put_back(story.session)
