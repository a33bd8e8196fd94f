"""A school whose process can be killed at its n-th write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from syncd.clock import MovableClock
from syncd.store.rows import Role
from tests.syncd.engine.faults import MortalDatabase
from tests.syncd.engine.house import NOW, Play
from tests.syncd.store.grounds import Ground


@contextmanager
def fragile_school(ground: Ground) -> Iterator[Play]:
    """Open a school whose process can be killed."""
    url, clock = ground.migrated(), MovableClock(NOW)
    db = MortalDatabase.open(url, clock, chance=Random(1))  # noqa: S311 - a back-off is no secret
    try:
        one = Play(db, clock)
        one.person("amina", Role.STUDENT, "life", "lessons")
        one.person("mo", Role.MENTOR, "work")
        one.person("una", Role.MENTOR)
        yield one
    finally:
        db.close()
        ground.drop(url)


def doom(play: Play, where: str, countdown: int | None) -> None:
    """Kill the process at the n-th writing transaction from now, or never."""
    assert isinstance(play.db, MortalDatabase)
    play.db.where, play.db.countdown = where, countdown
