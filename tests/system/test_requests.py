"""What a round costs, counted in the server's own log of requests."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policy.life import State
from syncd.demo.front import Front
from syncd.store.rows import Role
from tests.system.school import School, school
from tests.system.test_availability import span, vcalendar, vevent

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
START = NOW + timedelta(days=4)


def front(one: School) -> Front:
    assert one.server.front is not None
    return one.server.front


def asked(one: School, before: int) -> Counter[str]:
    """Return the methods that the server has answered since."""
    return Counter(seen.method for seen in front(one).seen()[before:])


def mark(one: School) -> int:
    return len(front(one).seen())


@pytest.mark.parametrize("kind", ["Radicale", "Xandikos"])
def test_what_a_round_costs(tmp_path: Path, kind: str) -> None:
    with school(tmp_path, kind, ("amina",), NOW) as one:
        amina, mo = one.person("amina", Role.STUDENT), one.person("mo", Role.MENTOR)
        life = one.calendar("amina", "life")
        one.calendar("amina", "lessons")
        one.hand("amina").fill(
            life, {"a.ics": vcalendar(vevent("a", *span("20261124T100000", "20261124T110000")))}
        )
        one.connect(amina, "amina", "lessons")
        with one.house.db.read() as tx:
            calendars = len(tx.calendars.of_person(amina.id))

        session = one.agree(amina, mo, START)
        before = mark(one)
        one.sync()
        assert asked(one, before) == {"REPORT": calendars, "PUT": 1, "GET": 1}, "a write is read back"

        one.wait(timedelta(minutes=5))
        before = mark(one)
        one.sync()
        assert asked(one, before) == {"REPORT": calendars}, "an idle round is one request a calendar"

        for number in range(105):
            text = vcalendar(vevent(f"e{number}", *span("20261125T100000", "20261125T110000")))
            one.hand("amina").put(f"{life}e{number}.ics", text)
        one.wait(timedelta(minutes=5))
        before = mark(one)
        one.sync()
        assert asked(one, before) == {"REPORT": calendars + 2}, "105 changes are two more, 100 at a time"

        one.clock.move(session.deadline + session.rules.lag)
        before = mark(one)
        one.sync()
        assert asked(one, before)["GET"] == 1, "a deadline look is one more"
        assert sum(asked(one, before).values()) <= calendars + 1 + calendars * 2

        one.hand("amina").delete(one.event(session.id))
        one.wait(timedelta(minutes=5))
        before = mark(one)
        one.sync()
        assert asked(one, before) == {"REPORT": calendars}, "a deletion is seen by the round itself"
        assert one.session(session.id).state is State.NOTICED
