"""A ledger from a backup: what was proven before proves nothing, until a sight proves anew."""

from __future__ import annotations

from policy.facts import Braked, Decision, Restored, Stop, Unbraked
from policy.life import State
from policy.notice import Doubt, Outcome
from policy.schedule import next_step
from tests.policy.story import (
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


def backup(at: float) -> Restored:
    return Restored(at=when(at))


def judged(story: Story) -> tuple[Outcome, Doubt | None]:
    return story.verdict.outcome, story.verdict.doubt


def test_all_proof_is_taken_away() -> None:
    session = proven(backup(30)).session
    assert (session.present, session.stood, session.seen) == (None, None, None)
    assert session.state is State.BOOKED
    due = next_step(session, when(31))
    assert (due and due.at, due and due.look) == (when(30), True)


def test_nothing_is_forfeited_without_a_fresh_sight() -> None:
    story = proven(backup(30), gone(60), gone(61), gone(90))
    assert judged(story) == (Outcome.TIMELY, Doubt.RESTORED)
    assert judged(proven(backup(30), word(60))) == (Outcome.TIMELY, Doubt.RESTORED)


def test_a_fresh_sight_proves_again() -> None:
    assert judged(proven(backup(30), seen(40), gone(60), gone(61), gone(90))) == (Outcome.FORFEIT, None)


def test_a_sight_that_does_not_prove_helps_nobody() -> None:
    story = proven(backup(30), seen(40, proves=False), gone(60), gone(61), gone(90))
    assert judged(story) == (Outcome.TIMELY, Doubt.RESTORED)


def test_after_a_fresh_sight_the_doubt_has_its_own_cause_again() -> None:
    story = booked(backup(-HOUR), seen(-30), gone(60), gone(61), gone(90))
    assert judged(story) == (Outcome.TIMELY, Doubt.DAEMON_DOWN)


def test_a_pending_act_is_looked_at_anew() -> None:
    story = proven(gone(60), gone(61), backup(70))
    assert (story.state, story.session.pending) == (State.BOOKED, None)
    story.then(gone(71), gone(72), gone(101))
    assert (judged(story), story.verdict.gone_at) == ((Outcome.TIMELY, Doubt.RESTORED), when(71))


def test_an_act_of_the_mentor_is_looked_at_anew_too() -> None:
    assert proven(mentor_gone(60), backup(70)).state is State.BOOKED


def test_a_request_for_another_time_stays() -> None:
    story = booked(seen(-60, start=when(S + 5 * HOUR)), backup(-50))
    assert story.state is State.MOVING
    assert story.session.request is not None
    assert judged(story.then(passed(S))) == (Outcome.TIMELY, None)


def test_a_move_after_it_is_a_request_and_not_a_late_move() -> None:
    story = proven(backup(30), seen(60, start=when(S + 5 * HOUR)))
    assert story.state is State.MOVING
    assert story.session.request is not None
    assert story.session.request.doubt is Doubt.RESTORED


def test_an_incident_and_a_plan_stay_what_they_are() -> None:
    assert proven(blind(60, Doubt.ACCESS_LOST, lost=True), backup(70)).state is State.INCIDENT
    assert told(backup(-60)).state is State.PLANNED


def test_what_was_stopped_stays_stopped_and_loses_its_proof() -> None:
    story = proven(gone(60), Braked(at=when(60), scope=Stop.PERSON), gone(61), gone(90), backup(100))
    assert story.state is State.SUSPECT
    story.then(Unbraked(at=when(110), by="IT", decision=Decision.RELEASE, scope=Stop.PERSON))
    assert judged(story) == (Outcome.TIMELY, Doubt.RESTORED)


def test_a_decided_session_stays_decided() -> None:
    story = proven(gone(60), gone(61), gone(90))
    assert story.then(backup(100)).verdict.outcome is Outcome.FORFEIT
    assert when(0) < START
