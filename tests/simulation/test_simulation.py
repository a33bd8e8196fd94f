"""Two hundred schools of the simulation, and the same play again and again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.drawing import drawn, googled
from tests.simulation.outcome import ground, played

_SEEDS = range(1, 201)
"""``python -m tests.simulation --seeds 1..10000`` plays more."""
_TOGETHER = 20


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with ground() as made:
        yield made


@pytest.mark.parametrize("first", _SEEDS[::_TOGETHER])
def test_nobody_is_wronged(folder: Path, first: int) -> None:
    outcomes = [played(drawn(seed), folder) for seed in range(first, first + _TOGETHER)]
    assert [wrong for outcome in outcomes for wrong in outcome.wrongs] == []
    assert sum(outcome.sessions for outcome in outcomes) > _TOGETHER


@pytest.mark.parametrize("first", range(1, 61, _TOGETHER))
def test_nobody_is_wronged_where_servers_are_like_google(folder: Path, first: int) -> None:
    outcomes = [played(googled(seed), folder) for seed in range(first, first + _TOGETHER)]
    assert [wrong for outcome in outcomes for wrong in outcome.wrongs] == []


def test_a_seed_is_the_same_play_ten_times(folder: Path) -> None:
    assert len({played(drawn(4), folder).digest for _ in range(10)}) == 1
