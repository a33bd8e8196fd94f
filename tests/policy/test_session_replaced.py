"""The student's calendar is replaced while an act of the mentor is looked at: the session is written again."""

from __future__ import annotations

from policy.facts import Replaced
from policy.life import Effect, State
from policy.notice import Outcome
from policy.schedule import Want, want
from tests.policy.story import mentor_gone, mentor_seen, passed, proven, when


def replaced(at: float) -> Replaced:
    """Return the fact that another calendar stands in the place of the student's."""
    return Replaced(at=when(at), sure=False)


def test_a_mentors_copy_that_may_have_gone_along_is_nobodys_act() -> None:
    story = proven(mentor_gone(60, cascades=True), replaced(62))
    assert story.session.state is State.PLANNED
    assert story.session.pending is None
    assert want(story.session) is Want.STANDING
    assert story.effects[-2:] == [Effect.PHANTOM, Effect.WRITTEN_ANEW]


def test_a_mentors_own_act_counts_for_the_student_took_nothing_along() -> None:
    story = proven(mentor_gone(60), replaced(62), mentor_gone(63), passed(120), mentor_gone(121))
    assert story.session.state is State.RELEASED
    assert story.session.verdict is not None
    assert story.session.verdict.outcome is Outcome.NOT_STUDENT


def test_a_mentor_who_thinks_better_of_it_finds_the_session_written_again() -> None:
    story = proven(mentor_gone(60), replaced(62), mentor_seen(66))
    assert story.session.state is State.PLANNED
    assert want(story.session) is Want.STANDING
