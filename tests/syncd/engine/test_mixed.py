"""Schools in which some are at Google and others elsewhere: one event of a session for each, and nobody is blamed wrongly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from policy.facts import Act, Actor, Side
from policy.life import Effect, State
from policy.notice import Outcome
from providers.base import Capability
from providers.uids import google_id
from syncd import accounts, sessions
from syncd.pictures import Route, base_of
from syncd.store.rows import Role
from tests.syncd.engine.house import HOUR, LAG, MINUTE, ONE, START, TWO, Play
from tests.syncd.engine.test_acts import DEADLINE, SECOND, settle
from tests.syncd.engine.test_freebusy import round_of
from tests.syncd.engine.test_routes import MO, booked, shown

Setting: TypeAlias = Callable[[Play], None]
GOOGLE = Capability.FREE_BUSY | Capability.SYNC_TOKEN | Capability.SCHEDULING | Capability.STAMPS


@pytest.fixture
def play(bare: Play) -> Play:
    """A school with a server like Google beside a plain one; nobody is there yet."""
    bare.doors.own[ONE] = GOOGLE
    bare.servers[ONE].joint = bare.servers[ONE].once = True
    return bare


def both(play: Play, *, hosted: bool = True) -> None:
    """Have student and mentor at Google; *hosted*: the mentor's invites turn up in the connected calendar."""
    play.person("amina", Role.STUDENT, "lessons")
    play.person("mo", Role.MENTOR, "work")
    if hosted:
        play.servers[ONE].host(MO, play.calendars["work"], "")


def sent(play: Play) -> list[str]:
    return [one.method for one in play.servers[ONE].invitations]


def proven(play: Play) -> str:
    session = booked(play)
    play.at(DEADLINE + LAG)
    play.clock.move(DEADLINE + 15 * MINUTE)
    return session


# --- both at Google ---------------------------------------------------------------------------


def test_the_invite_is_the_mentors_copy_though_nothing_is_said_of_its_delivery(play: Play) -> None:
    both(play)
    session = booked(play)
    base = base_of(play.copy(session, Side.MENTOR))
    assert base is not None
    assert base.served
    assert play.copy(session, Side.MENTOR).ref == play.ref("work", f"syncd-{session}-1.ics")
    play.until(play.clock.now() + HOUR)
    assert (shown(play, session), play.standing(session)) == (Route.PROVIDER, {"lessons": 1, "work": 1})
    assert sent(play) == ["REQUEST"]


@pytest.mark.parametrize("how", ["delete", "decline"])
@pytest.mark.parametrize("late", [False, True], ids=["in time", "late"])
@pytest.mark.parametrize("first", ["amina", "mo"])
def test_what_the_student_takes_back_is_the_students_act_whoever_is_looked_at_first(
    play: Play, how: str, first: str, *, late: bool
) -> None:
    both(play)
    session = proven(play) if late else booked(play)
    play.clock.sleep(HOUR)
    getattr(play, how)(session)
    round_of(play, first)
    play.sync()
    settle(play)
    play.until(play.clock.now() + HOUR)
    verdict = play.verdict(session)
    outcome = Outcome.FORFEIT if late else Outcome.TIMELY
    assert (verdict.outcome, verdict.actor, verdict.doubt) == (outcome, Actor.STUDENT, None)
    assert play.standing(session) == {}


def test_a_copy_that_went_along_just_before_the_deadline_makes_nobody_late(play: Play) -> None:
    both(play)
    session = booked(play)
    play.clock.move(DEADLINE - MINUTE)
    play.delete(session)
    play.clock.move(DEADLINE - 30 * SECOND)
    round_of(play, "mo")
    play.until(DEADLINE + 3 * HOUR)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.actor, verdict.doubt) == (Outcome.TIMELY, Actor.STUDENT, None)
    assert verdict.stamp == DEADLINE - MINUTE


@pytest.mark.parametrize("how", ["delete", "decline"])
@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("first", ["amina", "mo"])
def test_what_the_mentor_takes_back_is_the_mentors_act(
    play: Play, how: str, first: str, *, connected: bool
) -> None:
    both(play)
    session = proven(play)
    if connected:
        getattr(play, how)(session, Side.MENTOR, **({"name": "mo"} if how == "decline" else {}))
        round_of(play, first)
    else:
        url, calendar, ref = play.place(session, Side.MENTOR)
        from_outside(play)
        if how == "delete":
            play.hands[url].delete(calendar, ref)
        else:
            play.hands[url].decline(calendar, ref, MO)
    play.sync()
    settle(play)
    play.until(play.clock.now() + HOUR)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.actor) == (Outcome.NOT_STUDENT, Actor.MENTOR)
    assert play.standing(session) == {}


