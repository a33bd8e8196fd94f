"""How far a database has come."""

from __future__ import annotations

import pytest

from syncd.store.database import Database
from syncd.store.errors import StoreError
from syncd.store.growth import IDENTITY, growth
from tests.syncd.engine.house import MINUTE


def test_every_claim_and_all_news_count(url: str, db: Database) -> None:
    start = growth(url)
    assert (start.identity, start.turn, start.feed) == (None, 0, 0)
    with db.write() as tx:
        tx.due.want("test", "one")
    assert growth(url) == start, "to ask for work is nothing yet"
    with db.write() as tx:
        tx.due.claim(1, MINUTE)
        tx.feed.put("told", None, None, {})
        tx.meta.put(IDENTITY, "school")
    after = growth(url)
    assert after.identity == "school"
    assert after.turn > start.turn
    assert after.feed > start.feed
    assert start.behind(after.turn, after.feed)
    assert start.behind(0, after.feed)
    assert start.behind(after.turn, 0)
    assert not after.behind(after.turn, after.feed)
    assert after.database == db.name


def test_a_database_that_cannot_be_read_has_no_growth() -> None:
    with pytest.raises(StoreError):
        growth("sqlite:////nowhere/school.db")
