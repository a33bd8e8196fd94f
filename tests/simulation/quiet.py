"""After the last fault and the last act nothing is written any more, and no row of meaning changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tests.simulation.loop import Play
from tests.simulation.oracle import Wrong
from tests.simulation.school import School


def unrest(play: Play) -> Iterator[Wrong]:
    """Play two more rounds of everybody, and yield whatever is not quiet in the second."""
    school = play.school
    coming = any(spell.until > school.true.now for spell in school.plan.spells)
    if coming or school.deeds or school.commands:
        return  # there is no peace to look at
    long = 4 * max(school.plan.every, timedelta(minutes=30)) + timedelta(hours=2)
    play.go_on(school.true.now + long)
    before = _state(school)
    play.go_on(school.true.now + long / 2)
    after = _state(school)
    for name, one in before.items():
        if one != after[name]:
            yield Wrong(school.plan.seed, -1, "I8", f"{name}: {one} before, {after[name]} after a quiet time")


def _state(school: School) -> dict[str, object]:
    with school.db.read() as tx:
        facts = sum(len(tx.ledger.facts(row.id)) for row in tx.sessions.all())
        return {
            "writes to calendars": school.wire.writes,
            "facts": facts,
            "news": tx.feed.last(),
            "open incidents": tuple(one.kind for one in tx.incidents.open()),
        }
