from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from syncd.clock import MovableClock
from syncd.store.database import Database
from syncd.store.errors import StoreBusy, StoreDamaged, StoreError, StoreUnreachable
from tests.syncd.store.grounds import NOW, Ground, file_of

SOON = timedelta(milliseconds=50)


@pytest.fixture
def at() -> Iterator[Callable[[str], Database]]:
    opened: list[Database] = []

    def open_at(url: str) -> Database:
        opened.append(Database.open(url, MovableClock(NOW), patience=SOON))
        return opened[-1]

    yield open_at
    for db in opened:
        db.close()


def test_a_file_that_is_no_database_is_named_and_left_alone(
    at: Callable[[str], Database], tmp_path: Path
) -> None:
    file = tmp_path / "photo.db"
    file.write_bytes(b"JFIF" * 4096)
    db = at(f"sqlite:///{file}")
    for act in (db.ready, db.upgrade):
        with pytest.raises(StoreDamaged, match=r"photo\.db.*restore a backup"):
            act()
    with pytest.raises(StoreDamaged), db.write():
        pass
    assert file.read_bytes() == b"JFIF" * 4096


def test_a_broken_page_is_told_as_damage(at: Callable[[str], Database], sqlite_ground: Ground) -> None:
    url = sqlite_ground.migrated()
    file = file_of(url)
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(StoreDamaged, match="restore a backup"), at(url).read() as tx:
        tx.people.all()


@pytest.mark.parametrize("holder", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_locked_database_is_busy_and_works_again_afterwards(
    at: Callable[[str], Database], sqlite_ground: Ground, holder: str
) -> None:
    url = sqlite_ground.migrated()
    db = at(url)
    with closing(sqlite3.connect(file_of(url), isolation_level=None)) as other:
        other.execute(holder)
        with pytest.raises(StoreBusy, match="locked by another process"), db.write():
            pass
        with db.read() as tx:
            assert tx.people.all() == ()
        other.execute("ROLLBACK")
    with db.write() as tx:
        tx.meta.put("a", "1")


def test_a_full_disk_loses_the_transaction_and_nothing_else(
    at: Callable[[str], Database], sqlite_ground: Ground
) -> None:
    db = at(sqlite_ground.migrated())

    def fill(pages: int) -> None:
        with db.write() as tx:
            tx.meta._link.run(text(f"PRAGMA max_page_count = {pages}"))
            tx.meta.put("first", "x")
            tx.meta.put("large", "x" * 1_000_000)

    with pytest.raises(StoreUnreachable, match="disk is full"):
        fill(1)
    with db.read() as tx:
        assert tx.meta.get("first") is None
    fill(1_000_000)
    with db.read() as tx:
        assert tx.meta.get("first") == "x"


def test_a_missing_directory_is_named(at: Callable[[str], Database], tmp_path: Path) -> None:
    db = at(f"sqlite:///{tmp_path}/nowhere/syncd.db")
    for act in (db.ready, db.upgrade):
        with pytest.raises(StoreUnreachable, match="nowhere"):
            act()
    with pytest.raises(StoreError, match="nowhere"), db.read():
        pass


def test_a_missing_file_is_made_by_an_upgrade_only(at: Callable[[str], Database], tmp_path: Path) -> None:
    file = tmp_path / "a b%20#ü.db"
    db = at(f"sqlite:///{file}")
    assert not db.ready()
    with pytest.raises(StoreError, match="syncd db upgrade"), db.write():
        pass
    assert list(tmp_path.iterdir()) == []
    db.upgrade()
    assert db.ready()


def test_a_directory_is_not_a_database(at: Callable[[str], Database], tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable, match="cannot be opened"):
        at(f"sqlite:///{tmp_path}").upgrade()


@pytest.mark.parametrize(
    "url", ["syncd.db", "", "mysql://host/x", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://x/y"]
)
def test_an_address_that_we_do_not_know_is_refused_when_opened(
    at: Callable[[str], Database], url: str
) -> None:
    with pytest.raises(StoreUnreachable):
        at(url)


def test_a_server_that_is_not_there_is_named_without_its_password(at: Callable[[str], Database]) -> None:
    db = at("postgresql://user:hunter2@127.0.0.1:1/school")
    for act in (db.ready, db.upgrade):
        with pytest.raises(StoreUnreachable, match=r"127\.0\.0\.1:1/school") as caught:
            act()
        assert "hunter2" not in str(caught.value)


def test_a_database_that_the_server_does_not_have_is_named(
    at: Callable[[str], Database], postgresql_ground: Ground
) -> None:
    url = postgresql_ground.empty()
    postgresql_ground.drop(url)
    with pytest.raises(StoreUnreachable, match="does not exist"):
        at(url).upgrade()


def test_a_server_that_dropped_our_connections_is_reached_again(
    at: Callable[[str], Database], postgresql_ground: Ground
) -> None:
    url = postgresql_ground.migrated()
    db = at(url)
    hang_up = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    hang_up += "AND pid <> pg_backend_pid()"
    with pytest.raises(StoreUnreachable), db.write() as tx:  # noqa: PT012
        tx.meta.put("a", "1")
        postgresql_ground.sql(url, hang_up)
        tx.meta.put("b", "1")
    with db.write() as tx:
        assert tx.meta.get("a") is None
    postgresql_ground.sql(url, hang_up)
    with db.write() as tx:
        tx.meta.put("a", "2")


def test_a_row_that_stays_locked_is_busy(at: Callable[[str], Database], postgresql_ground: Ground) -> None:
    url = postgresql_ground.migrated()
    first, second = at(url), at(url)
    with first.write() as tx:
        tx.meta.put("a", "1")
        with pytest.raises(StoreBusy, match="try again"), second.write() as other:
            other.meta.put("a", "2")
