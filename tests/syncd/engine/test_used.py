"""Ids that a server never takes again: the next one is taken once no replica can be behind, and nothing stands twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from policy.facts import Side
from policy.life import Effect, State
from providers.base import Capability
from providers.errors import EventExists, EventNotFound
from syncd import act, work
from syncd.pictures import intent_of
from tests.providers.hands import UNREADABLE
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, NOW, ONE, START, Play
from tests.syncd.engine.test_acts import SECOND, booked, settle
from tests.syncd.engine.test_answers import HARMLESS, LOST
from tests.syncd.engine.test_freebusy import round_of

GOOGLES = Capability.SYNC_TOKEN | Capability.STAMPS


@pytest.fixture
def play(play: Play) -> Play:
    """A school whose server takes an id once, and stamps what is gone."""
    play.doors.capabilities = GOOGLES
    play.servers[ONE].once = True
    return play


def written_unseen(play: Play) -> str:
    """Return a session whose events were written, without an answer, and that no round has seen."""
    session = play.agree()
    play.faults.every("create", LOST, after=True)
    for _ in Side:
        act.write(play.house, play.claim(work.WRITE))
    play.faults.mend()
    return session


def taken_away_unseen(play: Play, side: Side = Side.STUDENT) -> str:
    """Return the same, with one of the events taken away again before anybody saw it."""
    session = written_unseen(play)
    play.delete(session, side)
    return session


@pytest.mark.parametrize("after", [30 * SECOND, LAG + MINUTE], ids=["soon", "later"])
def test_a_used_id_is_given_up_for_the_next_one_within_minutes(play: Play, after: timedelta) -> None:
    session = taken_away_unseen(play)
    play.after(after)
    assert play.generation(session) == 1, "who says it first may be behind"
    play.until(play.clock.now() + 2 * LAG)
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 2)
    assert play.standing(session)["lessons"] == 1
    assert play.feed(session) == HARMLESS
    assert play.faults.calls.count("create") == 8, (
        "the mentor's is found by a read; the student's is tried ever less often"
    )


def test_what_seems_to_be_gone_and_is_shown_again_keeps_its_id(play: Play) -> None:
    session = written_unseen(play)
    play.faults.every("fetch", EventNotFound("gone", stamp=play.clock.now()))
    play.after(30 * SECOND)
    assert play.faults.calls.count("create") > len(Side)
    play.faults.mend()
    play.until(play.clock.now() + HOUR)
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 1)
    assert play.standing(session) == {"lessons": 1, "work": 1}


def test_what_was_carried_away_before_anybody_saw_it_is_followed(play: Play) -> None:
    session = written_unseen(play)
    play.carry(session, "life")
    play.after(30 * SECOND)
    play.after(MINUTE)
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 1)
    assert play.standing(session) == {"life": 1, "work": 1}


def test_what_may_have_been_carried_where_nobody_can_look_waits(play: Play) -> None:
    session = written_unseen(play)
    life = play.calendars["life"]
    play.carry(session, "life")
    play.servers[ONE].delete_calendar(life)
    play.until(play.clock.now() + HOUR)
    assert play.generation(session) == 1
    play.servers[ONE].restore_calendar(life)
    play.until(play.clock.now() + 3 * HOUR)
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 1)
    assert play.standing(session)["life"] == 1


def test_an_id_that_merely_cannot_be_seen_yet_is_not_given_up(play: Play) -> None:
    play.doors.capabilities = Capability.SYNC_TOKEN
    session = play.agree()
    play.faults.every("fetch", EventNotFound("not yet"))
    play.sync()
    play.sync()
    play.faults.mend()
    play.until(play.clock.now() + HOUR)
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 1)
    assert play.standing(session)["lessons"] == 1


def test_without_stamps_it_takes_three_tries(play: Play) -> None:
    play.doors.capabilities = Capability.SYNC_TOKEN
    session = taken_away_unseen(play)
    play.after(30 * SECOND)
    assert play.generation(session) == 1
    play.until(play.clock.now() + 4 * HOUR)
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 2)


def test_a_server_that_calls_every_id_used_is_asked_ever_less_often(play: Play) -> None:
    def liar(_number: int, name: str) -> EventExists | EventNotFound | None:
        if name == "create":
            return EventExists("used")
        return EventNotFound("gone", stamp=NOW - DAY) if name == "fetch" else None

    play.faults.when = liar
    session = play.agree()
    play.until(NOW + 12 * HOUR)
    assert play.faults.calls.count("create") < 80
    assert play.state(session) is State.PLANNED
    play.faults.mend()
    play.until(NOW + 15 * HOUR)
    assert play.standing(session) == {"lessons": 1, "work": 1}
    assert play.state(session) is State.BOOKED


def test_what_is_unreadable_at_that_place_is_not_taken_for_gone(play: Play) -> None:
    session = taken_away_unseen(play)
    play.after(30 * SECOND)
    play.clock.sleep(2 * LAG)
    act.write(play.house, play.claim(work.WRITE))
    intent = intent_of(play.copy(session))
    assert intent is not None
    assert intent.used
    url, calendar, ref = play.place(session)
    play.servers[url].put(calendar, ref, UNREADABLE.encode())
    round_of(play)
    play.until(play.clock.now() + 3 * HOUR)
    assert (play.state(session), play.generation(session)) == (State.PLANNED, 1)
    play.servers[url].remove(calendar, ref)
    play.until(play.clock.now() + 3 * HOUR)
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 2)


def test_a_written_event_that_is_removed_and_restored_keeps_its_id(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.delete(session)
    play.sync()
    play.after(5 * MINUTE)
    play.restore(session)
    play.sync()
    settle(play)
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 1)
    assert play.told(session, Effect.RESTORED) == 1


def test_a_calendar_that_was_replaced_gets_the_next_id(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.servers[ONE].replace_calendar(play.calendars["lessons"])
    play.foreign.clear()
    play.after(HOUR)
    play.until(START - DAY)
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 2)


def test_the_mentors_copy_takes_the_next_id_too(play: Play) -> None:
    session = taken_away_unseen(play, Side.MENTOR)
    play.after(30 * SECOND)
    play.until(play.clock.now() + 2 * LAG)
    assert play.standing(session) == {"lessons": 1, "work": 1}
    assert [play.generation(session, side) for side in Side] == [1, 2]
    assert intent_of(play.copy(session, Side.MENTOR)) is None
