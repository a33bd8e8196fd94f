from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from syncd.clock import MovableClock
from syncd.store.database import Database
from syncd.store.due import CAP, FIRST
from syncd.store.rows import DueRow, Pace, Role, Ticket
from tests.syncd.store.grounds import NOW, Ground

MINUTE = timedelta(minutes=1)
OVER = timedelta(0)
"""A lease that has run out as soon as it is given: no test waits for a clock."""


def want(db: Database, key: str, minutes: float = 0, kind: str = "sync", **more: object) -> None:
    with db.write() as tx:
        tx.due.want(kind, key, NOW + minutes * MINUTE, **more)  # type: ignore[arg-type]


def claim(db: Database, n: int = 10, lease: timedelta = 5 * MINUTE, **more: object) -> tuple[Ticket, ...]:
    with db.write() as tx:
        return tx.due.claim(n, lease, **more)  # type: ignore[arg-type]


def row(db: Database, key: str, kind: str = "sync") -> DueRow:
    with db.read() as tx:
        found = tx.due.get(kind, key)
    assert found is not None
    return found


def finish(db: Database, ticket: Ticket, minutes: float | None = None) -> bool:
    with db.write() as tx:
        return tx.due.finish(ticket, None if minutes is None else NOW + minutes * MINUTE)


def keys(tickets: tuple[Ticket, ...]) -> list[str]:
    return [ticket.key for ticket in tickets]


def test_only_what_is_due_is_claimed_and_only_once(db: Database, clock: MovableClock) -> None:
    want(db, "now")
    want(db, "later", 1)
    assert keys(claim(db)) == ["now"]
    assert claim(db) == ()
    clock.move(NOW + MINUTE)
    assert keys(claim(db)) == ["later"]


def test_wanting_twice_is_wanting_once_at_the_earlier_time(db: Database) -> None:
    want(db, "a", 5, prio=2, excl="x")
    want(db, "a", 9)
    assert row(db, "a").due_at == NOW + 5 * MINUTE
    want(db, "a", 3, prio=1)
    stored = row(db, "a")
    assert (stored.due_at, stored.gen, stored.prio, stored.excl) == (NOW + 3 * MINUTE, 3, 2, "x")


def test_wanted_without_a_time_is_wanted_now(db: Database) -> None:
    with db.write() as tx:
        tx.due.want("sync", "a")
    assert row(db, "a").due_at == NOW


def test_a_larger_prio_goes_first_then_the_older(db: Database) -> None:
    want(db, "young", -1)
    want(db, "old", -5)
    want(db, "urgent", 0, prio=9)
    assert keys(claim(db, 2)) == ["urgent", "old"]
    assert keys(claim(db, 2)) == ["young"]


def test_kinds_and_keys_narrow_a_claim(db: Database) -> None:
    for kind in ("sync", "write"):
        for key in ("a", "b"):
            want(db, key, kind=kind)
    assert [(one.kind, one.key) for one in claim(db, kinds=["write"], keys=["b", "c"])] == [("write", "b")]
    assert keys(claim(db, kinds=[])) == []
    assert len(claim(db, kinds=["sync"])) == 2


def test_who_comes_back_after_the_lease_is_fenced_out(db: Database) -> None:
    want(db, "a")
    (old,) = claim(db, lease=OVER)
    (new,) = claim(db)
    assert new.fence > old.fence
    assert not finish(db, old, 5)
    with db.write() as tx:
        assert not tx.due.fail(old, "late")
        assert tx.due.renew([old, new], MINUTE) == (new,)
    assert row(db, "a").attempts == 0
    assert finish(db, new, 5)
    assert row(db, "a").due_at == NOW + 5 * MINUTE


def test_a_fence_is_not_used_again_when_the_row_is_gone_and_back(db: Database) -> None:
    want(db, "a")
    (zombie,) = claim(db, lease=OVER)
    (alive,) = claim(db)
    assert finish(db, alive)
    want(db, "a")
    (next_one,) = claim(db)
    assert next_one.fence > alive.fence
    assert not finish(db, zombie)
    assert finish(db, next_one)


def test_a_run_that_nobody_took_over_may_finish_after_its_lease(db: Database) -> None:
    want(db, "a")
    (ticket,) = claim(db, lease=OVER)
    assert finish(db, ticket)
    with db.read() as tx:
        assert tx.due.get("sync", "a") is None


@pytest.mark.parametrize("minutes", [None, 30])
def test_what_comes_in_during_a_run_is_due_after_it(db: Database, minutes: float | None) -> None:
    want(db, "a", -1)
    (ticket,) = claim(db)
    want(db, "a", 90)
    assert claim(db) == ()
    assert finish(db, ticket, minutes)
    assert row(db, "a").due_at == NOW
    assert keys(claim(db)) == ["a"]


