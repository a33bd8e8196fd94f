"""An event that is gone before the calendar's changes ever told of it: some servers then never do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policy.life import State
from syncd import work
from syncd.engine.drain import Drain
from syncd.store.rows import Role, Side
from syncd.sync import HANDLERS
from tests.system.school import school

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("kind", ["Radicale", "Xandikos"])
def test_a_deletion_before_the_first_round_is_seen_by_that_round(
    tmp_path: Path, kind: str, side: Side
) -> None:
    with school(tmp_path, kind, ("amina", "mo"), NOW) as one:
        amina, mo = one.person("amina", Role.STUDENT), one.person("mo", Role.MENTOR)
        for user, person in (("amina", amina), ("mo", mo)):
            one.calendar(user, "lessons")
            one.connect(person, user, "lessons")
        session = one.agree(amina, mo, NOW + timedelta(days=3))
        Drain(one.house, HANDLERS).run({}, (work.WRITE,), lambda: None, timedelta(0))
        assert one.session(session.id).state is State.BOOKED

        one.hand("amina" if side is Side.STUDENT else "mo").delete(one.event(session.id, side))
        one.wait(timedelta(minutes=6))
        one.sync(soon=timedelta(0))
        assert one.session(session.id).state is State.NOTICED
        one.wait(timedelta(hours=1))
        one.sync()
        assert one.session(session.id).state in {State.CANCELLED, State.RELEASED}


def test_a_round_that_tells_of_our_own_event_asks_for_nothing_more(tmp_path: Path) -> None:
    with school(tmp_path, "Xandikos", ("amina",), NOW) as one:
        amina, mo = one.person("amina", Role.STUDENT), one.person("mo", Role.MENTOR)
        one.calendar("amina", "lessons")
        one.connect(amina, "amina", "lessons")
        one.agree(amina, mo, NOW + timedelta(days=3))
        one.sync()
        for _ in range(2):
            one.wait(timedelta(minutes=6))
            assert one.sync().drained.ran == 1
