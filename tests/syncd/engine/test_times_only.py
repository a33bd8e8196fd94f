"""Calendars that show nothing but when they are busy: asked for that alone, and waited for by nobody."""

from __future__ import annotations

from typing import Never

import pytest

from policy.availability import State as Hour
from policy.life import State
from policy.notice import Outcome
from providers.base import Capability
from providers.errors import AccessLost, Loss, Unavailable
from syncd import accounts, act, look, work
from syncd.census import CENSUS, census
from syncd.errors import Usage
from syncd.status import status
from syncd.store.rows import Health, Role
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, ONE, PASSWORD, START, TWO, Play
from tests.syncd.engine.test_acts import DEADLINE, booked, proven, settle
from tests.syncd.engine.test_freebusy import TELLS, asked, hour, meet, round_of, row

BOSSES = tuple(f"boss {number}" for number in range(5))
NOT_NOW = Unavailable("not now", status=503)


def shown(play: Play, *titles: str, url: str = ONE) -> None:
    """Make calendars of which Amina sees only the times."""
    play.servers[url].add_account("amina", PASSWORD)
    for title in titles:
        play.calendars[title] = play.servers[url].add_calendar("amina", title, times_only=True)
        play.homes[title] = url


@pytest.fixture
def play(bare: Play) -> Play:
    """A school whose servers answer free/busy; Amina sees the times of five more calendars."""
    bare.doors.capabilities = TELLS
    shown(bare, *BOSSES)
    bare.person("amina", Role.STUDENT, *BOSSES, "life", "lessons")
    bare.person("mo", Role.MENTOR, "work")
    return bare


def test_a_round_asks_for_all_their_times_at_once_and_for_nothing_else(play: Play) -> None:
    play.after(MINUTE)
    meet(play, BOSSES[3])
    before = play.servers[ONE].requests
    play.clock.sleep(MINUTE)
    with asked(play) as calls:
        round_of(play)
    assert calls == ["changes", "changes", "busy"]
    assert play.servers[ONE].requests == before + 3
    assert (hour(play), hour(play, START + HOUR)) == (Hour.BUSY, Hour.FREE)
    assert {row(play, title).health for title in BOSSES} == {Health.OK}
    assert {row(play, title).verified_at for title in BOSSES} == {play.clock.now()}


def test_they_join_the_others_in_one_request_when_those_have_changed(play: Play) -> None:
    play.after(MINUTE)
    meet(play, "life")
    play.clock.sleep(MINUTE)
    with asked(play) as calls:
        round_of(play)
    assert calls == ["changes", "changes", "busy"]
    assert hour(play) is Hour.BUSY


def test_of_a_session_nothing_is_ever_looked_for_in_them(play: Play) -> None:
    session = proven(play)
    play.carry(session, "life")
    play.sync()
    settle(play)
    assert play.state(session) is State.BOOKED
    play.delete(session)
    play.sync()
    settle(play)
    assert play.verdict(session).outcome is Outcome.FORFEIT
    for title in BOSSES:
        assert (row(play, title).health, row(play, title).token) == (Health.OK, None)
    with play.house.db.read() as tx:
        assert tx.incidents.all() == ()


@pytest.mark.parametrize("elsewhere", [False, True], ids=["the same account", "another account"])
def test_one_that_cannot_be_asked_keeps_nobody_from_being_confirmed(play: Play, *, elsewhere: bool) -> None:
    if elsewhere:
        shown(play, "club", url=TWO)
        play.connect("amina", "club", "private", url=TWO)
        with play.house.db.write() as tx:  # sessions stay in the first
            account = tx.accounts.of(play.people["amina"].id)[0].id
            (lessons,) = (each for each in tx.calendars.of_account(account) if each.name == "lessons")
            tx.calendars.add(account, lessons.remote, lessons.name, busy=True, sessions=True)
    session = proven(play)
    play.faults.every("busy", NOT_NOW)
    play.delete(session)
    play.sync()
    settle(play)
    verdict = play.verdict(session)
    assert (verdict.outcome, verdict.doubt) == (Outcome.FORFEIT, None)
    assert row(play, BOSSES[0]).health is Health.FAILING


