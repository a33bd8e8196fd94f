"""A process is killed, paused or refused anywhere, and everybody's sessions end as they must.

A sample of all runs, drawn by ``SYNCD_SEED``; ``--long`` and ``python -m tests.faults --all`` do all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random

import pytest

from tests.faults import campaign, nth
from tests.faults.campaign import every_point, gone_through, kills, loops
from tests.faults.tales import TALES
from tests.syncd.store.grounds import Ground

Tell = Callable[[str, int, int | str], None]
_CALLS, _STATEMENTS, _READINGS = 3, 4, 3
_PARTS = 6
"""Kills are shared out among so many tests, that run beside each other."""
_FEW = 150
"""No tale has fewer statements or readings of the clock."""
_SMALL = [tale for tale in TALES if tale.name in {"cancelled in time", "deleted too late"}]


@pytest.mark.parametrize("part", range(_PARTS))
def test_killed_or_paused_at_any_point_it_ends_the_same(
    where: Mapping[str, Counter[str]],
    sqlite_ground: Ground,
    seed: int,
    tell: Tell,
    part: int,
) -> None:
    runs = every_point(where, seed)[part::_PARTS]
    results = [(run.what, *gone_through(run, sqlite_ground)) for run in runs]
    assert [wrong for *_, wrongs in results for wrong in wrongs] == []
    assert [what for what, hit, _ in results if not hit and "threads" not in what] == []
    tell("kills and pauses", len(runs), len(kills(where)))


def test_whatever_call_fails_however_nobody_is_wronged(sqlite_ground: Ground, seed: int, tell: Tell) -> None:
    every = campaign.calls(sqlite_ground, _SMALL)
    runs = Random(seed).sample(every, _CALLS)  # noqa: S311 - a sample is no secret
    assert [wrong for run in runs for wrong in gone_through(run, sqlite_ground)[1]] == []
    tell("failures of calls in two tales", len(runs), len(every))


def test_whatever_statement_fails_however_nobody_is_wronged(
    sqlite_ground: Ground, seed: int, tell: Tell
) -> None:
    chance, hows = Random(seed), list(nth.Trouble)  # noqa: S311 - a sample is no secret
    for number in range(_STATEMENTS):
        tale, place = _SMALL[number % 2], chance.randint(1, _FEW)
        hit, wrong = gone_through(campaign.statement(tale, place, hows[number]), sqlite_ground)
        assert wrong == []
        assert hit
    tell("failures of statements", _STATEMENTS, "all")


def test_whenever_the_clock_is_set_wrong_nobody_is_wronged(
    sqlite_ground: Ground, seed: int, tell: Tell
) -> None:
    chance = Random(seed)  # noqa: S311 - a sample is no secret
    for number in range(_READINGS):
        run = campaign.reading(_SMALL[number % 2], chance.randint(1, _FEW), number)
        hit, wrong = gone_through(run, sqlite_ground)
        assert wrong == []
        assert hit
    tell("readings of a clock that is set wrong", _READINGS, "all")


@pytest.mark.long
def test_all_of_it(where: Mapping[str, Counter[str]], sqlite_ground: Ground) -> None:
    every = [*kills(where), *campaign.calls(sqlite_ground)]
    assert [wrong for run in every for wrong in gone_through(run, sqlite_ground)[1]] == []
    for loop in loops():
        for run in loop:
            hit, wrong = gone_through(run, sqlite_ground)
            assert wrong == []
            if not hit:
                break
