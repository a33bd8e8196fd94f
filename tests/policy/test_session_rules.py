"""Sections 4 and 7 of the rules: acts that are no cancellations by themselves, and the life of a session."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from policy.facts import Act, Actor, Fact
from policy.life import CalendarState, Effect, State
from policy.notice import Doubt, Outcome
from policy.schedule import Want, must_be_put_back, next_step, want
from tests.policy.story import (
    DAY,
    END,
    HOUR,
    START,
    S,
    Story,
    agreed,
    blind,
    booked,
    gone,
    mentor_gone,
    passed,
    proven,
    put_back,
    seen,
    told,
    when,
    word,
)

LATER = START + timedelta(hours=3)
ANOTHER_DAY = START + timedelta(days=2)
WEEK = 7 * DAY


def moved(at: float, to: datetime | None = LATER, *, stamp: float | None = None) -> Fact:
    return seen(at, start=to, version="v2", stamp=stamp)


def outcome(story: Story) -> tuple[Outcome, Doubt | None]:
    return story.verdict.outcome, story.verdict.doubt


# --- moved in time ---------------------------------------------------------------------


@pytest.mark.parametrize("to", [LATER, START - timedelta(hours=3), None], ids=["later", "earlier", "unknown"])
def test_moved_by_the_deadline_is_a_request(to: datetime | None) -> None:
    story = booked(moved(0, to))
    assert (story.state, story.effects[-1]) == (State.MOVING, Effect.MOVE_REQUESTED)
    assert story.session.request is not None
    assert (story.session.request.to, story.session.request.doubt) == (to, None)
    assert story.session.calendar_state is CalendarState.MOVED
    assert want(story.session) is Want.AS_IS


def test_moved_back_withdraws_the_request_and_the_deadline_rules_again() -> None:
    story = booked(moved(-60), seen(-30, version="v3"))
    assert (story.state, story.session.request) == (State.BOOKED, None)
    assert story.effects[-1] is Effect.MOVE_WITHDRAWN
    assert outcome(story.then(seen(2), gone(60), gone(61), gone(90))) == (Outcome.FORFEIT, None)


def test_moved_again_while_the_request_is_open_changes_its_time_only() -> None:
    story = booked(moved(-60), moved(-30, ANOTHER_DAY))
    assert story.session.request is not None
    assert story.session.request.to == ANOTHER_DAY
    assert story.session.request.made.at == when(-60)
    assert story.effects.count(Effect.MOVE_REQUESTED) == 1


def test_moved_again_after_the_deadline_while_the_request_is_open_stays_a_request() -> None:
    assert booked(moved(-60), moved(60, ANOTHER_DAY)).state is State.MOVING


def test_an_unanswered_request_releases_the_student_as_timely() -> None:
    story = booked(moved(-2 * DAY), passed(-DAY - 1))
    assert story.state is State.MOVING
    story.then(passed(-DAY))
    assert (story.state, outcome(story)) == (State.CANCELLED, (Outcome.TIMELY, None))
    assert (story.verdict.act, story.verdict.gone_at) == (Act.MOVED, when(-2 * DAY))
    assert story.verdict.evidence == (1, 3, 4, 6)


def test_a_request_lapses_twelve_hours_before_the_start_at_the_latest() -> None:
    assert booked(moved(-60), passed(12 * HOUR - 1)).state is State.MOVING
    assert booked(moved(-60), passed(12 * HOUR)).state is State.CANCELLED


def test_a_request_made_at_the_last_moment_stays_open_for_a_hold() -> None:
    late = told(seen(20 * HOUR), moved(20 * HOUR + 30), founded=agreed(20 * HOUR))
    assert late.state is State.MOVING
    assert late.then(passed(21 * HOUR - 1)).state is State.MOVING
    assert late.then(passed(21 * HOUR)).state is State.CANCELLED


def test_deleted_while_the_request_is_open_is_timely() -> None:
    story = booked(moved(-60), moved(2), gone(60), gone(61), gone(90))
    assert (story.state, outcome(story)) == (State.CANCELLED, (Outcome.TIMELY, None))
    assert 4 in story.verdict.evidence


def test_a_word_while_the_request_is_open_is_timely() -> None:
    assert outcome(booked(moved(-60), moved(2), word(60))) == (Outcome.TIMELY, None)


def test_a_removal_undone_while_the_request_is_open_leaves_the_request() -> None:
    story = booked(moved(-60), gone(-50), seen(-40, start=LATER, version="v3"))
    assert story.state is State.MOVING
    assert story.session.request is not None
    assert story.session.request.made.at == when(-60)


def test_restored_at_the_agreed_time_after_a_move_it_is_booked_as_before() -> None:
    story = booked(moved(-60), gone(-50), seen(-40, version="v3"))
    assert (story.state, story.effects[-2:]) == (State.BOOKED, [Effect.RESTORED, Effect.MOVE_WITHDRAWN])


def test_a_removal_undone_at_another_time_in_time_is_a_request() -> None:
    story = booked(gone(-50), moved(-40))
    assert (story.state, story.effects[-2:]) == (State.MOVING, [Effect.RESTORED, Effect.MOVE_REQUESTED])


def test_a_move_that_may_have_been_in_time_is_a_request_with_doubt() -> None:
    story = booked(seen(-30), moved(2), passed(12 * HOUR))
    assert outcome(story) == (Outcome.TIMELY, Doubt.DAEMON_DOWN)


@pytest.mark.parametrize("cause", [Doubt.SERVER_DOWN, Doubt.ACCESS_LOST, Doubt.UNREADABLE])
def test_the_doubt_of_a_request_has_the_cause_it_had_when_it_was_made(cause: Doubt) -> None:
    story = booked(seen(-30), blind(-10, cause), moved(5), moved(60), blind(70, "507"), passed(12 * HOUR))
    assert outcome(story) == (Outcome.TIMELY, cause)


def test_a_move_after_sights_that_do_not_prove_is_doubt_of_the_clock() -> None:
    story = booked(seen(-30), seen(10, proves=False), moved(20), passed(12 * HOUR))
    assert outcome(story) == (Outcome.TIMELY, Doubt.CLOCK_UNSURE)


def test_a_stamp_shows_that_a_move_was_in_time() -> None:
    story = proven(moved(60, stamp=0), passed(12 * HOUR))
    assert outcome(story) == (Outcome.TIMELY, None)


def test_a_move_first_seen_after_the_start_may_have_been_in_time() -> None:
    story = booked(moved(S + 5))
    assert story.state is State.MOVING
    assert outcome(story.then(passed(S + 5))) == (Outcome.TIMELY, Doubt.DAEMON_DOWN)


def test_first_seen_at_another_time_is_booked_and_asks_at_once() -> None:
    story = told(moved(-DAY))
    assert (story.state, story.effects) == (
        State.MOVING,
        [Effect.PLANNED, Effect.BOOKED, Effect.MOVE_REQUESTED],
    )


def test_the_same_start_in_other_words_is_not_moved() -> None:
    elsewhere = START.astimezone(ZoneInfo("Asia/Kathmandu"))
    assert booked(seen(-60, start=elsewhere, version="v2")).state is State.BOOKED


# --- moved too late --------------------------------------------------------------------


def test_moved_after_the_deadline_is_put_back_once() -> None:
    story = proven(moved(60))
    assert (story.state, story.effects[-1], story.session.request) == (State.BOOKED, Effect.MOVED_LATE, None)
    assert must_be_put_back(story.session)
    assert want(story.session) is Want.STANDING
    story.then(put_back(61), seen(62, version="v3"))
    assert story.effects[-1] is Effect.PUT_BACK
    assert not must_be_put_back(story.session)
    assert story.state is State.BOOKED


def test_moved_again_after_it_was_put_back_is_left_alone() -> None:
    story = proven(moved(60), put_back(61), seen(62, version="v3"), moved(90, ANOTHER_DAY))
    assert (story.state, story.effects[-1]) == (State.BOOKED, Effect.PUT_BACK)
    assert not must_be_put_back(story.session)


def test_what_the_student_put_back_need_not_be_put_back_again() -> None:
    assert not must_be_put_back(proven(moved(60), seen(70, version="v3")).session)


def test_dragging_cannot_dodge_the_deadline() -> None:
    story = proven(moved(60), put_back(61), moved(62), gone(90), gone(91), gone(120))
    assert (outcome(story), story.verdict.present_at) == ((Outcome.FORFEIT, None), when(60))


def test_standing_at_another_time_at_the_deadline_is_standing() -> None:
    story = booked(seen(-30), moved(2), seen(10, version="v3"), gone(60), gone(61), gone(90))
    assert (outcome(story), story.verdict.present_at) == ((Outcome.FORFEIT, None), when(8))


def test_a_move_after_the_start_changes_nothing() -> None:
    story = proven(moved(S), moved(S + 5))
    assert (story.state, story.session.moved_late) == (State.BOOKED, False)


def test_a_move_just_before_the_start_is_still_put_back() -> None:
    assert must_be_put_back(proven(moved(S - 0.5)).session)


def test_a_move_is_judged_by_when_it_last_stood_at_its_time_not_by_when_it_last_stood() -> None:
    story = booked(moved(-30), passed(-29))
    assert story.session.stood is not None
    assert story.session.present is not None
    assert story.session.stood.at < story.session.present.at


# --- restored after the decision -------------------------------------------------------


@pytest.mark.parametrize("at", [-90, 60])
def test_restored_after_the_decision_is_told_and_changes_nothing(at: int) -> None:
    story = (booked if at < 0 else proven)(gone(at), gone(at + 1), gone(at + 30))
    state, verdict = story.state, story.session.verdict
    story.then(seen(at + 45, version="v9"))
    assert (story.state, story.session.verdict) == (state, verdict)
    assert story.effects[-1] is Effect.RESTORED_LATE
    assert story.session.calendar_state is CalendarState.PRESENT


def test_a_stale_answer_after_the_decision_is_no_restoration() -> None:
    near = S - 4
    story = proven(gone(near), gone(near + 0.5), gone(near + 1))
    assert story.state is State.FORFEITED
    story.then(seen(near + 1.5), seen(near + 2), seen(near + 30, proves=False))
    assert story.effects[-1] is Effect.FORFEIT
    assert story.session.calendar_state is CalendarState.GONE


def test_restored_late_is_told_once() -> None:
    story = booked(gone(-90), gone(-89), gone(-60), seen(-45), seen(-40))
    assert story.effects.count(Effect.RESTORED_LATE) == 1


@pytest.mark.parametrize(
    "fact",
    [
        seen(S + 1),
        gone(S + 1),
        gone(S + 1, Act.DECLINED),
        mentor_gone(S + 1),
        word(S + 1),
        word(S + 1, Actor.SCHOOL),
        blind(S + 1, Doubt.ACCESS_LOST, lost=True),
        put_back(S + 1),
        passed(S + 2 * WEEK),
    ],
    ids=["seen", "gone", "declined", "mentor gone", "word", "school's word", "blind", "put back", "passed"],
)
@pytest.mark.parametrize("end", ["cancelled", "forfeited", "released", "elapsed"])
def test_nothing_after_the_end_changes_the_decision(end: str, fact: Fact) -> None:
    stories = {
        "cancelled": booked(word(-60)),
        "forfeited": proven(word(60)),
        "released": proven(word(60, Actor.MENTOR)),
        "elapsed": proven(passed(S + HOUR)),
    }
    story = stories[end]
    assert story.state == end
    verdict, told_before = story.session.verdict, list(story.effects)
    story.then(fact)
    assert (story.state, story.session.verdict, story.effects) == (end, verdict, told_before)


# --- planned ---------------------------------------------------------------------------


def test_an_agreement_is_planned_until_the_event_is_seen() -> None:
    story = told()
    assert (story.state, story.effects) == (State.PLANNED, [Effect.PLANNED])
    assert want(story.session) is Want.STANDING
    story.then(seen(-5 * DAY))
    assert (story.state, story.effects[-1]) == (State.BOOKED, Effect.BOOKED)
    assert story.session.first_seen is not None


def test_absence_before_the_first_confirmed_sight_counts_against_nobody() -> None:
    story = told(gone(-DAY), gone(60), gone(61))
    assert (story.state, story.effects) == (State.PLANNED, [Effect.PLANNED])
    assert story.session.calendar_state is CalendarState.UNWRITTEN


@pytest.mark.parametrize("act", [Act.DECLINED, Act.CANCELLED])
def test_declined_when_first_seen_was_seen_and_is_notice(act: Act) -> None:
    story = told(gone(60, act), gone(61, act), gone(90, act), founded=agreed(30))
    assert story.effects == [
        Effect.PLANNED,
        Effect.BOOKED,
        Effect.NOTICED,
        Effect.CONFIRMED,
        Effect.TIMELY,
    ]
    assert (outcome(story), story.verdict.deadline) == ((Outcome.TIMELY, None), when(120))


def test_a_stale_answer_from_before_a_first_sight_declined_does_not_undo_it() -> None:
    assert told(gone(-60, Act.DECLINED), seen(-59, version="v0")).state is State.NOTICED


def test_never_written_by_its_start_it_is_released_and_not_the_student() -> None:
    story = told(passed(S - 1))
    assert story.state is State.PLANNED
    story.then(passed(S))
    assert (story.state, story.verdict.outcome) == (State.RELEASED, Outcome.NOT_STUDENT)
    assert (story.verdict.actor, story.verdict.act) == (Actor.SCHOOL, Act.UNWRITTEN)
    assert story.verdict.reasons == ("it never reached the student's calendar",)


# --- incidents -------------------------------------------------------------------------


def test_lost_access_is_an_incident_and_decides_nothing() -> None:
    story = booked(blind(-60, Doubt.ACCESS_LOST, lost=True))
    assert (story.state, story.effects[-1]) == (State.INCIDENT, Effect.INCIDENT)
    assert story.session.calendar_state is CalendarState.UNREACHABLE
    story.then(passed(S), passed(S + HOUR))
    assert (story.state, story.session.verdict) == (State.INCIDENT, None)


def test_an_open_request_outlives_lost_access() -> None:
    story = booked(moved(-60), blind(-30, Doubt.ACCESS_LOST, lost=True))
    assert (story.state, Effect.INCIDENT in story.effects) == (State.MOVING, False)
    assert outcome(story.then(passed(12 * HOUR))) == (Outcome.TIMELY, None)


def test_a_trouble_that_passes_by_itself_is_no_incident() -> None:
    story = booked(blind(-60, Doubt.SERVER_DOWN))
    assert story.state is State.BOOKED
    assert Effect.INCIDENT not in story.effects


def test_an_event_that_cannot_be_read_is_shown_as_such() -> None:
    assert booked(blind(-60, Doubt.UNREADABLE)).session.calendar_state is CalendarState.UNREADABLE


def test_an_incident_ends_when_the_event_is_seen_again() -> None:
    story = booked(blind(-60, Doubt.ACCESS_LOST, lost=True), seen(10))
    assert (story.state, story.effects[-1], story.session.trouble) == (State.BOOKED, Effect.SEEN_AGAIN, None)


def test_an_incident_that_ends_with_the_event_moved_asks_for_the_new_time() -> None:
    story = booked(blind(-60, Doubt.ACCESS_LOST, lost=True), moved(10))
    assert (story.state, story.effects[-2:]) == (State.MOVING, [Effect.SEEN_AGAIN, Effect.MOVE_REQUESTED])


def test_gone_when_the_calendar_comes_back_is_timely_with_the_cause() -> None:
    story = booked(blind(-60, Doubt.ACCESS_LOST, lost=True), gone(60), gone(61), gone(90))
    assert story.states[-3:] == [State.NOTICED, State.NOTICED, State.CANCELLED]
    assert outcome(story) == (Outcome.TIMELY, Doubt.ACCESS_LOST)


def test_gone_after_an_incident_and_restored_it_is_booked() -> None:
    story = booked(blind(-60, Doubt.ACCESS_LOST, lost=True), gone(-30), seen(-20))
    assert story.state is State.BOOKED


def test_the_owner_can_cancel_during_an_incident() -> None:
    assert outcome(booked(blind(-60, Doubt.ACCESS_LOST, lost=True), word(-30))) == (Outcome.TIMELY, None)


def test_an_incident_waits_a_week_for_its_calendar_and_elapses() -> None:
    story = booked(blind(-60, Doubt.ACCESS_LOST, lost=True), passed(S + HOUR + WEEK - 1))
    assert story.state is State.INCIDENT
    assert story.then(passed(S + HOUR + WEEK)).state is State.ELAPSED
    assert (story.effects[-1], story.session.verdict) == (Effect.ELAPSED, None)


# --- the end ---------------------------------------------------------------------------


def test_a_proven_session_elapses_at_its_end() -> None:
    story = proven(passed(S + HOUR - 1))
    assert story.state is State.BOOKED
    story.then(passed(S + HOUR))
    assert (story.state, story.effects[-1], story.session.verdict) == (State.ELAPSED, Effect.ELAPSED, None)


def test_a_session_seen_since_the_deadline_elapses_even_without_proof() -> None:
    assert booked(seen(0, proves=False), passed(S + HOUR)).state is State.ELAPSED


def test_a_session_unseen_since_the_deadline_waits_for_its_calendar() -> None:
    story = booked(seen(-1), passed(S + HOUR), passed(S + HOUR + WEEK - 1))
    assert story.state is State.BOOKED
    assert story.then(passed(S + HOUR + WEEK)).state is State.ELAPSED


@pytest.mark.parametrize("at", [S + 1, S + 59, S + 3 * HOUR])
def test_deleted_during_or_after_the_session_is_not_notice(at: int) -> None:
    story = proven(gone(at), gone(at + 1))
    assert (story.state, story.session.verdict) == (State.BOOKED, None)
    assert story.session.calendar_state is CalendarState.GONE
    assert story.then(passed(S + 4 * HOUR)).state is State.ELAPSED


def test_deleted_just_before_the_start_is_a_forfeit_without_a_hold() -> None:
    assert outcome(proven(gone(S), gone(S + 1))) == (Outcome.FORFEIT, None)


def test_first_seen_gone_after_the_session_may_have_been_in_time() -> None:
    story = booked(gone(S + 3 * HOUR), gone(S + 3 * HOUR + 1))
    assert outcome(story) == (Outcome.TIMELY, Doubt.DAEMON_DOWN)


# --- what comes next -------------------------------------------------------------------


def following(story: Story, now: float = -DAY) -> tuple[datetime, bool]:
    step = next_step(story.session, when(now))
    assert step is not None
    return step.at, step.look


def test_a_planned_session_waits_for_its_start() -> None:
    assert following(told()) == (START, False)


def test_the_deadline_look_is_sent_when_its_answer_cannot_be_older_than_the_deadline() -> None:
    assert following(booked()) == (when(2), True)
    assert following(booked(seen(1.9))) == (when(2), True)


def test_a_proven_session_waits_for_its_end() -> None:
    assert following(proven()) == (END, False)


def test_a_deadline_look_that_proves_nothing_is_taken_again() -> None:
    assert following(booked(seen(2, proves=False))) == (when(4), True)
    assert following(booked(seen(S + 59, proves=False))) == (END, False)


def test_an_act_is_looked_at_again_and_at_the_end_of_its_hold() -> None:
    assert following(booked(gone(-60))) == (when(-59.5), True)
    assert following(booked(gone(-60), gone(-59))) == (when(-30), True)


def test_a_mentors_act_is_looked_at_until_the_students_copy_can_show_what_it_means() -> None:
    assert following(proven(mentor_gone(60))) == (when(60.5), True)
    near = S - 4
    assert following(proven(mentor_gone(near), mentor_gone(near + 0.5))) == (when(near + 2), True)
    unsure = proven(mentor_gone(near), mentor_gone(near + 0.5), seen(near + 2, proves=False))
    assert following(unsure)[0] > when(near + 2)


def test_nothing_is_waited_for_beyond_the_limit() -> None:
    story = booked(gone(-60), seen(59.5, proves=False))
    assert following(story) == (when(60), True)


def test_a_contradicted_act_is_looked_at_later_each_time() -> None:
    story = booked(gone(-60), seen(-40, proves=False))
    first, _ = following(story)
    assert first > when(-38)
    assert following(story.then(seen(-37, proves=False)))[0] > first


def test_an_open_request_is_looked_at_before_it_lapses() -> None:
    assert following(booked(moved(-60))) == (when(12 * HOUR), True)


def test_an_incident_is_looked_at_at_its_deadline_and_then_waited_out() -> None:
    story = booked(blind(-60, Doubt.ACCESS_LOST, lost=True))
    assert following(story, -60) == (when(2), True)
    assert following(story, 2) == (when(S + HOUR + WEEK), False)


@pytest.mark.parametrize("fact", [word(-60), word(-60, Actor.MENTOR)], ids=["student", "mentor"])
def test_a_decided_session_asks_for_nothing_and_wants_nothing_in_the_calendars(fact: Fact) -> None:
    session = booked(fact).session
    assert next_step(session, when(0)) is None
    assert want(session) is Want.ABSENT


def test_an_elapsed_session_is_left_in_the_calendars() -> None:
    assert want(proven(passed(S + HOUR)).session) is Want.AS_IS


def test_a_session_without_an_act_has_none_to_show() -> None:
    with pytest.raises(AssertionError, match="without an act"):
        _ = booked().session.act
