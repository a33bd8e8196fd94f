from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from importlib.resources import files

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.schema import SchemaItem

from syncd.clock import MovableClock
from syncd.store import schema
from syncd.store.database import Database
from syncd.store.errors import SchemaMissing, SchemaTooNew
from syncd.store.migrations import REVISIONS
from syncd.store.tables import metadata
from tests.syncd.store.grounds import Ground, file_of


@pytest.fixture
def url(ground: Ground) -> str:
    return ground.empty()


def test_an_empty_database_is_brought_up(ground: Ground, url: str, db: Database) -> None:
    assert not db.ready()
    db.upgrade()
    assert db.ready()
    assert ground.sql(url, "SELECT version_num FROM alembic_version") == [(REVISIONS[-1],)]
    with db.write() as tx:
        assert tx.people.all() == ()


def test_bringing_it_up_again_writes_nothing(
    db: Database, silent: Callable[[Callable[[], object]], bool]
) -> None:
    db.upgrade()
    assert silent(db.upgrade)


def test_two_may_bring_it_up_at_once(another: Callable[[], Database]) -> None:
    first, second = another(), another()
    assert not first.ready()
    if first._file is not None:
        first._file.touch()
    with ThreadPoolExecutor(1) as pool:
        with first._transaction(first._writer) as connection:
            schema.upgrade(connection, first.name)
            other = pool.submit(second.upgrade)
            wait([other], 0.3)  # by now it has seen that the tables are missing
        other.result(30)
    assert second.ready()


def test_without_tables_nothing_is_read_or_written(db: Database) -> None:
    with pytest.raises(SchemaMissing, match="syncd db upgrade"), db.write() as tx:
        tx.people.all()
    with pytest.raises(SchemaMissing, match="syncd db upgrade"), db.read() as tx:
        tx.people.all()
    assert not db.ready()


def test_a_newer_schema_is_left_alone(ground: Ground, url: str, db: Database) -> None:
    db.upgrade()
    ground.sql(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaTooNew, match=rf"9999.*up to {REVISIONS[-1]}"):
        db.ready()
    with pytest.raises(SchemaTooNew):
        db.upgrade()
    assert ground.sql(url, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_the_tables_are_what_the_migrations_leave(db: Database) -> None:
    db.upgrade()
    with db._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": _ours})
        assert compare_metadata(context, metadata) == []


def _ours(item: SchemaItem, name: str | None, kind: str, *_: object) -> bool:
    # The one is the EXCLUDE constraint's own index; of the other Alembic cannot read the direction.
    return kind != "index" or name not in {"ex_session_people_overlap", "ix_due_claim"}


def test_every_migration_is_named() -> None:
    config = Config()
    config.set_main_option("script_location", str(files("syncd.store.migrations")).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS


def test_a_file_is_its_owners_alone(sqlite_ground: Ground, clock: MovableClock) -> None:
    url = sqlite_ground.empty()
    db = Database.open(url, clock)
    db.upgrade()
    with db.write() as tx:
        tx.meta.put("a", "b")
    for suffix in ("", "-wal", "-shm"):
        assert file_of(f"{url}{suffix}").stat().st_mode & 0o777 == 0o600
    db.close()