def from_outside(play: Play) -> None:
    """Take the mentor's calendars away from us: what the mentor does shows in the student's event alone."""
    accounts.disconnect(play.house, play.people["mo"])


def test_a_word_of_the_school_takes_both_away_by_one_removal(play: Play) -> None:
    both(play)
    session = booked(play)
    play.after(HOUR)
    sessions.cancel(play.house, session, Actor.SCHOOL, "closed")
    play.sync()
    play.until(play.clock.now() + HOUR)
    assert play.standing(session) == {}
    assert play.faults.calls.count("delete") == 1
    assert sent(play) == ["REQUEST", "CANCEL"]


def test_a_late_move_is_put_back_for_both(play: Play) -> None:
    both(play)
    session = proven(play)
    play.drag(session, START + 2 * HOUR)
    play.sync()
    play.until(play.clock.now() + HOUR)
    found = play.session(session)
    assert (found.state, found.put_back) == (State.BOOKED, True)
    assert play.faults.calls.count("update") == 1
    base = base_of(play.copy(session, Side.MENTOR))
    assert base is not None
    assert base.start == START


@pytest.mark.parametrize("mentor", ["never", "while it is gone", "after it is back"])
@pytest.mark.parametrize("again", [False, True], ids=["the invite stays away", "the invite comes again"])
def test_an_undone_removal_is_undone_for_the_mentor_too(play: Play, mentor: str, *, again: bool) -> None:
    both(play)
    session = booked(play)
    play.after(HOUR)
    play.delete(session)
    round_of(play)
    assert play.state(session) is State.NOTICED
    if mentor == "while it is gone":
        round_of(play, "mo")
    play.clock.sleep(5 * MINUTE)
    play.restore(session)
    if again:
        url, calendar, ref = play.place(session)
        play.servers[url].deliver(play.servers[url].body(calendar, ref), f"syncd-{session}-1", [MO])
    round_of(play)
    assert play.state(session) is State.BOOKED
    if mentor == "after it is back":
        round_of(play, "mo")
    play.until(play.clock.now() + 3 * HOUR)
    assert play.state(session) is State.BOOKED
    assert play.standing(session) == {"lessons": 1, "work": 1}
    assert play.told(session, Effect.RESTORED) + play.told(session, Effect.PHANTOM) == 1
    play.delete(session, Side.MENTOR)
    play.sync()
    settle(play)
    play.until(play.clock.now() + HOUR)
    assert play.verdict(session).outcome is Outcome.NOT_STUDENT


def test_what_is_carried_to_another_calendar_takes_no_act_of_the_mentor_along(play: Play) -> None:
    play.person("amina", Role.STUDENT, "life", "lessons")
    play.person("mo", Role.MENTOR, "work")
    play.servers[ONE].host(MO, play.calendars["work"], "")
    session = booked(play)
    play.after(HOUR)
    play.carry(session, "life")
    play.sync()
    settle(play)
    play.until(play.clock.now() + HOUR)
    assert play.state(session) is State.BOOKED
    assert play.standing(session) == {"life": 1, "work": 1}


# --- the mentor's invite does not turn up -----------------------------------------------------


def test_an_invite_that_only_a_mailbox_has_is_waited_for_no_longer_than_a_lag(play: Play) -> None:
    both(play, hosted=False)
    session = booked(play)
    play.after(LAG + MINUTE)
    assert (shown(play, session), play.standing(session)) == (Route.DIRECT, {"lessons": 1, "work": 1})
    play.until(play.clock.now() + HOUR)
    assert play.faults.calls.count("create") == 2


def test_an_invite_that_comes_under_our_own_id_is_known_for_the_servers(play: Play) -> None:
    both(play, hosted=False)
    session = booked(play)
    url, calendar, ref = play.place(session)
    play.servers[url].host(MO, play.calendars["work"], "")

    def late(name: str) -> None:
        if name == "create" and play.standing(session)["work"] == 0:
            play.servers[url].deliver(play.servers[url].body(calendar, ref), f"syncd-{session}-1", [MO])

    play.faults.hook = late
    play.after(LAG + MINUTE)
    assert play.standing(session) == {"lessons": 1, "work": 1}
    base = base_of(play.copy(session, Side.MENTOR))
    assert base is not None
    assert base.served
    assert shown(play, session) is Route.PROVIDER
    play.at(DEADLINE + LAG)
    play.clock.sleep(HOUR)
    play.delete(session)
    round_of(play, "mo")
    play.sync()
    settle(play)
    play.until(play.clock.now() + HOUR)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.actor) == (Outcome.FORFEIT, Actor.STUDENT)


