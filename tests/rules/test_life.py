"""Section 7: every way from one state to another, gone by the whole program.

What a test is tied to it must have done: see the fixture ``play``.
"""

from __future__ import annotations

import pytest

from policy.facts import Actor, Decision, Side
from policy.life import ENDED, Effect, State
from policy.rules import Rules
from providers.errors import AccessLost, Loss, ProviderError, Unavailable
from syncd import sessions
from syncd.decisions import decide
from syncd.store.rows import Role
from tests.rules.rows import row
from tests.rules.stage import confirm, settle
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, NOW, ONE, PASSWORD, START, Play
from tests.syncd.engine.test_acts import DEADLINE, booked, proven

AMINA = "amina@school.example"
UNANSWERED = Unavailable("no answer")
READS = {"fetch", "changes"}
NEVER_DOUBTED = Rules(doubts_allowed=0)
"""The first doubtful case is a person's to decide."""


def strict(play: Play, rules: Rules) -> None:
    """Let agreements from now on be made under other rules."""
    play.rules = rules
    play.house = play.opened(play.db)


def written_unseen(play: Play, error: ProviderError = UNANSWERED) -> str:
    """Return a session whose event was written and not seen yet."""
    session, written = play.agree(), len(play.faults.calls)
    play.faults.when = lambda _, name: (
        error if "create" in play.faults.calls[written:] and name in READS else None
    )
    play.sync()
    assert play.state(session) is State.PLANNED
    return session


def lost(play: Play) -> None:
    play.servers[ONE].change_password("amina", "another")
    play.sync()


def back(play: Play) -> None:
    play.servers[ONE].change_password("amina", PASSWORD)
    play.sync()


def moving(play: Play) -> str:
    session = booked(play)
    play.clock.sleep(HOUR)
    play.drag(session, START + 2 * HOUR)
    play.sync()
    assert play.state(session) is State.MOVING
    return session


def braked(play: Play) -> list[str]:
    """Return sessions of which too many were deleted within the hour."""
    strict(play, Rules(brake_person=1))
    found = [play.agree(start=START + 2 * number * HOUR) for number in range(2)]
    play.sync()
    play.until(DEADLINE + LAG)
    for one in found:
        play.delete(one)
    confirm(play)
    assert {play.state(one) for one in found} == {State.SUSPECT}
    return found


# --- planned ---------------------------------------------------------------------------


@row("7.planned.booked", "7.booked.elapsed")
def test_a_session_is_seen_stands_and_passes(play: Play) -> None:
    session = booked(play)
    play.until(START + 2 * HOUR)
    assert play.state(session) is State.ELAPSED


@row("7.planned.noticed", "7.noticed.cancelled")
def test_first_seen_declined(play: Play) -> None:
    session = written_unseen(play)
    play.decline(session)
    play.faults.mend()
    settle(play)
    assert play.state(session) is State.CANCELLED


@row("7.planned.moving")
def test_first_seen_at_another_time(play: Play) -> None:
    session = written_unseen(play)
    play.drag(session, START + 2 * HOUR)
    play.faults.mend()
    play.sync()
    assert play.state(session) is State.MOVING


@row("7.planned.cancelled")
def test_a_word_before_it_was_seen(play: Play) -> None:
    session = play.agree()
    sessions.cancel(play.house, session, Actor.STUDENT, "")
    play.sync()
    assert play.standing(session) == {}


@row("7.planned.released")
def test_never_written_by_its_start(play: Play) -> None:
    play.person("zoe", Role.STUDENT)
    session = play.agree("zoe")
    play.until(START - MINUTE)
    assert play.state(session) is State.PLANNED
    play.until(START)
    assert play.state(session) is State.RELEASED


@row("7.planned.suspect")
def test_a_doubtful_word_once_too_often_before_it_was_seen(play: Play) -> None:
    strict(play, NEVER_DOUBTED)
    session = written_unseen(play, AccessLost("not for you", loss=Loss.FORBIDDEN))
    play.until(DEADLINE + HOUR)
    sessions.cancel(play.house, session, Actor.STUDENT, "")
    assert play.state(session) is State.SUSPECT


# --- booked ----------------------------------------------------------------------------


@row("7.booked.noticed", "7.noticed.forfeited")
def test_deleted_too_late(play: Play) -> None:
    session = proven(play)
    play.delete(session)
    settle(play)
    assert play.state(session) is State.FORFEITED


@row("7.booked.cancelled")
def test_a_word_in_time(play: Play) -> None:
    session = booked(play)
    sessions.cancel(play.house, session, Actor.STUDENT, "")
    assert play.state(session) is State.CANCELLED


@row("7.booked.forfeited")
def test_a_word_after_the_proof(play: Play) -> None:
    session = proven(play)
    sessions.cancel(play.house, session, Actor.STUDENT, "")
    assert play.state(session) is State.FORFEITED