def test_finishing_gives_the_row_back_clean(db: Database) -> None:
    want(db, "a", -1)
    (first,) = claim(db)
    with db.write() as tx:
        assert tx.due.fail(first, "x")
        tx.due.want("sync", "a", NOW)
    (second,) = claim(db)
    assert second.attempts == 1
    assert finish(db, second, 5)
    stored = row(db, "a")
    assert (stored.attempts, stored.last_error, stored.lease_until) == (0, None, None)
    assert stored.due_at == NOW + 5 * MINUTE


def test_a_failure_waits_longer_each_time_and_is_never_dropped(db: Database, clock: MovableClock) -> None:
    want(db, "a")
    longest = FIRST
    for attempt in range(1, 16):
        (ticket,) = claim(db)
        with db.write() as tx:
            assert tx.due.fail(ticket, f"attempt {attempt}")
        stored = row(db, "a")
        wait = stored.due_at - clock.now()
        assert longest / 2 <= wait <= longest
        assert (stored.attempts, stored.last_error) == (attempt, f"attempt {attempt}")
        clock.move(stored.due_at)
        longest = min(longest * 2, CAP)


@pytest.mark.parametrize(
    ("asked", "waits"), [(5 * MINUTE, 5 * MINUTE), (timedelta(days=365), CAP), (timedelta(0), FIRST / 2)]
)
def test_retry_after_is_honoured_within_reason(db: Database, asked: timedelta, waits: timedelta) -> None:
    want(db, "a")
    (ticket,) = claim(db)
    with db.write() as tx:
        tx.due.fail(ticket, "busy", asked)
    wait = row(db, "a").due_at - NOW
    assert waits <= wait <= max(waits, FIRST)


def test_a_server_that_asks_for_more_than_the_pace_gets_it(db: Database) -> None:
    for asked, waits in ((None, MINUTE), (5 * MINUTE, 5 * MINUTE)):
        want(db, "a")
        (ticket,) = claim(db)
        with db.write() as tx:
            assert tx.due.fail(ticket, "down", asked, Pace(first=MINUTE, longest=MINUTE))
        wait = row(db, "a").due_at - NOW
        assert waits / 2 <= wait <= waits


def test_a_time_that_has_come_does_not_end_a_back_off(db: Database) -> None:
    want(db, "a")
    (ticket,) = claim(db)
    with db.write() as tx:
        assert tx.due.fail(ticket, "x")
        tx.due.set_time("sync", "a", NOW)
    assert row(db, "a").due_at > NOW
    with db.write() as tx:
        tx.due.set_time("sync", "a", NOW + timedelta(seconds=1))
    assert row(db, "a").due_at == NOW + timedelta(seconds=1)
    want(db, "a")
    assert keys(claim(db)) == ["a"]


def test_what_is_put_off_waits_as_if_it_had_failed(db: Database) -> None:
    for kind, excl in (("write", "1"), ("write", "2"), ("look", "1")):
        want(db, f"{kind}{excl}", kind=kind, excl=excl)
    want(db, "late", 99, kind="write", excl="1")
    with db.write() as tx:
        tx.due.put_off("1", "write", NOW + 5 * MINUTE)
    assert sorted(keys(claim(db))) == ["look1", "write2"]
    stored = row(db, "write1", "write")
    assert (stored.due_at, stored.attempts) == (NOW + 5 * MINUTE, 1)
    assert row(db, "late", "write").attempts == 0


def test_work_on_a_busy_host_is_left_to_others(db: Database) -> None:
    with db.write() as tx:
        person = tx.people.add("a@example.org", "A", Role.STUDENT, "UTC").id
        urls = (
            "https://one.example/a",
            "https://ONE.example:443/b",
            "https://two.example/",
            "http://one.example/",
        )
        made = [str(tx.accounts.add(person, "caldav", url, "a", b"", 0).id) for url in urls]
    for number, key in enumerate(made):
        want(db, key, -9 + number, excl=key)
    for excl in ("account 1", "9" * 30, "", None):
        want(db, f"other {excl}", excl=excl)
    got = claim(db, busy_hosts=["one.example:443"])
    assert {ticket.key: ticket.host for ticket in got[:2]} == {
        made[2]: "two.example:443",
        made[3]: "one.example:80",
    }
    assert sorted(keys(got[2:])) == sorted(f"other {excl}" for excl in ("account 1", "9" * 30, "", None))
    assert [ticket.host for ticket in claim(db)] == ["one.example:443"] * 2


