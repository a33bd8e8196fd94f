"""Sections 2 and 3 of the rules: what a confirmed act is worth, who acted, and how it is proven."""

from __future__ import annotations

from datetime import timedelta

import pytest

from policy.facts import Act, Actor, Fact, Via
from policy.life import CalendarState, Effect, State
from policy.notice import Doubt, Outcome
from policy.rules import Rules
from policy.schedule import Want, next_step, want
from policy.session import IllegalFact, advance, begin
from tests.policy.story import (
    DAY,
    HOUR,
    S,
    Story,
    agreed,
    blind,
    booked,
    gone,
    mentor_gone,
    mentor_seen,
    passed,
    proven,
    seen,
    told,
    when,
    word,
)


def outcome(story: Story) -> tuple[Outcome, Doubt | None]:
    return story.verdict.outcome, story.verdict.doubt


# --- the verdict on a confirmed act ----------------------------------------------------


def test_a_removal_by_the_deadline_is_timely() -> None:
    story = booked(gone(-60), gone(-59), gone(-30))
    assert (story.state, outcome(story)) == (State.CANCELLED, (Outcome.TIMELY, None))
    assert story.effects[-3:] == [Effect.NOTICED, Effect.CONFIRMED, Effect.TIMELY]
    assert (story.verdict.actor, story.verdict.act) == (Actor.STUDENT, Act.REMOVED)
    assert (story.verdict.gone_at, story.verdict.deadline) == (when(-60), when(0))


def test_a_removal_seen_at_the_deadline_itself_is_timely() -> None:
    assert outcome(booked(gone(0), gone(1), gone(30))) == (Outcome.TIMELY, None)


def test_a_removal_after_the_deadline_look_is_a_forfeit() -> None:
    story = proven(gone(60), gone(61), gone(90))
    assert (story.state, outcome(story)) == (State.FORFEITED, (Outcome.FORFEIT, None))
    assert story.effects[-3:] == [Effect.NOTICED, Effect.CONFIRMED, Effect.FORFEIT]
    assert (story.verdict.present_at, story.verdict.gone_at) == (when(0), when(60))


def test_a_verdict_names_the_facts_it_rests_on() -> None:
    story = proven(gone(60), gone(61), gone(90))
    assert story.verdict.evidence == (1, 4, 5, 6)
    assert story.verdict.rules_version == Rules().version


def test_a_look_before_the_deadline_and_the_lag_proves_nothing() -> None:
    story = booked(seen(1.9), gone(5), gone(6), gone(36))
    assert (story.state, outcome(story)) == (State.CANCELLED, (Outcome.TIMELY, Doubt.DAEMON_DOWN))


def test_a_sight_is_dated_by_when_it_was_asked_for() -> None:
    assert booked(seen(1, took=9)).session.proven_at_deadline is False


@pytest.mark.parametrize("act", [Act.REMOVED, Act.DECLINED, Act.CANCELLED])
def test_removing_declining_and_cancelling_are_the_same_notice(act: Act) -> None:
    assert outcome(booked(gone(-60, act), gone(-59, act), gone(-30, act))) == (Outcome.TIMELY, None)
    assert outcome(proven(gone(60, act), gone(61, act), gone(90, act))) == (Outcome.FORFEIT, None)


def test_a_stamp_by_the_deadline_acquits_a_removal_seen_late() -> None:
    story = proven(gone(60, stamp=-1), gone(61), gone(90))
    assert (outcome(story), story.verdict.stamp) == ((Outcome.TIMELY, None), when(-1))


def test_a_stamp_that_only_the_second_look_shows_acquits_too() -> None:
    assert outcome(proven(gone(60), gone(61, stamp=0), gone(90))) == (Outcome.TIMELY, None)


def test_of_two_stamps_the_earlier_one_bounds_the_act() -> None:
    assert outcome(proven(gone(60, stamp=30), gone(61, stamp=-1), gone(90, stamp=30))) == (
        Outcome.TIMELY,
        None,
    )


def test_a_stamp_after_the_deadline_does_not_acquit() -> None:
    assert outcome(proven(gone(60, stamp=30), gone(61), gone(90))) == (Outcome.FORFEIT, None)


