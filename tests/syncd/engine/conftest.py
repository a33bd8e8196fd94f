from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from syncd.clock import MovableClock
from syncd.store.database import Database
from syncd.store.rows import Role
from tests.syncd.engine.house import NOW, Play
from tests.syncd.engine.story import fragile_school
from tests.syncd.store.conftest import postgresql_ground, sqlite_ground
from tests.syncd.store.grounds import Ground

__all__ = ["postgresql_ground", "sqlite_ground"]


@pytest.fixture
def ground(sqlite_ground: Ground) -> Ground:
    """Where a story is played: SQLite, unless a test asks for both."""
    return sqlite_ground


@pytest.fixture(
    params=[
        pytest.param("sqlite_ground", marks=pytest.mark.suite("engine", "SQLite"), id="SQLite"),
        pytest.param("postgresql_ground", marks=pytest.mark.suite("engine", "PostgreSQL"), id="PostgreSQL"),
    ]
)
def both(request: pytest.FixtureRequest) -> Iterator[Play]:
    """A school on each of the two databases."""
    yield from school(request.getfixturevalue(request.param))


@pytest.fixture
def play(ground: Ground) -> Iterator[Play]:
    """A school with Amina, a student with two calendars, and Mo, a mentor with one."""
    yield from school(ground)


@pytest.fixture
def bare(ground: Ground) -> Iterator[Play]:
    """A school without people."""
    yield from school(ground, people=False)


@pytest.fixture
def fragile(ground: Ground) -> Iterator[Play]:
    """The same, with a process that can be killed."""
    with fragile_school(ground) as one:
        yield one


def school(ground: Ground, *, people: bool = True) -> Iterator[Play]:
    url, clock = ground.migrated(), MovableClock(NOW)
    db = Database.open(url, clock, chance=Random(1))  # noqa: S311 - a back-off is no secret
    try:
        one = Play(db, clock)
        if people:
            one.person("amina", Role.STUDENT, "life", "lessons")
            one.person("mo", Role.MENTOR, "work")
        yield one
        one.check()
    finally:
        db.close()
        ground.drop(url)
