"""One daemon at a time for a database, on both databases."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from syncd.store.errors import StoreUnreachable
from syncd.store.sole import Occupied, take
from tests.syncd.store.grounds import Ground, PostgreSQLGround, SQLiteGround, file_of


@pytest.fixture
def url(ground: Ground) -> Iterator[str]:
    made = ground.migrated()
    yield made
    ground.drop(made)


def test_the_second_is_told_who_the_first_is(url: str) -> None:
    first = take(url)
    me = f"process {os.getpid()} on {socket.gethostname()}"
    with pytest.raises(Occupied, match=f"already, {me}; stop that one first"):
        take(url)
    assert first.hold()
    first.release()
    second = take(url)
    assert second.hold()
    assert not first.hold(), "it has been taken meanwhile"
    second.release()
    assert first.hold(), "and is free again"
    first.release()


def test_a_database_that_is_not_there_is_named(ground: Ground) -> None:
    wrong = (
        "sqlite:////nowhere/school.db"
        if isinstance(ground, SQLiteGround)
        else "postgresql://nobody@localhost:9/x"
    )
    with pytest.raises(StoreUnreachable, match=r"nowhere|localhost"):
        take(wrong)


def test_giving_it_up_twice_does_nothing(url: str) -> None:
    one = take(url)
    one.release()
    one.release()


def test_a_file_that_was_put_in_the_place_of_ours_is_not_ours(sqlite_ground: Ground) -> None:
    url = sqlite_ground.migrated()
    first = take(url)
    file = file_of(url).with_name(f"{file_of(url).name}.daemon")
    file.unlink()
    second = take(url)
    assert not first.hold()
    second.release()
    assert first.hold(), "taken again"
    first.release()
    assert file.exists(), "it is never deleted: two could lock one each"
    assert file.stat().st_mode & 0o777 == 0o600


def test_another_way_to_the_same_file_leads_to_the_same_lock(sqlite_ground: Ground) -> None:
    url = sqlite_ground.migrated()
    link = file_of(url).with_name("link.db")
    link.symlink_to(file_of(url))
    first = take(url)
    with pytest.raises(Occupied):
        take(f"sqlite:///{link}")
    first.release()
    link.unlink()


def test_a_session_that_the_server_ended_is_noticed_and_taken_again(postgresql_ground: Ground) -> None:
    assert isinstance(postgresql_ground, PostgreSQLGround)
    url = postgresql_ground.migrated()
    first = take(url)
    end_all = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE 'syncd run%'"
    postgresql_ground.sql(url, end_all)
    second = take(url)
    assert not first.hold()
    second.release()
    assert first.hold()
    first.release()
