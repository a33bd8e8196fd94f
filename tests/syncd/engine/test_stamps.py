"""What a provider's own stamps tell of an act: when it was at the latest, and nothing if they are older than it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from policy.life import State
from policy.notice import Doubt, Outcome
from providers.base import Capability, EventRef
from providers.errors import EventNotFound
from syncd import look, work
from tests.syncd.engine.house import HOUR, LAG, MINUTE, ONE, Play
from tests.syncd.engine.test_acts import DEADLINE, booked, proven, settle
from tests.syncd.engine.test_freebusy import round_of

STAMPS = Capability.SYNC_TOKEN | Capability.STAMPS
LOSSES = ("delete", "decline", "cancel")
Judged = tuple[Outcome, Doubt | None, timedelta | None]


@pytest.fixture
def play(play: Play) -> Play:
    """A school whose servers stamp what is changed in them."""
    play.doors.capabilities = STAMPS
    return play


def judged(play: Play, session: str) -> Judged:
    """Return the verdict, and how far from the deadline the act was stamped."""
    verdict = play.verdict(session)
    return verdict.outcome, verdict.doubt, verdict.stamp - DEADLINE if verdict.stamp else None


def act(play: Play, session: str, how: str, at: timedelta) -> None:
    play.clock.move(DEADLINE + at)
    getattr(play, how)(session)


@pytest.mark.parametrize("how", LOSSES)
@pytest.mark.parametrize("at", [-HOUR, timedelta(0)], ids=["before the deadline", "at the deadline"])
def test_an_act_in_time_is_timely_without_doubt_however_late_it_is_seen(
    play: Play, how: str, at: timedelta
) -> None:
    session = booked(play)
    act(play, session, how, at)
    play.clock.move(DEADLINE + 3 * HOUR)
    settle(play)
    assert judged(play, session) == (Outcome.TIMELY, None, at)
    assert play.verdict(session).gone_at == DEADLINE + 3 * HOUR + 30 * timedelta(seconds=1)


@pytest.mark.parametrize("how", LOSSES)
def test_a_stamp_after_the_deadline_is_no_proof_by_itself(play: Play, how: str) -> None:
    session = booked(play)
    act(play, session, how, HOUR)
    play.clock.move(DEADLINE + 3 * HOUR)
    settle(play)
    assert judged(play, session) == (Outcome.TIMELY, Doubt.DAEMON_DOWN, HOUR)


@pytest.mark.parametrize("how", LOSSES)
def test_proven_to_stand_and_stamped_later_is_a_forfeit(play: Play, how: str) -> None:
    session = proven(play)
    act(play, session, how, HOUR)
    settle(play)
    assert judged(play, session) == (Outcome.FORFEIT, None, HOUR)


def test_a_look_by_id_is_told_the_stamp_as_well(play: Play) -> None:
    session = booked(play)
    act(play, session, "delete", -MINUTE)
    play.clock.move(DEADLINE + LAG)
    look.look(play.house, play.claim(work.LOOK))
    found = play.session(session)
    assert (found.state, found.act.stamp) == (State.NOTICED, DEADLINE - MINUTE)
    play.until(DEADLINE + 2 * HOUR)
    assert judged(play, session) == (Outcome.TIMELY, None, -MINUTE)


def test_a_round_is_told_the_stamp_as_well(play: Play) -> None:
    session = booked(play)
    act(play, session, "delete", -2 * HOUR)
    play.clock.move(DEADLINE - HOUR)
    round_of(play)
    assert play.session(session).act.stamp == DEADLINE - 2 * HOUR


def test_what_keeps_its_old_stamp_when_it_is_removed_is_judged_without(play: Play) -> None:
    play.servers[ONE].dated = False
    session = proven(play)
    act(play, session, "delete", HOUR)
    settle(play)
    assert judged(play, session) == (Outcome.FORFEIT, None, None)


def test_an_old_stamp_is_none_though_the_event_was_edited_meanwhile(play: Play) -> None:
    play.servers[ONE].dated = False
    session = booked(play)
    play.clock.move(DEADLINE - HOUR)
    url, calendar, ref = play.place(session)
    play.hands[url].retitle(calendar, ref, "Maths!")
    play.at(DEADLINE + LAG)
    act(play, session, "delete", HOUR)
    settle(play)
    assert judged(play, session) == (Outcome.FORFEIT, None, None)


def test_an_old_stamp_on_an_act_that_was_in_time_does_no_harm(play: Play) -> None:
    play.servers[ONE].dated = False
    session = booked(play)
    act(play, session, "delete", -MINUTE)
    play.sync()
    settle(play)
    assert judged(play, session) == (Outcome.TIMELY, None, None)


def test_what_a_provider_stamps_with_no_time_is_judged_by_what_was_seen(play: Play) -> None:
    session = proven(play)
    act(play, session, "delete", HOUR)
    play.doors.capabilities = Capability.SYNC_TOKEN
    settle(play)
    assert judged(play, session) == (Outcome.FORFEIT, None, None)


def test_a_stamp_of_a_time_to_come_is_ignored(play: Play) -> None:
    session = proven(play)
    play.servers[ONE]._clock = lambda: play.clock.now() + 2 * HOUR
    act(play, session, "delete", HOUR)
    settle(play)
    assert judged(play, session) == (Outcome.FORFEIT, None, None)


def test_a_later_change_dates_no_act_anew(play: Play) -> None:
    session = booked(play)
    act(play, session, "decline", -HOUR)
    play.clock.move(DEADLINE + HOUR)
    play.sync()
    assert play.session(session).act.stamp == DEADLINE - HOUR
    url, calendar, ref = play.place(session)
    play.hands[url].retitle(calendar, ref, "Maths!")
    settle(play)
    assert judged(play, session) == (Outcome.TIMELY, None, -HOUR)


def test_what_was_moved_in_time_is_a_wish_however_late_it_is_seen(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE - HOUR)
    play.drag(session, DEADLINE + 30 * HOUR)
    play.clock.move(DEADLINE + 3 * HOUR)
    play.sync()
    found = play.session(session)
    assert found.state is State.MOVING
    assert found.request is not None
    assert found.request.doubt is None


def test_the_stamp_of_a_false_absence_decides_nothing(play: Play) -> None:
    session = proven(play)
    lie = EventNotFound("a lie", where=EventRef("x"), stamp=DEADLINE - HOUR)
    play.faults.once("fetch", lie)
    with play.house.db.write() as tx:
        tx.due.want("look", f"{session}/student", at=tx.now, excl="1")
    play.sync()
    assert play.state(session) is State.NOTICED
    play.until(play.clock.now() + 3 * HOUR)
    assert (play.state(session), play.session(session).verdict) == (State.BOOKED, None)
    act(play, session, "delete", 5 * HOUR)
    settle(play)
    assert judged(play, session) == (Outcome.FORFEIT, None, 5 * HOUR)
