from __future__ import annotations

from pathlib import Path

from tests.endurance.drip import measure


def test_everybody_else_is_looked_at_while_one_server_drips(tmp_path: Path) -> None:
    laps = measure(tmp_path, accounts=20, laps=1)  # fails by itself if the dripping one was waited for
    assert (len(laps.calm), len(laps.dripping)) == (1, 1)