def test_what_is_given_back_can_be_claimed_at_once(db: Database) -> None:
    want(db, "a")
    (first,) = claim(db, holder="me")
    with db.write() as tx:
        tx.due.give_back([first])
    assert (row(db, "a").holder, row(db, "a").attempts) == (None, 0)
    (second,) = claim(db)
    assert second.fence > first.fence


def test_what_a_holder_had_is_free_again_and_the_holder_is_fenced_out(db: Database) -> None:
    want(db, "mine")
    (mine,) = claim(db, holder="me")
    want(db, "theirs")
    (theirs,) = claim(db, holder="them")
    want(db, "nobodys")
    (nobodys,) = claim(db)
    assert row(db, "mine").holder == "me"
    with db.write() as tx:
        assert tx.due.release("me") == 1
        assert tx.due.release("me") == 0
    (again,) = claim(db)
    assert again.key == "mine"
    assert again.fence > max(mine.fence, nobodys.fence)
    with db.write() as tx:
        assert tx.due.renew([mine, theirs, nobodys], MINUTE) == (theirs, nobodys)
    assert not finish(db, mine)
    assert finish(db, theirs)
    assert finish(db, again)


def test_a_fence_that_was_skipped_is_never_used(db: Database) -> None:
    want(db, "a")
    (first,) = claim(db, lease=OVER)
    with db.write() as tx:
        tx.due.take_turn()
    (second,) = claim(db)
    assert second.fence == first.fence + 2


def test_what_is_to_come_leaves_out_what_is_due(db: Database) -> None:
    def coming(*kinds: str) -> object:
        with db.read() as tx:
            return tx.due.coming(kinds or None)

    assert coming() is None
    want(db, "now")
    want(db, "a", 5)
    want(db, "b", 3, kind="write")
    assert coming() == NOW + 3 * MINUTE
    assert coming("sync") == NOW + 5 * MINUTE
    assert coming("other") is None


def test_two_of_one_account_never_run_at_once(db: Database) -> None:
    want(db, "read", -2, excl="account 1")
    want(db, "session", -1, kind="write", excl="account 1")
    want(db, "other", 0, excl="account 2")
    want(db, "free", 0)
    first = claim(db)
    assert sorted(keys(first)) == ["free", "other", "read"]
    assert claim(db) == ()
    assert finish(db, next(one for one in first if one.key == "read"))
    assert keys(claim(db)) == ["session"]


def test_an_account_is_free_again_when_the_lease_of_a_dead_run_ends(db: Database) -> None:
    want(db, "read", -2, excl="account 1")
    want(db, "session", -1, kind="write", excl="account 1", prio=1)
    assert keys(claim(db, kinds=["sync"], lease=OVER)) == ["read"]
    assert keys(claim(db)) == ["session"]


def test_a_claim_under_way_keeps_rivals_from_others(db: Database, another: Callable[[], Database]) -> None:
    want(db, "read", excl="account 1")
    want(db, "session", kind="write", excl="account 1")
    beside = another()
    with ThreadPoolExecutor(1) as pool:
        with db.write() as tx:
            assert keys(tx.due.claim(1, MINUTE, kinds=["write"])) == ["session"]
            other = pool.submit(claim, beside, kinds=["sync"])
            threading.Event().wait(0.2)  # a claim that does not stand in line has its rival by now
        assert other.result(30) == ()


def test_eight_threads_claim_two_hundred_rows_once_each(db: Database) -> None:
    with db.write() as tx:
        for number in range(200):
            tx.due.want("sync", str(number), excl=str(number % 190))

    def worker(_: int) -> list[str]:
        got: list[str] = []
        while tickets := claim(db, 7):
            got += keys(tickets)
            for ticket in tickets:
                assert finish(db, ticket)
        return got

    with ThreadPoolExecutor(8) as pool:
        claimed = Counter(key for got in pool.map(worker, range(8)) for key in got)
    assert claimed == Counter(str(number) for number in range(200))


def test_set_time_is_exact_and_silent_when_it_is_so(
    db: Database, silent: Callable[[Callable[[], object]], bool]
) -> None:
    def set_time(minutes: float | None) -> None:
        with db.write() as tx:
            at = None if minutes is None else NOW + minutes * MINUTE
            tx.due.set_time("deadline", "a", at, prio=5, excl="x")

    set_time(5)
    set_time(9)
    stored = row(db, "a", "deadline")
    assert (stored.due_at, stored.prio, stored.excl) == (NOW + 9 * MINUTE, 5, "x")
    assert silent(lambda: set_time(9))
    set_time(None)
    assert silent(lambda: set_time(None))
    with db.read() as tx:
        assert tx.due.get("deadline", "a") is None


