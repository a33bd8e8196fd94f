from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.endurance.day import day


@pytest.mark.long
def test_two_hours_of_polling_leave_nothing_open(tmp_path: Path) -> None:
    with day(tmp_path, people=20) as one:
        curve = one.live(hours=2, every=timedelta(minutes=20))
    assert curve.more_descriptors <= 0, "\n".join(curve.lines())
    assert curve.samples[-1].rounds > 20 * 5
    assert curve.samples[-1].rss - curve.settled[0].rss < 16, "\n".join(curve.lines())
