"""A few whole stories on both databases."""

from __future__ import annotations

from policy.facts import Side
from policy.life import State
from policy.notice import Outcome
from syncd import accounts
from tests.syncd.engine.house import DAY, HOUR, LAG, START, Play
from tests.syncd.engine.test_acts import DEADLINE, booked, settle


def test_late_is_forfeited_and_timely_is_not(both: Play) -> None:
    first, second = booked(both), both.agree(start=START + 2 * HOUR)
    both.after(HOUR)
    both.delete(second)
    both.sync()
    settle(both)
    assert both.verdict(second).outcome is Outcome.TIMELY
    both.at(DEADLINE + LAG)
    both.clock.sleep(HOUR)
    both.delete(first)
    both.sync()
    settle(both)
    assert both.verdict(first).outcome is Outcome.FORFEIT
    assert both.standing(first) + both.standing(second) == {}


def test_what_is_moved_late_is_put_back_and_what_the_mentor_deletes_is_owed(both: Play) -> None:
    first, second = booked(both), both.agree(start=START + 2 * HOUR)
    both.sync()
    both.at(DEADLINE + LAG)
    both.clock.sleep(HOUR)
    both.drag(first, START + 5 * HOUR)
    both.delete(second, Side.MENTOR)
    both.until(both.clock.now() + 3 * HOUR)
    assert both.session(first).put_back
    assert both.verdict(second).outcome is Outcome.NOT_STUDENT


def test_a_disconnected_account_comes_back(both: Play) -> None:
    session = booked(both)
    accounts.disconnect(both.house, both.people["amina"])
    both.after(HOUR)
    assert both.state(session) is State.INCIDENT
    both.connect("amina", "life", "lessons")
    assert both.state(session) is State.BOOKED
    both.at(DEADLINE + LAG)
    both.at(START + DAY)
    assert both.state(session) is State.ELAPSED