@row("7.booked.released")
@pytest.mark.parametrize("by", [Actor.MENTOR, Actor.SCHOOL])
def test_a_word_of_somebody_else(play: Play, by: Actor) -> None:
    session = booked(play)
    sessions.cancel(play.house, session, by, "")
    assert play.state(session) is State.RELEASED


@row("7.booked.suspect", "7.suspect.cancelled")
def test_a_doubtful_word_once_too_often(play: Play) -> None:
    strict(play, NEVER_DOUBTED)
    session = booked(play)
    play.clock.move(DEADLINE - HOUR)
    url, calendar, ref = play.place(session)
    whole = play.servers[url].body(calendar, ref)
    play.servers[url].put(calendar, ref, b"BEGIN:VCALENDAR\r\n")
    play.until(DEADLINE + HOUR)
    assert play.state(session) is State.BOOKED
    sessions.cancel(play.house, session, Actor.STUDENT, "")
    assert play.state(session) is State.SUSPECT
    play.servers[url].put(calendar, ref, whole)
    decide(play.house, session, Decision.RELEASE, "IT")
    assert play.state(session) is State.CANCELLED


# --- moving ----------------------------------------------------------------------------


@row("7.booked.moving", "7.moving.cancelled")
def test_a_request_that_nobody_answers(play: Play) -> None:
    session = moving(play)
    play.until(NOW + 26 * HOUR)
    assert play.state(session) is State.CANCELLED


@row("7.moving.booked")
def test_a_request_that_is_withdrawn(play: Play) -> None:
    session = moving(play)
    play.drag(session, START)
    play.sync()
    assert play.state(session) is State.BOOKED


@row("7.moving.noticed", "7.noticed.moving")
def test_deleted_and_restored_while_the_request_is_open(play: Play) -> None:
    session = moving(play)
    play.delete(session)
    confirm(play)
    play.clock.sleep(5 * MINUTE)
    play.restore(session)
    play.sync()
    assert play.state(session) is State.MOVING


@row("7.moving.released")
def test_a_mentor_who_cannot_come_while_the_request_is_open(play: Play) -> None:
    session = moving(play)
    sessions.cancel(play.house, session, Actor.MENTOR, "")
    assert play.state(session) is State.RELEASED


@row("7.moving.suspect")
def test_a_doubtful_request_that_lapsed_once_too_often(play: Play) -> None:
    strict(play, NEVER_DOUBTED)
    session = booked(play)
    play.clock.move(DEADLINE - HOUR)
    lost(play)
    play.clock.move(DEADLINE + HOUR)
    play.drag(session, START + 2 * HOUR)
    back(play)
    assert play.state(session) is State.MOVING
    play.until(START - 12 * HOUR + MINUTE)
    assert play.state(session) is State.SUSPECT


# --- noticed ---------------------------------------------------------------------------


@row("7.noticed.booked")
def test_undone_within_the_hold(play: Play) -> None:
    session = booked(play)
    play.delete(session)
    confirm(play)
    play.clock.sleep(5 * MINUTE)
    play.restore(session)
    play.sync()
    assert (play.state(session), play.feed(session)[-1]) == (State.BOOKED, Effect.RESTORED)


@row("7.noticed.released")
def test_a_mentor_who_deletes_their_copy(play: Play) -> None:
    session = booked(play)
    play.delete(session, Side.MENTOR)
    play.sync()
    play.until(NOW + HOUR)
    assert play.state(session) is State.RELEASED


# --- incident --------------------------------------------------------------------------


@row("7.booked.incident", "7.incident.booked")
def test_out_of_sight_and_seen_again(play: Play) -> None:
    session = booked(play)
    lost(play)
    assert play.state(session) is State.INCIDENT
    play.after(HOUR)
    back(play)
    assert play.state(session) is State.BOOKED


@row("7.incident.moving")
def test_seen_again_at_another_time(play: Play) -> None:
    session = booked(play)
    lost(play)
    play.drag(session, START + 2 * HOUR)
    play.after(HOUR)
    back(play)
    assert play.state(session) is State.MOVING


@row("7.incident.noticed")
def test_gone_when_the_calendar_came_back(play: Play) -> None:
    session = booked(play)
    lost(play)
    play.delete(session)
    play.after(HOUR)
    back(play)
    assert play.state(session) is State.NOTICED


@row("7.incident.cancelled", "7.incident.released")
def test_words_during_an_incident(play: Play) -> None:
    one, other = booked(play), play.agree(start=START + 2 * HOUR)
    play.sync()
    lost(play)
    sessions.cancel(play.house, one, Actor.STUDENT, "")
    sessions.cancel(play.house, other, Actor.SCHOOL, "")
    assert (play.state(one), play.state(other)) == (State.CANCELLED, State.RELEASED)


