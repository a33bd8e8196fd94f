"""The runner of the daemon: who is served when, and that nothing ends it, loses work or does it twice."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from random import Random

import pytest
import structlog

from policy.life import State
from policy.notice import Outcome
from syncd import work
from syncd.engine.runner import HOLDER, ThreadRunner
from syncd.house import House
from syncd.store.database import Database
from syncd.store.errors import StoreBusy, StoreFull
from syncd.store.rows import DueRow, Ticket
from syncd.sync import HANDLERS
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, START, Play
from tests.syncd.engine.stage import (
    GRACE,
    GUARD,
    KINDS,
    Stage,
    accounts_on,
    eventually,
    finish,
    runner,
    staged,
    want,
)
from tests.syncd.store.grounds import Ground, file_of

FAILED, WELL = (
    "work.failed",
    "work.done",
)
DENTIST = "a title of a calendar"
LOST, FOUND = "database.trouble", "database.well"


def row(play: Play, kind: str, key: str) -> DueRow | None:
    with play.db.read() as tx:
        return tx.due.get(kind, key)


def release(db: Database) -> int:
    with db.write() as tx:
        return tx.due.release(HOLDER)


# --- who is served when --------------------------------------------------------------


def test_what_is_due_is_done_and_counted(bare: Play) -> None:
    stage = Stage()
    want(bare, work.TIME, "a", "b")
    want(bare, work.SYNC, "1")
    with staged(bare, stage) as one:
        eventually(lambda: sum(one.pulse().ran.values()) == 3)
        pulse = one.pulse()
        assert (pulse.ran, pulse.failed, pulse.fenced) == ({work.TIME: 2, work.SYNC: 1}, 0, 0)
        assert (pulse.running, pulse.oldest, pulse.trouble, pulse.trouble_since) == (0, None, None, None)
        assert pulse.last_claim == bare.clock.now()


def test_rounds_leave_a_thread_to_what_has_a_deadline(bare: Play) -> None:
    stage = Stage(hold=True)
    want(bare, work.SYNC, *map(str, range(20)))
    with staged(bare, stage) as one:
        stage.sees(lambda: len(stage.running) == 3)
        want(bare, work.LOOK, "s/student", excl="account")
        one.kick()
        stage.sees(lambda: stage.kinds() == [work.LOOK, *[work.SYNC] * 3])


def test_one_worker_alone_keeps_no_deadline_waiting(bare: Play) -> None:
    stage = Stage(hold=True)
    want(bare, work.SYNC, "1", "2")
    with staged(bare, stage, workers=1):
        stage.sees(lambda: stage.kinds() == [work.SYNC])
        want(bare, work.LOOK, "s/student")
        stage.sees(lambda: stage.kinds() == [work.LOOK, work.SYNC])


def test_looks_time_and_writes_go_before_rounds(bare: Play) -> None:
    want(bare, work.SYNC, "1", "2")
    for kind in (work.WRITE, work.TIME, work.LOOK):
        want(bare, kind, kind)
    stage = Stage(hold=True)
    with staged(bare, stage, workers=3):
        stage.sees(lambda: len(stage.running) == 3)
        assert stage.kinds() == sorted([work.LOOK, work.TIME, work.WRITE])


def test_a_host_is_never_worked_on_by_more_than_its_share(bare: Play) -> None:
    slow, quick = accounts_on(bare, "slow.example", 6), accounts_on(bare, "quick.example", 2)
    want(bare, work.SYNC, *slow, *quick)
    stage = Stage(hold=True)

    def on(host: str) -> int:
        return sum(ticket.host == f"{host}.example:443" for ticket in stage.running)

    with staged(bare, stage, workers=16) as one:
        stage.sees(lambda: (on("slow"), on("quick")) == (3, 2))
        out = {ticket.excl for ticket in stage.running}
        waiting = [key for key in slow if key not in out]
        for key in waiting:
            want(bare, work.WRITE, f"s{key}/student", excl=key)
        one.kick()
        stage.sees(lambda: on("slow") == 4)
        asked = one.pulse().last_claim
        bare.clock.sleep(timedelta(seconds=1))
        one.kick()
        eventually(lambda: one.pulse().last_claim != asked)
        assert on("slow") == 4
        stage.let_go(*quick)
        stage.sees(lambda: on("quick") == 0)
        assert on("slow") == 4
        stage.let_go()
        stage.sees(lambda: len(stage.done) == 11)


def test_two_pieces_of_work_on_one_account_never_run_at_once(bare: Play) -> None:
    for number in range(30):
        want(bare, work.WRITE, str(number), excl=str(number % 3))
    stage = Stage()
    with staged(bare, stage, workers=8):
        stage.sees(lambda: len(stage.done) == 30)
    assert stage.clashes == 0
    assert sorted(stage.done, key=int) == [str(number) for number in range(30)]


def test_a_kick_wakes_it_at_once(bare: Play) -> None:
    stage = Stage()
    with staged(bare, stage) as one:
        for number in range(
            60
        ):  # a runner that only wakes by itself would take a minute: longer than the guard
            want(bare, work.TIME, str(number))
            one.kick()
            stage.sees(lambda: len(stage.done) > number)  # noqa: B023 - waited for here


def test_work_that_another_process_adds_is_found(bare: Play, ground: Ground) -> None:
    stage = Stage()
    with staged(bare, stage) as one:
        eventually(lambda: one.pulse().last_claim is not None)
        other = Database.open(f"sqlite:///{bare.db.name}", bare.clock)
        with other.write() as tx:
            tx.due.want(work.TIME, "a", at=tx.now)
        other.close()
        stage.sees(lambda: stage.done == ["a"])


def test_work_that_is_not_due_yet_waits_for_its_time(bare: Play) -> None:
    stage = Stage()
    with bare.db.write() as tx:
        tx.due.want(work.TIME, "a", at=tx.now + HOUR)
        tx.due.want(work.TIME, "now", at=tx.now)
    with staged(bare, stage):
        stage.sees(lambda: stage.done == ["now"])
        bare.clock.sleep(HOUR)
        stage.sees(lambda: stage.done == ["now", "a"])


def test_a_whole_session_is_run_by_it(play: Play) -> None:
    with runner(play, HANDLERS) as one:
        session = play.agree()
        one.kick()
        eventually(lambda: play.state(session) is State.BOOKED)
        play.clock.move(START - DAY + LAG)
        eventually(lambda: play.session(session).proven_at_deadline)
        play.clock.sleep(MINUTE)
        play.delete(session)
        with play.db.write() as tx:
            tx.due.want(work.SYNC, "1", at=tx.now, excl="1")
        eventually(lambda: play.state(session) is State.NOTICED)
        for _ in range(2):
            play.clock.sleep(play.rules.hold)
            one.kick()
        eventually(lambda: play.state(session) is State.FORFEITED)
        assert play.verdict(session).outcome is Outcome.FORFEIT
        assert one.pulse().failed == 0


# --- leases and fences ---------------------------------------------------------------


def test_a_long_run_stays_ours(bare: Play) -> None:
    stage = Stage(hold=True)
    want(bare, work.TIME, "a")
    with staged(bare, stage) as one:
        stage.sees(lambda: len(stage.running) == 1)
        for _ in range(4):
            bare.clock.sleep(work.LEASE * 2 / 3)
            eventually(lambda: lease_left(bare) > work.LEASE / 2)
        with bare.db.write() as tx:
            assert tx.due.claim(1, work.LEASE) == ()
        stage.let_go()
        eventually(lambda: one.pulse().ran[work.TIME] == 1)
        assert one.pulse().fenced == 0
    assert row(bare, work.TIME, "a") is None


def lease_left(play: Play) -> timedelta:
    stored = row(play, work.TIME, "a")
    assert stored is not None
    assert stored.holder == HOLDER
    return (stored.lease_until or play.clock.now()) - play.clock.now()


def test_a_clock_that_jumps_makes_it_do_nothing_twice(bare: Play) -> None:
    stage = Stage(hold=True)
    want(bare, work.TIME, "a")
    with staged(bare, stage) as one:
        stage.sees(lambda: len(stage.running) == 1)
        bare.clock.sleep(DAY)
        want(bare, work.TIME, "b")
        one.kick()
        stage.sees(lambda: len(stage.running) == 2)
        stage.let_go()
        stage.sees(lambda: len(stage.done) == 2)
    assert [ticket.key for ticket in stage.started] == ["a", "b"]


def test_a_run_that_was_fenced_out_leaves_nothing(bare: Play) -> None:
    def act(house: House, ticket: Ticket) -> None:
        with house.db.write() as tx:
            tx.meta.put("done by", str(ticket.fence))
            work.finish(tx, ticket, None)

    stage = Stage(hold=True, act=act)
    want(bare, work.TIME, "a")
    with staged(bare, stage) as one:
        stage.sees(lambda: len(stage.running) == 1)
        with bare.db.write() as tx:
            assert tx.due.release(HOLDER) == 1
            (other,) = tx.due.claim(1, HOUR)
        stage.let_go()
        eventually(lambda: one.pulse().fenced == 1)
        with bare.db.write() as tx:
            assert tx.meta.get("done by") is None
            assert tx.due.finish(other, None)


def test_what_a_dead_daemon_had_is_taken_up_at_once(bare: Play) -> None:
    want(bare, work.TIME, "a", "b")
    with bare.db.write() as tx:
        zombies = tx.due.claim(2, HOUR, holder=HOLDER)
    stage = Stage()
    assert release(bare.db) == 2
    with staged(bare, stage):
        stage.sees(lambda: sorted(stage.done) == ["a", "b"])
    with bare.db.write() as tx:
        assert [tx.due.finish(zombie, None) for zombie in zombies] == [False, False]
    assert release(bare.db) == 0


# --- what goes wrong -----------------------------------------------------------------


def test_an_error_sets_back_its_own_work_alone_and_is_told_once(bare: Play) -> None:
    broken = [True]

    def act(house: House, ticket: Ticket) -> None:
        if ticket.key == "bad" and broken:
            raise KeyError(DENTIST)
        finish(house, ticket)

    stage = Stage(act=act)
    want(bare, work.TIME, "bad", "good", "fine")
    with structlog.testing.capture_logs() as logs, staged(bare, stage) as one:
        stage.sees(lambda: {"good", "fine"} <= set(stage.done))
        for attempt in range(1, 4):
            eventually(lambda: attempts(bare) == attempt)  # noqa: B023 - waited for here
            bare.clock.sleep(HOUR)
        broken.clear()
        eventually(lambda: row(bare, work.TIME, "bad") is None)
        eventually(lambda: WELL in [line["event"] for line in logs])
        assert one.pulse().failed >= 3
    assert [line["event"] for line in logs] == [FAILED, WELL]
    assert "KeyError" in logs[0]["trace"]
    assert DENTIST not in str(logs)


def attempts(play: Play) -> int:
    stored = row(play, work.TIME, "bad")
    return stored.attempts if stored and stored.lease_until is None and stored.last_error else 0


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), MemoryError()])
def test_nothing_that_work_raises_ends_a_thread(bare: Play, error: BaseException) -> None:
    def act(house: House, ticket: Ticket) -> None:
        if ticket.kind == work.WRITE:
            raise error
        finish(house, ticket)

    stage = Stage(act=act)
    want(bare, work.WRITE, *map(str, range(8)))
    with staged(bare, stage, workers=2) as one:
        eventually(lambda: one.pulse().failed == 8)
        want(bare, work.TIME, "a")
        stage.sees(lambda: "a" in stage.done)


@pytest.mark.parametrize("error", [StoreFull("the disk is full"), StoreBusy("locked")])
def test_work_that_met_an_unusable_database_is_not_lost(bare: Play, error: Exception) -> None:
    left = [error]

    def act(house: House, ticket: Ticket) -> None:
        if left:
            raise left.pop()
        finish(house, ticket)

    stage = Stage(act=act)
    want(bare, work.TIME, "a")
    with structlog.testing.capture_logs() as logs, staged(bare, stage) as one:
        eventually(lambda: FOUND in [line["event"] for line in logs])
        stored = row(bare, work.TIME, "a")
        assert stored is not None
        assert (stored.lease_until, stored.attempts) == (None, 1)
        bare.clock.sleep(MINUTE)
        stage.sees(lambda: len(stage.done) == 2)
        eventually(lambda: row(bare, work.TIME, "a") is None)
        assert one.pulse().failed == 0
    assert [line["event"] for line in logs] == [LOST, FOUND]


def test_a_locked_database_is_told_once_and_waited_for(bare: Play, ground: Ground) -> None:
    url = f"sqlite:///{bare.db.name}"
    hasty = Database.open(url, bare.clock, patience=timedelta(milliseconds=20))
    stage = Stage()
    want(bare, work.TIME, "a")
    one = ThreadRunner(bare.opened(hasty), stage.handlers, workers=2, per_host=2)
    with (
        structlog.testing.capture_logs() as logs,
        closing(sqlite3.connect(file_of(url), isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        one.start()
        eventually(lambda: one.pulse().trouble is not None)
        pulse = one.pulse()
        assert "locked" in str(pulse.trouble)
        assert pulse.trouble_since == bare.clock.now()
        assert stage.started == []
        other.execute("ROLLBACK")
        stage.sees(lambda: stage.done == ["a"])
        eventually(lambda: one.pulse().trouble is None)
        assert one.stop(GRACE)
    hasty.close()
    assert [line["event"] for line in logs] == [LOST, FOUND]


# --- its life ------------------------------------------------------------------------


def test_stopping_waits_for_what_runs_and_claims_nothing_more(bare: Play) -> None:
    stage = Stage(hold=True)
    want(bare, work.TIME, "a")
    with staged(bare, stage) as one:
        stage.sees(lambda: len(stage.running) == 1)
        ended: list[bool] = []
        stopping = threading.Thread(target=lambda: ended.append(one.stop(GRACE)))
        stopping.start()
        eventually(lambda: not one._threads[0].is_alive())  # a claim that had begun may still take what comes
        want(bare, work.TIME, "b")
        stage.let_go()
        stopping.join(GUARD)
        assert ended == [True]
    assert stage.done == ["a"]
    assert row(bare, work.TIME, "b") is not None


def test_work_that_never_ends_does_not_keep_it_from_stopping(bare: Play) -> None:
    stage = Stage(hold=True)
    want(bare, work.TIME, "a")
    with staged(bare, stage) as one:
        stage.sees(lambda: len(stage.running) == 1)
        assert not one.stop(timedelta(milliseconds=50))
        pulse = one.pulse()
        assert pulse.running == 1
        assert pulse.oldest is not None
        assert all(thread.daemon for thread in one._threads)


def test_new_work_runs_with_the_new_house(bare: Play) -> None:
    stage = Stage(hold=True)
    old, new = bare.house, bare.opened(bare.db)
    want(bare, work.TIME, "a")
    with staged(bare, stage) as one:
        stage.sees(lambda: len(stage.running) == 1)
        one.replace(new)
        want(bare, work.TIME, "b")
        stage.sees(lambda: len(stage.running) == 2)
        assert [house is new for house in stage.houses] == [False, True]
        assert stage.houses[0] is old


def test_its_threads_end_with_it(bare: Play) -> None:
    with staged(bare, Stage()) as one:
        eventually(lambda: one.pulse().last_claim is not None)
    for thread in one._threads:
        thread.join(GUARD)
        assert not thread.is_alive()


# --- everything at once --------------------------------------------------------------


class Chaos:
    """Rows that fail now and then, somebody else who works too, and who takes everything away."""

    def __init__(self, play: Play, seed: int, other: Database) -> None:
        self.play, self.other = play, other
        self.chance = Random(seed)  # noqa: S311 - a play of chance
        self.thefts = seed % 2
        self.keys = [f"{seed}-{number}" for number in range(3)]
        self.faults = {key: self.chance.choices((0, 1, 2), (5, 3, 1))[0] for key in self.keys}
        self.errors: list[Callable[[], Exception]] = [
            lambda: KeyError("x"),
            lambda: StoreBusy("locked"),
            work.Fenced,
        ]

    def act(self, house: House, ticket: Ticket) -> None:
        with house.db.write() as tx:
            count = int(tx.meta.get(ticket.key) or 0)
            tx.meta.put(ticket.key, str(count + 1))
            if self.faults[ticket.key] > 0:
                self.faults[ticket.key] -= 1
                error = self.chance.choice(self.errors)()
                raise error
            work.finish(tx, ticket, None)

    def begin(self) -> None:
        """Ask for everything."""
        with self.play.db.write() as tx:
            for key in self.keys:
                kind, excl = self.chance.choice(KINDS), self.chance.choice("ab")
                tx.due.want(kind, key, at=tx.now, prio=work.PRIO[kind], excl=excl)

    def meddle(self) -> None:
        """Work beside the runner, and sometimes take what it has."""
        if self.chance.random() < 0.5:
            return
        with self.other.write() as tx:
            for ticket in tx.due.claim(self.chance.randrange(3), work.LEASE, KINDS):
                count = int(tx.meta.get(ticket.key) or 0)
                tx.meta.put(ticket.key, str(count + 1))
                assert tx.due.finish(ticket, None)
        if self.thefts:
            release(self.other)

    def left(self) -> int:
        with self.play.db.read() as tx:
            return len(tx.due.all())

    def counts(self) -> list[str | None]:
        with self.play.db.read() as tx:
            return [tx.meta.get(key) for key in self.keys]


def test_two_hundred_interleavings_lose_nothing_and_do_nothing_twice(bare: Play, ground: Ground) -> None:
    other = Database.open(f"sqlite:///{bare.db.name}", bare.clock, chance=Random(2))  # noqa: S311
    stage, turn = Stage(), threading.Event()
    with staged(bare, stage) as one:
        for seed in range(200):
            chaos = Chaos(bare, seed, other)
            stage.act = chaos.act
            chaos.begin()
            one.kick()
            while chaos.left():
                turn.wait(0.001)  # to others
                chaos.meddle()
                if one.pulse().running == 0:
                    bare.clock.sleep(work.LEASE)
                    one.kick()
            assert chaos.counts() == ["1"] * 3, seed
            eventually(lambda: one.pulse().running == 0)
            assert stage.clashes == 0, seed
    other.close()