def test_a_mentor_who_is_not_connected_is_invited_and_nothing_waits(play: Play) -> None:
    play.person("amina", Role.STUDENT, "lessons")
    play.person("mo", Role.MENTOR)
    session = booked(play)
    play.until(play.clock.now() + HOUR)
    assert (shown(play, session), sent(play)) == (Route.PROVIDER, ["REQUEST"])
    with play.house.db.read() as tx:
        assert tx.due.all(["write"]) == ()


# --- one of them elsewhere --------------------------------------------------------------------


def googles_student(play: Play) -> None:
    play.person("amina", Role.STUDENT, "lessons")
    play.person("mo", Role.MENTOR, "work", url=TWO)


def googles_mentor(play: Play) -> None:
    play.person("amina", Role.STUDENT, "lessons", url=TWO)
    play.person("mo", Role.MENTOR, "work")
    play.servers[ONE].host(MO, play.calendars["work"], "")


MIXED = pytest.mark.parametrize("people", [googles_student, googles_mentor])


@MIXED
def test_each_has_one_event_and_no_server_tells_anybody(play: Play, people: Setting) -> None:
    people(play)
    session = booked(play)
    play.until(play.clock.now() + HOUR)
    assert (shown(play, session), play.standing(session)) == (Route.DIRECT, {"lessons": 1, "work": 1})
    base = base_of(play.copy(session, Side.MENTOR))
    assert base is not None
    assert not base.served
    sessions.cancel(play.house, session, Actor.SCHOOL, "closed")
    play.sync()
    assert play.standing(session) == {}
    assert sent(play) == []


@MIXED
@pytest.mark.parametrize("how", ["delete", "decline"])
@pytest.mark.parametrize("late", [False, True], ids=["in time", "late"])
def test_the_students_act_counts_across_servers(play: Play, people: Setting, how: str, *, late: bool) -> None:
    people(play)
    session = proven(play) if late else booked(play)
    play.clock.sleep(HOUR)
    getattr(play, how)(session)
    play.sync()
    settle(play)
    play.until(play.clock.now() + HOUR)
    verdict = play.verdict(session)
    outcome = Outcome.FORFEIT if late else Outcome.TIMELY
    assert (verdict.outcome, verdict.actor) == (outcome, Actor.STUDENT)
    assert (play.standing(session), sent(play)) == ({}, [])


@MIXED
@pytest.mark.parametrize("how", ["delete", "decline"])
def test_the_mentors_act_counts_across_servers(play: Play, people: Setting, how: str) -> None:
    people(play)
    session = proven(play)
    getattr(play, how)(session, Side.MENTOR, **({"name": "mo"} if how == "decline" else {}))
    play.sync()
    settle(play)
    play.until(play.clock.now() + HOUR)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.act) == (
        Outcome.NOT_STUDENT,
        Act.REMOVED if how == "delete" else Act.DECLINED,
    )
    assert (play.standing(session), sent(play)) == ({}, [])


@MIXED
def test_a_late_move_is_put_back_once_and_in_silence(play: Play, people: Setting) -> None:
    people(play)
    session = proven(play)
    play.drag(session, START + 2 * HOUR)
    play.sync()
    play.until(play.clock.now() + HOUR)
    assert play.session(session).put_back
    assert (play.faults.calls.count("update"), sent(play)) == (1, [])


def test_an_invite_that_a_mailbox_put_elsewhere_is_known_by_googles_own_name_for_it(play: Play) -> None:
    play.person("amina", Role.STUDENT, "lessons")
    play.person("mo", Role.MENTOR)
    session = booked(play)
    url, calendar, ref = play.place(session)
    name = f"syncd-{session}-1"
    mailed = (
        play.servers[url]
        .body(calendar, ref)
        .replace(f"UID:{name}".encode(), f"UID:{google_id(name)}@google.com".encode())
    )
    play.servers[TWO].add_account("mo", "open sesame")
    play.calendars["work"] = play.servers[TWO].add_calendar("mo", "work")
    there = play.ref("work", "mailed.ics")
    play.servers[TWO].put(play.calendars["work"], there, mailed)
    play.connect("mo", "work", url=TWO)
    play.until(play.clock.now() + HOUR)
    assert play.copy(session, Side.MENTOR).ref == there
    assert set(play.servers[TWO].refs(play.calendars["work"])) == {there}
    assert shown(play, session) is Route.PROVIDER
    play.delete(session, Side.MENTOR)
    play.sync()
    settle(play)
    play.until(play.clock.now() + HOUR)
    assert play.verdict(session).outcome is Outcome.NOT_STUDENT
