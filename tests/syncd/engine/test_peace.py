"""A server that asks not to be written to for a while: all writes of that account wait, and nothing else does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from policy.facts import Actor, Side
from policy.life import State
from policy.notice import Outcome
from providers.errors import ProviderError, Unavailable
from syncd import act, sessions, work
from syncd.attention import matters
from syncd.store.rows import Account
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, NOW, START, Play
from tests.syncd.engine.test_acts import DEADLINE, booked, proven, settle
from tests.syncd.engine.test_freebusy import round_of

QUOTA = Unavailable("too many invitations", status=403, retry_after=timedelta(hours=6))


def account(play: Play, name: str = "amina") -> Account:
    with play.house.db.read() as tx:
        return tx.accounts.of(play.people[name].id)[0]


def refused(play: Play, name: str, error: ProviderError = QUOTA) -> list[str]:
    """Have every write of one person refused from now on; return the names of those that were tried."""
    tried: list[str] = []

    def when(_number: int, called: str) -> ProviderError | None:
        with play.house.db.read() as tx:
            mine = {copy.excl for copy in tx.due.all([work.WRITE]) if copy.lease_until is not None}
        if (
            called not in {"create", "update", "delete"}
            or work.account_key(account(play, name).id) not in mine
        ):
            return None
        tried.append(called)
        return error

    play.faults.when = when
    return tried


def test_no_other_write_of_the_account_is_tried_until_then(play: Play) -> None:
    tried = refused(play, "amina")
    first = play.agree()
    play.sync()
    assert tried == ["create"]
    second = play.agree(start=START + 4 * HOUR)
    play.until(NOW + 6 * HOUR - MINUTE)
    assert tried == ["create"]
    assert play.standing(first) == play.standing(second) == {"work": 1}, "Mo's account is another one"
    play.faults.mend()
    play.until(NOW + 6 * HOUR + 5 * MINUTE)
    assert play.standing(first) == play.standing(second) == {"lessons": 1, "work": 1}
    assert account(play).write_after == NOW + 6 * HOUR


def test_reading_goes_on(play: Play) -> None:
    session = booked(play)
    tried = refused(play, "amina")
    play.agree(start=START + 4 * HOUR)
    play.sync()
    assert tried == ["create"]
    play.clock.move(DEADLINE)
    play.agree(start=START + 7 * HOUR)
    play.sync()
    play.until(DEADLINE + LAG)
    assert play.session(session).proven_at_deadline
    play.clock.move(DEADLINE + HOUR)
    play.delete(session)
    play.sync()
    settle(play)
    assert play.verdict(session).outcome is Outcome.FORFEIT


def test_what_became_of_an_earlier_write_is_found_out_meanwhile(play: Play) -> None:
    session = proven(play)
    play.drag(session, START + 2 * HOUR)
    round_of(play)
    play.faults.every("update", Unavailable("no answer"), after=True)
    act.write(play.house, play.claim(work.WRITE))
    assert not play.session(session).put_back
    with play.house.db.write() as tx:
        tx.accounts.write_after(account(play).id, tx.now + 6 * HOUR)
    play.faults.mend()
    play.until(play.clock.now() + HOUR)
    assert play.session(session).put_back
    assert play.faults.calls.count("update") == 1


@pytest.mark.parametrize("how", ["restart", "reconnect", "recover"])
def test_the_wait_outlives(play: Play, how: str) -> None:
    tried = refused(play, "amina")
    session = play.agree()
    play.sync()
    if how == "restart":
        play.restart()
    elif how == "reconnect":
        play.connect("amina", "life", "lessons")
    else:
        play.servers["memory://one"].go_down()
        play.after(HOUR)
        play.servers["memory://one"].come_up()
        play.after(HOUR)
    play.until(NOW + 5 * HOUR)
    assert tried == ["create"]
    play.faults.mend()
    play.until(NOW + 6 * HOUR + 5 * MINUTE)
    assert play.standing(session) == {"lessons": 1, "work": 1}


def test_what_is_cancelled_meanwhile_is_never_written(play: Play) -> None:
    tried = refused(play, "amina")
    session = play.agree()
    play.sync()
    sessions.cancel(play.house, session, Actor.STUDENT, "ill")
    play.faults.mend()
    play.until(NOW + 9 * HOUR)
    assert (tried, play.standing(session)) == (["create"], {})


def test_a_removal_waits_as_well(play: Play) -> None:
    session = booked(play)
    tried = refused(play, "amina")
    sessions.cancel(play.house, session, Actor.STUDENT, "ill")
    play.sync()
    play.until(NOW + 5 * HOUR)
    assert (tried, play.standing(session)) == (["delete"], {"lessons": 1})
    play.faults.mend()
    play.until(NOW + 7 * HOUR)
    assert play.standing(session) == {}
    with play.house.db.read() as tx:
        assert tx.incidents.open() == ()


def test_somebody_is_told_of_a_long_wait(play: Play) -> None:
    refused(play, "amina")
    play.agree()
    play.sync()
    with play.house.db.read() as tx:
        (told,) = matters(tx, ended=False)
    assert (told.kind, told.person) == ("writes wait", "amina@school.example")
    assert "by itself" in told.next
    play.faults.mend()
    play.until(NOW + 7 * HOUR)
    with play.house.db.read() as tx:
        assert tx.incidents.open() == ()


def test_a_short_wait_is_nothing_to_tell_of_and_holds_for_all_as_well(play: Play) -> None:
    tried = refused(play, "amina", Unavailable("slow down", status=429, retry_after=5 * MINUTE))
    play.agree()
    play.agree(start=START + 4 * HOUR)
    play.sync()
    play.until(NOW + 5 * MINUTE - timedelta(seconds=1))
    assert tried == ["create"]
    with play.house.db.read() as tx:
        assert tx.incidents.open() == ()


def test_a_wish_beyond_all_reason_holds_for_that_write_alone_and_not_for_long(play: Play) -> None:
    tried = refused(play, "amina", Unavailable("come again", status=503, retry_after=timedelta(days=400)))
    session, other = play.agree(), play.agree(start=START + 4 * HOUR)
    play.sync()
    assert tried == ["create", "create"]
    assert account(play).write_after is None
    play.faults.mend()
    play.until(NOW + HOUR + MINUTE)
    assert play.state(session) is play.state(other) is State.BOOKED


def test_a_server_that_only_reads_slowly_stops_no_write(play: Play) -> None:
    play.faults.once("fetch", QUOTA)
    session = play.agree()
    play.sync()
    assert account(play).write_after is None
    assert account(play, "mo").write_after is None
    play.until(NOW + DAY / 2)
    assert play.standing(session) == {"lessons": 1, "work": 1}
    assert play.generation(session, Side.MENTOR) == 1
