"""The runner: one thing at a time, each thing once, and whoever was away for too long keeps nothing."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from policy.life import Effect, State
from providers.errors import Unavailable
from syncd import work
from syncd.engine.drain import Drain, Drained, Handler
from syncd.house import House
from syncd.look import look, pass_time
from syncd.poll import sync
from syncd.store.errors import StoreBusy, StoreUnreachable
from syncd.store.rows import DueRow, Ticket
from syncd.sync import HANDLERS, PATIENCE
from syncd.work import Fenced
from tests.syncd.engine.house import HOUR, LAG, MINUTE, ONE, START, Play
from tests.syncd.engine.test_acts import DEADLINE, booked

TOGETHER = (work.LOOK, work.TIME, work.WRITE, work.SYNC)
NOTHING: Mapping[str, tuple[str, ...]] = {}


def never() -> datetime | None:
    return None


def drain(
    play: Play, handlers: Mapping[str, Handler], first: Mapping[str, tuple[str, ...]] = NOTHING
) -> Drained:
    return Drain(play.house, handlers).run(first, TOGETHER, never, PATIENCE)


def want(play: Play, kind: str, key: str, excl: str | None = None) -> None:
    with play.house.db.write() as tx:
        tx.due.want(kind, key, at=tx.now, excl=excl)


def row(play: Play, kind: str, key: str) -> DueRow | None:
    with play.house.db.read() as tx:
        return tx.due.get(kind, key)


def taken_away(play: Play, ticket: Ticket) -> None:
    """Give the work to somebody else, as when its lease has run out."""
    play.clock.sleep(work.LEASE + timedelta(seconds=1))
    with play.house.db.write() as tx:
        (other,) = tx.due.claim(1, work.LEASE, [ticket.kind], [ticket.key])
        assert other.fence > ticket.fence


def test_a_round_that_was_fenced_out_leaves_nothing(play: Play) -> None:
    session = booked(play)
    play.clock.sleep(HOUR)
    play.delete(session)
    want(play, work.SYNC, "1", "1")
    ticket = play.claim(work.SYNC)
    taken_away(play, ticket)
    with pytest.raises(Fenced):
        sync(play.house, ticket)
    assert play.state(session) is State.BOOKED
    assert play.told(session, Effect.NOTICED) == 0


def test_a_look_that_was_fenced_out_leaves_nothing(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE + LAG)
    ticket = play.claim(work.LOOK)
    facts = play.facts(session)
    taken_away(play, ticket)
    with pytest.raises(Fenced):
        look(play.house, ticket)
    assert play.facts(session) == facts


def test_time_that_was_fenced_out_leaves_nothing(play: Play) -> None:
    session = play.agree(mentor="mo")
    play.clock.move(START)
    ticket = play.claim(work.TIME)
    taken_away(play, ticket)
    with pytest.raises(Fenced):
        pass_time(play.house, ticket)
    assert play.state(session) is State.PLANNED


def test_a_write_that_was_fenced_out_does_not_leave(play: Play) -> None:
    play.agree()
    ticket = play.claim(work.WRITE)
    taken_away(play, ticket)
    with pytest.raises(Fenced):
        HANDLERS[work.WRITE](play.house, ticket)
    assert "create" not in play.faults.calls


def test_fenced_runs_are_counted_and_the_rest_is_done(play: Play) -> None:
    want(play, work.TIME, "a")
    want(play, work.TIME, "b")

    def slow(house: House, ticket: Ticket) -> None:
        if ticket.key == "a":
            raise Fenced
        with house.db.write() as tx:
            work.finish(tx, ticket, None)

    done = Drain(play.house, {work.TIME: slow}).run({}, (work.TIME,), never, PATIENCE)
    assert (done.ran, done.fenced) == (2, 1)
    assert row(play, work.TIME, "b") is None


def test_a_locked_database_leaves_the_ticket_for_later(play: Play) -> None:
    want(play, work.TIME, "a")
    locked = [True]

    def unlucky(house: House, ticket: Ticket) -> None:
        if locked:
            raise StoreBusy("locked")
        with house.db.write() as tx:
            work.finish(tx, ticket, None)

    runner = Drain(play.house, {work.TIME: unlucky})
    assert runner.run({}, (work.TIME,), never, PATIENCE).busy == 1
    locked.clear()
    assert runner.run({}, (work.TIME,), never, PATIENCE).ran == 0, "its lease still runs"
    play.clock.sleep(work.LEASE)
    assert runner.run({}, (work.TIME,), never, PATIENCE).ran == 1
    assert row(play, work.TIME, "a") is None


def test_an_unexpected_error_leaves_nobody_else_undone(play: Play) -> None:
    done: list[str] = []
    for key in "abc":
        want(play, work.TIME, key)

    def broken(house: House, ticket: Ticket) -> None:
        if ticket.key == "a":
            raise KeyError(ticket.key)
        done.append(ticket.key)
        with house.db.write() as tx:
            work.finish(tx, ticket, None)

    with pytest.raises(KeyError, match="a"):
        Drain(play.house, {work.TIME: broken}).run({}, (work.TIME,), never, PATIENCE)
    assert done == ["b", "c"]
    left = row(play, work.TIME, "a")
    assert left is not None
    assert (left.attempts, left.last_error, left.lease_until) == (1, "KeyError", None)


def test_a_database_that_cannot_be_reached_ends_it(play: Play) -> None:
    want(play, work.TIME, "a")
    want(play, work.TIME, "b")
    ran: list[str] = []

    def lost(_house: House, ticket: Ticket) -> None:
        ran.append(ticket.key)
        raise StoreUnreachable("gone")

    with pytest.raises(StoreUnreachable):
        Drain(play.house, {work.TIME: lost}).run({}, (work.TIME,), never, PATIENCE)
    assert ran == ["a"]


def test_work_that_another_process_has_is_waited_for_and_named(play: Play) -> None:
    want(play, work.SYNC, "1", "1")
    with play.house.db.write() as tx:
        (ticket,) = tx.due.claim(1, timedelta(hours=1), [work.SYNC], ["1"])
    before = play.clock.now()
    done = Drain(play.house, HANDLERS).run({work.SYNC: ["1"]}, (), never, PATIENCE)
    assert done.waiting == ("1",)
    assert play.clock.now() - before == PATIENCE
    with play.house.db.write() as tx:
        work.finish(tx, ticket, tx.now + HOUR)
    assert Drain(play.house, HANDLERS).run({work.SYNC: ["1"]}, (), never, PATIENCE).waiting == ()


def test_a_moment_that_somebody_else_holds_is_not_waited_for_without_end(play: Play) -> None:
    want(play, work.TIME, "a")
    with play.house.db.write() as tx:
        tx.due.claim(1, timedelta(days=1), [work.TIME])
    before = play.clock.now()
    Drain(play.house, HANDLERS).run({}, (work.TIME,), lambda: before, PATIENCE)
    assert play.clock.now() - before <= PATIENCE + MINUTE


def test_two_runners_at_once_do_nothing_twice(play: Play) -> None:
    for number in range(40):
        want(play, work.TIME, str(number), str(number % 5))
    ran: list[str] = []
    out: set[str | None] = set()
    lock, clashes = threading.Lock(), 0
    both = threading.Barrier(2)

    def once(house: House, ticket: Ticket) -> None:
        nonlocal clashes
        with lock:
            clashes += ticket.excl in out
            out.add(ticket.excl)
            ran.append(ticket.key)
        with house.db.write() as tx:
            work.finish(tx, ticket, None)
            out.discard(ticket.excl)

    def run() -> None:
        both.wait()
        Drain(play.house, {work.TIME: once}).run({}, (work.TIME,), never, PATIENCE)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ran, key=int) == [str(number) for number in range(40)]
    assert clashes == 0


def test_a_password_in_the_wrong_hands_of_one_account_stops_no_other(play: Play) -> None:
    session = booked(play)
    with play.house.db.write() as tx:
        tx.accounts.put_grant(tx.accounts.of(play.people["mo"].id)[0].id, b"not what was sealed")
    play.clock.sleep(HOUR)
    play.delete(session)
    with pytest.raises(Exception, match="secret"):
        play.sync()
    assert play.state(session) is State.NOTICED


def test_a_look_that_brings_nothing_does_not_spin(play: Play) -> None:
    session = booked(play)
    play.clock.move(DEADLINE + LAG)
    play.faults.every("fetch", Unavailable("no answer"))
    before = len(play.faults.calls)
    play.sync()
    assert play.faults.calls[before:].count("fetch") == 1
    assert play.state(session) is State.BOOKED
    play.faults.mend()
    play.servers[ONE].go_down()
    before = play.servers[ONE].requests
    play.until(DEADLINE + LAG + HOUR)
    assert play.servers[ONE].requests - before < 40
