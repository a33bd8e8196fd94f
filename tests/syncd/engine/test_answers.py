"""Answers that are lost, late, refused or wrong: nothing is doubled, and nobody is blamed for it."""

from __future__ import annotations

from datetime import timedelta

from policy.facts import Actor, Side
from policy.life import CalendarState, Effect, State
from policy.notice import Doubt, Outcome
from providers.errors import AccessLost, EventExists, EventNotFound, Loss, Unavailable, Unsupported
from syncd import sessions
from syncd.pictures import intent_of
from syncd.store.rows import SessionId
from tests.providers.hands import UNREADABLE
from tests.rules.rows import row
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, NOW, ONE, PASSWORD, START, Play
from tests.syncd.engine.test_acts import DEADLINE, booked, proven

LOST = Unavailable("no answer")
HARMLESS = [Effect.PLANNED, Effect.BOOKED]


@row("2.proof-own")
def test_a_create_whose_answer_is_lost_leaves_one_event(play: Play) -> None:
    session = play.agree()
    play.faults.every("create", LOST, after=True)
    play.sync()
    play.faults.mend()
    play.until(play.clock.now() + 2 * HOUR)
    assert play.standing(session) == {"lessons": 1, "work": 1}
    assert play.feed(session) == HARMLESS
    play.after(HOUR)
    assert play.faults.calls.count("delete") == 0


def test_a_create_that_never_arrived_is_repeated(play: Play) -> None:
    session = play.agree()
    play.faults.every("create", LOST)
    play.sync()
    assert play.standing(session) == {}
    play.faults.mend()
    play.until(play.clock.now() + 2 * HOUR)
    assert play.standing(session) == {"lessons": 1, "work": 1}


@row("2.proof-own")
def test_a_delete_whose_answer_is_lost_blames_nobody(play: Play) -> None:
    session = booked(play)
    play.clock.sleep(HOUR)
    sessions.cancel(play.house, session, Actor.SCHOOL, "closed")
    before = play.feed(session)
    play.faults.every("delete", LOST, after=True)
    play.sync()
    play.sync()
    play.faults.mend()
    play.until(play.clock.now() + 3 * HOUR)
    assert play.standing(session) == {}
    assert play.feed(session) == before
    assert play.verdict(session).outcome is Outcome.NOT_STUDENT


def test_a_put_back_whose_answer_is_lost_is_not_done_twice(play: Play) -> None:
    session = proven(play)
    play.drag(session, START + 2 * HOUR)
    play.faults.once("update", LOST, after=True)
    play.sync()
    play.until(play.clock.now() + HOUR)
    assert play.session(session).put_back
    play.drag(session, START + 3 * HOUR)
    play.sync()
    play.until(play.clock.now() + HOUR)
    assert play.faults.calls.count("update") == 1
    assert play.session(session).calendar_state is CalendarState.MOVED


def test_a_replica_that_lags_behind_our_own_create_counts_against_nobody(play: Play) -> None:
    session = play.agree()
    play.faults.every("fetch", EventNotFound("not yet"))
    play.sync()
    play.sync()
    play.faults.mend()
    play.until(play.clock.now() + HOUR)
    assert play.feed(session) == HARMLESS
    assert play.standing(session) == {"lessons": 1, "work": 1}


def test_a_calendar_that_takes_no_events_is_an_incident_and_releases_at_the_start(play: Play) -> None:
    play.servers[ONE].set_writable(play.calendars["lessons"], writable=False)
    session = play.agree()
    play.until(START - MINUTE)
    assert play.state(session) is State.PLANNED
    with play.house.db.read() as tx:
        assert [one.kind for one in tx.incidents.open()] == ["writing"]
        assert [copy.side for copy in tx.copies.of(SessionId(session))].count(Side.STUDENT) == 1, (
            "one UID, however often"
        )
    assert play.faults.calls.count("create") < 120
    play.until(START + MINUTE)
    assert play.verdict(session).outcome is Outcome.NOT_STUDENT
    play.until(START + DAY)
    assert play.standing(session) == {}
    assert intent_of(play.copy(session)) is None, "nothing is tried for ever"