def test_no_time_does_not_pull_the_row_from_under_its_run(db: Database) -> None:
    want(db, "a")
    (ticket,) = claim(db)
    with db.write() as tx:
        tx.due.set_time("sync", "a", None)
        assert tx.due.finish(ticket, None)
    with db.read() as tx:
        assert tx.due.get("sync", "a") is None


@pytest.mark.parametrize(("next_minutes", "expected"), [(None, 7), (30, 7), (3, 3)])
def test_a_time_set_during_a_run_survives_it(
    db: Database, next_minutes: float | None, expected: float
) -> None:
    want(db, "a", -1)
    (ticket,) = claim(db)
    with db.write() as tx:
        tx.due.set_time("sync", "a", NOW + 7 * MINUTE)
    assert finish(db, ticket, next_minutes)
    assert row(db, "a").due_at == NOW + expected * MINUTE


def test_next_due_names_the_next_moment_worth_waking_for(db: Database) -> None:
    def next_due(*kinds: str) -> object:
        with db.read() as tx:
            return tx.due.next_due(kinds or None)

    assert next_due() is None
    want(db, "a", 5, excl="x")
    want(db, "b", 3, kind="write")
    assert next_due() == NOW + 3 * MINUTE
    assert next_due("sync") == NOW + 5 * MINUTE
    want(db, "now", 0, kind="write", excl="x")
    (ticket,) = claim(db)
    want(db, "a", 0, excl="x")
    woken = next_due("sync")
    assert woken == row(db, "now", "write").lease_until  # not now: its rival is being run
    assert finish(db, ticket)
    assert next_due("sync") == NOW


def test_renewing_keeps_the_row(db: Database) -> None:
    want(db, "a")
    (ticket,) = claim(db, lease=OVER)
    with db.write() as tx:
        assert tx.due.renew([ticket], MINUTE) == (ticket,)
        assert tx.due.renew([], MINUTE) == ()
    assert claim(db) == ()


def test_an_empty_claim_writes_nothing(
    db: Database, ground: Ground, silent: Callable[[Callable[[], object]], bool]
) -> None:
    want(db, "later", 5)
    claim(db)
    assert silent(lambda: claim(db))


class TestLeasesOnSQLite:
    @pytest.fixture
    def ground(self, sqlite_ground: Ground) -> Ground:
        return sqlite_ground

    def test_the_injected_clock_ends_a_lease(self, db: Database, clock: MovableClock) -> None:
        want(db, "a")
        (old,) = claim(db)
        clock.move(NOW + 5 * MINUTE - timedelta(microseconds=1))
        assert claim(db) == ()
        clock.move(NOW + 5 * MINUTE)
        (new,) = claim(db)
        assert (old.key, new.key) == ("a", "a")


class TestLeasesOnPostgreSQL:
    @pytest.fixture
    def ground(self, postgresql_ground: Ground) -> Ground:
        return postgresql_ground

    def test_a_worker_whose_clock_is_ahead_does_not_end_a_lease(
        self, db: Database, clock: MovableClock
    ) -> None:
        want(db, "a")
        claim(db)
        clock.move(NOW + timedelta(days=1000))
        assert claim(db) == ()


def test_rows_that_were_read_ahead_are_written_if_they_differ_and_only_then(
    db: Database, silent: Callable[[Callable[[], object]], bool]
) -> None:
    def keep(minutes: float | None, prio: int = 0, excl: str | None = None) -> None:
        with db.write() as tx:
            tx.due.foresee([("look", "a"), ("look", "b")])
            tx.due.set_time("look", "a", None if minutes is None else NOW + minutes * MINUTE, prio, excl)
            tx.due.set_time("look", "b", None)

    assert silent(lambda: keep(None))
    for step in ((5, 0, None), (6, 0, None), (6, 2, None), (6, 2, "x"), (6, 1, "y")):
        keep(*step)
    assert silent(lambda: keep(6, 1))
    stored = row(db, "a", "look")
    assert (stored.due_at, stored.prio, stored.excl) == (NOW + 6 * MINUTE, 2, "y")
    keep(None)
    with db.read() as tx:
        assert tx.due.all() == ()


def test_a_row_that_was_read_ahead_and_changed_since_is_read_again(db: Database) -> None:
    with db.write() as tx:
        tx.due.foresee([("look", "a")])
        assert tx.due.get("look", "a") is None
        tx.due.want("look", "a")
        (ticket,) = tx.due.claim(1, 5 * MINUTE)
        tx.due.foresee([("look", "a")])
        assert tx.due.finish(ticket, NOW + MINUTE)
        tx.due.set_time("look", "a", NOW)
        found = tx.due.get("look", "a")
    assert found is not None
    assert (found.due_at, found.lease_until) == (NOW, None)