def test_a_stamp_at_the_very_deadline_acquits() -> None:
    story = booked(seen(2, stamp=-600), gone(60, stamp=0), gone(61), gone(90))
    assert (outcome(story), story.verdict.stamp) == ((Outcome.TIMELY, None), when(0))


@pytest.mark.parametrize("stamp", [-600, -700])
def test_a_stamp_that_the_event_bore_while_it_stood_is_not_that_of_its_removal(stamp: float) -> None:
    story = booked(seen(2, stamp=-600), gone(60, stamp=stamp), gone(61, stamp=stamp), gone(90, stamp=stamp))
    assert (outcome(story), story.verdict.stamp) == ((Outcome.FORFEIT, None), None)


def test_a_stamp_is_measured_by_the_latest_that_the_event_bore() -> None:
    late = booked(seen(-60, stamp=-600), seen(2, stamp=-30), gone(60, stamp=-30), gone(61), gone(90))
    assert outcome(late) == (Outcome.FORFEIT, None)
    edited = booked(seen(2, stamp=-600), seen(10, stamp=5), seen(20, stamp=5), gone(60, stamp=40), gone(90))
    assert (outcome(edited), edited.verdict.stamp) == ((Outcome.FORFEIT, None), when(40))


def test_a_stamp_that_contradicts_what_was_seen_helps_the_student() -> None:
    story = booked(seen(2, stamp=-600), gone(60, stamp=-1), gone(61), gone(90))
    assert (outcome(story), story.verdict.stamp) == ((Outcome.TIMELY, None), when(-1))


def test_a_stamp_of_a_time_to_come_is_none() -> None:
    story = proven(gone(60, stamp=61), gone(61, stamp=200), gone(90, stamp=90))
    assert (outcome(story), story.verdict.stamp) == ((Outcome.FORFEIT, None), when(90))
    ahead = booked(seen(2, stamp=60 * 24), gone(60, stamp=-1), gone(61), gone(90))
    assert outcome(ahead) == (Outcome.TIMELY, None)


def test_a_later_stamp_dates_no_act_anew() -> None:
    story = booked(seen(-60, stamp=-600), gone(30, stamp=-5), gone(31, stamp=10), gone(60, stamp=50))
    assert (outcome(story), story.verdict.stamp) == ((Outcome.TIMELY, None), when(-5))


def test_what_restored_an_event_does_not_date_its_second_removal() -> None:
    undone = booked(gone(-60, stamp=-61), seen(-50, stamp=-55, version="v2"), seen(2.5, version="v2"))
    assert undone.state is State.BOOKED
    assert outcome(undone.then(gone(60, stamp=-55), gone(61, stamp=-55), gone(90))) == (Outcome.FORFEIT, None)


def test_the_first_sight_of_an_act_counts_however_late_it_is_confirmed() -> None:
    story = booked(gone(-1), gone(20), gone(40))
    assert (story.verdict.gone_at, outcome(story)) == (when(-1), (Outcome.TIMELY, None))


# --- two looks -------------------------------------------------------------------------


def test_one_look_decides_nothing() -> None:
    story = booked(gone(-60))
    assert (story.state, story.session.verdict, story.effects[-1]) == (State.NOTICED, None, Effect.NOTICED)
    assert want(story.session) is Want.AS_IS


def test_the_second_look_must_be_half_a_minute_later() -> None:
    story = booked(gone(-60), gone(-59.75))
    assert story.session.act.confirmed is None
    assert story.then(gone(-59.5)).session.act.confirmed is not None


@pytest.mark.parametrize("via", [Via.LISTING, Via.CHANGE])
def test_only_a_look_by_id_confirms(via: Via) -> None:
    story = booked(gone(-60), gone(-50, via=via))
    assert story.session.act.confirmed is None


def test_the_end_of_the_hold_does_not_make_up_for_the_second_look() -> None:
    story = proven(gone(60), gone(90, via=Via.LISTING), gone(120, via=Via.CHANGE))
    assert (story.state, story.session.verdict) == (State.NOTICED, None)


