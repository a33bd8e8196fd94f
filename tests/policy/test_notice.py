from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.notice import Outcome, deadline, judge
from policy.rules import Rules
from tests.policy import Change, clock_changes
from tests.policy.story import DAY, DEADLINE, HOUR, RULES, START, S, when
from tests.rules.rows import row

EXAMPLES = settings(max_examples=200, deadline=None)
MINUTES = st.integers(-3 * DAY, 3 * DAY)
MAYBE = st.none() | MINUTES
LONG_AGO = when(-6 * DAY)


def judged(present: float | None, gone: float, stamp: float | None = None) -> tuple[Outcome, bool]:
    outcome, doubt, reason = judge(
        DEADLINE,
        present_at=None if present is None else when(present),
        gone_at=when(gone),
        stamp=None if stamp is None else when(stamp),
    )
    assert reason
    return outcome, doubt


# --- the deadline --------------------------------------------------------------------


def test_the_deadline_is_the_notice_before_the_start() -> None:
    assert deadline(START, LONG_AGO, when(-5 * DAY), RULES) == DEADLINE


def test_a_late_agreement_gives_the_grace_after_it() -> None:
    assert deadline(START, when(60), None, RULES) == when(120)


def test_a_late_first_sighting_gives_the_grace_after_it() -> None:
    assert deadline(START, LONG_AGO, when(5 * HOUR), RULES) == when(6 * HOUR)


def test_the_grace_of_an_early_sighting_ends_before_the_deadline_and_changes_nothing() -> None:
    assert deadline(START, LONG_AGO, when(-60), RULES) == DEADLINE


@pytest.mark.parametrize("last", [S - 59, S - 1, S, S + 5])
def test_the_deadline_is_never_after_the_start(last: int) -> None:
    assert deadline(START, when(last), None, RULES) == START
    assert deadline(START, LONG_AGO, when(last), RULES) == START


@row("2.deadline")
@given(agreed=MINUTES, first=MAYBE, notice=st.integers(0, 3 * DAY), grace=st.integers(0, DAY))
@EXAMPLES
def test_the_deadline_is_the_latest_of_three_but_for_the_start(
    agreed: int, first: int | None, notice: int, grace: int
) -> None:
    rules = Rules(notice=timedelta(minutes=notice), grace=timedelta(minutes=grace))
    found = deadline(START, when(agreed), None if first is None else when(first), rules)
    latest = max(S - notice, agreed + grace, -10 * DAY if first is None else first + grace)
    assert found == when(min(latest, S))


@row("2.deadline-utc")
def test_24_hours_elapse_when_the_clocks_change_in_between() -> None:
    wrong = [change for change in clock_changes() if not _elapses(change)]
    assert not wrong


def _elapses(change: Change) -> bool:
    start = (change.at + timedelta(hours=5)).astimezone(change.zone)
    agreed = (change.at - timedelta(days=9)).astimezone(change.zone)
    return deadline(start, agreed, None, RULES) == change.at - timedelta(hours=19)


def test_the_grace_elapses_too_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    agreed = datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
    start = datetime(2026, 10, 25, 9, tzinfo=berlin)
    assert deadline(start, agreed, None, RULES) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert deadline(start, LONG_AGO - timedelta(days=90), agreed, RULES) == datetime(
        2026, 10, 25, 1, 30, tzinfo=UTC
    )


def test_a_naive_start_has_no_deadline() -> None:
    with pytest.raises(ValueError, match="no zone is given"):
        deadline(START.replace(tzinfo=None), LONG_AGO, None, RULES)


# --- what an act is worth ------------------------------------------------------------


def test_seen_gone_before_the_deadline_is_timely() -> None:
    assert judged(present=-20, gone=-1) == (Outcome.TIMELY, False)


def test_seen_gone_at_the_deadline_is_timely() -> None:
    assert judged(present=-20, gone=0) == (Outcome.TIMELY, False)


def test_proven_to_stand_after_the_deadline_and_gone_later_is_a_forfeit() -> None:
    assert judged(present=1, gone=9) == (Outcome.FORFEIT, False)


def test_proven_to_stand_at_the_deadline_itself_is_a_forfeit() -> None:
    assert judged(present=0, gone=1) == (Outcome.FORFEIT, False)


def test_a_deadline_between_two_sights_is_doubt_and_timely() -> None:
    assert judged(present=-1 / 60, gone=1 / 60) == (Outcome.TIMELY, True)


def test_never_proven_to_stand_is_doubt_and_timely() -> None:
    assert judged(present=None, gone=500) == (Outcome.TIMELY, True)


@pytest.mark.parametrize("stamp", [-500, 0])
def test_a_stamp_by_the_deadline_acquits_whatever_was_seen(stamp: int) -> None:
    assert judged(present=1, gone=9, stamp=stamp) == (Outcome.TIMELY, False)


def test_a_stamp_after_the_deadline_proves_nothing_by_itself() -> None:
    assert judged(present=-1, gone=9, stamp=5) == (Outcome.TIMELY, True)
    assert judged(present=1, gone=9, stamp=5) == (Outcome.FORFEIT, False)


@given(
    acted=MINUTES,
    before=st.integers(0, DAY),
    after=st.integers(0, DAY),
    stamped=st.none() | st.integers(0, DAY),
)
@EXAMPLES
def test_no_poll_turns_a_timely_notice_into_a_forfeit(
    acted: int, before: int, after: int, stamped: int | None
) -> None:
    outcome, doubt = judged(
        present=acted - before, gone=acted + after, stamp=None if stamped is None else acted + stamped
    )
    if acted <= 0 and not before == acted == 0:
        assert outcome is Outcome.TIMELY
    if outcome is Outcome.FORFEIT:
        assert acted >= 0
        assert not doubt


@given(present=MAYBE, gone=MINUTES, stamp=MAYBE)
@EXAMPLES
def test_a_forfeit_is_never_doubtful_and_a_doubt_is_always_timely(
    present: int | None, gone: int, stamp: int | None
) -> None:
    outcome, doubt = judged(present, gone, stamp)
    assert outcome in {Outcome.TIMELY, Outcome.FORFEIT}
    assert not (doubt and outcome is Outcome.FORFEIT)
    if outcome is Outcome.FORFEIT:
        assert present is not None
        assert present >= 0
        assert gone > 0
