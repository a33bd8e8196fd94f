from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.store.database import Database
from syncd.store.types import canonical, clean, written

AWARE = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.sampled_from(
        [UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-11, minutes=-30))]
    ),
)


@given(AWARE, AWARE)
def test_instants_as_text_sort_as_instants_do(one: datetime, other: datetime) -> None:
    assert (written(one) < written(other)) == (one < other)
    assert datetime.fromisoformat(written(one)) == one


@given(st.text(st.characters(codec=None)))
def test_any_text_can_be_stored_once_it_is_clean(words: str) -> None:
    stored = clean(words)
    assert "\0" not in stored
    assert stored.encode().decode() == stored
    assert clean(stored) == stored


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_clean_text_is_left_alone(words: str) -> None:
    assert clean(words) == words


def test_a_body_has_one_text() -> None:
    assert canonical({"b": 1, "a": "ü\0"}) == '{"a":"\\u00fc\\u0000","b":1}'
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical({"a": float("nan")})


def test_a_naive_time_is_refused(db: Database) -> None:
    with db.write() as tx, pytest.raises(ValueError, match="not an instant"):
        tx.due.want("sync", "a", datetime(2026, 12, 1))  # noqa: DTZ001


def test_a_time_in_any_zone_is_stored_as_its_instant(db: Database) -> None:
    moment = datetime(2026, 12, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    with db.write() as tx:
        tx.due.want("sync", "a", moment)
        found = tx.due.get("sync", "a")
    assert found is not None
    assert found.due_at == moment
    assert found.due_at.tzinfo is UTC
