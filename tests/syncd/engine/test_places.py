"""Events that turn up in another place: moved ones are followed, mirrors are not; accounts come and go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from policy.facts import Side
from policy.life import Effect, State
from policy.notice import Doubt, Outcome
from providers.errors import AccessLost, Loss
from syncd import accounts
from syncd.status import status
from syncd.store.rows import Role
from tests.rules.rows import row
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, NOW, ONE, START, TWO, Play
from tests.syncd.engine.test_acts import DEADLINE, booked, proven, settle


@pytest.fixture
def play(bare: Play) -> Play:
    """A school in which the order of the calendars is the other way round: sessions in the first."""
    return bare


def peopled(play: Play, *titles: str) -> None:
    play.person("amina", Role.STUDENT, *titles)
    play.person("mo", Role.MENTOR, "work")


@pytest.mark.parametrize("titles", [("life", "lessons"), ("alpha", "lessons"), ("zeta", "lessons")])
@pytest.mark.parametrize("reverse", [False, True])
def test_what_moves_to_another_calendar_is_followed(
    play: Play, titles: tuple[str, str], *, reverse: bool
) -> None:
    target = titles[0]
    if reverse:  # made after the other one, so that it is looked at later
        play.servers[ONE].add_account("amina", "open sesame")
        play.calendars["lessons"] = play.servers[ONE].add_calendar("amina", "lessons")
    peopled(play, *titles)
    session = booked(play)
    play.after(HOUR)
    play.carry(session, target)
    play.sync()
    settle(play)
    assert play.state(session) is State.BOOKED
    assert play.copy(session).ref == play.ref(target, f"syncd-{session}-1.ics")
    play.at(DEADLINE + LAG)
    assert play.session(session).proven_at_deadline
    play.clock.sleep(HOUR)
    play.delete(session)
    play.sync()
    settle(play)
    assert play.verdict(session).outcome is Outcome.FORFEIT
    assert play.standing(session) == {}


def test_what_moves_to_and_fro_is_followed_each_time(play: Play) -> None:
    peopled(play, "life", "lessons")
    session = booked(play)
    for title in ("life", "lessons", "life", "lessons", "life"):
        play.after(HOUR)
        play.carry(session, title)
        play.sync()
        settle(play)
        assert play.copy(session).ref == play.ref(title, f"syncd-{session}-1.ics")
        assert play.state(session) is State.BOOKED
    assert play.standing(session) == {"life": 1, "work": 1}


@row("4.carried")
@pytest.mark.parametrize("first", [ONE, TWO])
def test_what_moves_to_another_account_is_followed(play: Play, first: str) -> None:
    second = TWO if first == ONE else ONE
    play.person("amina", Role.STUDENT, "lessons", url=first)
    play.person("mo", Role.MENTOR, "work")
    play.connect("amina", "private", url=second)
    with play.house.db.write() as tx:  # sessions stay in the first
        (one,) = tx.calendars.of_account(tx.accounts.of(play.people["amina"].id)[0].id)
        tx.calendars.add(one.account_id, one.remote, one.name, busy=True, sessions=True)
    session = booked(play)
    play.after(HOUR)
    there = play.duplicate(session, "private", url=second)
    url, calendar, ref = play.place(session)
    play.servers[url].remove(calendar, ref)
    play.sync()
    settle(play)
    assert play.state(session) is State.BOOKED
    assert play.copy(session).ref == there
    play.at(DEADLINE + LAG)
    play.clock.sleep(HOUR)
    play.delete(session)
    play.sync()
    settle(play)
    assert play.verdict(session).outcome is Outcome.FORFEIT


def test_an_account_that_sees_the_event_first_waits_for_the_other_to_miss_it(play: Play) -> None:
    play.person("amina", Role.STUDENT, "lessons")
    play.person("mo", Role.MENTOR, "work")
    play.connect("amina", "private", url=TWO)
    with play.house.db.write() as tx:
        (one,) = tx.calendars.of_account(tx.accounts.of(play.people["amina"].id)[0].id)
        tx.calendars.add(one.account_id, one.remote, one.name, busy=True, sessions=True)
    session = booked(play)
    play.after(HOUR)
    play.duplicate(session, "private", url=TWO)
    play.after(MINUTE)
    url, calendar, ref = play.place(session)
    play.servers[url].remove(calendar, ref)
    play.after(MINUTE)
    settle(play)
    assert play.state(session) is State.BOOKED
    assert play.feed(session)[-1] == Effect.RESTORED
    assert play.standing(session) == {"private": 1, "work": 1}


def test_what_moved_is_followed_even_if_the_old_place_could_not_be_seen_at_first(play: Play) -> None:
    peopled(play, "life", "lessons")
    session = booked(play)
    for title in ("life", "lessons"):
        play.clock.sleep(HOUR)
        play.carry(session, title)
        play.faults.nth(0, AccessLost("not now", loss=Loss.FORBIDDEN))
        play.sync()
        play.faults.nth(1, AccessLost("not now", loss=Loss.FORBIDDEN))
        play.after(MINUTE)
        play.faults.mend()
        settle(play)
        play.until(play.clock.now() + 2 * HOUR)
        assert play.state(session) is State.BOOKED
        assert play.copy(session).ref == play.ref(title, f"syncd-{session}-1.ics")


def test_an_app_that_writes_anew_before_it_deletes_has_moved_it(play: Play) -> None:
    peopled(play, "life", "lessons")
    session = booked(play)
    play.clock.sleep(HOUR)
    play.duplicate(session, "life")
    play.sync()
    url, calendar, ref = play.place(session)
    play.hands[url].retitle(calendar, ref, "being moved")
    play.after(MINUTE)
    play.delete(session)
    play.sync()
    settle(play)
    assert play.state(session) is State.BOOKED
    assert play.copy(session).ref == play.ref("life", "copy.ics")


def test_an_older_mirror_is_not_followed(play: Play) -> None:
    peopled(play, "life", "lessons")
    session = booked(play)
    play.after(HOUR)
    play.duplicate(session, "life")
    play.until(NOW + 3 * HOUR)
    play.delete(session)
    play.sync()
    settle(play)
    assert play.verdict(session).outcome is Outcome.TIMELY
    assert play.standing(session) == {"life": 1}, "the mirror is not ours to take away"


def test_a_mirror_is_known_for_one_by_a_look_of_its_own(play: Play) -> None:
    peopled(play, "life", "lessons")
    session = booked(play)
    play.after(HOUR)
    play.duplicate(session, "life")
    play.sync()
    play.until(play.clock.now() + LAG + MINUTE)
    with play.house.db.read() as tx:
        assert [stray.mirror for stray in tx.copies.strays(play.copy(session).id)] == [True]


def test_a_second_event_with_our_uid_in_the_same_calendar_is_a_mirror(play: Play) -> None:
    peopled(play, "life", "lessons")
    session = booked(play)
    play.after(HOUR)
    play.duplicate(session, "lessons")
    play.until(NOW + 3 * HOUR)
    play.delete(session)
    play.sync()
    settle(play)
    assert play.verdict(session).outcome is Outcome.TIMELY


def test_a_mirror_appearing_in_the_same_round_as_the_removal_is_followed(play: Play) -> None:
    peopled(play, "life", "lessons")
    session = booked(play)
    play.after(HOUR)
    play.duplicate(session, "life")
    play.delete(session)
    play.sync()
    settle(play)
    assert play.state(session) is State.BOOKED
    assert play.copy(session).ref == play.ref("life", "copy.ics")


@row("2.proof-elsewhere")
def test_what_cannot_be_looked_for_everywhere_is_not_confirmed(play: Play) -> None:
    play.person("amina", Role.STUDENT, "lessons")
    play.person("mo", Role.MENTOR, "work")
    play.connect("amina", "private", url=TWO)
    with play.house.db.write() as tx:
        (one,) = tx.calendars.of_account(tx.accounts.of(play.people["amina"].id)[0].id)
        tx.calendars.add(one.account_id, one.remote, one.name, busy=True, sessions=True)
    session = proven(play)
    play.servers[TWO].go_down()
    play.sync()
    play.delete(session)
    play.sync()
    facts = len(play.facts(session))
    play.until(play.clock.now() + 3 * HOUR)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.doubt) == (Outcome.TIMELY, Doubt.UNCONFIRMED)
    assert len(play.facts(session)) - facts <= 25, "it is looked at again ever less often"


def test_a_disconnected_account_is_an_incident_by_name_and_no_verdict(play: Play) -> None:
    peopled(play, "life", "lessons")
    session = booked(play)
    later = play.agree(start=START + 3 * HOUR)
    play.sync()
    play.after(HOUR)
    accounts.disconnect(play.house, play.people["amina"])
    assert play.state(session) is State.INCIDENT
    named = [one.session_id for one in status(play.house).incidents]
    assert named == [session, later]
    before = play.servers[ONE].requests
    play.until(START + DAY)
    assert play.servers[ONE].requests - before <= 75, "Mo's calendar alone"
    play.at(START + 9 * DAY)
    assert play.state(session) is State.ELAPSED
    assert play.session(session).verdict is None
    assert status(play.house).incidents == ()


@pytest.mark.parametrize("gone", [False, True])
def test_a_reconnected_account_resumes(play: Play, *, gone: bool) -> None:
    peopled(play, "life", "lessons")
    session = booked(play)
    play.after(HOUR)
    accounts.disconnect(play.house, play.people["amina"])
    play.until(DEADLINE + HOUR)
    if gone:
        play.servers[ONE].remove(play.calendars["lessons"], play.ref("lessons", f"syncd-{session}-1.ics"))
    play.connect("amina", "life", "lessons")
    assert play.state(session) is (State.PLANNED if gone else State.BOOKED)
    assert status(play.house).incidents == ()
    play.until(START + 2 * HOUR)
    if gone:
        assert play.generation(session) == 2, "nobody saw who took it, so it is written anew"
    assert play.state(session) is State.ELAPSED
    assert play.standing(session)["lessons"] == 1


def test_a_reconnected_mentor_gets_no_second_copy(play: Play) -> None:
    peopled(play, "life", "lessons")
    session = booked(play)
    accounts.disconnect(play.house, play.people["mo"])
    play.until(NOW + 2 * HOUR)
    play.connect("mo", "work")
    play.until(NOW + 4 * HOUR)
    assert play.standing(session) == {"lessons": 1, "work": 1}
    assert play.copy(session, Side.MENTOR).generation == 1


def test_somebody_who_connects_later_gets_the_events_then(play: Play) -> None:
    play.person("amina", Role.STUDENT)
    play.person("mo", Role.MENTOR)
    session = play.agree()
    play.until(NOW + HOUR)
    assert play.state(session) is State.PLANNED
    play.connect("amina", "lessons")
    play.connect("mo", "work")
    play.sync()
    assert play.standing(session) == {"lessons": 1, "work": 1}


def test_other_calendars_for_sessions_take_what_could_not_be_written(play: Play) -> None:
    peopled(play, "life", "lessons")
    play.servers[ONE].set_writable(play.calendars["lessons"], writable=False)
    session = play.agree()
    play.sync()
    play.connect("amina", "spare", "other")
    play.sync()
    play.until(NOW + 3 * HOUR)
    assert play.state(session) is State.BOOKED
    assert play.standing(session) == {"other": 1, "work": 1}


def test_an_unconnected_calendar_hides_what_moves_there(play: Play) -> None:
    peopled(play, "life", "lessons")
    session = booked(play)
    play.clock.sleep(timedelta(hours=1))
    play.calendars["hidden"] = play.servers[ONE].add_calendar("amina", "hidden")
    play.carry(session, "hidden")
    play.sync()
    settle(play)
    assert play.verdict(session).outcome is Outcome.TIMELY
    assert play.standing(session) == {"hidden": 1}, "what is not connected is not touched"
