"""Some of the bombs at full size, each through the whole command; the table has them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.providers.ical.hostile.bombs import BOMBS, Bomb
from tests.providers.ical.hostile.table import measured


@pytest.mark.parametrize("bomb", BOMBS[::6], ids=lambda bomb: bomb.name)
def test_a_bomb_costs_little_time_and_memory_and_is_not_read_as_free(bomb: Bomb, tmp_path: Path) -> None:
    row = measured(bomb, tmp_path / "bomb.ics")
    assert row.fine, row
