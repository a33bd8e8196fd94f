"""A few schools of the simulation, and the same play twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.drawing import drawn
from tests.simulation.outcome import ground, played

_SEEDS = (6, 16)
"""Short ones; ``python -m tests.simulation --seeds 1..200`` plays more."""


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
    assert played(drawn(6), folder).digest == played(drawn(6), folder).digest
