from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from datetime import timedelta

import pytest

from policy.interval import Interval
from syncd.clock import MovableClock
from syncd.store.database import Database
from syncd.store.errors import Refused
from syncd.store.rows import AccountId, PersonId
from tests.rules.rows import row
from tests.syncd.store.grounds import NOW
from tests.syncd.store.school import HOUR, School

Silent = Callable[[Callable[[], object]], bool]


def test_the_feed_counts_up(school: School) -> None:
    session = school.book().id
    with school.db.write() as tx:
        assert tx.feed.last() == 0
        first = tx.feed.put("session.booked", session, school.ada.id, {"a": 1})
        second = tx.feed.put("account.lost", None, None, {})
        assert (first.id, second.id) == (1, 2)
        assert tx.feed.after(0) == (first, second)
        assert tx.feed.after(0, limit=1) == (first,)
        assert tx.feed.after(1) == (second,)
        assert tx.feed.last() == 2
    assert (first.at, first.session_id, first.person_id, first.body) == (NOW, "one", school.ada.id, {"a": 1})


def test_a_reader_of_the_feed_misses_nothing_that_commits_late(
    db: Database, another: Callable[[], Database]
) -> None:
    beside = another()

    def put() -> int:
        with beside.write() as tx:
            return tx.feed.put("second", None, None, {}).id

    with ThreadPoolExecutor(1) as pool:
        with db.write() as tx:
            first = tx.feed.put("first", None, None, {}).id
            other = pool.submit(put)
            with pytest.raises(
                StillWaiting
            ):  # else a reader could see it before the first, and go on from it
                other.result(0.3)
        assert first < other.result(30)
    with db.read() as tx:
        assert [entry.kind for entry in tx.feed.after(0)] == ["first", "second"]


def test_an_incident_begins_once_and_ends_once(school: School, silent: Silent, clock: MovableClock) -> None:
    account = school.account.id

    def begin(kind: str = "access", of: AccountId | None = account) -> bool:
        with school.db.write() as tx:
            return tx.incidents.begin(kind, of, school.calendar.id, None, "grant revoked")

    assert begin()
    assert silent(begin)
    assert not begin()
    assert begin("other")
    assert begin(of=None)
    clock.sleep(HOUR)
    with school.db.write() as tx:
        assert tx.incidents.end("access", account, school.calendar.id)
        assert not tx.incidents.end("access", account, school.calendar.id)
        assert [(one.kind, one.account_id) for one in tx.incidents.open()] == [
            ("other", account),
            ("access", None),
        ]
        ended = tx.incidents.all()[0]
    assert (ended.what, ended.began_at, ended.ended_at) == ("grant revoked", NOW, NOW + HOUR)
    assert begin()


@row("8.pin-author")
def test_pins_count_until_they_expire(school: School) -> None:
    with school.db.write() as tx:
        always = tx.overrides.add(
            school.ada.id, open=True, start=NOW, end=NOW + HOUR, reason="exam", author="ada"
        )
        brief = tx.overrides.add(
            school.ada.id,
            open=False,
            start=NOW,
            end=NOW + HOUR,
            reason="",
            author="it",
            until=NOW + timedelta(days=1),
        )
        with pytest.raises(Refused):
            tx.overrides.add(school.ada.id, open=True, start=NOW, end=NOW, reason="", author="")
        with pytest.raises(Refused):
            tx.overrides.add(PersonId(99), open=True, start=NOW, end=NOW + HOUR, reason="", author="")
    window = Interval(NOW + HOUR / 2, NOW + 2 * HOUR)
    with school.db.read() as tx:
        assert tx.overrides.of(school.ada.id, window, NOW) == (always, brief)
        assert tx.overrides.of(school.ada.id, window, NOW + timedelta(days=1)) == (always,)
        assert tx.overrides.of(school.ada.id, Interval(NOW + HOUR, NOW + 2 * HOUR), NOW) == ()
        assert tx.overrides.of(school.ben.id, window, NOW) == ()
    assert (always.open, brief.open, always.reason, always.author) == (True, False, "exam", "ada")


def test_values_by_name(db: Database, silent: Silent) -> None:
    def put(value: str) -> None:
        with db.write() as tx:
            tx.meta.put("canary", value)

    with db.read() as tx:
        assert tx.meta.get("canary") is None
    put("one")
    put("two")
    assert silent(lambda: put("two"))
    with db.read() as tx:
        assert tx.meta.get("canary") == "two"
