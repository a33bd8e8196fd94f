"""A calendar that was deleted, with another one in its place: what went with it is nobody's notice."""

from __future__ import annotations

import pytest

from policy.facts import Side
from policy.life import Effect, State
from policy.notice import Doubt, Outcome
from providers.base import Changes, ETag, EventRef, Receipt, RefKey
from syncd import look, poll, work
from syncd.status import status
from syncd.store.rows import Calendar
from tests.providers.hands import UNREADABLE
from tests.rules.rows import row
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, NOW, ONE, START, Play
from tests.syncd.engine.test_acts import DEADLINE, SECOND, booked, proven
from tests.syncd.engine.test_doubled import binned


@row("3.incident-replaced")
@pytest.mark.parametrize("noticed", [False, True], ids=["between two rounds", "seen to be gone"])
@pytest.mark.parametrize("late", [False, True], ids=["in time", "late"])
def test_a_session_is_written_into_the_calendar_that_took_the_place(
    play: Play, *, late: bool, noticed: bool
) -> None:
    session = proven(play) if late else booked(play)
    play.after(HOUR)
    deadline = play.session(session).deadline
    if noticed:
        calendar = play.calendars["lessons"]
        play.servers[ONE].delete_calendar(calendar)
        play.after(HOUR)
        assert play.state(session) is State.INCIDENT
        play.servers[ONE].restore_calendar(calendar)
    play.replace()
    play.after(HOUR)
    play.caught_up()
    assert play.state(session) is State.BOOKED
    assert play.session(session).verdict is None
    assert play.told(session, Effect.WRITTEN_ANEW) == 1
    assert play.standing(session) == {"lessons": 1, "work": 1}
    assert play.generation(session) == 2
    assert play.session(session).deadline == deadline, "nobody gains time by it"
    assert status(play.house).incidents == ()
    assert "another calendar stands" in play.explained(session)
    play.until(START + 2 * HOUR)
    assert play.state(session) is State.ELAPSED
    play.check()


def test_nothing_is_written_anew_before_a_replica_must_show_what_was_carried_away(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.replace()
    play.after(HOUR)
    play.after(LAG - SECOND)
    assert (play.state(session), play.generation(session)) == (State.PLANNED, 1)
    play.after(SECOND)
    play.after(MINUTE)
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 2)


def test_what_was_brought_back_before_it_is_written_anew_stands_as_it_was(play: Play) -> None:
    session = booked(play)
    old = binned(play, session)
    play.after(HOUR)
    play.replace()
    play.after(HOUR)
    old.restore()
    play.caught_up()
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 1)
    assert play.standing(session) == {"lessons": 1, "work": 1}


