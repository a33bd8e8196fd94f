"""A few schools of the simulation, the same play twice, and mistakes that it must find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.outcome import ground, played
from tests.simulation.plan import drawn

_SEEDS = (6, 12)
"""Short ones; ``python -m tests.simulation --seeds 1..200`` plays more."""
_FOUND = {
    "there is no hold": 12,
    "a lost calendar is an empty one": 3,
}
"""Mistakes, and a seed that finds each."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with ground() as made:
        yield made


@pytest.mark.parametrize("seed", _SEEDS)
def test_nobody_is_wronged(folder: Path, seed: int) -> None:
    outcome = played(drawn(seed), folder)
    assert outcome.sessions
    assert outcome.wrongs == ()
    assert outcome.doubts.excess == ()


def test_a_seed_is_the_same_play_each_time(folder: Path) -> None:
    assert played(drawn(4), folder).digest == played(drawn(4), folder).digest


@pytest.mark.parametrize("name", _FOUND)
def test_a_mistake_is_found(folder: Path, name: str) -> None:
    (bug,) = (one for one in BUGS if one.name == name)
    outcome = played(drawn(_FOUND[name]), folder, bug)
    assert outcome.wrongs or outcome.doubts.excess
