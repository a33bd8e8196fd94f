"""How often an account is looked at: near a deadline, quietly, and while it fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syncd import pace, poll, work
from syncd.config.model import Poll
from syncd.house import House
from syncd.store.rows import DueRow, Role
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, NOW, ONE, TWO, Play
from tests.syncd.engine.test_acts import DEADLINE, booked


def by_default(play: Play) -> House:
    return replace(play.house, config=play.house.config.model_copy(update={"poll": Poll()}))


def usual(play: Play, name: str = "amina") -> timedelta:
    with play.db.read() as tx:
        return pace.usual(by_default(play), tx, play.people[name].id)


def round_of(play: Play, key: str) -> DueRow:
    """Return what is due of an account after one more round of it."""
    with play.db.write() as tx:
        tx.due.want(work.SYNC, key, at=tx.now, excl=key)
        (ticket,) = tx.due.claim(1, work.LEASE, [work.SYNC], [key])
    poll.sync(by_default(play), ticket)
    with play.db.read() as tx:
        row = tx.due.get(work.SYNC, key)
    assert row is not None
    return row


def test_a_person_without_sessions_is_looked_at_less_often_but_never_grows_stale(play: Play) -> None:
    stale = Poll().stale_after
    assert Poll().every < usual(play) <= stale / 2
    waits = {round_of(play, "1").due_at - play.clock.now() for _ in range(20)}
    assert len(waits) > 10, "they are spread"
    assert max(waits) <= stale / 2


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (DEADLINE - HOUR - 6 * MINUTE, Poll().every),
        (DEADLINE - HOUR - 3 * MINUTE, 3 * MINUTE),
        (DEADLINE - HOUR, Poll().near_deadline),
        (DEADLINE + 5 * MINUTE, Poll().near_deadline),
        (DEADLINE + 6 * MINUTE, Poll().every),
    ],
)
def test_a_deadline_brings_rounds_closer(play: Play, at: datetime, expected: timedelta) -> None:
    booked(play)
    play.clock.move(at)
    assert (usual(play), usual(play, "mo")) == (expected, Poll().every)


def test_no_interval_is_so_long_that_it_leaps_over_the_hour_before_a_deadline(play: Play) -> None:
    booked(play)
    play.clock.move(DEADLINE - 3 * HOUR)
    slow = play.house.config.model_copy(update={"poll": Poll(every=6 * HOUR)})
    with play.db.read() as tx:
        assert pace.usual(replace(play.house, config=slow), tx, play.people["amina"].id) == 2 * HOUR
        assert pace.usual(replace(play.house, config=slow), tx, play.people["mo"].id) == 6 * HOUR


def test_an_act_under_way_brings_rounds_closer(play: Play) -> None:
    session = booked(play)
    play.clock.sleep(HOUR)
    play.delete(session)
    play.sync()
    assert usual(play) == Poll().near_deadline


def test_an_account_whose_server_is_down_is_asked_as_ever_and_seen_again_soon(play: Play) -> None:
    play.person("zoe", Role.STUDENT, "elsewhere", url=TWO)
    play.agree()
    play.servers[ONE].go_down()
    waits = []
    for _ in range(8):
        row = round_of(play, "1")
        waits.append(row.due_at - play.clock.now())
        play.clock.move(row.due_at)
    assert max(waits) <= Poll().every, "once it is back it is seen within one round"
    assert min(waits[4:]) >= Poll().every / 2
    assert round_of(play, "3").attempts == 0
    again = round_of(play, "1").due_at
    with play.db.read() as tx:
        writes = [each for each in tx.due.all([work.WRITE]) if each.excl == "1"]
    assert [each.due_at for each in writes] == [again]
    play.servers[ONE].come_up()
    assert round_of(play, "1").attempts == 0


def test_an_answer_to_a_look_brings_the_round_of_an_account_that_failed(play: Play) -> None:
    booked(play)
    play.servers[ONE].go_down()
    assert round_of(play, "1").attempts
    play.servers[ONE].come_up()
    with play.db.write() as tx:
        tx.due.put_off("1", work.SYNC, DEADLINE + DAY)
    play.until(DEADLINE + LAG + MINUTE)
    with play.db.read() as tx:
        row = tx.due.get(work.SYNC, "1")
    assert row is not None
    assert row.attempts == 0


def test_a_session_that_is_written_brings_the_next_round_near(play: Play) -> None:
    slow = play.house.config.model_copy(update={"poll": Poll(every=12 * HOUR)})
    play.house = replace(play.house, config=slow)
    play.connect("amina", "life", "lessons")
    play.agree(start=NOW + 26 * HOUR)
    play.until(NOW + MINUTE)
    with play.db.read() as tx:
        row = tx.due.get(work.SYNC, "1")
    assert row is not None
    assert NOW + MINUTE < row.due_at <= NOW + HOUR, "the deadline is in two hours"
