"""Each planted bug in the smallest play that shows it: without the bug nothing is wrong in the same play."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.bugs import BUGS, Bug
from tests.simulation.outcome import Outcome, ground, played
from tests.simulation.plan import START, Act
from tests.simulation.small import AGREED, BEGIN, LATEST, LESSONS, LIFE, SHORT, Small, account, do, spell
from tests.simulation.weather import HOUR, MINUTE, SECOND, Kind

_QUIET = Small()
_SMALL: dict[str, Small] = {
    "the token comes before what was seen": Small(
        (do(LATEST - 50 * MINUTE, Act.REMOVE), spell(Kind.KILL, LATEST - 49 * MINUTE, SECOND))
    ),
    "absence is deletion": Small(
        (do(LATEST + 3 * MINUTE, Act.REMOVE), do(LATEST + 30 * MINUTE, Act.RESTORE)), near=15 * MINUTE
    ),
    "a lost calendar is an empty one": Small((account(LATEST - 5 * HOUR, Act.DROP_CALENDAR),)),
    "a server that is down is an empty one": Small((spell(Kind.OUTAGE, LATEST - 3 * HOUR, 4 * HOUR),)),
    "an expired token is an empty calendar": Small((spell(Kind.FORGET, START + 3 * HOUR, SECOND),)),
    "a calendar made anew is the old one": Small(
        (
            account(LATEST - 5 * HOUR, Act.DROP_CALENDAR),
            account(LATEST - 4 * HOUR, Act.RECONNECT),
        )
    ),
    "half a listing is a whole one": Small(also=(BEGIN + 2 * HOUR,)),
    "what cannot be read is gone": Small((spell(Kind.BLUR, LATEST - 5 * MINUTE, HOUR),)),
    "every sight is a second look": Small(
        (
            do(LATEST + 3 * MINUTE, Act.CARRY),
            spell(Kind.PART, LATEST, 12 * HOUR, where=LIFE),
            spell(Kind.FORGET, LATEST + 25 * MINUTE, SECOND),
            spell(Kind.FORGET, LATEST + 70 * MINUTE, SECOND),
        ),
        also=(BEGIN + 2 * HOUR,),
    ),
    "what a cache does not show is gone": Small(
        (spell(Kind.CACHE, SHORT + 14 * MINUTE, 90 * MINUTE, 3500.0), do(SHORT + 17 * MINUTE, Act.REMOVE)),
        every=30 * MINUTE,
        agreed=SHORT,
        mentor=True,
        seed=23,
    ),
    "what a cache says proves": Small(
        (
            do(LATEST - 30 * MINUTE, Act.REMOVE),
            spell(Kind.CACHE, LATEST - 31 * MINUTE, HOUR, 3500.0),
        )
    ),
    "our own last write tells a calendar": Small(
        (
            spell(Kind.OUTAGE, LATEST - 10 * HOUR, 4 * HOUR),
            account(LATEST - 10 * HOUR + 2 * MINUTE, Act.DROP_CALENDAR),
            account(LATEST - 10 * HOUR + 3 * MINUTE, Act.RECONNECT),
        ),
        also=(BEGIN + 2 * HOUR,),
        then=LATEST - 9 * HOUR,
    ),
    "a wrong clock proves": Small(
        (do(LATEST - 4 * MINUTE, Act.REMOVE), spell(Kind.CLOCK, LATEST - 15 * MINUTE, HOUR, 600.0))
    ),
    "anybody's refusal is the owner's": Small(
        (do(LATEST - 7 * HOUR, Act.DECLINE),), mentor=True, schedules=True
    ),
    "our own doing is somebody's act": Small((spell(Kind.LAG, AGREED, 10 * MINUTE, 119.0),)),
    "a copy that vanished with the other is an act": Small(
        (do(LATEST - 7 * HOUR, Act.REMOVE),), mentor=True, schedules=True
    ),
    "what moved to another calendar is gone": Small((do(LATEST - 5 * HOUR, Act.CARRY),)),
    "a mirror is taken for the event": Small(
        (do(LATEST - 8.5 * HOUR, Act.MIRROR), do(LATEST - HOUR, Act.REMOVE))
    ),
    "restoring is ignored": Small(
        (do(LATEST - 45 * MINUTE, Act.REMOVE), do(LATEST - 22 * MINUTE, Act.RESTORE))
    ),
    "there is no hold": Small((do(LATEST - 45 * MINUTE, Act.REMOVE), do(LATEST - 22 * MINUTE, Act.RESTORE))),
    "the last sight of an act counts": Small((do(LATEST - 28 * MINUTE, Act.REMOVE),)),
    "the deadline is on the wall": _QUIET,
    "there is no grace": Small(agreed=BEGIN - 20 * HOUR),
    "late is what was found late": Small((do(LATEST - 20 * SECOND, Act.REMOVE),)),
    "the deadline comes three minutes early": Small((do(LATEST - 19 * MINUTE, Act.REMOVE),), seed=14),
    "answers are never old": Small((do(LATEST + HOUR, Act.REMOVE),)),
    "nobody looks at the deadline": Small((do(LATEST + HOUR, Act.REMOVE),)),
    "a mentor's act needs no look at the student's": Small(
        (
            do(LATEST - 8 * HOUR, Act.REMOVE),
            spell(Kind.PART, LATEST - 9 * HOUR, 8.5 * HOUR, where=LESSONS),
        ),
        mentor=True,
        schedules=True,
    ),
    "a late move is a request": Small((do(LATEST + HOUR, Act.MOVE, 2.0),)),
    "a drag takes the proof away": Small(
        (
            do(LATEST + HOUR, Act.MOVE, 2.0),
            do(LATEST + 5 * HOUR, Act.MOVE, 2.0),
            do(LATEST + 9 * HOUR, Act.REMOVE),
        ),
        every=3 * HOUR,
    ),
    "every answer to a write is a yes": Small((spell(Kind.OUTAGE, AGREED, 10 * MINUTE),)),
    "a write is tried again under a new id": Small((spell(Kind.DEAF, AGREED, 10 * MINUTE, 0.9),)),
    "a mentor's refusal is written over": Small(
        (
            do(LATEST + HOUR, Act.MENTOR_GUEST),
            do(LATEST + HOUR + 5 * MINUTE, Act.MOVE, 3.0),
        ),
        mentor=True,
    ),
    "writes have no condition": Small(
        (
            do(LATEST - 8 * HOUR, Act.STRIP),
            spell(Kind.CROSSING, LATEST - 8 * HOUR, 8 * HOUR, 8 * 3600.0),
            do(LATEST - HOUR, Act.DECLINE),
        )
    ),
    "what fails is given up": Small(
        (spell(Kind.OUTAGE, START + 7 * HOUR, HOUR), do(BEGIN - 12 * HOUR, Act.REMOVE))
    ),
    "what is missing is written again": Small((do(LATEST - 5 * HOUR, Act.REMOVE),)),
    "every sight is told again": _QUIET,
}
"""The play that shows each."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with ground() as made:
        yield made


_CLEAN: dict[Small, Outcome] = {}


def _without(small: Small, folder: Path) -> Outcome:
    if small not in _CLEAN:
        _CLEAN[small] = played(small.plan(), folder)
    return _CLEAN[small]


def test_every_planted_bug_has_its_play() -> None:
    assert set(_SMALL) == {bug.name for bug in BUGS}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_seen(folder: Path, bug: Bug) -> None:
    small = _SMALL[bug.name]
    clean, broken = _without(small, folder), played(small.plan(), folder, bug)
    assert clean.wrongs == ()
    assert broken.wrongs
