"""A calendar is deleted on a real server, and another one made in its place before anybody looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest

from policy.life import State
from syncd.store.rows import Role
from tests.system.school import school

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("kind", ["Radicale", "Xandikos"])
def test_the_event_is_written_into_the_new_calendar_and_nobody_has_cancelled(
    tmp_path: Path, kind: str
) -> None:
    with school(tmp_path, kind, ("amina", "mo"), NOW) as one:
        amina, mo = one.person("amina", Role.STUDENT), one.person("mo", Role.MENTOR)
        one.calendar("amina", "lessons")
        one.calendar("mo", "work")
        one.connect(amina, "amina", "lessons")
        one.connect(mo, "mo", "work")
        session = one.agree(amina, mo, NOW + 48 * HOUR).id
        one.sync()
        one.wait(HOUR)
        one.sync()
        hand = one.hand("amina")
        hand.delete(hand.calendar("lessons"))
        one.calendar("amina", "lessons")
        for _ in range(4):
            one.wait(HOUR)
            one.sync()
        assert one.session(session).state is State.BOOKED
        assert one.session(session).verdict is None
        assert hand.ask("GET", one.event(session)).status == HTTPStatus.OK
