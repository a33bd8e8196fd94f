"""Servers that say by themselves when somebody is busy: what they are asked, and that nothing is shown free wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from policy.availability import State as Hour
from policy.facts import Actor
from policy.interval import Interval
from policy.life import State
from policy.notice import Outcome
from providers.base import Capability, key_of
from providers.errors import AccessLost, Loss, Unavailable
from syncd import look, poll, sessions, work
from syncd.attention import matters
from syncd.free import availability
from syncd.store.rows import Block, Calendar, Health, Role
from tests.providers.entries import Entry
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, ONE, START, Play
from tests.syncd.engine.test_acts import DEADLINE, booked, settle

TELLS = Capability.SYNC_TOKEN | Capability.FREE_BUSY | Capability.STAMPS
DENTIST = START + 8 * HOUR
NOT_NOW = Unavailable("not now", status=503)


@pytest.fixture
def play(bare: Play) -> Play:
    """A school whose servers answer free/busy; Amina has two calendars with a dentist in each."""
    bare.doors.capabilities = TELLS
    bare.person("amina", Role.STUDENT, "life", "lessons")
    bare.person("mo", Role.MENTOR, "work")
    return bare


def hour(play: Play, at: datetime = START) -> Hour:
    """Return what is known of an hour of Amina's."""
    (slot,) = availability(play.house, play.people["amina"], Interval(at, at + HOUR)).slots
    return slot.state


def stored(play: Play, title: str = "lessons", at: datetime = START) -> list[Block]:
    with play.house.db.read() as tx:
        return list(tx.calendars.blocks([row(play, title).id], Interval(at, at + HOUR)))


def row(play: Play, title: str) -> Calendar:
    with play.house.db.read() as tx:
        every = [each for person in tx.people.all() for each in tx.calendars.of_person(person.id)]
    return next(each for each in every if each.remote == play.calendars[title])


def meet(play: Play, title: str, start: datetime = START) -> None:
    """Have Amina enter something of her own."""
    play.hands[ONE].add(play.calendars[title], Entry(f"own-{title}-{start:%H}", start, start + HOUR))


@contextmanager
def asked(play: Play) -> Iterator[list[str]]:
    """Give what is asked of servers inside."""
    calls: list[str] = []
    first = len(play.faults.calls)
    yield calls
    calls += play.faults.calls[first:]


def round_of(play: Play, name: str = "amina") -> None:
    """Have only the account of one person looked at, and nothing else done."""
    with play.house.db.write() as tx:
        (account,) = tx.accounts.of(play.people[name].id)
        key = work.account_key(account.id)
        tx.due.want(work.SYNC, key, at=tx.now, excl=key)
        (ticket,) = tx.due.claim(1, work.LEASE, [work.SYNC], [key])
    poll.sync(play.house, ticket)


# --- when it is asked ---------------------------------------------------------------------


def test_an_idle_round_is_one_request_a_calendar(play: Play) -> None:
    booked(play)
    play.after(MINUTE)
    for _ in range(5):
        with asked(play) as calls:
            play.after(5 * MINUTE)
        assert calls == ["changes"] * 3


def test_what_changes_in_several_calendars_is_asked_for_at_once(play: Play) -> None:
    play.after(MINUTE)
    meet(play, "life")
    meet(play, "lessons", START + 2 * HOUR)
    before = play.servers[ONE].requests
    with asked(play) as calls:
        play.clock.sleep(MINUTE)
        round_of(play)
    assert calls == ["changes", "changes", "busy"]
    assert play.servers[ONE].requests == before + 3
    assert [hour(play), hour(play, START + HOUR), hour(play, START + 2 * HOUR)] == [
        Hour.BUSY,
        Hour.FREE,
        Hour.BUSY,
    ]


def test_it_is_asked_again_after_an_hour_though_nothing_has_changed(play: Play) -> None:
    play.after(MINUTE)
    with asked(play) as calls:
        play.clock.sleep(HOUR)
        round_of(play)
        play.clock.sleep(HOUR - MINUTE)
        round_of(play)
    assert calls == ["changes", "changes", "busy", "changes", "changes"]


