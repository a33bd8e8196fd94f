"""The story of one week at a school, told while it really happens: real HTTP, a clock that is moved."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from policy.life import State
from policy.notice import Outcome
from policy.rules import Rules
from syncd.clock import MovableClock
from syncd.demo import acts, arrival, ending
from syncd.demo.people import Person, everybody
from syncd.demo.school import ZONE, configuration
from syncd.demo.stagehand import Meeting, Play, ids, when
from syncd.demo.terminal import Stage
from syncd.demo.town import Town
from syncd.vault import Vault
from syncd.wiring import open_house

Scene = Callable[[Play, Mapping[str, Meeting]], None]

SCENES: tuple[Scene, ...] = (
    acts.deleted_in_time,
    acts.deleted_by_mistake,
    acts.given_up_by_the_mentor,
    acts.moved_in_time,
    acts.calendar_deleted,
    acts.deleted_late,
    acts.left_unanswered,
)
"""What happens in the week, in its order."""

MEETINGS = (
    Meeting(
        "in time", "arjun", "miriam", when("Wed 13:30"), State.CANCELLED, Outcome.TIMELY, "cancelled in time"
    ),
    Meeting("by mistake", "lena", "miriam", when("Thu 11:00"), State.BOOKED, None, "put back: it stands"),
    Meeting(
        "given up", "chloe", "jonas", when("Thu 15:00"), State.RELEASED, Outcome.NOT_STUDENT, "owed to Chloé"
    ),
    Meeting("moved", "arjun", "jonas", when("Fri 12:30"), State.CANCELLED, Outcome.TIMELY, "moved in time"),
    Meeting("out of sight", "chloe", "miriam", when("Thu 18:00"), State.INCIDENT, None, "out of sight"),
    Meeting(
        "late", "lena", "jonas", when("Thu 16:00"), State.FORFEITED, Outcome.FORFEIT, "cancelled too late"
    ),
)
"""The sessions, and how each must end."""


def tell(
    out: TextIO,
    *,
    json: bool,
    rules: Rules | None = None,
    scenes: Sequence[Scene] = SCENES,
    google: Collection[str] = (),
) -> None:
    """Tell the whole story, with the school's true rules; those in *google* have their calendars there.

    :raises WrongEnding: if any verdict or state is not exactly what it must be.
    :raises NoServer: if a calendar server cannot be had.
    """
    with _theatre(out, everybody(google=google), json=json, rules=rules or Rules()) as play:
        arrival.opening(play)
        arrival.connected(play)
        arrival.hours_known(play)
        meetings = arrival.agreed(play, MEETINGS)
        for scene in scenes:
            scene(play, meetings)
        ending.check(play, meetings.values())
        ending.closing(play, meetings, out, json=json)


@contextmanager
def _theatre(out: TextIO, people: Iterable[Person], *, json: bool, rules: Rules) -> Iterator[Play]:
    """Put the school up in a directory that does not outlive the story."""
    clock = MovableClock(when("Mon 07:30"))
    cast = {person.user: person for person in people}
    stage = Stage(json=json, clock=clock, zone=ZONE.key, out=out)
    with tempfile.TemporaryDirectory(prefix="syncd-story-") as folder:
        directory = Path(folder)
        with Town(directory, cast.values(), clock).open() as town:
            Vault.create(directory / "key")
            house = open_house(configuration(directory, town, rules), clock)
            try:
                yield Play(stage, clock, replace(house, new_id=ids()), town, cast)
            finally:
                house.db.close()