def test_nothing_is_decided_before_the_hold_ends() -> None:
    story = booked(gone(-60), gone(-59), gone(-31))
    assert story.state is State.NOTICED
    assert story.then(gone(-30)).state is State.CANCELLED


def test_the_hold_is_at_most_a_quarter_of_the_time_left() -> None:
    near = S - 40  # 40 minutes before the start: a hold of ten
    assert proven(gone(near), gone(near + 1), gone(near + 9)).state is State.NOTICED
    assert proven(gone(near), gone(near + 1), gone(near + 10)).state is State.FORFEITED


def test_a_removal_is_decided_by_a_look_alone_which_asks_where_else_it_stands() -> None:
    story = booked(gone(-60), gone(-59), gone(-30, via=Via.LISTING))
    assert story.state is State.NOTICED
    assert story.then(gone(-29)).state is State.CANCELLED


@pytest.mark.parametrize("again", [False, True], ids=["to the end", "for a while"])
def test_what_may_have_been_brought_back_to_where_it_cannot_be_read_is_not_confirmed(*, again: bool) -> None:
    story = proven(gone(60), gone(61), gone(90, via=Via.CHANGE))
    assert story.state is State.NOTICED
    if again:
        assert outcome(story.then(gone(100))) == (Outcome.FORFEIT, None)
    else:
        assert outcome(story.then(passed(180))) == (Outcome.TIMELY, Doubt.UNCONFIRMED)


def test_a_timely_act_that_cannot_be_confirmed_stays_timely() -> None:
    story = booked(gone(-60), passed(59))
    assert story.state is State.NOTICED
    assert outcome(story.then(passed(60))) == (Outcome.TIMELY, None)


def test_a_late_act_that_cannot_be_confirmed_is_doubt() -> None:
    story = proven(gone(60), passed(179))
    assert story.state is State.NOTICED
    story.then(passed(180))
    assert (story.state, outcome(story)) == (State.CANCELLED, (Outcome.TIMELY, Doubt.UNCONFIRMED))


def test_a_late_act_is_doubt_if_nobody_could_look_whether_it_was_undone_within_the_hold() -> None:
    story = proven(gone(60), gone(61), passed(179))
    assert story.state is State.NOTICED
    assert outcome(story.then(passed(180))) == (Outcome.TIMELY, Doubt.UNCONFIRMED)


def test_an_act_in_time_is_timely_if_nobody_could_look_whether_it_was_undone_within_the_hold() -> None:
    assert outcome(booked(gone(-60), gone(-59), passed(60))) == (Outcome.TIMELY, None)


# --- stale answers, phantoms, undoing --------------------------------------------------


def test_a_stale_answer_does_not_undo_an_act() -> None:
    story = booked(gone(-60), seen(-59))
    assert story.state is State.NOTICED
    assert story.then(gone(-50), gone(-30)).verdict.gone_at == when(-60)


def test_a_contradicted_act_is_not_decided_before_it_is_seen_again() -> None:
    story = booked(gone(-60), gone(-59), seen(-58.5), passed(-30))
    assert story.state is State.NOTICED
    assert story.then(gone(-29)).state is State.CANCELLED


def test_a_removal_that_the_second_look_does_not_find_is_a_phantom() -> None:
    story = booked(gone(-60), seen(-59.5))
    assert (story.state, story.session.phantoms) == (State.NOTICED, 0)
    again = next_step(story.session, when(-59.5))
    assert again is not None
    assert again.look
    assert when(-57.4) > again.at > when(-57.5)
    story.then(seen(-57.4))
    assert (story.state, story.session.phantoms, story.effects[-1]) == (State.BOOKED, 1, Effect.PHANTOM)
    assert story.session.pending is None


def test_an_answer_exactly_as_old_as_the_act_is_still_stale() -> None:
    assert booked(gone(-60), seen(-58)).state is State.NOTICED
    assert booked(gone(-60), seen(-57.9)).state is State.BOOKED


def test_the_last_answer_that_showed_the_act_is_what_a_sight_must_be_newer_than() -> None:
    assert booked(gone(-60), gone(-59), seen(-57.5)).state is State.NOTICED


