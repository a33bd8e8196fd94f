"""The same schools where the servers speak CalDAV, and the mistakes that can be made with what they say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.bugs import Bug
from tests.simulation.davbugs import DAV_BUGS
from tests.simulation.drawing import drawn, wired
from tests.simulation.outcome import ground, played
from tests.simulation.plan import Act
from tests.simulation.small import LATEST, Small, account, do, spell
from tests.simulation.weather import HOUR, MINUTE, SECOND, Kind

_TOGETHER = 20
_SMALL = {
    "the age of an answer is ignored": Small(
        (
            do(LATEST - 20 * MINUTE, Act.REMOVE),
            spell(Kind.CACHE, LATEST - 19 * MINUTE, 2 * HOUR, 3500.0),
        ),
        every=HOUR,
        near=30 * MINUTE,
        wired=True,
    ),
    "a refused token is no news": Small(
        (
            account(LATEST - 5 * HOUR, Act.DROP_CALENDAR),
            account(LATEST - 5 * HOUR + MINUTE, Act.RECONNECT),
        ),
        wired=True,
    ),
    "a PUT has no condition": Small(
        (
            do(LATEST - 8 * HOUR, Act.STRIP),
            spell(Kind.CROSSING, LATEST - 8 * HOUR, 8 * HOUR, 8 * 3600.0),
            do(LATEST - HOUR, Act.DECLINE),
        ),
        wired=True,
    ),
    "what cannot be read is no event": Small(
        (
            do(LATEST + 5 * MINUTE, Act.CARRY),
            spell(Kind.BLUR, LATEST + 4 * MINUTE, 4 * HOUR),
        ),
        every=HOUR,
        wired=True,
    ),
    "what is listed and not shown is gone": Small(
        (
            spell(Kind.LAG, LATEST - HOUR, 3 * HOUR, 119.0),
            do(LATEST + MINUTE + 49 * SECOND, Act.CARRY),
        ),
        every=3 * HOUR,
        wired=True,
        seed=7,
    ),
    "an event is fresher than its answer": Small(
        (
            do(LATEST - 25 * MINUTE, Act.CARRY),
            do(LATEST - 20 * MINUTE, Act.REMOVE),
            spell(Kind.CACHE, LATEST - 20 * MINUTE + 30 * SECOND, 3 * HOUR, 3500.0),
        ),
        every=HOUR,
        near=30 * MINUTE,
        wired=True,
        seed=14,
    ),
    "what was known is read": Small(
        (
            spell(Kind.FORGET, LATEST + 71 * MINUTE, SECOND),
            spell(Kind.CACHE, LATEST + 71 * MINUTE + 30 * SECOND, 216 * MINUTE, 3500.0),
            do(LATEST + 71 * MINUTE + 30 * SECOND, Act.CARRY),
        ),
        every=HOUR,
        near=15 * MINUTE,
        wired=True,
        seed=4,
    ),
}
"""The play that shows each; the last three were found by drawn ones."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with ground() as made:
        yield made


@pytest.mark.parametrize("first", range(1, 61, _TOGETHER))
def test_nobody_is_wronged_where_servers_speak_caldav(folder: Path, first: int) -> None:
    outcomes = [played(wired(drawn, seed), folder) for seed in range(first, first + _TOGETHER)]
    assert [wrong for outcome in outcomes for wrong in outcome.wrongs] == []


def test_every_planted_bug_has_its_play() -> None:
    assert set(_SMALL) == {bug.name for bug in DAV_BUGS}


@pytest.mark.parametrize("bug", DAV_BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_seen(folder: Path, bug: Bug) -> None:
    plan = _SMALL[bug.name].plan()
    assert played(plan, folder).wrongs == ()
    assert played(plan, folder, bug).wrongs
