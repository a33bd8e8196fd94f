from __future__ import annotations

from collections.abc import Callable

import pytest

from syncd.store.database import Database
from syncd.store.errors import Taken, Unknown
from syncd.store.rows import PersonId, Role
from tests.syncd.store.grounds import NOW
from tests.syncd.store.school import School


def test_a_person_comes_back_as_entered(db: Database) -> None:
    with db.write() as tx:
        added = tx.people.add("Ada@Example.org ", "Ada \0 \ud800 Ł", Role.STUDENT, "UTC", "Mon 8-9")
    with db.read() as tx:
        found = tx.people.by_email(" ADA@example.org")
    assert found == added
    assert (added.email, added.name, added.weekly) == ("ada@example.org", "Ada � � Ł", "Mon 8-9")
    assert added.created_at == NOW


def test_an_address_is_one_persons_and_the_transaction_goes_on(school: School) -> None:
    with school.db.write() as tx:
        with pytest.raises(Taken, match=r"ada@example\.org"):
            tx.people.add("ADA@example.org", "Other", Role.MENTOR, "UTC")
        with pytest.raises(Taken, match=r"ada@example\.org"):
            tx.people.change(school.ben.id, email="ada@example.org")
        tx.people.add("eve@example.org", "Eve", Role.MENTOR, "UTC")
    with school.db.read() as tx:
        assert [person.name for person in tx.people.all()] == ["Ada", "Ben", "Eve", "Max", "Mia"]


def test_only_what_is_named_changes(school: School) -> None:
    with school.db.write() as tx:
        tx.people.change(school.ada.id, weekly="Mon 8-9", zone="UTC")
        ada = tx.people.change(school.ada.id, weekly=None, role=Role.MENTOR)
    assert (ada.weekly, ada.zone, ada.role, ada.name) == (None, "UTC", Role.MENTOR, "Ada")


def test_a_change_to_the_same_writes_nothing(
    school: School, silent: Callable[[Callable[[], object]], bool]
) -> None:
    def same() -> None:
        with school.db.write() as tx:
            tx.people.change(school.ada.id, name="Ada", weekly=None)

    assert silent(same)


def test_nobody_is_unknown_by_silence(db: Database) -> None:
    with db.write() as tx:
        with pytest.raises(Unknown, match="no person 7"):
            tx.people.get(PersonId(7))
        with pytest.raises(Unknown, match="no person 7"):
            tx.people.change(PersonId(7), name="Nobody")
        assert tx.people.by_email("nobody@example.org") is None