def test_a_newer_version_undoes_the_act_within_the_hold() -> None:
    story = booked(gone(-60), gone(-59), seen(-50, version="v2"))
    assert (story.state, story.effects[-1], story.session.phantoms) == (State.BOOKED, Effect.RESTORED, 0)
    assert story.session.pending is None
    assert story.session.version == "v2"


def test_a_newer_version_undoes_the_act_at_once() -> None:
    assert booked(gone(-60), seen(-59.9, version="v2")).effects[-1] is Effect.RESTORED


def test_a_confirmed_removal_that_stands_again_unchanged_was_restored() -> None:
    story = booked(gone(-60), gone(-59), seen(-40))
    assert (story.state, story.effects[-1], story.session.phantoms) == (State.BOOKED, Effect.RESTORED, 0)


def test_found_standing_at_the_look_after_the_hold_it_was_undone() -> None:
    story = booked(gone(-60), gone(-59), seen(-29))
    assert (story.state, story.effects[-1]) == (State.BOOKED, Effect.RESTORED)


def test_an_undone_act_is_void_and_a_later_one_is_judged_by_itself() -> None:
    story = booked(gone(-60), gone(-59), seen(-40), seen(2), gone(60), gone(61), gone(90))
    assert outcome(story) == (Outcome.FORFEIT, None)
    assert story.verdict.gone_at == when(60)


@pytest.mark.parametrize("act", [Act.DECLINED, Act.CANCELLED])
def test_declined_and_back_again_is_undone(act: Act) -> None:
    story = booked(gone(-60, act), seen(-55, version="v3"))
    assert (story.state, story.effects[-1]) == (State.BOOKED, Effect.RESTORED)
    assert story.session.calendar_state is CalendarState.PRESENT


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_cached_answer_undoes_nothing(version: str) -> None:
    story = booked(gone(-60), seen(-40, version=version, proves=False))
    assert story.state is State.NOTICED
    assert story.then(gone(-39), gone(-30)).verdict.gone_at == when(-60)


def test_an_event_that_newly_appears_in_another_calendar_is_followed() -> None:
    story = booked(gone(-60), seen(-59.9, via=Via.FOLLOW))
    assert (story.state, story.session.phantoms, story.effects[-1]) == (State.BOOKED, 0, Effect.RESTORED)


def test_an_act_contradicted_until_the_limit_stands_as_if_nothing_had_happened() -> None:
    story = booked(gone(-60), seen(-59), passed(60))
    assert (story.state, story.session.pending, story.session.phantoms) == (State.BOOKED, None, 1)
    assert story.effects[-1] is Effect.PHANTOM


# --- doubt and its cause ---------------------------------------------------------------


def unseen_across_the_deadline(*between: Fact) -> Story:
    return booked(seen(-30), *between, gone(120), gone(121), gone(150))


def test_nobody_looked_across_the_deadline() -> None:
    assert outcome(unseen_across_the_deadline()) == (Outcome.TIMELY, Doubt.DAEMON_DOWN)


@pytest.mark.parametrize("cause", [Doubt.SERVER_DOWN, Doubt.ACCESS_LOST, Doubt.UNREADABLE])
def test_the_doubt_names_what_kept_us_from_looking(cause: Doubt) -> None:
    assert outcome(unseen_across_the_deadline(blind(-10, cause))) == (Outcome.TIMELY, cause)


def test_a_trouble_without_a_known_name_is_the_servers() -> None:
    assert outcome(unseen_across_the_deadline(blind(-10, "507"))) == (Outcome.TIMELY, Doubt.SERVER_DOWN)


def test_a_trouble_that_was_over_before_the_last_sight_is_no_cause() -> None:
    story = booked(blind(-90, Doubt.SERVER_DOWN), seen(-30, took=0.1), gone(120), gone(121), gone(150))
    assert outcome(story) == (Outcome.TIMELY, Doubt.DAEMON_DOWN)


def test_a_trouble_that_ended_with_a_sight_that_does_not_prove_is_still_the_cause() -> None:
    blinded = blind(-10, Doubt.ACCESS_LOST)
    assert outcome(unseen_across_the_deadline(blinded, seen(1, proves=False))) == (
        Outcome.TIMELY,
        Doubt.ACCESS_LOST,
    )


