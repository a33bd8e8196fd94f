"""What the brake does to a session: nothing is lost, nothing is decided, and a release judges as if it had not been."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.facts import Act, Actor, Braked, Decision, Fact, Stop, Unbraked
from policy.life import CalendarState, Effect, State
from policy.notice import Doubt, Outcome
from policy.schedule import Want, limit, next_step, want, warning
from tests.policy.story import (
    DAY,
    HOUR,
    START,
    S,
    Story,
    blind,
    booked,
    gone,
    mentor_gone,
    passed,
    proven,
    seen,
    told,
    when,
    word,
)


def brake(at: float, scope: Stop = Stop.PERSON) -> Braked:
    return Braked(at=when(at), scope=scope)


def release(at: float, scope: Stop = Stop.PERSON) -> Unbraked:
    return Unbraked(at=when(at), by="IT", decision=Decision.RELEASE, scope=scope)


def dismiss(at: float, scope: Stop = Stop.PERSON) -> Unbraked:
    return Unbraked(at=when(at), by="IT", decision=Decision.DISMISS, scope=scope)


def judged(story: Story) -> tuple[State, Outcome, Doubt | None]:
    return story.state, story.verdict.outcome, story.verdict.doubt


def test_what_is_stopped_is_suspect_and_keeps_all_its_evidence() -> None:
    story = proven(gone(60), brake(60), gone(61), gone(90), passed(10 * HOUR))
    assert (story.state, story.session.verdict) == (State.SUSPECT, None)
    assert story.session.act.gone.at == when(60)
    assert story.session.act.confirmed is not None
    assert story.effects[-2:] == [Effect.SUSPECT, Effect.CONFIRMED]
    assert want(story.session) is Want.AS_IS


def test_a_release_decides_by_the_instants_that_were_kept() -> None:
    late = proven(gone(60), brake(60), gone(61), gone(90), release(20 * HOUR))
    assert judged(late) == (State.FORFEITED, Outcome.FORFEIT, None)
    assert late.effects[-2:] == [Effect.UNSTOPPED, Effect.FORFEIT]
    timely = booked(gone(-60), brake(-60), gone(-59), gone(-30), release(S - 60))
    assert judged(timely) == (State.CANCELLED, Outcome.TIMELY, None)
    assert timely.verdict.gone_at == when(-60)


def test_a_release_still_demands_the_second_look() -> None:
    story = proven(gone(60), brake(60), release(70))
    assert (story.state, story.session.stops) == (State.NOTICED, ())
    assert judged(story.then(gone(71), gone(100))) == (State.FORFEITED, Outcome.FORFEIT, None)


def test_a_second_look_that_can_no_longer_be_had_is_doubt() -> None:
    story = proven(gone(60), brake(60), release(5 * HOUR), passed(5 * HOUR))
    assert judged(story) == (State.CANCELLED, Outcome.TIMELY, Doubt.UNCONFIRMED)


def test_a_release_does_not_make_up_for_the_look_at_the_end_of_the_hold() -> None:
    story = proven(gone(60), brake(60), gone(61), release(5 * HOUR))
    assert story.state is State.NOTICED
    assert story.then(gone(5 * HOUR + 1)).state is State.FORFEITED


def test_a_dismissal_lets_the_session_stand_and_its_event_be_written_anew() -> None:
    story = proven(gone(60), brake(60), gone(61), dismiss(3 * HOUR))
    session = story.session
    assert (story.state, session.pending, session.stops) == (State.PLANNED, None, ())
    assert want(session) is Want.STANDING
    assert (session.present, session.stood, session.seen) == (None, None, None)
    assert session.deadline == when(4 * HOUR), "there is time again to say no"
    assert story.effects[-1] is Effect.STANDS_AGAIN
    assert story.then(seen(3 * HOUR + 5, version="v9")).state is State.BOOKED


def test_after_a_dismissal_an_old_proof_proves_nothing() -> None:
    story = proven(gone(60), brake(60), gone(61), dismiss(3 * HOUR), seen(3 * HOUR + 5))
    story.then(gone(3 * HOUR + 30), gone(3 * HOUR + 31), gone(4 * HOUR + 1))
    assert judged(story) == (State.CANCELLED, Outcome.TIMELY, None)


def test_a_dismissed_act_of_the_mentor_leaves_the_students_event_alone() -> None:
    story = proven(mentor_gone(60), brake(60, Stop.SCHOOL), mentor_gone(61), dismiss(90, Stop.SCHOOL))
    assert (story.state, story.session.calendar_state) == (State.BOOKED, CalendarState.PRESENT)
    assert story.session.proven_at_deadline


def test_a_released_act_of_the_mentor_needs_the_students_copy_to_stand_as_ever() -> None:
    story = proven(mentor_gone(60), brake(60, Stop.SCHOOL), mentor_gone(61), seen(63), mentor_gone(90))
    assert story.state is State.SUSPECT
    assert judged(story.then(release(95, Stop.SCHOOL)))[1] is Outcome.NOT_STUDENT


def test_both_copies_gone_while_stopped_count_as_the_mentors() -> None:
    story = proven(mentor_gone(60), brake(60, Stop.SCHOOL), gone(60.5), mentor_gone(61), mentor_gone(90))
    assert judged(story.then(release(95, Stop.SCHOOL)))[1] is Outcome.NOT_STUDENT


def test_a_mentors_copy_that_vanished_with_the_students_stays_stopped_as_the_students_act() -> None:
    story = proven(mentor_gone(60, cascades=True), brake(60, Stop.SCHOOL), gone(60.5))
    assert (story.state, story.session.act.actor) == (State.SUSPECT, Actor.STUDENT)


def test_dismissed_after_its_start_it_has_simply_passed() -> None:
    story = proven(gone(60), brake(60), gone(61), dismiss(S + 5))
    assert (story.state, story.session.verdict) == (State.ELAPSED, None)


def test_no_time_decides_what_is_stopped() -> None:
    story = proven(gone(60), brake(60), passed(S + 30 * DAY))
    assert story.state is State.SUSPECT
    assert next_step(story.session, when(S + 30 * DAY)) is None


def test_it_is_told_once_that_the_start_is_near() -> None:
    story = proven(gone(60), brake(60))
    assert warning(story.session, when(60)) == when(12 * HOUR)
    story.then(passed(12 * HOUR - 1))
    assert Effect.UNDECIDED_SOON not in story.effects
    story.then(passed(12 * HOUR), passed(13 * HOUR))
    assert story.effects.count(Effect.UNDECIDED_SOON) == 1
    assert warning(story.session, when(13 * HOUR)) is None


def test_an_incident_is_told_once_before_the_start_and_never_after_it() -> None:
    story = proven(blind(60, Doubt.ACCESS_LOST, lost=True))
    assert warning(story.session, when(60)) == when(12 * HOUR)
    story.then(passed(12 * HOUR), passed(13 * HOUR))
    assert story.effects.count(Effect.UNSEEN_SOON) == 1
    late = proven(blind(60, Doubt.ACCESS_LOST, lost=True), passed(S))
    assert Effect.UNSEEN_SOON not in late.effects
    assert warning(late.session, START) is None


def test_what_comes_back_while_it_is_stopped_is_an_undo() -> None:
    story = proven(gone(60), brake(60), gone(61), seen(90, version="v2"))
    assert (story.state, story.session.stops, story.session.pending) == (State.BOOKED, (), None)


def test_a_stale_answer_undoes_nothing() -> None:
    story = proven(gone(60), brake(60), seen(61))
    assert story.state is State.SUSPECT


def test_exact_words_count() -> None:
    assert proven(gone(-60), brake(-60), word(-50)).state is State.CANCELLED
    assert proven(gone(60), brake(60), word(70, Actor.SCHOOL)).state is State.RELEASED
    assert proven(gone(60), brake(60), gone(61), word(70)).state is State.FORFEITED


def test_two_brakes_are_let_go_one_by_one() -> None:
    story = proven(gone(60), brake(60), brake(61, Stop.SCHOOL), gone(62), gone(91))
    assert story.session.stops == (Stop.PERSON, Stop.SCHOOL)
    assert story.then(release(100)).state is State.SUSPECT
    assert story.then(release(101, Stop.SCHOOL)).state is State.FORFEITED


@pytest.mark.parametrize("fact", [release(70, Stop.SCHOOL), dismiss(70, Stop.SCHOOL), brake(70)])
def test_a_word_about_another_brake_changes_nothing(fact: Fact) -> None:
    story = proven(gone(60), brake(60))
    before = story.session
    assert story.then(fact).session.model_copy(update={"seq": before.seq}) == before


@pytest.mark.parametrize("scope", list(Stop))
def test_only_what_a_calendar_showed_is_stopped(scope: Stop) -> None:
    moving = booked(seen(-60, start=None), brake(-50, scope))
    assert moving.state is State.MOVING
    assert booked(brake(-50, scope)).state is State.BOOKED
    assert told(brake(-50, scope)).state is State.PLANNED


def test_the_evidence_is_completed_while_it_is_stopped() -> None:
    story = proven(gone(60), brake(60))
    due = next_step(story.session, when(60))
    assert (due and due.at, due and due.look) == (when(60.5), True)
    story.then(gone(60.5))
    due = next_step(story.session, when(61))
    assert due is not None
    assert due.at == when(90)
    assert next_step(story.then(gone(90)).session, when(90)) is None


def test_looks_at_what_is_stopped_end_with_the_limit() -> None:
    story = proven(gone(60), brake(60))
    assert next_step(story.session, limit(story.session, story.session.act)) is None


ACTS = st.lists(
    st.builds(
        lambda at, act, kind: gone(at, act) if kind else seen(at),
        st.integers(1, 20 * HOUR),
        st.sampled_from((Act.REMOVED, Act.DECLINED)),
        st.sampled_from((True, True, False)),
    ),
    max_size=6,
)


@given(first=st.integers(-2 * HOUR, 3 * HOUR), more=ACTS, at=st.integers(0, 20 * HOUR))
@settings(max_examples=150, deadline=None)
def test_a_release_gives_what_nobody_having_stopped_it_would_have_given(
    first: int, more: list[Fact], at: int
) -> None:
    rest = sorted(
        (fact for fact in more if (fact.at - when(first)).total_seconds() > 0), key=lambda fact: fact.at
    )
    last = max([when(first), *(fact.at for fact in rest)])
    end = (last - when(0)).total_seconds() / 60 + at
    final = [gone(end + 1), gone(end + 31)]
    free = proven(gone(first), *rest, *final)
    held = proven(gone(first), brake(first), *rest, release(end), *final)
    if free.session.verdict is None or held.session.verdict is None:
        return
    if free.verdict.outcome is Outcome.TIMELY and free.verdict.gone_at == held.verdict.gone_at:
        assert held.verdict.outcome is Outcome.TIMELY
