from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.syncd.store.conftest import postgresql_ground, sqlite_ground
from tests.syncd.store.grounds import Ground
from tests.syncd.ward import Memory, Ward, opened, remembered, revived

__all__ = ["postgresql_ground", "sqlite_ground"]


@pytest.fixture
def ward(sqlite_ground: Ground) -> Iterator[Ward]:
    """A school whose rows may be tampered with."""
    with opened(sqlite_ground) as one:
        yield one


@pytest.fixture(scope="session")
def memory(sqlite_ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Memory:
    return remembered(sqlite_ground, tmp_path_factory.mktemp("memory") / "lived.db")


@pytest.fixture
def past(sqlite_ground: Ground, memory: Memory) -> Iterator[Ward]:
    """A school that has lived through a little story, whose rows may be tampered with."""
    with revived(sqlite_ground, memory) as one:
        yield one


@pytest.fixture(
    params=[
        pytest.param("sqlite_ground", marks=pytest.mark.suite("health", "SQLite"), id="SQLite"),
        pytest.param("postgresql_ground", marks=pytest.mark.suite("health", "PostgreSQL"), id="PostgreSQL"),
    ]
)
def either(request: pytest.FixtureRequest) -> Iterator[Ward]:
    """The same on each of the two databases."""
    with opened(request.getfixturevalue(request.param)) as one:
        yield one