def test_the_first_of_several_troubles_is_the_cause() -> None:
    troubles = (blind(-10, Doubt.ACCESS_LOST), blind(20, Doubt.SERVER_DOWN))
    assert outcome(unseen_across_the_deadline(*troubles)) == (Outcome.TIMELY, Doubt.ACCESS_LOST)


def test_a_sight_under_an_unsure_clock_proves_nothing() -> None:
    assert outcome(unseen_across_the_deadline(seen(10, proves=False))) == (Outcome.TIMELY, Doubt.CLOCK_UNSURE)


def test_unseen_from_the_deadline_on_does_not_matter_once_it_was_proven() -> None:
    story = proven(blind(10, Doubt.ACCESS_LOST), gone(120), gone(121), gone(150))
    assert outcome(story) == (Outcome.FORFEIT, None)


# --- words -----------------------------------------------------------------------------


def test_a_students_word_by_the_deadline_is_timely_at_once() -> None:
    story = booked(word(0))
    assert (story.state, outcome(story), story.verdict.act) == (
        State.CANCELLED,
        (Outcome.TIMELY, None),
        Act.ASKED,
    )


def test_a_students_word_after_the_deadline_is_a_forfeit_at_once() -> None:
    story = proven(word(1 + 2))
    assert (story.state, outcome(story)) == (State.FORFEITED, (Outcome.FORFEIT, None))
    assert story.session.seq in story.verdict.evidence


def test_a_students_late_word_needs_the_same_proof_as_any_act() -> None:
    assert outcome(booked(word(60))) == (Outcome.TIMELY, Doubt.DAEMON_DOWN)


@pytest.mark.parametrize("by", [Actor.MENTOR, Actor.SCHOOL])
@pytest.mark.parametrize("at", [-60, 60])
def test_a_word_of_mentor_or_school_is_not_the_student(by: Actor, at: int) -> None:
    story = proven(word(at, by))
    assert (story.state, story.verdict.outcome, story.verdict.actor) == (
        State.RELEASED,
        Outcome.NOT_STUDENT,
        by,
    )
    assert story.effects[-1] is Effect.NOT_STUDENT


def test_a_word_while_noticed_is_as_early_as_what_the_calendar_showed() -> None:
    story = booked(gone(-1), word(5))
    assert (story.verdict.act, story.verdict.gone_at, outcome(story)) == (
        Act.REMOVED,
        when(-1),
        (Outcome.TIMELY, None),
    )


def test_a_word_confirms_a_late_removal_instead_of_acquitting_it() -> None:
    assert outcome(proven(gone(60), word(60.1))) == (Outcome.FORFEIT, None)


def test_a_word_of_the_school_overrides_an_act_that_is_not_confirmed() -> None:
    story = proven(gone(60), word(60.1, Actor.SCHOOL))
    assert (story.state, story.verdict.actor) == (State.RELEASED, Actor.SCHOOL)


def test_a_word_of_the_mentor_comes_too_late_for_a_confirmed_act() -> None:
    assert outcome(proven(gone(60), gone(61), word(62, Actor.MENTOR))) == (Outcome.FORFEIT, None)


def test_a_word_of_the_student_comes_after_the_mentors_act() -> None:
    story = proven(mentor_gone(60), word(65))
    assert (story.state, story.verdict.actor) == (State.RELEASED, Actor.MENTOR)


def test_a_word_of_the_student_counts_where_the_mentors_copy_vanishes_with_theirs() -> None:
    assert outcome(proven(mentor_gone(60, cascades=True), word(65))) == (Outcome.FORFEIT, None)


def test_a_word_before_the_event_was_written_is_timely() -> None:
    assert outcome(told(word(-60))) == (Outcome.TIMELY, None)


# --- the mentor's copy -----------------------------------------------------------------


@pytest.mark.parametrize("act", [Act.REMOVED, Act.DECLINED])
def test_a_mentors_act_with_the_students_copy_standing_is_not_the_student(act: Act) -> None:
    story = proven(mentor_gone(60, act), mentor_gone(61, act), seen(62), mentor_gone(90, act))
    assert (story.state, outcome(story)) == (State.RELEASED, (Outcome.NOT_STUDENT, None))
    assert (story.verdict.actor, story.verdict.act, story.verdict.stamp) == (Actor.MENTOR, act, None)
    assert story.verdict.evidence == (1, 5, 6, 7)


