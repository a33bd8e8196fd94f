"""Section 3: who acted decides before when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from policy.facts import Act, Actor, Side
from policy.life import Effect, State
from policy.notice import Outcome
from syncd import accounts, sessions
from syncd.status import status
from tests.rules.rows import row
from tests.rules.stage import SECOND, act, confirm, settle
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, NOW, ONE, PASSWORD, START, Play
from tests.syncd.engine.test_acts import DEADLINE, booked, proven

NEAR = timedelta(hours=12)


def whose(play: Play, session: str) -> tuple[Outcome, Actor]:
    verdict = play.verdict(session)
    return verdict.outcome, verdict.actor


MENTORS = (Outcome.NOT_STUDENT, Actor.MENTOR)


@row("3.student-word")
@pytest.mark.parametrize(
    ("at", "outcome"),
    [(DEADLINE, Outcome.TIMELY), (DEADLINE + LAG, Outcome.FORFEIT)],
    ids=["in time", "late"],
)
def test_a_students_word_counts_at_its_instant_and_at_once(play: Play, at: object, outcome: Outcome) -> None:
    session = booked(play)
    play.until(DEADLINE)
    if outcome is Outcome.FORFEIT:
        play.until(DEADLINE + LAG)
    sessions.cancel(play.house, session, Actor.STUDENT, "ill")
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.act, verdict.gone_at) == (outcome, Act.ASKED, at)


@row("3.mentor")
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("how", ["delete", "decline"])
def test_a_mentors_act_is_never_the_students(play: Play, how: str, *, late: bool) -> None:
    session = proven(play) if late else booked(play)
    play.clock.sleep(HOUR)
    play.delete(session, Side.MENTOR) if how == "delete" else play.decline(session, Side.MENTOR, "mo")
    play.sync()
    play.until(play.clock.now() + HOUR)
    assert whose(play, session) == MENTORS


@row("3.mentor-proof")
def test_a_mentors_act_waits_until_the_students_copy_was_seen_after_it(apart: Play) -> None:
    session = booked(apart)
    apart.clock.sleep(HOUR)
    apart.servers[ONE].go_down()
    apart.delete(session, Side.MENTOR)
    apart.sync()
    apart.until(apart.clock.now() + HOUR)
    assert apart.state(session) is State.NOTICED
    apart.servers[ONE].come_up()
    apart.sync()
    apart.until(apart.clock.now() + 10 * MINUTE)
    assert whose(apart, session) == MENTORS


@row("3.mentor-proof")
def test_a_mentors_act_that_nothing_could_prove_decides_nothing(apart: Play) -> None:
    session = booked(apart)
    apart.clock.sleep(HOUR)
    apart.servers[ONE].go_down()
    apart.delete(session, Side.MENTOR)
    apart.sync()
    apart.until(apart.clock.now() + 3 * HOUR)
    assert (apart.session(session).verdict, apart.session(session).pending) == (None, None)


@row("3.mentor-word", "3.school")
@pytest.mark.parametrize("by", [Actor.MENTOR, Actor.SCHOOL])
def test_a_word_of_mentor_or_school_releases_however_late(play: Play, by: Actor) -> None:
    session = proven(play)
    sessions.cancel(play.house, session, by, "ill")
    assert whose(play, session) == (Outcome.NOT_STUDENT, by)
    play.sync()
    assert play.standing(session) == {}


@row("3.mentor-calendar")
def test_a_mentors_calendar_that_is_gone_is_no_act(play: Play) -> None:
    session = booked(play)
    play.clock.sleep(HOUR)
    play.servers[ONE].delete_calendar(play.calendars["work"])
    play.until(DEADLINE + HOUR)
    assert (play.state(session), play.session(session).pending) == (State.BOOKED, None)
    act(play, session)
    settle(play)
    assert whose(play, session) == (Outcome.FORFEIT, Actor.STUDENT)


@row("3.both-order")
def test_a_student_who_acted_first_and_was_confirmed_has_acted(play: Play) -> None:
    session = proven(play)
    play.delete(session)
    confirm(play)
    play.delete(session, Side.MENTOR)
    settle(play)
    assert whose(play, session) == (Outcome.FORFEIT, Actor.STUDENT)


@row("3.both-order")
def test_a_mentor_who_acted_first_and_was_proven_has_acted(play: Play) -> None:
    session = proven(play)
    play.delete(session, Side.MENTOR)
    play.sync()
    play.until(play.clock.now() + LAG + MINUTE)
    play.until(play.clock.now() + 3 * MINUTE)
    play.delete(session)
    settle(play)
    assert whose(play, session) == MENTORS


@row("3.both-unproven")
def test_both_gone_at_once_is_the_mentors(play: Play) -> None:
    session = proven(play)
    play.delete(session)
    play.delete(session, Side.MENTOR)
    settle(play)
    assert whose(play, session) == MENTORS


@row("3.mentor-moves")
def test_a_mentor_who_drags_their_own_copy_moves_nothing(play: Play) -> None:
    session = booked(play)
    play.clock.sleep(HOUR)
    play.drag(session, START + 5 * HOUR, Side.MENTOR)
    play.until(NOW + 5 * HOUR)
    found = play.session(session)
    assert (found.state, found.start, found.request) == (State.BOOKED, START, None)
    url, calendar, ref = play.place(session)
    assert f"DTSTART:{START:%Y%m%dT%H%M%SZ}".encode() in play.servers[url].body(calendar, ref)


# --- incidents -------------------------------------------------------------------------


def the_calendar_is_deleted(play: Play) -> Callable[[], None]:
    play.servers[ONE].delete_calendar(play.calendars["lessons"])
    return lambda: play.servers[ONE].restore_calendar(play.calendars["lessons"])


def the_password_is_changed(play: Play) -> Callable[[], None]:
    play.servers[ONE].change_password("amina", "another")
    return lambda: play.servers[ONE].change_password("amina", PASSWORD)


def the_server_is_down(play: Play) -> Callable[[], None]:
    play.servers[ONE].go_down()
    return play.servers[ONE].come_up


def the_account_is_disconnected(play: Play) -> Callable[[], None]:
    accounts.disconnect(play.house, play.people["amina"])
    return lambda: play.connect("amina", "life", "lessons")


@row(
    "3.incident-calendar",
    "3.incident-access",
    "3.incident-server",
    "3.incident-disconnected",
    "3.incident-soon",
)
@pytest.mark.parametrize(
    "lose",
    [the_calendar_is_deleted, the_password_is_changed, the_server_is_down, the_account_is_disconnected],
)
def test_whatever_we_cannot_see_stands_and_is_told(
    apart: Play, lose: Callable[[Play], Callable[[], None]]
) -> None:
    session = booked(apart)
    apart.clock.sleep(HOUR)
    mend = lose(apart)
    apart.until(NOW + 10 * HOUR)
    assert apart.state(session) is State.INCIDENT
    assert status(apart.house).incidents != ()
    assert apart.told(session, Effect.UNSEEN_SOON) == 0
    apart.until(START - NEAR - MINUTE)
    assert apart.told(session, Effect.UNSEEN_SOON) == 0
    apart.until(START - NEAR + HOUR)
    assert apart.told(session, Effect.UNSEEN_SOON) == 1
    assert (apart.state(session), apart.session(session).verdict) == (State.INCIDENT, None)
    mend()
    apart.sync()
    assert apart.state(session) is State.BOOKED
    assert status(apart.house).incidents == ()


@row("3.incident-account")
def test_a_closed_account_is_an_incident_and_decides_nothing(apart: Play) -> None:
    session = booked(apart)
    apart.clock.sleep(HOUR)
    apart.servers[ONE].close_account("amina")
    del apart.foreign[ONE, apart.calendars["life"], apart.ref("life", "life-dentist.ics")]
    del apart.foreign[ONE, apart.calendars["lessons"], apart.ref("lessons", "lessons-dentist.ics")]
    apart.sync()
    assert apart.state(session) is State.INCIDENT
    apart.at(START + 9 * DAY)
    apart.until(START + 9 * DAY + HOUR)
    assert (apart.state(session), apart.session(session).verdict) == (State.ELAPSED, None)


@row("3.incident-word")
def test_the_owners_word_ends_an_incident(apart: Play) -> None:
    session = booked(apart)
    the_calendar_is_deleted(apart)
    apart.sync()
    assert apart.state(session) is State.INCIDENT
    apart.clock.move(DEADLINE - SECOND)
    sessions.cancel(apart.house, session, Actor.STUDENT, "")
    assert whose(apart, session) == (Outcome.TIMELY, Actor.STUDENT)
