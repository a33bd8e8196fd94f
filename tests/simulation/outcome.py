"""One seed played, and all that there is to say of it."""

from __future__ import annotations

import logging
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from tests.simulation.bugs import Bug, thrown
from tests.simulation.loop import Play, trace
from tests.simulation.oracle import Doubts, Wrong, doubts, wrongs
from tests.simulation.plan import Plan
from tests.simulation.quiet import unrest
from tests.simulation.school import School, template

_MEMORY = Path("/dev/shm")  # noqa: S108 - a disk that needs no disk, where there is one


NEEDLESS = "a doubt is marked without need"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one play."""

    plan: Plan
    sessions: int
    requests: int
    wrongs: tuple[Wrong, ...]
    doubts: Doubts
    digest: str


@contextmanager
def ground() -> Iterator[Path]:
    """Yield a directory in memory, with a database to begin from."""
    parent = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        template(Path(folder))
        yield Path(folder)


@contextmanager
def silence() -> Iterator[None]:
    """Keep the program's own log out of the way; who reads a trace reads the ledger."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def played(plan: Plan, folder: Path, bug: Bug | None = None) -> Outcome:
    """Play *plan* once, with *bug* in the program if there is one."""
    with silence(), thrown(bug):
        school = School(plan, folder, template(folder))
        try:
            play = Play(school)
            found = [*_lived(play), *play.broken, *wrongs(school)]
            marks = doubts(school)
            found += [Wrong(plan.seed, each, NEEDLESS, "it could be known") for each in marks.excess]
            agreed = sum(number in school.hands.ids for number in school.meetings)
            return Outcome(plan, agreed, school.wire.requests, tuple(found), marks, trace(school))
        finally:
            school.close()


def _lived(play: Play) -> Iterator[Wrong]:
    """Play it to its end and beyond; nothing may get out of the program's turns."""
    try:
        play.run()
    except Exception:  # noqa: BLE001 - whatever it is, it is wrong, and the other seeds are played all the same
        yield Wrong(play.school.plan.seed, -1, "escaped", traceback.format_exc())
        return
    yield from unrest(play)