def test_a_mentors_act_is_not_decided_before_the_students_copy_was_seen() -> None:
    story = proven(mentor_gone(60), mentor_gone(61), mentor_gone(100))
    assert story.state is State.NOTICED
    assert story.then(seen(101)).state is State.RELEASED


def test_a_mentors_act_is_not_decided_on_one_look_at_their_copy() -> None:
    assert proven(mentor_gone(60), seen(62), seen(100)).state is State.NOTICED


@pytest.mark.parametrize(
    "look", [seen(61.9), seen(62, proves=False), seen(59)], ids=["lag", "cached", "before"]
)
def test_a_look_that_may_be_older_than_the_mentors_act_shows_nothing(look: Fact) -> None:
    story = proven(mentor_gone(60), look, mentor_gone(61), mentor_gone(100))
    assert story.state is State.NOTICED


def test_a_mentors_act_that_cannot_be_proven_is_booked_again_at_the_limit() -> None:
    story = proven(mentor_gone(60), passed(179))
    assert story.state is State.NOTICED
    story.then(passed(180))
    assert (story.state, story.session.pending, story.session.verdict) == (State.BOOKED, None, None)
    assert story.effects[-1] is Effect.PHANTOM
    assert story.session.phantoms == 0


def test_a_mentors_act_without_the_students_copy_seen_is_booked_again_at_the_limit() -> None:
    story = proven(mentor_gone(60), mentor_gone(61), mentor_gone(90), passed(180))
    assert (story.state, story.session.verdict) == (State.BOOKED, None)


def test_a_mentor_restores_their_copy() -> None:
    story = proven(mentor_gone(60), mentor_gone(61), mentor_seen(70))
    assert (story.state, story.effects[-1]) == (State.BOOKED, Effect.RESTORED)
    assert story.session.pending is None


def test_a_stale_answer_does_not_undo_the_mentors_act() -> None:
    story = proven(mentor_gone(60), mentor_seen(61), seen(63))
    assert story.state is State.NOTICED
    assert story.then(mentor_gone(64), mentor_gone(91)).state is State.RELEASED


def test_a_contradicted_act_of_the_mentor_is_not_decided_before_it_is_seen_again() -> None:
    story = proven(mentor_gone(60), mentor_gone(61), mentor_seen(61.5), seen(95))
    assert (story.state, story.session.verdict) == (State.NOTICED, None)
    assert story.then(mentor_gone(96)).verdict.actor is Actor.MENTOR


def test_both_copies_gone_in_an_order_that_is_not_proven_is_the_mentors() -> None:
    story = proven(mentor_gone(60), gone(60.2), mentor_gone(61), mentor_gone(90))
    assert (story.state, story.verdict.actor) == (State.RELEASED, Actor.MENTOR)
    assert "order cannot be proven" in story.verdict.reasons[0]


def test_a_copy_that_may_have_gone_along_is_confirmed_once_it_is_known_whose_act_it_was() -> None:
    story = proven(mentor_gone(60, cascades=True), mentor_gone(61))
    assert Effect.CONFIRMED not in story.effects
    assert story.then(seen(63), seen(70)).effects.count(Effect.CONFIRMED) == 1
    students = proven(mentor_gone(60, cascades=True), mentor_gone(61), gone(62), gone(63), gone(95))
    assert students.effects.count(Effect.CONFIRMED) == 1
    assert outcome(students) == (Outcome.FORFEIT, None)


def test_a_mentors_copy_that_vanishes_with_the_students_is_the_students_act() -> None:
    story = proven(mentor_gone(60, cascades=True), gone(60.2))
    assert (story.state, story.session.act.actor) == (State.NOTICED, Actor.STUDENT)
    story.then(gone(61), gone(91))
    assert (story.verdict.actor, outcome(story)) == (Actor.STUDENT, (Outcome.FORFEIT, None))


