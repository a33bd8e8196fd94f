"""Section 4: acts that are not cancellations by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from policy.facts import Decision, Side
from policy.life import CalendarState, Effect, State
from policy.notice import Doubt, Outcome
from policy.rules import Rules
from policy.schedule import hold_ends
from providers.base import EventRef
from providers.errors import ProviderError, SyncTokenExpired, Unavailable
from syncd.brake import PERSON, SCHOOL
from syncd.decisions import decide
from tests.providers.entries import Change, saying
from tests.rules.rows import row
from tests.rules.stage import SECOND, confirm, edit, settle, writing
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, NOW, ONE, START, Play
from tests.syncd.engine.test_acts import DEADLINE, booked, proven

AMINA = "amina@school.example"
BOTH = {"lessons": 1, "work": 1}


def outcome(play: Play, session: str) -> tuple[Outcome, Doubt | None]:
    verdict = play.verdict(session)
    return verdict.outcome, verdict.doubt


TIMELY, FORFEIT = (Outcome.TIMELY, None), (Outcome.FORFEIT, None)


# --- moved -----------------------------------------------------------------------------


@row("4.moved")
@pytest.mark.parametrize("by", [-5 * HOUR, 2 * HOUR, 5 * DAY])
def test_moved_by_the_deadline_is_a_request(play: Play, by: timedelta) -> None:
    session = booked(play)
    play.clock.move(DEADLINE)
    play.drag(session, START + by)
    play.sync()
    found = play.session(session)
    assert (found.state, found.start) == (State.MOVING, START)
    assert found.request is not None
    assert (found.request.to, found.request.doubt) == (START + by, None)
    assert play.told(session, Effect.MOVE_REQUESTED) == 1
    assert "update" not in play.faults.calls, "it stays where the student put it"


@row("4.moved-silence")
def test_a_request_that_nobody_answered_is_timely(play: Play) -> None:
    session = play.agree(start=START + 3 * DAY)
    play.sync()
    play.drag(session, START + 4 * DAY)
    play.sync()
    play.at(NOW + Rules().request_expires - SECOND)
    assert play.state(session) is State.MOVING
    play.at(NOW + Rules().request_expires)
    assert outcome(play, session) == TIMELY
    assert play.standing(session) == {}


@row("4.moved-near")
def test_a_request_lapses_half_the_notice_before_the_start(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE)
    play.drag(session, START + HOUR)
    play.sync()
    play.at(START - 12 * HOUR - SECOND)
    assert play.state(session) is State.MOVING
    play.at(START - 12 * HOUR)
    assert outcome(play, session) == TIMELY


@row("4.moved-deleted")
def test_deleted_while_the_request_is_open_is_timely_however_late(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE)
    play.drag(session, START + HOUR)
    play.sync()
    play.at(DEADLINE + LAG)
    play.clock.move(DEADLINE + 3 * HOUR)
    play.delete(session)
    settle(play)
    assert outcome(play, session) == TIMELY


@row("4.moved-back", "4.moved-back-deadline")
def test_moved_back_it_is_withdrawn_and_the_deadline_rules_again(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE - HOUR)
    play.drag(session, START + HOUR)
    play.sync()
    play.after(MINUTE)
    play.drag(session, START)
    play.sync()
    found = play.session(session)
    assert (found.state, found.request, found.deadline) == (State.BOOKED, None, DEADLINE)
    assert play.told(session, Effect.MOVE_WITHDRAWN) == 1
    play.until(DEADLINE + LAG)
    play.delete(session)
    settle(play)
    assert outcome(play, session) == FORFEIT


@row("4.moved-late", "4.moved-late-dodge")
def test_moved_after_the_deadline_it_is_put_back_once_and_still_counts(play: Play) -> None:
    session = proven(play)
    play.drag(session, START + 2 * HOUR)
    play.sync()
    found = play.session(session)
    assert (found.state, found.put_back, found.calendar_state) == (
        State.BOOKED,
        True,
        CalendarState.PRESENT,
    )
    play.after(5 * MINUTE)
    play.drag(session, START + 3 * HOUR)
    play.after(5 * MINUTE)
    assert (play.told(session, Effect.PUT_BACK), play.faults.calls.count("update")) == (1, 1)
    assert play.session(session).calendar_state is CalendarState.MOVED
    play.delete(session)
    settle(play)
    assert outcome(play, session) == FORFEIT


def whole_day(event: Any) -> None:
    """Turn the event into an all-day one."""
    writing("DTSTART", START.date())(event)
    writing("DTEND", START.date() + DAY)(event)


@row("4.all-day")
@pytest.mark.parametrize("late", [False, True])
def test_made_an_all_day_event_it_counts_as_moved(play: Play, *, late: bool) -> None:
    session = proven(play) if late else booked(play)
    edit(play, session, whole_day)
    play.sync()
    assert (play.state(session), play.session(session).put_back) == (
        (State.BOOKED, True) if late else (State.MOVING, False)
    )


@row("4.length")
@pytest.mark.parametrize("length", [HOUR / 2, 3 * HOUR])
def test_another_length_is_nothing(play: Play, length: timedelta) -> None:
    session = proven(play)
    edit(play, session, writing("DTEND", START + length))
    play.sync()
    assert (play.state(session), play.session(session).moved_late) == (State.BOOKED, False)
    assert "update" not in play.faults.calls


# --- elsewhere -------------------------------------------------------------------------


@row("4.carried")
def test_carried_to_another_connected_calendar_it_is_followed_and_judged_there(play: Play) -> None:
    session = booked(play)
    play.clock.sleep(HOUR)
    play.carry(session, "life")
    settle(play)
    assert (play.state(session), play.standing(session)) == (State.BOOKED, {"life": 1, "work": 1})
    play.until(DEADLINE + LAG)
    play.delete(session)
    settle(play)
    assert outcome(play, session) == FORFEIT


@row("4.mirror")
@pytest.mark.parametrize("title", ["life", "lessons"])
def test_an_older_mirror_is_not_followed(play: Play, title: str) -> None:
    session = booked(play)
    play.clock.sleep(HOUR)
    there = play.duplicate(session, title)
    play.sync()
    play.after(2 * LAG)
    play.delete(session)
    settle(play)
    assert outcome(play, session) == TIMELY
    assert play.servers[ONE].body(play.calendars[title], there)


@row("4.hidden")
def test_carried_to_an_unconnected_calendar_it_is_judged_as_removed(play: Play) -> None:
    session = booked(play)
    play.clock.sleep(HOUR)
    play.calendars["hidden"] = play.servers[ONE].add_calendar("amina", "hidden")
    play.carry(session, "hidden")
    settle(play)
    assert outcome(play, session) == TIMELY
    assert play.standing(session) == {"hidden": 1}


@row("4.copied")
def test_a_copy_with_its_own_id_is_nobodys_business(play: Play) -> None:
    session = booked(play)
    url, calendar, ref = play.place(session)
    body = play.servers[url].body(calendar, ref).replace(b"UID:syncd-", b"UID:my-own-")
    there: EventRef = play.ref("life", "mine.ics")
    play.servers[url].put(play.calendars["life"], there, body)
    play.foreign[url, play.calendars["life"], there] = body
    play.until(NOW + HOUR)
    assert play.feed(session) == [Effect.PLANNED, Effect.BOOKED]
    play.delete(session)
    settle(play)
    assert outcome(play, session) == TIMELY


# --- edited ----------------------------------------------------------------------------


@row("4.edited")
@pytest.mark.parametrize(
    "change",
    [
        saying("SUMMARY", "Maths!"),
        saying("DESCRIPTION", "bring the book"),
        saying("COLOR", "red"),
        saying("TRANSP", "TRANSPARENT"),
        saying("LOCATION", "library"),
    ],
    ids=["title", "text", "colour", "transparency", "place"],
)
def test_what_is_only_edited_is_left_alone(play: Play, change: Change) -> None:
    session = proven(play)
    edit(play, session, change)
    url, calendar, ref = play.place(session)
    body = play.servers[url].body(calendar, ref)
    play.until(play.clock.now() + 2 * HOUR)
    assert play.state(session) is State.BOOKED
    assert play.feed(session) == [Effect.PLANNED, Effect.BOOKED]
    assert play.servers[url].body(calendar, ref) == body


@row("4.zone")
def test_the_same_instant_in_another_zone_is_not_moved(play: Play) -> None:
    session = booked(play)
    url, calendar, ref = play.place(session)
    body = play.servers[url].body(calendar, ref)
    for wall in (START, START + HOUR):
        utc = f":{wall:%Y%m%dT%H%M%S}Z".encode()
        tokyo = f";TZID=Asia/Tokyo:{wall + 9 * HOUR:%Y%m%dT%H%M%S}".encode()
        body = body.replace(b"DTSTART" + utc, b"DTSTART" + tokyo).replace(b"DTEND" + utc, b"DTEND" + tokyo)
    assert body.count(b"Asia/Tokyo") == 2
    play.servers[url].put(calendar, ref, body)
    play.sync()
    found = play.session(session)
    assert (found.state, found.calendar_state) == (State.BOOKED, CalendarState.PRESENT)


@row("4.unanswered")
@pytest.mark.parametrize("answer", ["TENTATIVE", "NEEDS-ACTION", "ACCEPTED"])
def test_no_answer_is_no_act(play: Play, answer: str) -> None:
    session = booked(play)
    url, calendar, ref = play.place(session)
    text = play.servers[url].body(calendar, ref).decode()
    for old in ("NEEDS-ACTION", "ACCEPTED"):
        text = text.replace(f"PARTSTAT={old}", f"PARTSTAT={answer}")
    play.servers[url].put(calendar, ref, text.encode())
    edit(play, session, saying("STATUS", "TENTATIVE"))
    play.until(START + 2 * HOUR)
    assert (play.state(session), play.session(session).verdict) == (State.ELAPSED, None)


# --- restored --------------------------------------------------------------------------


@row("4.restored")
@pytest.mark.parametrize("late", [False, True])
def test_restored_within_the_hold_it_was_never_gone(play: Play, *, late: bool) -> None:
    session = proven(play) if late else booked(play)
    play.delete(session)
    confirm(play)
    play.clock.sleep(20 * MINUTE)
    play.restore(session)
    play.sync()
    assert (play.state(session), play.session(session).pending) == (State.BOOKED, None)
    assert play.told(session, Effect.RESTORED) == 1
    assert play.standing(session) == BOTH


@row("4.restored-mentor")
def test_and_a_mentors_copy_that_went_meanwhile_is_written_again(play: Play) -> None:
    session = booked(play)
    play.delete(session)
    confirm(play)
    play.delete(session, Side.MENTOR)
    play.clock.sleep(20 * MINUTE)
    play.restore(session)
    play.sync()
    play.restore(session, Side.MENTOR)
    play.until(play.clock.now() + 2 * HOUR)
    assert (play.state(session), play.standing(session)) == (State.BOOKED, BOTH)


@row("4.hold")
def test_nothing_is_decided_before_the_hold_is_over(play: Play) -> None:
    session = booked(play)
    play.delete(session)
    play.sync(soon=timedelta(0))
    play.until(NOW + Rules().hold - SECOND)
    assert (play.state(session), play.standing(session)["work"]) == (State.NOTICED, 1)
    play.until(NOW + Rules().hold)
    assert play.state(session) is State.CANCELLED


@row("4.hold-quarter")
def test_the_hold_is_at_most_a_quarter_of_the_time_left(play: Play) -> None:
    session = proven(play)
    play.clock.move(START - 40 * MINUTE)
    play.delete(session)
    play.sync(soon=timedelta(0))
    found = play.session(session)
    assert hold_ends(found, found.act) == START - 30 * MINUTE
    play.until(START - 30 * MINUTE)
    assert outcome(play, session) == FORFEIT


@row("4.restored-late")
@pytest.mark.parametrize("late", [False, True])
def test_restored_after_the_decision_decides_nothing(play: Play, *, late: bool) -> None:
    session = proven(play) if late else booked(play)
    play.delete(session)
    settle(play)
    verdict = play.verdict(session)
    play.restore(session)
    play.after(MINUTE)
    play.after(5 * MINUTE)
    assert play.told(session, Effect.RESTORED_LATE) == 1
    assert play.verdict(session) == verdict
    assert play.standing(session) == {"lessons": 1}


@row("4.after")
@pytest.mark.parametrize("after", [MINUTE, HOUR, 5 * HOUR])
def test_deleted_during_or_after_the_session_is_no_notice(play: Play, after: timedelta) -> None:
    session = proven(play)
    play.clock.move(START + after)
    play.delete(session)
    play.until(START + 8 * HOUR)
    assert (play.state(session), play.session(session).verdict) == (State.ELAPSED, None)


@row("4.phantom")
def test_gone_and_there_again_unchanged_is_counted_and_nothing_else(play: Play) -> None:
    session = proven(play)
    play.delete(session)
    play.faults.every("fetch", Unavailable("later"))
    play.sync(soon=timedelta(0))
    play.restore(session)
    play.faults.mend()
    play.until(play.clock.now() + 10 * MINUTE)
    found = play.session(session)
    assert (found.state, found.verdict, found.phantoms) == (State.BOOKED, None, 1)
    assert play.told(session, Effect.PHANTOM) == 1
    assert play.standing(session) == BOTH


# --- brakes ----------------------------------------------------------------------------


def at_once(play: Play, count: int) -> list[str]:
    """Return sessions of Amina that were all deleted, and looked at twice, at the same time."""
    found = [play.agree(start=START + 2 * number * HOUR) for number in range(count)]
    play.sync()
    play.until(DEADLINE + LAG)
    for one in found:
        play.delete(one)
    settle(play)
    return found


def open_incidents(play: Play) -> list[str]:
    with play.house.db.read() as tx:
        return [one.kind for one in tx.incidents.open()]


@row("4.brake-person", "4.brake-person-release")
@pytest.mark.parametrize("count", [3, 4])
def test_a_fourth_session_gone_within_the_hour_stops_all_of_them(play: Play, count: int) -> None:
    found = at_once(play, count)
    if count == 3:
        assert all(play.session(one).verdict for one in found)
        return
    assert {play.state(one) for one in found} == {State.SUSPECT}
    assert open_incidents(play) == [PERSON]
    play.until(DEADLINE + 6 * HOUR)
    assert {play.state(one) for one in found} == {State.SUSPECT}
    decide(play.house, AMINA, Decision.RELEASE, "IT")
    assert [outcome(play, one)[0] for one in found] == [Outcome.FORFEIT] + 3 * [Outcome.TIMELY]
    assert open_incidents(play) == []


@row("4.brake-school", "4.brake-release", "4.brake-mentors")
@pytest.mark.parametrize("decision", Decision)
def test_too_much_of_the_school_gone_stops_all_judging(play: Play, decision: Decision) -> None:
    play.rules = Rules(brake_least=2, brake_share=0.2)
    play.house = play.opened(play.db)
    found = [play.agree(start=START + 2 * number * HOUR) for number in range(3)]
    play.sync()
    play.clock.move(START - 6 * HOUR)
    play.sync()
    for one in found:
        play.delete(one)
    settle(play)
    assert {play.state(one) for one in found} == {State.SUSPECT}
    assert open_incidents(play) == [SCHOOL]
    with play.house.db.read() as tx:
        (told,) = [row.body for row in tx.feed.after(0) if row.kind == "brake.on"]
    assert told["mentors"] == ["mo@school.example"]
    decide(play.house, None, decision, "IT")
    assert open_incidents(play) == []
    play.sync()
    ended = decision is Decision.RELEASE
    assert {play.state(one) in {State.CANCELLED, State.FORFEITED} for one in found} == {ended}
    if not ended:
        assert {play.state(one) for one in found} == {State.BOOKED}


@row("4.brake-school-least")
def test_a_small_number_never_stops_the_school(play: Play) -> None:
    found = at_once(play, 2)  # all that there are
    assert all(play.session(one).verdict for one in found)
    assert open_incidents(play) == []


# --- what the servers say of it --------------------------------------------------------


@row("4.full-pass")
def test_after_a_lost_token_all_is_listed_and_the_missing_looked_at_by_id(play: Play) -> None:
    kept, gone = proven(play), play.agree(start=START + 3 * HOUR)
    play.sync()
    play.clock.sleep(LAG + MINUTE)
    play.delete(gone)
    play.servers[ONE].forget_tokens(play.calendars["lessons"])
    before = play.faults.calls.count("fetch")
    confirm(play)
    assert (play.state(kept), play.state(gone)) == (State.BOOKED, State.NOTICED)
    assert play.told(gone, Effect.CONFIRMED) == 1
    assert play.faults.calls.count("fetch") > before


@row("4.full-pass-broken")
@pytest.mark.parametrize(
    "error", [Unavailable("it broke off"), SyncTokenExpired("gone")], ids=["broken off", "token again"]
)
def test_a_listing_that_did_not_finish_proves_nothing(play: Play, error: ProviderError) -> None:
    session = booked(play)
    play.clock.move(DEADLINE - HOUR)
    seen = play.session(session).present
    play.servers[ONE].forget_tokens(play.calendars["lessons"])
    play.faults.every("changes", error)
    play.sync()
    play.faults.mend()
    found = play.session(session)
    assert (found.state, found.present) == (State.BOOKED, seen)


@row("4.twice")
def test_what_is_told_twice_happens_once(play: Play) -> None:
    session = proven(play)
    play.delete(session)
    settle(play)
    told, facts = play.feed(session), play.facts(session)
    for calendar in ("life", "lessons"):
        play.servers[ONE].forget_tokens(play.calendars[calendar])
    play.after(MINUTE)
    play.after(MINUTE)
    assert (play.feed(session), play.facts(session)) == (told, facts)
