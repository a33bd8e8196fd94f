from __future__ import annotations

from pathlib import Path

import pytest

from tests.endurance.ground import Pace
from tests.endurance.kills import play
from tests.endurance.places import SERVERS

SHORT = Pace(notice=8, lead=(15, 20))


@pytest.mark.long
def test_nothing_is_lost_doubled_or_misjudged_whenever_the_daemon_is_killed(tmp_path: Path) -> None:
    outcome = play(tmp_path, SERVERS["all"], times=4, seed=1, pace=SHORT, live=10, people=2)
    assert outcome.violations == [], "\n".join(outcome.lines())
    assert outcome.kills == 4
