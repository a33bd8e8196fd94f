# ruff: noqa: S608 - every name in a statement stands in this file
from __future__ import annotations

from datetime import timedelta

import pytest

from syncd.clock import MovableClock
from syncd.store.errors import Refused, Taken
from syncd.store.rows import FactRow, SessionId
from tests.rules.rows import row
from tests.syncd.store.grounds import NOW, Ground
from tests.syncd.store.school import School

BODY = {"z": [1, {"ü": None}], "a": "x"}


def test_facts_come_back_in_their_order(school: School, clock: MovableClock) -> None:
    one, two = school.book().id, school.book("two", live=False).id
    with school.db.write() as tx:
        first = tx.ledger.append(one, 1, "agreed", BODY)
        tx.ledger.append(two, 1, "agreed", {})
    clock.sleep(timedelta(hours=1))
    with school.db.write() as tx:
        tx.ledger.append(one, 2, "sighting", {"n": 2})
    with school.db.read() as tx:
        later = FactRow(one, 2, NOW + timedelta(hours=1), "sighting", {"n": 2})
        assert tx.ledger.facts(one) == (first, later)
        assert first == FactRow(one, 1, NOW, "agreed", BODY)
        assert tx.ledger.all_sessions() == ("one", "two")
        assert tx.ledger.facts(SessionId("none")) == ()


def test_a_number_is_used_once_and_the_transaction_goes_on(school: School) -> None:
    session = school.book().id
    with school.db.write() as tx:
        tx.ledger.append(session, 1, "agreed", {})
        tx.ledger.give(session, 1, "timely", False, {})
        with pytest.raises(Taken, match="fact 1"):
            tx.ledger.append(session, 1, "other", {})
        with pytest.raises(Taken, match="verdict 1"):
            tx.ledger.give(session, 1, "forfeit", False, {})
        with pytest.raises(Refused) as caught:
            tx.ledger.append(SessionId("none"), 1, "agreed", {})
        assert type(caught.value) is Refused
        tx.ledger.append(session, 2, "sighting", {})
    with school.db.read() as tx:
        assert [fact.kind for fact in tx.ledger.facts(session)] == ["agreed", "sighting"]
        assert tx.ledger.verdicts()[0].outcome == "timely"


@row("2.ledger-supersede")
def test_a_later_verdict_supersedes_and_both_are_kept(school: School, clock: MovableClock) -> None:
    session = school.book().id
    with school.db.write() as tx:
        assert tx.ledger.latest(session) is None
        for seq in (1, 2):
            tx.ledger.append(session, seq, "fact", {})
        first = tx.ledger.give(session, 1, "forfeit", True, BODY)
    clock.sleep(timedelta(hours=1))
    with school.db.write() as tx:
        second = tx.ledger.give(session, 2, "timely", False, {"author": "it"})
        assert tx.ledger.latest(session) == second
        assert tx.ledger.verdicts() == (first, second)
        assert tx.ledger.verdicts(doubt=True) == (first,)
        assert tx.ledger.verdicts(doubt=False) == (second,)
        assert tx.ledger.verdicts(since=NOW + timedelta(hours=1)) == (second,)
        assert tx.ledger.verdicts(since=NOW) == (first, second)


def test_a_verdict_names_a_fact_by_the_end_of_its_transaction(school: School) -> None:
    session = school.book().id
    with school.db.write() as tx:
        tx.ledger.give(session, 1, "timely", False, {})
        tx.ledger.append(session, 1, "fact", {})
    with pytest.raises(Refused), school.db.write() as tx:
        tx.ledger.give(session, 2, "timely", False, {})
    with school.db.read() as tx:
        assert len(tx.ledger.verdicts()) == 1


STATEMENTS = {
    "facts": ("UPDATE facts SET kind = 'x'", "DELETE FROM facts"),
    "verdicts": ("UPDATE verdicts SET outcome = 'x'", "DELETE FROM verdicts WHERE seq = 1"),
    "audit": ("UPDATE audit SET author = 'x'", "DELETE FROM audit"),
}


@row("2.ledger")
@pytest.mark.parametrize("table", STATEMENTS)
def test_what_was_written_cannot_be_changed_even_past_the_store(
    school: School, ground: Ground, url: str, table: str
) -> None:
    session = school.book().id
    with school.db.write() as tx:
        tx.ledger.append(session, 1, "agreed", {})
        tx.ledger.give(session, 1, "timely", False, {})
        tx.audit.note("it", "waive", session, {"reason": "r"})
    statements = [*STATEMENTS[table]]
    if ground.name == "PostgreSQL":
        statements.append(f"TRUNCATE {table} CASCADE")
    else:
        statements.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
        statements.append(f"INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT DO NOTHING")
    before = ground.sql(url, f"SELECT * FROM {table}")
    for statement in statements:
        with pytest.raises(ground.refusals, match="append-only"):
            ground.sql(url, statement)
    assert ground.sql(url, f"SELECT * FROM {table}") == before


def test_acts_are_listed(school: School) -> None:
    with school.db.write() as tx:
        tx.audit.note("it", "waive", "one", {"reason": "r"})
        tx.audit.note("mia", "cancel", "two")
    with school.db.read() as tx:
        assert [(act.author, act.act, act.subject, act.body, act.at) for act in tx.audit.all()] == [
            ("it", "waive", "one", {"reason": "r"}, NOW),
            ("mia", "cancel", "two", {}, NOW),
        ]
