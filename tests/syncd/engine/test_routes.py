"""By which way the mentor hears of a session, on servers that schedule, refuse, stay silent or are late."""

from __future__ import annotations

import pytest

from policy.facts import Act, Actor, Side
from policy.life import State
from policy.notice import Outcome
from providers.base import Capability
from providers.errors import Unavailable
from syncd import route
from syncd.book import current
from syncd.pictures import Route, base_of
from syncd.store.rows import Role, SessionId
from tests.rules.rows import row
from tests.syncd.engine.house import HOUR, LAG, MINUTE, ONE, TWO, Play
from tests.syncd.engine.test_acts import settle

MO = "mo@school.example"
SCHEDULES = Capability.SYNC_TOKEN | Capability.SCHEDULING


@pytest.fixture
def play(bare: Play) -> Play:
    """A school whose servers schedule; Mo is not connected yet."""
    bare.doors.capabilities = SCHEDULES
    bare.person("amina", Role.STUDENT, "lessons")
    return bare


def mentor(play: Play, *, url: str = ONE, says: str | None = "2.0;Success") -> None:
    """Connect Mo; *says* is what the server says of his invites, ``None`` that it has none for him."""
    play.person("mo", Role.MENTOR, "work", url=url)
    if says is not None:
        play.servers[ONE].host(MO, play.calendars["work"], says)


def shown(play: Play, session: str) -> Route:
    with play.house.db.read() as tx:
        return route.shown(current(tx, SessionId(session)))


def booked(play: Play) -> str:
    session = play.agree()
    play.sync()
    play.sync()
    assert play.state(session) is State.BOOKED
    return session


def acts_of_the_mentor(play: Play, session: str) -> int:
    with play.house.db.read() as tx:
        facts = tx.ledger.facts(SessionId(session))
    return sum(fact.kind == "missing" and fact.body["side"] == "mentor" for fact in facts)


@pytest.mark.parametrize("says", ["2.0;Success", "1.2;Delivered", ""])
def test_an_invite_that_turns_up_is_the_mentors_copy(play: Play, says: str) -> None:
    mentor(play, says=says)
    session = booked(play)
    assert play.standing(session) == {"lessons": 1, "work": 1}
    base = base_of(play.copy(session, Side.MENTOR))
    assert base is not None
    assert base.served
    play.after(LAG + MINUTE)
    assert (shown(play, session), play.standing(session)) == (Route.PROVIDER, {"lessons": 1, "work": 1})
    assert [one.method for one in play.servers[ONE].invitations] == ["REQUEST"]


def test_what_a_server_does_not_say_is_waited_for_no_longer_than_a_lag(play: Play) -> None:
    mentor(play, says=None)
    session = booked(play)
    assert play.standing(session) == {"lessons": 1}
    play.after(LAG - MINUTE)
    assert play.standing(session) == {"lessons": 1}
    play.after(2 * MINUTE)
    assert (shown(play, session), play.standing(session)) == (Route.DIRECT, {"lessons": 1, "work": 1})


def test_nothing_is_written_beside_what_could_not_be_looked_for(play: Play) -> None:
    mentor(play, says=None)
    session = booked(play)
    play.faults.every("changes", Unavailable("not now"))
    play.after(LAG + MINUTE)
    assert play.standing(session) == {"lessons": 1}
    play.faults.mend()
    play.servers[ONE].host(MO, play.calendars["work"])
    url, calendar, ref = play.place(session)
    play.servers[url].deliver(play.servers[url].body(calendar, ref), f"syncd-{session}-1", [MO])
    play.until(play.clock.now() + HOUR)
    assert (shown(play, session), play.standing(session)) == (Route.PROVIDER, {"lessons": 1, "work": 1})


@pytest.mark.parametrize("says", ["3.7;Invalid calendar user", "5.1;Service unavailable"])
def test_a_refusal_is_answered_by_a_copy_of_ours_at_once(play: Play, says: str) -> None:
    mentor(play, says=None)
    elsewhere = play.servers[ONE].add_calendar("nobody", "nowhere")
    play.servers[ONE].host(MO, elsewhere, says)
    session = booked(play)
    assert (shown(play, session), play.standing(session)) == (Route.DIRECT, {"lessons": 1, "work": 1})


def test_a_mentor_on_another_server_gets_a_copy_of_ours_and_no_invite(play: Play) -> None:
    mentor(play, url=TWO, says=None)
    session = booked(play)
    assert (shown(play, session), play.standing(session)) == (Route.DIRECT, {"lessons": 1, "work": 1})
    assert play.servers[ONE].invitations == ()


def test_a_mentor_without_a_calendar_is_invited_where_the_server_can(play: Play) -> None:
    play.person("mo", Role.MENTOR)
    session = booked(play)
    assert shown(play, session) is Route.PROVIDER
    assert [one.address for one in play.servers[ONE].invitations] == [MO]