def test_a_create_that_arrived_though_it_was_refused_is_not_doubled(play: Play) -> None:
    session = play.agree()
    play.faults.every("create", AccessLost("refused", loss=Loss.FORBIDDEN), after=True)
    play.sync()
    play.until(play.clock.now() + HOUR)
    play.faults.mend()
    play.until(play.clock.now() + 2 * HOUR)
    assert play.standing(session) == {"lessons": 1, "work": 1}
    with play.house.db.read() as tx:
        assert not tx.incidents.open() or play.state(session) is State.BOOKED


def test_a_uid_in_a_trash_bin_is_given_up_for_another(play: Play) -> None:
    session = play.agree()
    refused = 0

    def trash(_number: int, name: str) -> EventExists | None:
        nonlocal refused
        if name == "create" and play.generation(session) == 1:
            refused += 1
            return EventExists("in the trash")
        return None

    play.faults.when = trash
    play.until(NOW + 4 * HOUR)
    assert play.state(session) is State.BOOKED
    assert play.copy(session).generation == 2
    assert play.standing(session)["lessons"] == 1
    assert 3 <= refused < 15


def test_what_exists_and_cannot_be_read_is_written_under_no_other_uid(play: Play) -> None:
    session = play.agree()
    refused = 0

    def lagging(_number: int, name: str) -> EventExists | None:
        nonlocal refused
        refused += name == "create"
        return EventExists("it is there") if name == "create" else None

    play.faults.when = lagging
    play.sync()
    play.until(play.clock.now() + 2 * MINUTE)
    assert refused >= 6, "both events, three times"
    url, calendar, ref = play.place(session)
    play.servers[url].put(calendar, ref, b"nobody can read this")
    play.until(play.clock.now() + 3 * HOUR)
    assert play.generation(session) == 1
    play.servers[url].remove(calendar, ref)
    play.faults.mend()
    play.until(play.clock.now() + 2 * HOUR)
    assert play.standing(session)["lessons"] == 1
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 1)


def test_a_foreign_event_in_the_way_is_never_touched(play: Play) -> None:
    session = play.agree()
    calendar = play.calendars["lessons"]
    ref = play.ref("lessons", f"syncd-{session}-1.ics")
    (known,) = play.servers[ONE].refs(calendar)
    body = play.servers[ONE].body(calendar, known).replace(b"UID:lessons-", b"UID:other-")
    play.servers[ONE].put(calendar, ref, body)
    play.foreign[ONE, calendar, ref] = body
    play.until(NOW + 4 * HOUR)
    assert play.state(session) is State.BOOKED
    assert play.copy(session).generation == 2
    assert play.standing(session) == {"lessons": 1, "work": 1}


def test_an_event_that_landed_under_another_name_is_adopted(play: Play) -> None:
    session = play.agree()
    play.faults.every("create", LOST, after=True)
    play.sync()
    url, calendar, ref = play.place(session)
    there = play.ref("lessons", "renamed.ics")
    play.servers[url].put(calendar, there, play.servers[url].body(calendar, ref))
    play.servers[url].remove(calendar, ref)
    play.faults.mend()
    play.sync()
    play.until(play.clock.now() + 2 * HOUR)
    assert play.state(session) is State.BOOKED
    assert play.copy(session).ref == there
    assert play.standing(session) == {"lessons": 1, "work": 1}


def test_an_event_that_was_wanted_no_more_before_it_was_confirmed_is_taken_away(play: Play) -> None:
    session = play.agree()
    play.faults.every("create", LOST, after=True)
    play.sync()
    sessions.cancel(play.house, session, Actor.SCHOOL, "closed")
    play.faults.mend()
    play.until(play.clock.now() + 3 * HOUR)
    assert play.standing(session) == {}


def test_an_event_that_never_arrived_and_is_wanted_no_more_is_not_written(play: Play) -> None:
    session = play.agree()
    play.faults.every("create", LOST)
    play.sync()
    sessions.cancel(play.house, session, Actor.SCHOOL, "closed")
    play.faults.mend()
    before = play.faults.calls.count("create")
    play.until(play.clock.now() + 3 * HOUR)
    assert play.faults.calls.count("create") == before
    assert intent_of(play.copy(session)) is None


