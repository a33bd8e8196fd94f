from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from syncd.clock import MovableClock
from syncd.store.database import Database
from syncd.store.errors import Clash, Refused
from syncd.store.rows import Health, PersonId
from tests.syncd.store.grounds import NOW, Ground
from tests.syncd.store.school import HOUR, TEN, School


class Stop(Exception):
    pass


def value(db: Database, name: str = "a") -> str | None:
    with db.read() as tx:
        return tx.meta.get(name)


def test_a_block_that_raises_leaves_nothing(db: Database) -> None:
    with pytest.raises(Stop), db.write() as tx:  # noqa: PT012
        tx.meta.put("a", "1")
        raise Stop
    assert value(db) is None
    with db.write() as tx:
        tx.meta.put("a", "2")
    assert value(db) == "2"


def test_one_transaction_is_one_instant(db: Database, clock: MovableClock) -> None:
    with db.write() as tx:
        clock.sleep(HOUR)
        assert tx.now == NOW
    with db.read() as tx:
        assert tx.now == NOW + HOUR


def test_a_reading_transaction_cannot_write(db: Database) -> None:
    with pytest.raises(Refused, match="reading"), db.read() as tx:
        tx.meta.put("a", "1")
    assert value(db) is None
    with db.write() as tx:
        tx.meta.put("a", "1")
    assert value(db) == "1"


def test_what_was_read_is_read_again_once_it_was_changed(school: School) -> None:
    with school.db.write() as tx:
        before = tx.people.get(school.ada.id), tx.accounts.of(school.ada.id)
        tx.people.change(school.ada.id, name="Ada L.")
        tx.accounts.set_health(school.account.id, Health.LOST, "gone", "credentials")
        assert tx.people.get(school.ada.id).name == "Ada L." != before[0].name
        assert tx.accounts.get(school.account.id).health is Health.LOST is not before[1][0].health
        assert tx.calendars.of_person(school.ada.id) == (school.calendar,)
        tx.accounts.remove(school.account.id)
        assert tx.accounts.of(school.ada.id) == ()
        assert tx.calendars.of_person(school.ada.id) == ()
        assert tx.calendars.sessions_calendar(school.ada.id) is None


def test_a_change_that_was_refused_is_not_read_back(school: School) -> None:
    row = school.book()
    other = school.book("two", TEN + 3 * HOUR)
    with school.db.write() as tx:
        with pytest.raises(Clash):
            tx.sessions.save(replace(other, start=row.start, end=row.end))
        assert tx.sessions.get(other.id) == other


def test_a_reader_sees_one_moment(db: Database, another: Callable[[], Database]) -> None:
    beside = another()
    with db.read() as tx:
        assert tx.meta.get("a") is None
        with beside.write() as writing:
            writing.meta.put("a", "1")
        assert tx.meta.get("a") is None
    assert value(db) == "1"


def test_many_writers_lose_no_update(another: Callable[[], Database]) -> None:
    handles = [another(), another()]

    def count(number: int) -> None:
        for _ in range(10):
            with handles[number % 2].write() as tx:
                tx.due.want("sync", "a")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    with handles[0].read() as tx:
        found = tx.due.get("sync", "a")
    assert found is not None
    assert found.gen == 40


def test_no_stored_value_gets_into_an_error(db: Database) -> None:
    secret = "not-for-any-log"
    with db.write() as tx, pytest.raises(Refused) as caught:
        tx.overrides.add(PersonId(1), open=True, start=NOW, end=NOW, reason=secret, author="")
    error: BaseException | None = caught.value
    while error is not None:
        assert secret not in repr(error)
        error = error.__cause__ if error.__suppress_context__ else error.__cause__ or error.__context__


class TestOnSQLite:
    @pytest.fixture
    def ground(self, sqlite_ground: Ground) -> Ground:
        return sqlite_ground

    def test_a_transaction_within_a_transaction_is_told_at_once(self, db: Database) -> None:
        with db.write() as tx:
            tx.meta.put("a", "1")
            with pytest.raises(RuntimeError, match="inside a writing transaction"), db.write():
                pass
        assert value(db) == "1"
