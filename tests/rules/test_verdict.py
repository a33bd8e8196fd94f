"""Section 2: what is proven, what a confirmed act is worth, and when doubt repeats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from policy.facts import Side, Stop
from policy.life import CalendarState, Effect, Session, State
from policy.notice import Doubt, Outcome
from policy.rules import Rules
from providers.base import Capability
from providers.errors import Unavailable
from syncd import doubts, poll, work
from tests.providers.hands import UNREADABLE
from tests.rules.rows import row
from tests.rules.stage import (
    LOSSES,
    SECOND,
    act,
    answering,
    as_it_is,
    cached,
    confirm,
    edit,
    settle,
    undated,
    writing,
)
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, NOW, ONE, PASSWORD, START, Play
from tests.syncd.engine.test_acts import DEADLINE, booked, proven

DOWN = Unavailable("no answer")


def judged(play: Play, session: str) -> tuple[Outcome, Doubt | None]:
    verdict = play.verdict(session)
    return verdict.outcome, verdict.doubt


def present(play: Play, session: str) -> datetime | None:
    sight = play.session(session).present
    return sight.at if sight else None


def deadline(play: Play, session: str) -> datetime:
    found: Session = play.session(session)
    return found.deadline


def taken_back_late(play: Play, session: str) -> tuple[Outcome, Doubt | None]:
    """Let the student delete the event well after the deadline, and return what that is worth."""
    play.clock.move(DEADLINE + 3 * HOUR)
    play.delete(session)
    settle(play)
    return judged(play, session)


# --- words -----------------------------------------------------------------------------


@row("2.start")
def test_the_start_stays_what_was_agreed_wherever_the_event_stands(play: Play) -> None:
    session = booked(play)
    play.drag(session, START + 5 * HOUR)
    play.after(HOUR)
    assert (play.session(session).start, deadline(play, session)) == (START, DEADLINE)
    play.drag(session, START - 5 * HOUR)
    play.after(HOUR)
    assert (play.session(session).start, deadline(play, session)) == (START, DEADLINE)


@row("2.deadline")
def test_the_deadline_is_the_latest_of_the_three_instants(play: Play) -> None:
    early = booked(play)
    assert deadline(play, early) == START - Rules().notice
    play.at(DEADLINE + HOUR)
    late = play.agree(start=START + 2 * HOUR)
    assert deadline(play, late) == play.clock.now() + HOUR
    play.after(MINUTE)
    assert deadline(play, late) == play.clock.now() + HOUR, "the first sight was later than the agreement"


@row("2.deadline-sight")
def test_what_is_first_seen_late_can_be_cancelled_for_the_grace(play: Play) -> None:
    session = play.agree()
    play.servers[ONE].go_down()
    play.at(DEADLINE + 5 * HOUR)
    play.servers[ONE].come_up()
    play.sync()
    first = play.session(session).first_seen
    assert first is not None
    assert deadline(play, session) == first.at + HOUR == DEADLINE + 6 * HOUR


@row("2.deadline-start")
def test_the_deadline_is_never_after_the_start(play: Play) -> None:
    session = play.agree(start=NOW + 30 * MINUTE)
    assert deadline(play, session) == NOW + 30 * MINUTE
    play.sync()
    assert deadline(play, session) == NOW + 30 * MINUTE


@row("2.deadline-utc")
def test_the_notice_elapses_though_the_clock_on_the_wall_jumps(play: Play) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2027, 3, 28, 12, tzinfo=berlin).astimezone(UTC)  # clocks went forward at two that night
    session = play.agree(start=start)
    assert start - deadline(play, session) == timedelta(hours=24)
    assert deadline(play, session).astimezone(berlin).hour == 11


@row("2.rules", "5.rules")
def test_new_rules_count_for_new_agreements_only(play: Play) -> None:
    old = booked(play)
    play.rules = Rules(notice=timedelta(hours=36))
    play.restart()
    new = play.agree(start=START + 2 * HOUR)
    play.sync()
    assert deadline(play, old) == DEADLINE
    assert deadline(play, new) == START + 2 * HOUR - timedelta(hours=36)
    play.until(DEADLINE + LAG)
    taken_back_late(play, old)
    assert play.verdict(old).rules_version == Rules().version != play.rules.version


@row("2.sight-listing")
def test_a_row_of_a_complete_listing_is_a_sight(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE + 5 * MINUTE)
    play.faults.every("fetch", DOWN)
    play.servers[ONE].forget_tokens(play.calendars["lessons"])
    play.sync()
    play.faults.mend()
    assert present(play, session) == DEADLINE + 5 * MINUTE - LAG
    assert taken_back_late(play, session) == (Outcome.FORFEIT, None)


@row("2.sight-hint")
def test_an_answer_that_nothing_changed_is_no_sight(play: Play) -> None:
    session = play.agree(start=START + 6 * HOUR)
    play.sync()
    play.at(DEADLINE + HOUR)  # everything is listed once a day
    before = present(play, session)
    play.clock.move(DEADLINE + 6 * HOUR + 5 * MINUTE)
    with play.house.db.write() as tx:
        tx.due.want(work.SYNC, "1", at=tx.now, excl="1")
        (ticket,) = tx.due.claim(1, work.LEASE, [work.SYNC], ["1"])
    rounds = play.faults.calls.count("changes")
    poll.sync(play.house, ticket)
    assert play.faults.calls.count("changes") > rounds
    assert present(play, session) == before


@row("2.sight-sent", "2.gone-received")
def test_a_slow_answer_is_dated_against_us_at_both_ends(play: Play) -> None:
    session = booked(play)
    play.until(DEADLINE + LAG - SECOND)
    play.faults.hook = lambda name: play.clock.sleep(MINUTE) if name == "fetch" else None
    play.until(DEADLINE + LAG)
    play.faults.hook = lambda _name: None
    seen = play.session(session).seen
    assert seen is not None
    assert (present(play, session), seen.at) == (DEADLINE, DEADLINE + LAG + MINUTE)

    play.clock.move(DEADLINE + HOUR)
    play.delete(session)
    play.faults.hook = lambda name: play.clock.sleep(MINUTE) if name == "changes" else None
    play.sync()
    play.faults.hook = lambda _name: None
    assert play.session(session).act.gone.at > DEADLINE + HOUR


@row("2.sight-cached")
def test_a_cached_answer_proves_nothing(play: Play) -> None:
    session = booked(play)
    before = present(play, session)
    answering(play, cached)
    play.until(DEADLINE + HOUR)
    answering(play, as_it_is)
    assert present(play, session) == before
    play.delete(session)
    settle(play)
    assert play.verdict(session).outcome is Outcome.TIMELY


@row("2.sight-moved", "4.moved-late-dodge")
def test_an_event_at_another_time_stands(play: Play) -> None:
    session = proven(play)
    play.drag(session, START + 2 * HOUR)
    play.sync()
    play.after(MINUTE)
    play.drag(session, START + 3 * HOUR)
    play.after(HOUR)
    play.servers[ONE].forget_tokens(play.calendars["lessons"])
    play.sync()
    assert play.session(session).calendar_state is CalendarState.MOVED
    assert present(play, session) == play.clock.now() - LAG
    assert taken_back_late(play, session) == (Outcome.FORFEIT, None)


@row("2.gone-stale")
def test_an_older_answer_that_comes_later_undoes_nothing(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE - HOUR)
    play.delete(session)
    confirm(play)
    play.restore(session)  # a replica that has not heard of it yet
    play.after(20 * SECOND)
    assert play.state(session) is State.NOTICED
    play.delete(session)
    play.until(DEADLINE + HOUR)
    assert judged(play, session) == (Outcome.TIMELY, None)
    assert play.verdict(session).gone_at == DEADLINE - HOUR


@row("2.stamp-client")
@pytest.mark.parametrize("name", ["LAST-MODIFIED", "DTSTAMP", "CREATED"])
def test_times_that_a_client_wrote_decide_nothing(play: Play, name: str) -> None:
    session = proven(play)
    edit(play, session, writing(name, DEADLINE - DAY))
    play.decline(session)
    settle(play)
    assert judged(play, session) == (Outcome.FORFEIT, None)
    assert play.verdict(session).stamp is None


@row("2.verdict")
def test_a_verdict_has_all_that_it_rests_on(play: Play) -> None:
    session = proven(play)
    assert taken_back_late(play, session)[0] is Outcome.FORFEIT
    verdict = play.verdict(session)
    kinds = play.facts(session)
    assert [kinds[seq - 1] for seq in verdict.evidence] == ["agreed", "sighted", "missing", "missing"]
    assert (verdict.deadline, verdict.present_at, verdict.gone_at) == (
        DEADLINE,
        DEADLINE,
        DEADLINE + 3 * HOUR,
    )
    assert (verdict.rules_version, len(verdict.reasons)) == (Rules().version, 1)


# --- the verdict -----------------------------------------------------------------------


@row("2.verdict-stamp")
@pytest.mark.parametrize(("before", "outcome"), [(HOUR, Outcome.TIMELY), (-HOUR, Outcome.FORFEIT)])
def test_a_stamp_of_the_provider_tells_when_it_was(play: Play, before: timedelta, outcome: Outcome) -> None:
    play.doors.capabilities |= Capability.STAMPS
    session = booked(play)
    if before < timedelta(0):
        play.at(DEADLINE + LAG)
    play.clock.move(DEADLINE - before)
    play.cancel(session)
    play.clock.move(DEADLINE + 3 * HOUR)
    settle(play)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.doubt, verdict.stamp) == (outcome, None, DEADLINE - before)


@row("2.verdict-timely", "3.student")
@pytest.mark.parametrize("how", LOSSES)
def test_seen_gone_before_the_deadline_is_timely(play: Play, how: str) -> None:
    session = booked(play)
    play.clock.move(DEADLINE - SECOND)
    act(play, session, how)
    settle(play)
    assert (judged(play, session), play.verdict(session).act) == ((Outcome.TIMELY, None), LOSSES[how])


@row("2.verdict-equal")
def test_seen_gone_at_the_very_deadline_is_timely(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE)
    play.delete(session)
    settle(play)
    assert play.verdict(session).gone_at == play.verdict(session).deadline == DEADLINE
    assert judged(play, session) == (Outcome.TIMELY, None)


@row("2.verdict-forfeit", "3.student")
@pytest.mark.parametrize("how", LOSSES)
def test_proven_to_stand_and_gone_later_is_a_forfeit(play: Play, how: str) -> None:
    session = booked(play)
    play.at(DEADLINE + LAG)
    act(play, session, how)
    settle(play)
    assert (judged(play, session), play.verdict(session).act) == ((Outcome.FORFEIT, None), LOSSES[how])
    assert play.verdict(session).present_at == DEADLINE


@row("2.doubt-down")
def test_nobody_looked_in_between(play: Play) -> None:
    assert taken_back_late(play, booked(play)) == (Outcome.TIMELY, Doubt.DAEMON_DOWN)


@row("2.doubt-server")
def test_the_server_was_out_of_reach_in_between(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE - HOUR)
    play.servers[ONE].go_down()
    play.until(DEADLINE + HOUR)
    play.servers[ONE].come_up()
    assert taken_back_late(play, session) == (Outcome.TIMELY, Doubt.SERVER_DOWN)


@row("2.doubt-access")
def test_access_was_lost_in_between(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE - HOUR)
    play.servers[ONE].change_password("amina", "another")
    play.until(DEADLINE + HOUR)
    play.servers[ONE].change_password("amina", PASSWORD)
    assert taken_back_late(play, session) == (Outcome.TIMELY, Doubt.ACCESS_LOST)


@row("2.doubt-unreadable")
def test_the_event_could_not_be_read_in_between(play: Play) -> None:
    session = booked(play)
    url, calendar, ref = play.place(session)
    play.clock.move(DEADLINE - HOUR)
    play.servers[url].put(calendar, ref, UNREADABLE.encode())
    play.until(DEADLINE + HOUR)
    assert taken_back_late(play, session) == (Outcome.TIMELY, Doubt.UNREADABLE)


@row("2.doubt-clock", "2.clock-unsure")
def test_an_unsure_clock_proves_nothing_and_what_was_seen_is_kept(unsure: Play) -> None:
    answering(unsure, undated)
    session = booked(unsure)
    unsure.until(DEADLINE + HOUR)
    found = unsure.session(session)
    assert (found.present, found.proven_at_deadline) == (None, False)
    assert found.seen is not None
    assert found.seen.at >= DEADLINE + LAG
    assert taken_back_late(unsure, session) == (Outcome.TIMELY, Doubt.CLOCK_UNSURE)


@row("2.clock-date")
def test_the_servers_date_vouches_for_an_unsure_clock(unsure: Play) -> None:
    session = booked(unsure)
    unsure.until(DEADLINE + HOUR)
    assert taken_back_late(unsure, session) == (Outcome.FORFEIT, None)


@row("2.clock-date")
def test_a_server_that_says_another_time_vouches_for_nothing(unsure: Play) -> None:
    bound = Rules().clock_bound
    there = unsure.servers[ONE]
    there._clock = lambda: unsure.clock.now() + bound + 2 * SECOND
    session = booked(unsure)
    unsure.until(DEADLINE + HOUR)
    assert present(unsure, session) is None
    assert taken_back_late(unsure, session) == (Outcome.TIMELY, Doubt.CLOCK_UNSURE)


# --- how the proof is obtained ---------------------------------------------------------


@row("2.proof-look")
def test_the_deadline_look_is_one_request_and_its_answer_is_the_proof(play: Play) -> None:
    session = booked(play)
    play.until(DEADLINE + LAG - SECOND)
    before = play.faults.calls.count("fetch")
    play.until(DEADLINE + LAG)
    assert play.faults.calls.count("fetch") == before + 1
    assert present(play, session) == DEADLINE


@row("2.proof-look-any")
@pytest.mark.parametrize("hours", [1, 6, 40])
def test_the_deadline_look_comes_however_seldom_accounts_are_looked_at(play: Play, hours: int) -> None:
    play.every = hours * HOUR
    play.restart()
    session = booked(play)
    play.until(DEADLINE + LAG)
    assert present(play, session) == DEADLINE
    assert taken_back_late(play, session) == (Outcome.FORFEIT, None)


@row("2.proof-look-again")
def test_a_deadline_look_that_could_not_be_had_is_taken_again(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE + LAG - SECOND)
    play.faults.every("fetch", DOWN)
    play.until(DEADLINE + LAG + MINUTE)
    play.faults.mend()
    play.until(DEADLINE + 2 * HOUR)
    found = present(play, session)
    assert found is not None
    assert DEADLINE < found < DEADLINE + HOUR
    assert taken_back_late(play, session) == (Outcome.FORFEIT, None)


@row("2.proof-two")
def test_one_look_decides_nothing(play: Play) -> None:
    session = proven(play)
    play.delete(session)
    play.sync(soon=timedelta(0))
    assert (play.state(session), play.session(session).verdict) == (State.NOTICED, None)
    play.clock.sleep(MINUTE)
    play.restore(session)
    play.until(START + 2 * HOUR)
    assert (play.state(session), play.session(session).verdict) == (State.ELAPSED, None)


@row("2.proof-after")
def test_the_second_look_counts_from_half_a_minute_on(play: Play) -> None:
    session = booked(play)
    play.delete(session)
    play.sync(soon=timedelta(0))
    play.clock.sleep(29 * SECOND)
    with play.house.db.write() as tx:
        tx.due.want(work.LOOK, f"{session}/student", at=tx.now, excl="1")
    looks = play.faults.calls.count("fetch")
    play.until(play.clock.now())
    assert play.faults.calls.count("fetch") == looks + 1
    assert play.told(session, Effect.CONFIRMED) == 0
    play.until(play.clock.now() + MINUTE)
    assert play.told(session, Effect.CONFIRMED) == 1


@row("2.proof-timely")
def test_an_act_in_time_that_could_not_be_confirmed_stays_timely(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE - MINUTE)
    play.delete(session)
    play.sync(soon=timedelta(0))
    play.servers[ONE].go_down()
    play.until(DEADLINE + 3 * HOUR)
    assert judged(play, session) == (Outcome.TIMELY, None)


@row("2.doubt-unconfirmed")
def test_a_late_act_that_could_not_be_confirmed_is_doubt(play: Play) -> None:
    session = proven(play)
    play.delete(session)
    play.sync(soon=timedelta(0))
    play.servers[ONE].go_down()
    play.until(DEADLINE + 3 * HOUR)
    assert judged(play, session) == (Outcome.TIMELY, Doubt.UNCONFIRMED)


@row("2.proof-first")
def test_the_first_sight_counts_though_the_second_is_after_the_deadline(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE - 10 * SECOND)
    play.delete(session)
    play.sync(soon=timedelta(0))
    play.until(DEADLINE + HOUR)
    assert judged(play, session) == (Outcome.TIMELY, None)
    assert play.verdict(session).gone_at == DEADLINE - 10 * SECOND


@row("2.proof-own")
def test_what_we_took_away_ourselves_is_nobodys_act(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.delete(session, Side.MENTOR)
    play.sync()
    play.until(NOW + 2 * HOUR)
    assert play.standing(session) == {}, "we took the student's event away"
    assert play.verdict(session).outcome is Outcome.NOT_STUDENT
    play.until(START + DAY)
    with play.house.db.read() as tx:
        assert len(tx.ledger.verdicts()) == 1


# --- when doubt repeats ----------------------------------------------------------------


def out_of_sight(play: Play, starts: list[datetime]) -> list[str]:
    """Return sessions that were deleted while nobody could see them, over their deadlines."""
    found = [play.agree(start=start) for start in starts]
    play.sync()
    play.clock.move(min(starts) - DAY - HOUR)
    play.servers[ONE].change_password("amina", "another")
    play.sync()
    for one in found:
        play.delete(one)
    play.clock.move(max(starts) - DAY + 2 * HOUR)
    play.servers[ONE].change_password("amina", PASSWORD)
    settle(play)
    return found


@row("2.repeat-allowed", "2.repeat-person")
def test_the_first_two_doubtful_cases_are_timely_and_the_third_is_for_a_person(apart: Play) -> None:
    found = out_of_sight(apart, [START + number * HOUR for number in range(3)])
    states = sorted(apart.state(one) for one in found)
    assert states == [State.CANCELLED, State.CANCELLED, State.SUSPECT]
    (suspect,) = [one for one in found if apart.state(one) is State.SUSPECT]
    assert (apart.session(suspect).stops, apart.session(suspect).verdict) == ((Stop.DOUBT,), None)
    with apart.house.db.read() as tx:
        assert [one.session_id for one in tx.incidents.open(doubts.INCIDENT)] == [suspect]
    apart.at(START + 9 * DAY)
    assert apart.state(suspect) is State.SUSPECT, "no time decides it"


@row("2.repeat-window")
def test_cases_older_than_the_window_count_no_more(apart: Play) -> None:
    old = out_of_sight(apart, [START, START + HOUR])
    assert {apart.state(one) for one in old} == {State.CANCELLED}
    apart.clock.sleep(Rules().doubts_window + DAY)
    start = apart.clock.now() + 2 * DAY
    (new,) = out_of_sight(apart, [start])
    assert judged(apart, new) == (Outcome.TIMELY, Doubt.ACCESS_LOST)
