from __future__ import annotations

from collections.abc import Callable

import pytest

from providers.base import ETag, RefKey
from syncd.clock import MovableClock
from syncd.store.database import Database
from syncd.store.hosts import host_of
from syncd.store.rows import Noted
from tests.syncd.store.grounds import NOW, Ground
from tests.syncd.store.school import HOUR, School

A, B = RefKey("a"), RefKey("b")
BACK_TO_THE_FIRST = (
    "DROP TABLE channels",
    "ALTER TABLE accounts DROP COLUMN write_after",
    "ALTER TABLE calendars DROP COLUMN busy_owed",
    "ALTER TABLE calendars DROP COLUMN busy_at",
    "ALTER TABLE calendars DROP COLUMN times_only",
    "ALTER TABLE copies DROP COLUMN invite",
    "ALTER TABLE accounts DROP COLUMN host",
    "DROP INDEX ix_due_lease_until",
    "ALTER TABLE due DROP COLUMN holder",
    "DROP TABLE notes",
    "UPDATE alembic_version SET version_num = '0001'",
)


def put(school: School, key: RefKey, *codes: str) -> bool:
    with school.db.write() as tx:
        return tx.calendars.put_notes(school.calendar.id, key, codes)


def noted(school: School) -> dict[str, int]:
    with school.db.read() as tx:
        return {one.code: one.count for one in tx.calendars.noted([school.calendar.id])}


def test_notes_are_counted_by_reason_and_go_with_it(school: School) -> None:
    assert put(school, A, "zone-unknown", "too-long")
    assert put(school, B, "zone-unknown", "zone-unknown")
    assert noted(school) == {"zone-unknown": 2, "too-long": 1}
    assert put(school, A, "too-long")
    assert noted(school) == {"zone-unknown": 1, "too-long": 1}
    assert put(school, A)
    assert put(school, B)
    assert noted(school) == {}


def test_a_note_has_stood_since_the_first_of_its_kind(school: School, clock: MovableClock) -> None:
    put(school, A, "zone-unknown")
    clock.sleep(HOUR)
    put(school, B, "zone-unknown", "too-long")
    put(school, A, "zone-unknown")
    calendar = school.calendar.id
    with school.db.read() as tx:
        assert tx.calendars.noted([calendar]) == (
            Noted(calendar, "too-long", 1, NOW + HOUR),
            Noted(calendar, "zone-unknown", 2, NOW),
        )
        assert tx.calendars.noted([]) == ()


def test_the_same_notes_again_write_nothing(
    school: School, silent: Callable[[Callable[[], object]], bool]
) -> None:
    put(school, A, "zone-unknown")
    assert silent(lambda: put(school, A, "zone-unknown"))
    assert not put(school, A, "zone-unknown")


@pytest.mark.parametrize("code", ["A title", "", "x" * 41, "mark_1", "é"])
def test_a_note_is_a_code_and_nothing_else(school: School, code: str) -> None:
    with pytest.raises(ValueError, match="not a code"):
        put(school, A, code)
    assert noted(school) == {}


def test_what_is_forgotten_takes_its_notes_along(school: School) -> None:
    with school.db.write() as tx:
        for key in (A, B):
            tx.calendars.put_resource(school.calendar.id, key, ETag('"1"'), ())
            tx.calendars.put_notes(school.calendar.id, key, ["too-long"])
        tx.calendars.drop_resource(school.calendar.id, A)
    assert noted(school) == {"too-long": 1}
    with school.db.write() as tx:
        tx.accounts.remove(school.account.id)
    assert noted(school) == {}


def test_a_database_of_the_first_schema_is_brought_up_with_all_that_is_in_it(
    ground: Ground, url: str, school: School, db: Database
) -> None:
    school.book()
    for statement in BACK_TO_THE_FIRST:
        ground.sql(url, statement)
    assert not db.ready()
    db.upgrade()
    assert db.ready()
    assert put(school, A, "too-long")
    with db.read() as tx:
        assert len(tx.people.all()) == 4
        assert len(tx.sessions.all()) == 1
    with db.write() as tx:
        tx.due.want("sync", str(school.account.id), excl=str(school.account.id))
        (ticket,) = tx.due.claim(1, HOUR)
    assert ticket.host == host_of(school.account.url) != ""