def test_what_is_written_anew_waits_for_none_of_them(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.faults.every("busy", NOT_NOW)
    play.servers[ONE].replace_calendar(play.calendars["lessons"])
    play.foreign = {at: body for at, body in play.foreign.items() if at[1] != play.calendars["lessons"]}
    play.after(HOUR)
    play.caught_up()
    assert row(play, BOSSES[0]).health is Health.FAILING
    assert (play.state(session), play.generation(session)) == (State.BOOKED, 2)
    assert play.standing(session)["lessons"] == 1


def test_a_look_asks_none_of_them(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE)
    round_of(play)
    play.clock.move(DEADLINE + LAG)
    play.delete(session)
    with asked(play) as calls:
        look.look(play.house, play.claim(work.LOOK))
    assert calls == ["fetch", "changes", "changes"], "its place, and the one other calendar that can hold it"


def test_a_search_for_an_invite_asks_none_of_them(bare: Play) -> None:
    bare.doors.capabilities = TELLS | Capability.SCHEDULING
    bare.servers[ONE].add_account("mo", PASSWORD)
    bare.calendars["boss"] = bare.servers[ONE].add_calendar("mo", "boss", times_only=True)
    bare.person("amina", Role.STUDENT, "lessons")
    bare.person("mo", Role.MENTOR, "boss", "work")
    bare.agree()
    bare.sync()
    bare.sync()
    bare.clock.sleep(LAG + MINUTE)
    with asked(bare) as calls:
        act.write(bare.house, bare.claim(work.WRITE))
    assert calls == ["changes"]


def test_one_that_cannot_be_asked_is_unknown_after_a_while_and_known_again(play: Play) -> None:
    play.after(MINUTE)
    play.faults.every("busy", NOT_NOW)
    play.after(MINUTE)
    assert hour(play) is Hour.FREE
    play.after(play.house.config.poll.stale_after)
    assert hour(play) is Hour.UNKNOWN
    play.faults.mend()
    play.after(MINUTE)
    assert hour(play) is Hour.FREE
    assert row(play, BOSSES[0]).health is Health.OK


def test_one_that_is_gone_spoils_no_other_and_is_asked_by_itself_from_then_on(play: Play) -> None:
    play.after(MINUTE)
    meet(play, BOSSES[1])
    play.servers[ONE].delete_calendar(play.calendars[BOSSES[0]])
    play.after(MINUTE)
    assert row(play, BOSSES[0]).health is Health.LOST
    assert {row(play, title).health for title in BOSSES[1:]} == {Health.OK}
    with play.house.db.read() as tx:
        assert [one.kind for one in tx.incidents.open()] == ["calendar"]
        blocks = tx.calendars.blocks([row(play, BOSSES[1]).id], row(play, BOSSES[1]).window or _never())
    assert [(block.start, block.kind) for block in blocks] == [(START, "busy")]
    play.clock.sleep(MINUTE)
    with asked(play) as calls:
        round_of(play)
    assert calls == ["changes", "changes", "busy", "busy"]
    play.servers[ONE].restore_calendar(play.calendars[BOSSES[0]])
    play.after(MINUTE)
    assert status(play.house).incidents == ()


def _never() -> Never:
    raise AssertionError("it was never read")


def test_an_account_that_lets_nobody_in_is_asked_once(play: Play) -> None:
    play.after(MINUTE)
    play.servers[ONE].change_password("amina", "another")
    play.clock.sleep(MINUTE)
    with asked(play) as calls:
        round_of(play)
    assert calls == ["changes"]
    with play.house.db.read() as tx:
        (account,) = tx.accounts.of(play.people["amina"].id)
    assert account.health is Health.LOST
    assert row(play, BOSSES[0]).health is Health.LOST


@pytest.mark.parametrize("ill", [False, True])
def test_a_password_that_is_refused_in_between_is_tried_once(play: Play, *, ill: bool) -> None:
    play.after(MINUTE)
    if ill:
        for title in BOSSES[:2]:
            play.servers[ONE].delete_calendar(play.calendars[title])
        play.after(MINUTE)
    play.faults.every("busy", AccessLost("refused", loss=Loss.CREDENTIALS))
    play.clock.sleep(MINUTE)
    with asked(play) as calls:
        round_of(play)
    assert calls == ["changes", "changes", "busy"] + ["busy"] * ill


def test_their_window_moves_on_with_the_days(play: Play) -> None:
    for _ in range(5):
        play.after(DAY)
        window = row(play, BOSSES[0]).window
        assert window is not None
        assert window.end >= play.clock.now() + play.house.config.grid.horizon
        assert hour(play, play.clock.now() + DAY + 3 * HOUR) is not Hour.UNKNOWN


def test_no_session_is_written_into_one(bare: Play) -> None:
    bare.doors.capabilities = TELLS
    shown(bare, "boss")
    bare.person("amina", Role.STUDENT)
    bare.servers[ONE].add_calendar("amina", "lessons")
    login = accounts.Login("memory", ONE, "amina", PASSWORD)
    with pytest.raises(Usage, match=r"shows us nothing but when it is busy.*'lessons'"):
        accounts.connect(bare.house, bare.people["amina"], login, [], "boss")
    made = accounts.connect(bare.house, bare.people["amina"], login, [], None)
    assert (made.sessions.name, [one.name for one in made.busy]) == ("lessons", ["boss", "lessons"])


def test_without_any_other_there_is_nowhere_to_write(bare: Play) -> None:
    bare.doors.capabilities = TELLS
    shown(bare, "boss", "chief")
    bare.person("amina", Role.STUDENT)
    login = accounts.Login("memory", ONE, "amina", PASSWORD)
    with pytest.raises(Usage, match="no calendar of this account can be written to"):
        accounts.connect(bare.house, bare.people["amina"], login, [], None)


def test_a_census_leaves_them_out(play: Play) -> None:
    with play.house.db.write() as tx:
        (account,) = tx.accounts.of(play.people["amina"].id)
        key = work.account_key(account.id)
        tx.due.want(CENSUS, key, at=tx.now, excl=key)
    with asked(play) as calls:
        census(play.house, play.claim(CENSUS))
    assert calls == ["changes", "changes"]


# --- what becomes one, and what is one no more ----------------------------------------------


def test_an_event_in_what_shows_only_times_by_now_is_nobodys_act(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    play.servers[ONE].set_times_only(play.calendars["lessons"], times_only=True)
    login = accounts.Login("memory", ONE, "amina", PASSWORD)
    accounts.connect(play.house, play.people["amina"], login, ["lessons", "life"], "life")
    assert play.state(session) is State.INCIDENT
    assert [one.session_id for one in status(play.house).incidents] == [session]
    with play.house.db.read() as tx:
        assert tx.due.all([work.LOOK]) == (), "there is nothing to look at"
    play.until(DEADLINE + 2 * HOUR)
    assert play.session(session).verdict is None
    play.servers[ONE].set_times_only(play.calendars["lessons"], times_only=False)
    play.connect("amina", "life", "lessons")
    play.sync()
    assert play.state(session) is State.BOOKED
    assert status(play.house).incidents == ()
    assert row(play, "lessons").token is not None


def test_what_shows_everything_by_now_is_read_whole(play: Play) -> None:
    play.after(MINUTE)
    meet(play, BOSSES[0])
    play.servers[ONE].set_times_only(play.calendars[BOSSES[0]], times_only=False)
    play.connect("amina", BOSSES[0], "life", "lessons")
    assert row(play, BOSSES[0]).token is not None
    session = booked(play)
    play.carry(session, BOSSES[0])
    play.after(MINUTE)
    settle(play)
    assert (play.state(session), play.standing(session)) == (State.BOOKED, {BOSSES[0]: 1, "work": 1})