def test_a_phantom_removal_is_counted_and_nothing_else(play: Play) -> None:
    session = proven(play)
    play.clock.sleep(MINUTE)
    play.delete(session)
    play.sync()
    play.restore(session)
    play.until(play.clock.now() + 3 * HOUR)
    assert play.state(session) is State.BOOKED


def test_a_calendar_that_is_gone_is_an_incident_and_no_notice(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.servers[ONE].delete_calendar(play.calendars["lessons"])
    play.sync()
    assert play.state(session) is State.INCIDENT
    play.until(DEADLINE + HOUR)
    assert play.session(session).verdict is None
    play.servers[ONE].restore_calendar(play.calendars["lessons"])
    play.sync()
    assert play.state(session) is State.BOOKED
    with play.house.db.read() as tx:
        assert tx.incidents.open() == ()
    play.until(START + 2 * HOUR)
    assert play.state(session) is State.ELAPSED


def test_what_is_gone_after_an_incident_is_judged_with_doubt(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.servers[ONE].change_password("amina", "another")
    play.sync()
    play.delete(session)
    play.until(DEADLINE + HOUR)
    assert play.state(session) is State.INCIDENT
    play.servers[ONE].change_password("amina", PASSWORD)
    play.sync()
    play.until(play.clock.now() + 2 * HOUR)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.doubt) == (Outcome.TIMELY, Doubt.ACCESS_LOST)


def test_a_server_that_is_down_over_the_deadline_leaves_doubt(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE - HOUR)
    play.servers[ONE].go_down()
    play.sync()
    play.until(DEADLINE + HOUR)
    play.delete(session)
    play.servers[ONE].come_up()
    play.until(DEADLINE + 6 * HOUR)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.doubt) == (Outcome.TIMELY, Doubt.SERVER_DOWN)


def test_an_event_of_ours_that_cannot_be_read_decides_nothing(play: Play) -> None:
    session = booked(play)
    url, calendar, ref = play.place(session)
    play.clock.sleep(HOUR)
    play.servers[url].put(calendar, ref, UNREADABLE.encode())
    play.until(DEADLINE + 6 * HOUR)
    found = play.session(session)
    assert (found.calendar_state, found.verdict) == (CalendarState.UNREADABLE, None)
    assert found.state is State.BOOKED
    play.at(START + 8 * DAY + 2 * HOUR)
    assert play.state(session) is State.ELAPSED


def test_a_refused_password_is_not_tried_by_whatever_wants_the_account(play: Play) -> None:
    session = booked(play)
    play.agree(start=START + 5 * HOUR)
    play.servers[ONE].change_password("amina", "another")
    play.sync()
    before = len(play.faults.calls)
    play.until(NOW + 10 * HOUR)
    assert play.state(session) is State.INCIDENT
    play.until(DEADLINE + 6 * HOUR)
    asked = play.faults.calls[before:]
    assert set(asked) == {"changes"}, "neither a look nor a write asks"
    assert len(asked) <= 2 * 31, "one guess an hour, and Mo's own calendar"


def test_a_server_that_asks_for_peace_is_left_in_peace(play: Play) -> None:
    booked(play)
    play.faults.every("changes", Unavailable("slow down", status=429, retry_after=timedelta(hours=5)))
    play.after(MINUTE)
    before = len(play.faults.calls)
    play.until(NOW + 5 * HOUR)
    assert len(play.faults.calls) == before


def test_a_calendar_that_is_none_is_no_cancellation(play: Play) -> None:
    session = booked(play)
    play.faults.every("changes", Unsupported("this is no calendar"))
    play.until(NOW + 3 * HOUR)
    assert play.state(session) is State.INCIDENT
    play.faults.mend()
    play.until(NOW + 5 * HOUR)
    assert play.state(session) is State.BOOKED


def test_a_lie_about_one_event_is_found_out(play: Play) -> None:
    session = proven(play)
    play.faults.once("fetch", EventNotFound("a lie"))
    with play.house.db.write() as tx:
        tx.due.want("look", f"{session}/student", at=tx.now, excl="1")
    play.sync()
    assert play.state(session) is State.NOTICED
    play.until(play.clock.now() + 3 * HOUR)
    assert play.state(session) is State.BOOKED
    assert play.session(session).verdict is None
    assert play.clock.now() < START + LAG
