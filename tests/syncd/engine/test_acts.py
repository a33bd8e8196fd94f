"""Every act of a person, through the whole loop: agree, look, act, look again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from policy.facts import Act, Actor, Side
from policy.life import CalendarState, Effect, State
from policy.notice import Doubt, Outcome
from syncd import sessions
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, NOW, ONE, START, Play

SECOND = timedelta(seconds=1)
DEADLINE = START - DAY


def booked(play: Play) -> str:
    """Return a session that stands in both calendars."""
    session = play.agree()
    play.sync()
    assert play.state(session) is State.BOOKED
    return session


def proven(play: Play) -> str:
    """Return a session that was seen standing by its deadline look, a quarter of an hour after it."""
    session = booked(play)
    play.at(DEADLINE + LAG)
    play.clock.move(DEADLINE + 15 * MINUTE)
    return session


def settle(play: Play) -> None:
    """Let the second look be taken and the hold run out."""
    play.after(30 * SECOND)
    play.after(30 * MINUTE)


def test_an_agreement_is_written_into_both_calendars(play: Play) -> None:
    session = play.agree()
    assert play.state(session) is State.PLANNED
    play.sync()
    assert play.state(session) is State.BOOKED
    assert play.standing(session) == {"lessons": 1, "work": 1}
    assert play.feed(session) == [Effect.PLANNED, Effect.BOOKED]
    assert "stands at the agreed time" in play.explained(session)


@pytest.mark.parametrize(
    ("act", "means"),
    [("delete", Act.REMOVED), ("decline", Act.DECLINED), ("cancel", Act.CANCELLED)],
)
def test_what_the_student_takes_back_in_time_is_timely(play: Play, act: str, means: Act) -> None:
    session = booked(play)
    play.clock.move(DEADLINE - HOUR)
    getattr(play, act)(session)
    play.sync()
    assert play.state(session) is State.NOTICED
    assert play.standing(session)["work"] == 1, "nothing is written before the hold is over"
    settle(play)

    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.act, verdict.doubt) == (Outcome.TIMELY, means, None)
    assert verdict.gone_at == DEADLINE - HOUR
    assert play.standing(session) == {}
    assert [play.told(session, one) for one in (Effect.NOTICED, Effect.CONFIRMED, Effect.TIMELY)] == [1, 1, 1]
    assert "Verdict: TIMELY" in play.explained(session)


@pytest.mark.parametrize(
    ("act", "means"),
    [("delete", Act.REMOVED), ("decline", Act.DECLINED), ("cancel", Act.CANCELLED)],
)
def test_what_the_student_takes_back_late_is_forfeited(play: Play, act: str, means: Act) -> None:
    session = proven(play)
    getattr(play, act)(session)
    play.sync()
    settle(play)

    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.act, verdict.doubt) == (Outcome.FORFEIT, means, None)
    assert (verdict.present_at, verdict.gone_at) == (DEADLINE, DEADLINE + 15 * MINUTE)
    assert play.standing(session) == {}
    text = play.explained(session)
    assert "exactly at the deadline" in text
    assert "15m after the deadline" in text


def test_without_the_deadline_look_there_is_no_forfeit(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE + HOUR)
    play.delete(session)
    play.sync()
    settle(play)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.doubt) == (Outcome.TIMELY, Doubt.DAEMON_DOWN)
    assert "nobody looked in between" in play.explained(session)


def test_the_deadline_look_is_one_request_exactly_at_the_deadline_and_the_lag(play: Play) -> None:
    session = booked(play)
    play.until(DEADLINE + LAG - SECOND)
    before = play.faults.calls.count("fetch")
    play.until(DEADLINE + LAG)
    assert play.faults.calls.count("fetch") == before + 1
    present = play.session(session).present
    assert present is not None
    assert present.at == DEADLINE


def test_an_act_that_is_undone_within_the_hold_has_not_happened(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.delete(session)
    play.sync()
    play.after(31 * SECOND)
    assert play.told(session, Effect.CONFIRMED) == 1
    play.clock.sleep(10 * MINUTE)
    play.restore(session)
    play.sync()
    assert play.state(session) is State.BOOKED
    play.after(HOUR)
    assert play.feed(session)[-1] == Effect.RESTORED
    assert play.standing(session) == {"lessons": 1, "work": 1}


def test_what_is_restored_under_another_name_is_the_same_event(play: Play) -> None:
    session = booked(play)
    _, calendar, ref = play.place(session)
    body = play.servers[ONE].body(calendar, ref)
    play.servers[ONE].remove(calendar, ref)
    play.sync()
    assert play.state(session) is State.NOTICED
    play.clock.sleep(5 * MINUTE)
    play.servers[ONE].put(calendar, play.ref("lessons", "again.ics"), body)
    play.sync()
    assert play.state(session) is State.BOOKED
    settle(play)
    assert play.state(session) is State.BOOKED
    assert play.copy(session).ref.endswith("again.ics")
    play.at(DEADLINE + LAG)
    assert play.session(session).proven_at_deadline


def test_what_is_restored_after_the_hold_is_told_and_left_alone(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.delete(session)
    play.sync()
    settle(play)
    assert play.state(session) is State.CANCELLED
    play.restore(session)
    play.after(MINUTE)
    assert play.told(session, Effect.RESTORED_LATE) == 1
    play.until(START + DAY)
    assert play.state(session) is State.CANCELLED
    assert play.standing(session) == {"lessons": 1}, "it is the student's to keep"


def test_a_move_in_time_is_notice_and_a_wish_that_lapses(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.drag(session, START + 2 * HOUR)
    play.sync()
    found = play.session(session)
    assert (found.state, found.calendar_state) == (State.MOVING, CalendarState.MOVED)
    assert found.request is not None
    assert found.request.to == START + 2 * HOUR
    play.until(NOW + 26 * HOUR)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.act) == (Outcome.TIMELY, Act.MOVED)
    play.sync()
    assert play.standing(session) == {}


def test_a_move_that_is_taken_back_is_as_if_nothing_had_happened(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.drag(session, START + 2 * HOUR)
    play.sync()
    play.after(HOUR)
    play.drag(session, START)
    play.sync()
    assert play.state(session) is State.BOOKED
    assert play.told(session, Effect.MOVE_WITHDRAWN) == 1
    play.until(START + 2 * HOUR)
    assert play.state(session) is State.ELAPSED


def test_a_late_move_is_put_back_once(play: Play) -> None:
    session = proven(play)
    play.drag(session, START + 2 * HOUR)
    play.sync()
    found = play.session(session)
    assert (found.state, found.put_back) == (State.BOOKED, True)
    assert found.calendar_state is CalendarState.PRESENT
    play.after(5 * MINUTE)
    play.drag(session, START + 3 * HOUR)
    play.sync()
    play.after(5 * MINUTE)
    assert play.session(session).calendar_state is CalendarState.MOVED
    assert play.faults.calls.count("update") == 1
    assert play.told(session, Effect.PUT_BACK) == 1


def test_a_late_move_dodges_no_deadline(play: Play) -> None:
    session = proven(play)
    play.drag(session, START + 2 * HOUR)
    play.sync()
    play.after(HOUR)
    play.delete(session)
    play.sync()
    settle(play)
    assert play.verdict(session).outcome is Outcome.FORFEIT


def test_a_mentor_who_deletes_their_copy_releases_the_student(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.delete(session, Side.MENTOR)
    play.sync()
    assert play.session(session).act.actor is Actor.MENTOR
    play.until(NOW + 3 * HOUR)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.actor) == (Outcome.NOT_STUDENT, Actor.MENTOR)
    play.sync()
    assert play.standing(session) == {}


def test_a_mentor_who_declines_releases_the_student_even_after_the_deadline(play: Play) -> None:
    session = proven(play)
    play.decline(session, Side.MENTOR, "mo")
    play.sync()
    play.until(play.clock.now() + HOUR)
    assert play.verdict(session).outcome is Outcome.NOT_STUDENT


def test_a_mentor_who_puts_it_back_has_done_nothing(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.delete(session, Side.MENTOR)
    play.sync()
    play.after(5 * MINUTE)
    play.restore(session, Side.MENTOR)
    play.sync()
    play.until(NOW + 3 * HOUR)
    assert play.state(session) is State.BOOKED
    assert play.standing(session) == {"lessons": 1, "work": 1}


@pytest.mark.parametrize(
    ("by", "outcome"), [(Actor.STUDENT, Outcome.TIMELY), (Actor.SCHOOL, Outcome.NOT_STUDENT)]
)
def test_a_word_ends_it_at_once_and_clears_both_calendars(play: Play, by: Actor, outcome: Outcome) -> None:
    session = booked(play)
    play.clock.sleep(HOUR)
    sessions.cancel(play.house, session, by, "ill")
    assert play.verdict(session).outcome is outcome
    play.sync()
    assert play.standing(session) == {}
    assert "in so many words: ill" in play.explained(session)


def test_what_is_only_edited_changes_nothing(play: Play) -> None:
    session = booked(play)
    url, calendar, ref = play.place(session)
    play.after(HOUR)
    play.hands[url].retitle(calendar, ref, "Maths!")
    play.sync()
    assert play.state(session) is State.BOOKED
    assert play.hands[url].show(calendar, ref).summary == "Maths!"
    assert "update" not in play.faults.calls


def test_a_copy_with_another_uid_is_nobodys_business(play: Play) -> None:
    session = booked(play)
    url, calendar, ref = play.place(session)
    body = play.servers[url].body(calendar, ref).replace(b"UID:syncd-", b"UID:my-own-")
    there = play.ref("lessons", "mine.ics")
    play.servers[url].put(calendar, there, body)
    play.sync()
    play.delete(session)
    play.sync()
    settle(play)
    assert play.state(session) is State.CANCELLED
    assert play.servers[url].body(calendar, there) == body


def test_what_is_deleted_after_the_session_began_is_no_notice(play: Play) -> None:
    session = proven(play)
    play.clock.move(START + 10 * MINUTE)
    play.delete(session)
    play.sync()
    play.until(START + 2 * HOUR)
    assert play.state(session) is State.ELAPSED
    assert play.session(session).verdict is None


def test_two_sessions_in_one_account_are_judged_apart(play: Play) -> None:
    first = booked(play)
    second = play.agree(start=START + 3 * HOUR)
    play.sync()
    play.after(HOUR)
    play.delete(first)
    play.sync()
    settle(play)
    assert play.state(first) is State.CANCELLED
    play.until(START + 2 * HOUR)
    assert play.state(second) is State.BOOKED
    assert play.session(second).proven_at_deadline
    play.delete(second)
    play.sync()
    settle(play)
    assert play.verdict(second).outcome is Outcome.FORFEIT
