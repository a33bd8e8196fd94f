"""Section 5: time."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from policy.life import State
from policy.notice import Outcome
from tests.rules.rows import row
from tests.rules.stage import settle
from tests.syncd.engine.house import DAY, HOUR, LAG, NOW, Play

BERLIN = ZoneInfo("Europe/Berlin")


@row("5.young")
@pytest.mark.parametrize(("late", "outcome"), [(False, Outcome.TIMELY), (True, Outcome.FORFEIT)])
def test_a_young_session_can_be_cancelled_for_the_grace(play: Play, outcome: Outcome, *, late: bool) -> None:
    session = play.agree(start=NOW + 5 * HOUR)
    play.sync()
    assert play.session(session).deadline == NOW + HOUR
    play.until(NOW + HOUR + LAG if late else NOW + HOUR)
    play.delete(session)
    settle(play)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.doubt) == (outcome, None)


@row("5.repeated")
def test_an_hour_that_the_clock_shows_twice_is_two_instants(play: Play) -> None:
    first = datetime(2027, 10, 31, 2, tzinfo=BERLIN, fold=0).astimezone(UTC)
    second = datetime(2027, 10, 31, 2, tzinfo=BERLIN, fold=1).astimezone(UTC)
    assert second - first == HOUR
    play.clock.move(first - 2 * DAY)
    one, two = play.agree(start=first), play.agree(start=second)
    play.sync()
    assert {play.state(one), play.state(two)} == {State.BOOKED}
    assert (play.session(one).deadline, play.session(two).deadline) == (first - DAY, second - DAY)
    play.until(second - DAY)
    play.delete(two)
    play.delete(one)
    settle(play)
    assert play.verdict(two).outcome is Outcome.TIMELY
    assert play.verdict(one).outcome is Outcome.FORFEIT


@row("5.zone-named")
def test_a_time_is_shown_with_its_zone(play: Play) -> None:
    second = datetime(2027, 10, 31, 2, 30, tzinfo=BERLIN, fold=1).astimezone(UTC)
    play.clock.move(second - 2 * DAY)
    play.sync()
    session = play.agree(start=second)
    text = play.explained(session)
    assert "Europe/Berlin" in text
    assert "02:30" in text