def test_without_a_server_that_schedules_nobody_is_invited_until_the_mentor_connects(bare: Play) -> None:
    bare.person("amina", Role.STUDENT, "lessons")
    bare.person("mo", Role.MENTOR)
    session = booked(bare)
    assert shown(bare, session) is Route.NONE
    bare.connect("mo", "work")
    bare.sync()
    assert (shown(bare, session), bare.standing(session)) == (Route.DIRECT, {"lessons": 1, "work": 1})


def test_a_late_invite_takes_the_place_of_our_copy(play: Play) -> None:
    mentor(play, says=None)
    session = booked(play)
    play.after(LAG + MINUTE)
    ours = play.copy(session, Side.MENTOR).ref
    play.connect("mo", "private", "work")
    home = play.calendars["private"]
    url, calendar, ref = play.place(session)
    play.servers[ONE].host(MO, home)
    play.servers[url].deliver(play.servers[url].body(calendar, ref), f"syncd-{session}-1", [MO])
    for _ in range(3):
        play.after(MINUTE)
    assert play.standing(session) == {"lessons": 1, "private": 1}
    assert play.copy(session, Side.MENTOR).ref != ours
    assert (play.state(session), shown(play, session)) == (State.BOOKED, Route.PROVIDER)
    assert acts_of_the_mentor(play, session) == 0


@row("3.mentor-cascade")
def test_an_invite_that_the_server_takes_along_is_no_act_of_the_mentor(play: Play) -> None:
    mentor(play)
    session = booked(play)
    play.clock.sleep(HOUR)
    play.delete(session, Side.MENTOR)
    play.delete(session)
    play.sync()
    settle(play)
    assert (play.verdict(session).outcome, play.verdict(session).actor) == (Outcome.TIMELY, Actor.STUDENT)


def test_a_server_that_drops_the_copy_of_a_dropped_guest_blames_nobody(play: Play) -> None:
    """As SOGo does it: the student's app dropped the mentor, and the invite went."""
    mentor(play)
    session = booked(play)
    play.clock.sleep(HOUR)
    url, calendar, ref = play.place(session)
    text = play.servers[url].body(calendar, ref)
    kept = [
        line for line in text.split(b"\r\n") if not (line.startswith(b"ATTENDEE") and MO.encode() in line)
    ]
    play.servers[url].put(calendar, ref, b"\r\n".join(kept))
    play.delete(session, Side.MENTOR)
    play.sync()
    settle(play)
    play.until(play.clock.now() + 3 * HOUR)
    assert play.state(session) is State.BOOKED
    assert MO.encode() in play.servers[url].body(calendar, ref)


@row("3.mentor-invite")
def test_a_refusal_in_the_students_event_alone_is_the_mentors_act(play: Play) -> None:
    play.person("mo", Role.MENTOR)
    session = booked(play)
    play.clock.sleep(HOUR)
    play.decline(session, name="mo")
    play.sync()
    settle(play)
    play.until(play.clock.now() + HOUR)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.act) == (Outcome.NOT_STUDENT, Act.DECLINED)


def test_a_refusal_that_the_mentors_own_event_denies_is_no_act(play: Play) -> None:
    play.person("mo", Role.MENTOR, "work", url=TWO)
    session = booked(play)
    play.clock.sleep(HOUR)
    url, calendar, ref = play.place(session)
    text = play.servers[url].body(calendar, ref)
    mine = next(line for line in text.split(b"\r\n") if MO.encode() in line)
    play.servers[url].put(
        calendar, ref, text.replace(mine, b"ATTENDEE;PARTSTAT=DECLINED:mailto:" + MO.encode())
    )
    play.until(play.clock.now() + 3 * HOUR)
    assert play.state(session) is State.BOOKED
    assert acts_of_the_mentor(play, session) == 0
    play.decline(session, Side.MENTOR, name="mo")
    play.sync()
    settle(play)
    play.until(play.clock.now() + HOUR)
    assert play.verdict(session).outcome is Outcome.NOT_STUDENT


def test_a_quiet_round_with_an_invite_writes_nothing(play: Play) -> None:
    mentor(play)
    session = booked(play)
    play.after(LAG + MINUTE)
    before = play.session(session), play.copy(session), play.copy(session, Side.MENTOR)
    count = len(play.faults.calls)
    play.after(MINUTE)
    assert (play.session(session), play.copy(session), play.copy(session, Side.MENTOR)) == before
    assert {*play.faults.calls[count:]} <= {"changes"}


@row("3.guest")
def test_a_server_that_drops_its_guests_is_not_fought(play: Play) -> None:
    mentor(play)
    session = booked(play)
    play.clock.sleep(HOUR)

    def drop(_name: str) -> None:
        url, calendar, ref = play.place(session)
        text = play.servers[url].body(calendar, ref)
        kept = [line for line in text.split(b"\r\n") if MO.encode() not in line]
        play.servers[url].put(calendar, ref, b"\r\n".join(kept))

    drop("")
    play.faults.hook = lambda name: drop(name) if name == "fetch" else None
    before = play.faults.calls.count("update")
    play.sync()
    play.until(play.clock.now() + HOUR)
    assert play.faults.calls.count("update") == before + 1
    assert play.state(session) is State.BOOKED