def test_a_window_that_moves_on_is_asked_for(play: Play) -> None:
    play.after(MINUTE)
    far = play.clock.now() + play.house.config.grid.horizon + 2 * DAY
    play.clock.sleep(DAY)
    with asked(play) as calls:
        round_of(play)
    assert calls == ["changes", "changes", "busy"]
    window = row(play, "life").window
    assert window is not None
    assert window.end > far - DAY
    assert hour(play, DENTIST) is Hour.BUSY


# --- when it cannot be had ----------------------------------------------------------------


def test_what_the_changes_show_is_kept_though_the_busy_time_could_not_be_had(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.delete(session)
    play.faults.every("busy", NOT_NOW)
    round_of(play)
    assert play.state(session) is State.NOTICED
    assert row(play, "lessons").health is Health.OK
    assert hour(play, START + HOUR) is Hour.UNKNOWN, "something has changed, and nobody knows what it takes"
    with asked(play) as calls:
        settle(play)
    assert play.verdict(session).outcome is Outcome.TIMELY
    assert "busy" in calls, "it is asked again in each round"
    play.faults.mend()
    play.after(MINUTE)
    assert (hour(play), hour(play, START + HOUR), hour(play, DENTIST)) == (Hour.FREE, Hour.FREE, Hour.BUSY)


def test_what_the_server_itself_cannot_tell_is_asked_again_in_each_round(play: Play) -> None:
    play.after(MINUTE)
    ref = play.hands[ONE].add_unreadable(play.calendars["life"])
    for _ in range(3):
        play.clock.sleep(5 * MINUTE)
        with asked(play) as calls:
            round_of(play)
        assert calls == ["changes", "changes", "busy"]
        assert hour(play) is Hour.UNKNOWN
    play.servers[ONE].remove(play.calendars["life"], ref)
    play.after(MINUTE)
    assert hour(play) is Hour.FREE
    with asked(play) as calls:
        play.after(MINUTE)
    assert "busy" not in calls


def test_what_has_not_changed_is_known_for_a_while_and_then_unknown(play: Play) -> None:
    play.after(MINUTE)
    play.faults.every("busy", NOT_NOW)
    stale = play.house.config.poll.stale_after
    for _ in range(3):
        play.clock.sleep(stale)
        round_of(play)
    assert hour(play, DENTIST) is Hour.UNKNOWN
    with play.house.db.read() as tx:
        told = [(one.kind, one.person, one.sessions) for one in matters(tx, ended=False)]
    assert ("busy time", "amina@school.example", ()) in told
    play.faults.mend()
    play.after(MINUTE)
    assert hour(play, DENTIST) is Hour.BUSY
    with play.house.db.read() as tx:
        assert tx.incidents.open() == ()


def test_what_has_not_changed_is_not_unknown_at_once(play: Play) -> None:
    play.after(MINUTE)
    play.faults.every("busy", NOT_NOW)
    play.clock.sleep(HOUR)
    round_of(play)
    assert (hour(play, DENTIST), hour(play)) == (Hour.BUSY, Hour.FREE)
    with play.house.db.read() as tx:
        assert tx.incidents.open() == ()


def test_times_that_are_not_shown_any_more_are_an_incident_and_blind_nobody(play: Play) -> None:
    session = booked(play)
    play.faults.every("busy", AccessLost("no free/busy", loss=Loss.FORBIDDEN))
    meet(play, "lessons", START + 3 * HOUR)
    play.after(MINUTE)
    assert (play.state(session), "blinded" in play.facts(session)) == (State.BOOKED, False)
    assert hour(play, START + HOUR) is Hour.UNKNOWN
    with play.house.db.read() as tx:
        assert {one.kind for one in tx.incidents.open()} == {"busy time"}
    play.until(DEADLINE + LAG)
    assert play.session(session).proven_at_deadline


@pytest.mark.parametrize(("wish", "granted"), [(30 * MINUTE, 30 * MINUTE), (5 * HOUR, HOUR)])
def test_a_wish_for_peace_is_granted_as_far_as_nothing_is_missed_by_it(
    play: Play, wish: timedelta, granted: timedelta
) -> None:
    play.every = 10 * MINUTE
    play.restart()
    play.after(MINUTE)
    meet(play, "life")
    play.faults.every("busy", Unavailable("slow down", status=429, retry_after=wish))
    round_of(play)
    with play.house.db.read() as tx:
        (account,) = tx.accounts.of(play.people["amina"].id)
        due = tx.due.get(work.SYNC, work.account_key(account.id))
    assert due is not None
    assert due.due_at == play.clock.now() + granted


def test_a_busy_time_that_cannot_be_read_connects_nothing(bare: Play) -> None:
    bare.doors.capabilities = TELLS
    bare.person("amina", Role.STUDENT)
    bare.faults.every("busy", NOT_NOW)
    with pytest.raises(Unavailable):
        bare.connect("amina", "life", "lessons")
    with bare.house.db.read() as tx:
        assert tx.accounts.all() == ()


# --- our own events in it -------------------------------------------------------------------


def test_the_hour_of_a_session_is_busy_while_its_event_stands(play: Play) -> None:
    session = booked(play)
    assert hour(play) is Hour.BUSY
    ref = play.copy(session).ref
    own = Block(key_of(ref), START, START + HOUR, "busy")
    assert stored(play) == [own], "before the server says so"
    play.hands[ONE].retitle(play.calendars["lessons"], ref, "Maths!")
    play.after(MINUTE)
    assert own in stored(play), "whatever the changes bring"
    assert len(stored(play)) == 2


@pytest.mark.parametrize("read", [False, True], ids=["just written", "with the server's word"])
def test_the_hour_of_a_cancelled_session_is_free_from_the_next_read_on(play: Play, *, read: bool) -> None:
    session = booked(play)
    if read:
        play.after(HOUR)
    sessions.cancel(play.house, session, Actor.STUDENT, "ill")
    assert hour(play) is Hour.BUSY
    play.sync()
    play.after(MINUTE)
    assert play.standing(session) == {}
    assert hour(play) is Hour.FREE


@pytest.mark.parametrize("title", ["life", "lessons"])
@pytest.mark.parametrize("first", [False, True], ids=["later", "before"])
@pytest.mark.parametrize("fails", [False, True], ids=["", "and the busy time fails"])
def test_what_overlaps_a_session_stays_busy_when_that_is_cancelled(
    play: Play, title: str, *, first: bool, fails: bool
) -> None:
    seen: set[Hour] = set()
    play.faults.hook = lambda _name: seen.add(hour(play))
    if first:
        meet(play, title)
        play.after(MINUTE)
    session = booked(play)
    if not first:
        meet(play, title)
    play.after(HOUR)
    seen.clear()
    if fails:
        play.faults.every("busy", NOT_NOW)
    sessions.cancel(play.house, session, Actor.STUDENT, "ill")
    for _ in range(4):
        play.after(20 * MINUTE)
        seen.add(hour(play))
    play.faults.mend()
    play.after(20 * MINUTE)
    assert hour(play) is Hour.BUSY
    assert Hour.FREE not in seen


@pytest.mark.parametrize("act", ["delete", "drag"])
def test_what_a_look_alone_shows_frees_no_hour_and_the_next_round_asks(play: Play, act: str) -> None:
    session = booked(play)
    meet(play, "lessons", START)
    play.clock.move(DEADLINE)
    round_of(play)
    play.clock.move(DEADLINE + LAG)
    if act == "delete":
        play.delete(session)
    else:
        play.drag(session, START + 2 * HOUR)
    look.look(play.house, play.claim(work.LOOK))
    assert [block.key for block in stored(play)] == [""], "as the server said"
    with asked(play) as calls:
        round_of(play)
    assert calls == (["changes", "changes", "busy"] if act == "delete" else ["changes", "changes"])
    assert [block.key for block in stored(play)] == [""]


def test_a_session_that_was_declined_takes_no_time_by_itself(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.decline(session)
    round_of(play)
    assert stored(play) == []
    settle(play)
    assert hour(play) is Hour.FREE