def test_what_is_written_anew_can_be_cancelled_like_any_other(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    calendar = play.calendars["lessons"]
    play.servers[ONE].delete_calendar(calendar)
    play.after(HOUR)
    assert play.state(session) is State.INCIDENT
    play.servers[ONE].restore_calendar(calendar)
    play.replace()
    play.after(HOUR)
    play.until(DEADLINE + LAG + HOUR)
    play.delete(session)
    play.until(DEADLINE + LAG + 4 * HOUR)
    assert play.verdict(session).outcome is Outcome.FORFEIT
    play.check()


def test_of_a_calendar_that_may_have_been_emptied_no_later_act_is_a_forfeit(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.replace()
    play.after(HOUR)
    play.until(DEADLINE + LAG + HOUR)
    play.delete(session)
    play.until(DEADLINE + LAG + 4 * HOUR)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.doubt) == (Outcome.TIMELY, Doubt.REPLACED)
    play.check()


def test_what_did_not_stand_when_the_deadline_came_is_no_forfeit_later(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    calendar = play.calendars["lessons"]
    play.servers[ONE].delete_calendar(calendar)
    play.until(DEADLINE + LAG + HOUR)
    play.servers[ONE].restore_calendar(calendar)
    play.replace()
    play.after(2 * HOUR)
    play.caught_up()
    assert play.state(session) is State.BOOKED
    play.delete(session)
    play.until(START)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.doubt) == (Outcome.TIMELY, Doubt.REPLACED)


def test_an_act_that_was_seen_before_still_counts(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.delete(session)
    play.after(HOUR)
    assert play.state(session) is State.NOTICED
    play.replace()
    play.until(NOW + 6 * HOUR)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.doubt) == (Outcome.TIMELY, None)
    assert play.standing(session) == {}


def test_a_token_that_is_only_forgotten_replaces_nothing(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.servers[ONE].forget_tokens(play.calendars["lessons"])
    play.delete(session)
    play.until(NOW + 6 * HOUR)
    assert play.verdict(session).outcome is Outcome.TIMELY, "the dentist still stands there"


def carried(play: Play) -> str:
    """Return a session that its student has carried to another calendar, before the one where it stood went."""
    session = booked(play)
    play.after(HOUR)
    play.carry(session, "life")
    play.servers[ONE].delete_calendar(play.calendars["lessons"])
    play.servers[ONE].restore_calendar(play.calendars["lessons"])
    play.replace()
    return session


@row("3.incident-replaced")
def test_what_was_carried_away_before_is_followed_and_not_written_again(play: Play) -> None:
    session = carried(play)
    play.after(HOUR)
    play.after(MINUTE)
    assert play.standing(session) == {"life": 1, "work": 1}
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 1)
    assert play.faults.calls.count("create") == 2
    play.check()


def test_what_may_stand_in_a_calendar_that_cannot_be_read_waits_for_it(play: Play) -> None:
    session = carried(play)
    life = play.calendars["life"]
    play.servers[ONE].delete_calendar(life)
    play.after(HOUR)
    play.servers[ONE].restore_calendar(life)
    play.after(HOUR)
    play.after(MINUTE)
    assert play.standing(session) == {"life": 1, "work": 1}
    assert play.generation(session) == 1


def test_a_mentor_gets_the_copy_again(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.replace("work")
    play.after(HOUR)
    assert play.standing(session) == {"lessons": 1, "work": 1}
    assert play.generation(session, Side.MENTOR) == 2
    play.until(START + 2 * HOUR)
    assert (play.state(session), play.session(session).verdict) == (State.ELAPSED, None)


def test_a_reconnected_person_finds_the_session_in_the_calendar_they_chose(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.servers[ONE].delete_calendar(play.calendars.pop("lessons"))
    play.after(HOUR)
    assert play.state(session) is State.INCIDENT
    play.connect("amina", "evenings")
    play.after(MINUTE)
    play.caught_up()
    assert play.state(session) is State.BOOKED
    assert play.standing(session) == {"evenings": 1, "work": 1}


def test_a_copy_that_is_taken_away_during_the_session_stays_away(play: Play) -> None:
    session = proven(play)
    play.clock.move(START + 10 * MINUTE)
    play.delete(session, Side.MENTOR)
    play.sync()
    play.until(START + DAY)
    assert (play.state(session), play.session(session).verdict) == (State.ELAPSED, None)
    assert play.standing(session) == {"lessons": 1}


def test_what_is_read_again_for_another_ones_sake_is_known_by_its_token(play: Play) -> None:
    session, other = booked(play), play.agree(start=START + DAY)
    play.sync()
    play.carry(other, "life")
    play.after(HOUR)
    play.servers[ONE].put(play.calendars["life"], play.ref("life", "odd.ics"), UNREADABLE.encode())
    play.delete(session)
    play.after(HOUR)
    play.replace("life")
    play.clock.sleep(MINUTE)
    look.look(play.house, play.claim(work.LOOK))
    play.caught_up()
    assert play.facts(other)[-2:] == ["replaced", "sighted"], "it went with its calendar"
    assert (play.state(other), play.generation(other)) == (State.BOOKED, 2)


def test_a_look_alone_takes_no_absence_from_a_calendar_that_was_replaced(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.replace()
    play.clock.move(DEADLINE + LAG)
    look.look(play.house, play.claim(work.LOOK))
    assert "missing" not in play.facts(session)
    play.after(HOUR)
    play.caught_up()
    assert play.state(session) is State.BOOKED
    assert play.generation(session) == 2


def told_by_a_cache(
    play: Play, listed: dict[EventRef, ETag] | None
) -> tuple[Calendar, set[RefKey], Calendar, set[RefKey]]:
    """Return the student's calendar, and what is known of it, before and after a cache has answered."""
    with play.db.write() as tx:
        account = tx.accounts.of(play.people["amina"].id)[0]
        calendar = tx.calendars.sessions_calendar(account.person_id)
        assert calendar is not None
        assert calendar.window is not None
        known = set(tx.calendars.known(calendar.id))
        now, cached = play.clock.now(), Changes((), calendar.token, listed, Receipt(cached=True))
        found = poll.Round(calendar, calendar.window, now, now, cached)
        poll.write_down(play.house, tx, account, play.people["amina"], found)
        return calendar, known, tx.calendars.get(calendar.id), set(tx.calendars.known(calendar.id))


def test_what_a_cache_answers_verifies_nothing(play: Play) -> None:
    booked(play)
    play.after(HOUR)
    play.clock.sleep(HOUR)
    before, _, after, _ = told_by_a_cache(play, None)
    assert before.verified_at == after.verified_at


def test_what_a_cache_does_not_list_is_known_all_the_same(play: Play) -> None:
    booked(play)
    play.after(HOUR)
    _, before, _, after = told_by_a_cache(play, {})
    assert before
    assert before == after