@row("7.incident.forfeited")
def test_a_late_word_during_an_incident_that_began_after_the_proof(play: Play) -> None:
    session = proven(play)
    lost(play)
    assert play.state(session) is State.INCIDENT
    sessions.cancel(play.house, session, Actor.STUDENT, "")
    assert play.state(session) is State.FORFEITED


@row("7.incident.suspect")
def test_a_doubtful_word_during_an_incident_once_too_often(play: Play) -> None:
    strict(play, NEVER_DOUBTED)
    session = booked(play)
    lost(play)
    play.until(DEADLINE + HOUR)
    sessions.cancel(play.house, session, Actor.STUDENT, "")
    assert play.state(session) is State.SUSPECT


@row("7.incident.elapsed")
def test_never_seen_again(play: Play) -> None:
    session = booked(play)
    lost(play)
    play.at(START + 7 * DAY)
    assert play.state(session) is State.INCIDENT
    play.at(START + 9 * DAY)
    play.until(START + 9 * DAY + HOUR)
    assert play.state(session) is State.ELAPSED


# --- suspect ---------------------------------------------------------------------------


@row("7.noticed.suspect", "7.suspect.forfeited")
def test_braked_and_released(play: Play) -> None:
    found = braked(play)
    play.after(31 * MINUTE)
    decide(play.house, AMINA, Decision.RELEASE, "IT")
    assert play.state(found[0]) is State.FORFEITED


@row("7.suspect.planned")
def test_braked_and_dismissed(play: Play) -> None:
    found = braked(play)
    decide(play.house, AMINA, Decision.DISMISS, "IT")
    assert {play.state(one) for one in found} == {State.PLANNED}
    play.sync()
    assert {play.state(one) for one in found} == {State.BOOKED}


@row("7.suspect.noticed")
def test_released_before_its_hold_is_over(play: Play) -> None:
    found = braked(play)
    decide(play.house, AMINA, Decision.RELEASE, "IT")
    assert {play.state(one) for one in found} == {State.NOTICED}


@row("7.suspect.booked")
def test_back_by_itself_while_it_is_stopped(play: Play) -> None:
    found = braked(play)
    play.clock.sleep(5 * MINUTE)
    for one in found:
        play.restore(one)
    play.sync()
    assert {play.state(one) for one in found} == {State.BOOKED}


@row("7.suspect.elapsed")
def test_dismissed_after_its_start(play: Play) -> None:
    found = braked(play)
    play.at(START + HOUR)
    assert play.state(found[0]) is State.SUSPECT
    decide(play.house, AMINA, Decision.DISMISS, "IT")
    assert play.state(found[0]) is State.ELAPSED


@row("7.suspect.moving")
def test_back_by_itself_while_a_request_is_open(play: Play) -> None:
    strict(play, Rules(brake_person=1))
    found = [play.agree(start=START + 4 * number * HOUR) for number in range(2)]
    play.sync()
    play.clock.sleep(HOUR)
    for one in found:
        play.drag(one, play.session(one).start + HOUR)
    play.sync()
    for one in found:
        play.delete(one)
    settle(play)
    assert {play.state(one) for one in found} == {State.SUSPECT}
    play.clock.sleep(5 * MINUTE)
    for one in found:
        play.restore(one)
    play.sync()
    assert {play.state(one) for one in found} == {State.MOVING}


@row("7.suspect.released")
def test_a_stopped_act_of_the_mentor_is_released(play: Play) -> None:
    strict(play, Rules(brake_least=1, brake_share=0.1))
    session = booked(play)
    play.clock.sleep(HOUR)
    play.delete(session, Side.MENTOR)
    play.sync()
    play.until(play.clock.now() + 3 * HOUR)
    assert play.state(session) is State.SUSPECT
    decide(play.house, None, Decision.RELEASE, "IT")
    play.until(play.clock.now() + HOUR)
    assert play.state(session) is State.RELEASED


# --- the end ---------------------------------------------------------------------------


@row("7.ended")
@pytest.mark.parametrize("end", ["cancelled", "forfeited", "released", "elapsed"])
def test_nothing_leads_out_of_an_end(play: Play, end: str) -> None:
    session = proven(play) if end == "forfeited" else booked(play)
    if end in {"cancelled", "forfeited"}:
        play.delete(session)
        settle(play)
    elif end == "released":
        sessions.cancel(play.house, session, Actor.SCHOOL, "")
    else:
        play.until(START + 2 * HOUR)
    assert play.state(session) == end
    assert play.state(session) in ENDED
    verdict = play.session(session).verdict
    if end in {"cancelled", "forfeited"}:
        play.restore(session)
        play.after(HOUR)
        play.drag(session, START + 3 * HOUR)
        play.after(HOUR)
    if end != "released":
        play.delete(session)
    lost(play)
    play.after(HOUR)
    assert (play.state(session), play.session(session).verdict) == (end, verdict)
