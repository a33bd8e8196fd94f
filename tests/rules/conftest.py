from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest

from policy.life import State
from syncd.clock import MovableClock
from syncd.store.database import Database
from syncd.store.rows import Role
from tests.rules.rows import rows_of
from tests.rules.stage import Calm, UnsureClock, ways
from tests.syncd.engine.house import HOUR, NOW, TWO, Play
from tests.syncd.store.conftest import sqlite_ground
from tests.syncd.store.grounds import Ground

__all__ = ["sqlite_ground"]


EVERY = 4 * HOUR
"""How often an account is looked at unless a deadline is near: rarely, so that only due work is done."""


@contextmanager
def staged(ground: Ground, clock: MovableClock) -> Iterator[Play]:
    """Open a school without people."""
    url = ground.migrated()
    db = Database.open(url, clock, chance=Random(1))  # noqa: S311 - a back-off is no secret
    try:
        one = Calm(db, clock, every=EVERY)
        yield one
        one.check()
    finally:
        db.close()
        ground.drop(url)


@pytest.fixture
def play(sqlite_ground: Ground, request: pytest.FixtureRequest) -> Iterator[Play]:
    """A school with Amina, a student with two calendars, and Mo, a mentor with one.

    A test that is tied to ways of section 7 must have gone them when it ends.
    """
    with staged(sqlite_ground, MovableClock(NOW)) as one:
        one.person("amina", Role.STUDENT, "life", "lessons")
        one.person("mo", Role.MENTOR, "work")
        yield one
        claimed = [row.split(".")[1:] for row in rows_of(request.function) if row.count(".") == 2]
        assert {(State(before), State(after)) for before, after in claimed} <= ways(one), ways(one)


@pytest.fixture
def apart(sqlite_ground: Ground) -> Iterator[Play]:
    """A school in which Amina's server is her own: Mo's calendar is on another one."""
    with staged(sqlite_ground, MovableClock(NOW)) as one:
        one.person("amina", Role.STUDENT, "life", "lessons")
        one.person("mo", Role.MENTOR, "work", url=TWO)
        yield one


@pytest.fixture
def unsure(sqlite_ground: Ground) -> Iterator[Play]:
    """A school whose clock nobody vouches for."""
    with staged(sqlite_ground, UnsureClock(NOW)) as one:
        one.person("amina", Role.STUDENT, "lessons")
        one.person("mo", Role.MENTOR, "work")
        yield one
