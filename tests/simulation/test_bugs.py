"""Each planted bug in the smallest play that shows it: without the bug nothing is wrong in the same play."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.simulation.bugs import BUGS, Bug
from tests.simulation.outcome import Outcome, ground, played
from tests.simulation.plan import START, Act, Deed, Meeting, Plan
from tests.simulation.weather import DAY, HOUR, MINUTE, SECOND, Kind, Spell

_BEGIN = START + 2 * DAY + 4 * HOUR
"""A Sunday, the day on which clocks go back."""
_LATEST = _BEGIN - DAY
"""Its deadline."""
_AGREED = START + HOUR
_HOME = "sim://0"
_LESSONS, _LIFE = f"{_HOME}/s0/lessons/", f"{_HOME}/s0/life/"


@dataclass(frozen=True, slots=True)
class Small:
    """A school of one student, and of one mentor who has connected nothing unless it says so."""

    what: tuple[Deed | Spell, ...] = ()
    every: timedelta = 6 * HOUR
    near: timedelta = 20 * MINUTE
    seed: int = 1
    agreed: datetime = _AGREED
    also: tuple[datetime, ...] = ()
    """When more sessions begin."""
    mentor: bool = False
    """The mentor is connected."""
    schedules: bool = False
    """The server invites the mentor, and takes the copy away again."""

    def plan(self) -> Plan:
        """Return it as a play."""
        starts = (_BEGIN, *self.also)
        meetings = tuple(Meeting(each, "s0", "m0", self.agreed, at) for each, at in enumerate(starts))
        deeds = [one for one in self.what if isinstance(one, Deed)]
        deeds += [Deed(each.agreed_at, Act.AGREE, each.number) for each in meetings]
        return Plan(
            seed=self.seed,
            students=("s0",),
            mentors=("m0",),
            home=(("s0", 0), ("m0", 0)),
            schedules=((self.schedules, self.schedules),),
            unconnected=frozenset(() if self.mentor else ("m0",)),
            every=self.every,
            near=self.near,
            meetings=meetings,
            deeds=tuple(sorted(deeds, key=lambda deed: deed.at)),
            spells=tuple(one for one in self.what if isinstance(one, Spell)),
        )


def _do(at: datetime, act: Act, size: float = 0.0) -> Deed:
    return Deed(at, act, 0, size=size)


def _account(at: datetime, act: Act) -> Deed:
    return Deed(at, act, person="s0")


def _spell(kind: Kind, since: datetime, length: timedelta, size: float = 0.0, where: str = "") -> Spell:
    return Spell(kind, since, since + length, where, size)


_QUIET = Small()
_SMALL: dict[str, Small] = {
    "the token comes before what was seen": Small(
        (_do(_LATEST - 50 * MINUTE, Act.REMOVE), _spell(Kind.KILL, _LATEST - 49 * MINUTE, SECOND))
    ),
    "absence is deletion": Small(
        (_do(_LATEST + 3 * MINUTE, Act.REMOVE), _spell(Kind.OUTAGE, _LATEST + 22 * MINUTE, 3 * HOUR)),
        near=15 * MINUTE,
    ),
    "a lost calendar is an empty one": Small((_account(_LATEST - 5 * HOUR, Act.DROP_CALENDAR),)),
    "a server that is down is an empty one": Small((_spell(Kind.OUTAGE, _LATEST - 3 * HOUR, 4 * HOUR),)),
    "an expired token is an empty calendar": Small((_spell(Kind.FORGET, START + 3 * HOUR, SECOND),)),
    "a calendar made anew is the old one": Small(
        (
            _account(_LATEST - 5 * HOUR, Act.DROP_CALENDAR),
            _account(_LATEST - 4 * HOUR, Act.RECONNECT),
        )
    ),
    "half a listing is a whole one": Small(also=(_BEGIN + 2 * HOUR,)),
    "what cannot be read is gone": Small((_spell(Kind.BLUR, _LATEST - 5 * MINUTE, HOUR),)),
    "every sight is a second look": Small(
        (
            _do(_LATEST + 3 * MINUTE, Act.CARRY),
            _spell(Kind.PART, _LATEST, 12 * HOUR, where=_LIFE),
            _spell(Kind.FORGET, _LATEST + 25 * MINUTE, SECOND),
        ),
        also=(_BEGIN + 2 * HOUR,),
    ),
    "what a cache says proves": Small(
        (
            _do(_LATEST - 30 * MINUTE, Act.REMOVE),
            _spell(Kind.CACHE, _LATEST - 31 * MINUTE, HOUR, 3500.0),
        )
    ),
    "a wrong clock proves": Small(
        (_do(_LATEST - 4 * MINUTE, Act.REMOVE), _spell(Kind.CLOCK, _LATEST - 15 * MINUTE, HOUR, 600.0))
    ),
    "anybody's refusal is the owner's": Small(
        (_do(_LATEST - 7 * HOUR, Act.DECLINE),), mentor=True, schedules=True
    ),
    "our own doing is somebody's act": Small((_spell(Kind.LAG, _AGREED, 10 * MINUTE, 119.0),)),
    "a copy that vanished with the other is an act": Small(
        (_do(_LATEST - 7 * HOUR, Act.REMOVE),), mentor=True, schedules=True
    ),
    "what moved to another calendar is gone": Small((_do(_LATEST - 5 * HOUR, Act.CARRY),)),
    "a mirror is taken for the event": Small(
        (_do(_LATEST - 8.5 * HOUR, Act.MIRROR), _do(_LATEST - HOUR, Act.REMOVE))
    ),
    "restoring is ignored": Small(
        (_do(_LATEST - 45 * MINUTE, Act.REMOVE), _do(_LATEST - 22 * MINUTE, Act.RESTORE))
    ),
    "there is no hold": Small(
        (_do(_LATEST - 45 * MINUTE, Act.REMOVE), _do(_LATEST - 22 * MINUTE, Act.RESTORE))
    ),
    "the last sight of an act counts": Small((_do(_LATEST - 28 * MINUTE, Act.REMOVE),)),
    "the deadline is on the wall": _QUIET,
    "there is no grace": Small(agreed=_BEGIN - 20 * HOUR),
    "late is what was found late": Small((_do(_LATEST - 20 * SECOND, Act.REMOVE),)),
    "the deadline comes three minutes early": Small((_do(_LATEST - 19 * MINUTE, Act.REMOVE),), seed=14),
    "answers are never old": Small((_do(_LATEST + HOUR, Act.REMOVE),)),
    "nobody looks at the deadline": Small((_do(_LATEST + HOUR, Act.REMOVE),)),
    "a mentor's act needs no look at the student's": Small(
        (
            _do(_LATEST - 8 * HOUR, Act.REMOVE),
            _spell(Kind.PART, _LATEST - 9 * HOUR, 8.5 * HOUR, where=_LESSONS),
        ),
        mentor=True,
        schedules=True,
    ),
    "a late move is a request": Small((_do(_LATEST + HOUR, Act.MOVE, 2.0),)),
    "a drag takes the proof away": Small(
        (
            _do(_LATEST + HOUR, Act.MOVE, 2.0),
            _do(_LATEST + 5 * HOUR, Act.MOVE, 2.0),
            _do(_LATEST + 9 * HOUR, Act.REMOVE),
        ),
        every=3 * HOUR,
    ),
    "every answer to a write is a yes": Small((_spell(Kind.OUTAGE, _AGREED, 10 * MINUTE),)),
    "a write is tried again under a new id": Small((_spell(Kind.DEAF, _AGREED, 10 * MINUTE, 0.9),)),
    "writes have no condition": Small(
        (
            _do(_LATEST - 8 * HOUR, Act.STRIP),
            _spell(Kind.CROSSING, _LATEST - 8 * HOUR, 8 * HOUR, 8 * 3600.0),
            _do(_LATEST - HOUR, Act.DECLINE),
        )
    ),
    "what fails is given up": Small(
        (_spell(Kind.OUTAGE, START + 7 * HOUR, HOUR), _do(_BEGIN - 12 * HOUR, Act.REMOVE))
    ),
    "what is missing is written again": Small((_do(_LATEST - 5 * HOUR, Act.REMOVE),)),
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
    assert (clean.wrongs, clean.doubts.excess) == ((), ())
    assert broken.wrongs or broken.doubts.excess
