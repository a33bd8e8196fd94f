"""A statement that is prepared gives what SQLAlchemy's own execution of it gives, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import (
    BindParameter,
    Column,
    Integer,
    MetaData,
    Table,
    bindparam,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import InvalidRequestError

from syncd.store.database import Database
from syncd.store.errors import Refused
from syncd.store.link import Link
from syncd.store.prepared import Prepared
from syncd.store.tables import due, people

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
_NAMES: BindParameter[Any] = bindparam("names", expanding=True)
_ROWS = select(due.c.kind, due.c.key, due.c.due_at, due.c.attempts)
_KINDS = _ROWS.where(due.c.kind.in_(_NAMES)).order_by(due.c.key)
_PAIRS = _ROWS.where(tuple_(due.c.kind, due.c.key).in_(_NAMES)).order_by(due.c.key)
_TWO = _ROWS.where(due.c.kind.in_(["look", "time"]), due.c.due_at < bindparam("until")).order_by(due.c.key)
_LATER = update(due).where(due.c.key.in_(_NAMES)).values(due_at=bindparam("then"), last_error="not now")


def _link(tx: Any) -> Link:
    found: Link = tx.due._link
    return found


@pytest.fixture
def filled(db: Database) -> Database:
    with db.write() as tx:
        for number, kind in enumerate(("look", "time", "write")):
            tx.due.want(kind, f"k{number}", at=NOON + timedelta(hours=number), prio=1, excl=None)
    return db


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (_KINDS, {"names": ["look"]}),
        (_KINDS, {"names": ("time", "look", "look")}),
        (_KINDS, {"names": []}),
        (_PAIRS, {"names": [("look", "k0"), ("write", "k2")]}),
        (_PAIRS, {"names": [("look", "k2")]}),
        (_TWO, {"until": NOON + timedelta(hours=2)}),
    ],
)
def test_rows_are_the_same(filled: Database, statement: Any, values: dict[str, Any]) -> None:
    with filled.read() as tx:
        link = _link(tx)
        whole = link._connection.execute(statement, values).all()
        for _ in range(2):
            found = link.rows(statement, values)
            assert [tuple(row) for row in found] == [tuple(row) for row in whole]
            assert [row.due_at for row in found] == [row.due_at for row in whole]


def test_an_update_tells_how_many_rows_it_touched(filled: Database) -> None:
    with filled.write() as tx:
        assert _link(tx).run(_LATER, {"names": ["k0", "k2", "k9"], "then": NOON}) == 2
        assert _link(tx).run(_LATER, {"names": [], "then": NOON}) == 0
    with filled.read() as tx:
        assert {row.key: row.due_at for row in tx.due.all()} == {
            "k0": NOON,
            "k1": NOON + timedelta(hours=1),
            "k2": NOON,
        }


def test_names_that_are_used_twice_do_not_hide_each_other(filled: Database) -> None:
    twice = select(due.c.key, literal("x").label("key"), due.c.kind).where(due.c.kind == bindparam("sort"))
    with filled.read() as tx:
        (row,) = _link(tx).rows(twice, {"sort": "time"})
    assert tuple(row) == ("k1", "x", "time")
    assert row.kind == "time"


def test_a_value_that_is_missing_or_none_is_told(filled: Database) -> None:
    with filled.read() as tx:
        with pytest.raises(InvalidRequestError):
            _link(tx)._prepared(_KINDS, {}).text({})
        with pytest.raises(ValueError, match="no zone"):
            _link(tx).rows(_TWO, {"until": NOON.replace(tzinfo=None)})


def test_a_default_in_python_is_not_left_out(db: Database) -> None:
    table = Table("elsewhere", MetaData(), Column("a", Integer), Column("b", Integer, default=5))
    with db.read() as tx, pytest.raises(TypeError, match="not to be prepared"):
        Prepared(insert(table), ("a",), _link(tx)._connection.dialect)


def test_a_reading_transaction_writes_nothing(db: Database) -> None:
    with db.read() as tx, pytest.raises(Refused, match="cannot write"):
        _link(tx).run(_LATER, {"names": ["k0"], "then": NOON})


def test_what_the_schema_refuses_is_told_in_our_words(db: Database) -> None:
    with db.write() as tx, pytest.raises(Refused), _link(tx).attempt():
        _link(tx).run(insert(people), {"email": None, "name": "x"})