def test_a_mentor_who_declines_a_copy_that_could_vanish_by_itself_has_acted_all_the_same() -> None:
    story = proven(mentor_gone(60, Act.DECLINED, cascades=True), mentor_gone(61), seen(63), mentor_gone(90))
    assert (story.state, story.verdict.actor) == (State.RELEASED, Actor.MENTOR)


def test_a_student_who_follows_a_proven_act_of_the_mentor_changes_nothing() -> None:
    story = proven(mentor_gone(60), mentor_gone(61), seen(63), gone(70), mentor_gone(90))
    assert (story.state, story.verdict.actor) == (State.RELEASED, Actor.MENTOR)
    assert "still stood" in story.verdict.reasons[0]


def test_a_mentor_who_follows_a_confirmed_act_of_the_student_changes_nothing() -> None:
    story = proven(gone(60), gone(61), mentor_gone(70), gone(90))
    assert (story.verdict.actor, outcome(story)) == (Actor.STUDENT, (Outcome.FORFEIT, None))


def test_a_mentors_copy_found_gone_before_the_students_act_is_confirmed_may_have_gone_first() -> None:
    story = proven(gone(60), mentor_gone(60.2), gone(61), gone(90))
    assert (story.state, story.verdict.actor) == (State.RELEASED, Actor.MENTOR)


def test_a_mentors_copy_that_vanishes_after_the_students_is_no_act() -> None:
    story = proven(gone(60), mentor_gone(60.2, cascades=True), gone(61), gone(90))
    assert (story.verdict.actor, outcome(story)) == (Actor.STUDENT, (Outcome.FORFEIT, None))


def test_a_mentors_copy_is_nobodys_business_before_the_session_is_booked() -> None:
    assert told(mentor_gone(-60), mentor_seen(-50)).state is State.PLANNED


def test_a_mentor_who_tidies_up_after_the_start_has_not_acted() -> None:
    assert proven(mentor_gone(S + 1)).state is State.BOOKED


def test_a_mentors_standing_copy_says_nothing() -> None:
    story = proven(mentor_seen(10), gone(60), mentor_seen(61))
    assert story.session.act.confirmed is None
    assert story.session.version == "v1"


# --- when the deadline is --------------------------------------------------------------


def test_a_late_agreement_moves_the_deadline() -> None:
    story = told(seen(5 * HOUR), founded=agreed(5 * HOUR))
    assert story.session.deadline == when(6 * HOUR)
    assert outcome(story.then(gone(6 * HOUR), gone(6 * HOUR + 1), gone(7 * HOUR))) == (Outcome.TIMELY, None)


def test_the_first_sighting_gives_a_grace() -> None:
    story = told(seen(5 * HOUR), seen(6 * HOUR - 1))
    assert story.session.deadline == when(6 * HOUR)
    assert outcome(story.then(seen(6 * HOUR + 2), gone(8 * HOUR), gone(8 * HOUR + 1), gone(9 * HOUR))) == (
        Outcome.FORFEIT,
        None,
    )


def test_the_grace_never_goes_beyond_the_start() -> None:
    assert told(seen(S - 10)).session.deadline == when(S)


def test_a_first_sighting_under_an_unsure_clock_is_dated_again_by_the_first_that_proves() -> None:
    story = told(seen(-HOUR, proves=False), seen(5 * HOUR), seen(6 * HOUR))
    assert story.session.deadline == when(6 * HOUR)


def test_a_first_sighting_that_does_not_prove_never_moves_the_deadline_back() -> None:
    assert told(seen(5 * HOUR, proves=False), seen(4 * HOUR)).session.deadline == when(6 * HOUR)


def test_an_agreement_freezes_its_rules() -> None:
    strict = Rules(notice=timedelta(hours=48))
    story = told(seen(-5 * DAY), founded=agreed(rules=strict))
    assert story.session.deadline == when(-DAY)
    assert story.then(word(-DAY)).verdict.rules_version == strict.version


def test_a_second_agreement_inside_a_life_is_refused() -> None:
    session, effects = begin(agreed())
    assert (session.seq, effects) == (1, (Effect.PLANNED,))
    with pytest.raises(IllegalFact, match="session s1 is agreed already"):
        advance(session, agreed())
