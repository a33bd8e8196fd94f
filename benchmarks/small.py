"""What the walls around the reader cost: one small document, there and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.calendars import calendar
from benchmarks.contest import Entry, warm
from benchmarks.derivation import SEED, laid, result
from benchmarks.report import Result
from benchmarks.scale import Scale

_READERS = (
    ("syncd, sandboxed", "sandboxed"),
    ("syncd, in place", "in_place"),
    ("recurring-ical-events", "recurring"),
    ("icalendar + dateutil", "dateutil"),
)


def small(scale: Scale, folder: Path) -> Iterator[Result]:
    """Compare the round trip of one small document through the sandbox with reading it in place."""
    made = calendar(400, SEED)
    one = next(each for each in made.events if each.taken and "RRULE" not in each.text and each.zone == "UTC")
    alone = type(made)((one,))
    place = laid(folder / "one", alone, [one.document()])
    given = {"folder": str(place), "times": scale.small}
    entries = [Entry(who, f"benchmarks.readers:{name}", given) for who, name in _READERS]
    title = f"One document of one event ({len(one.document())} bytes), there and back"
    yield result(
        title, warm(entries, scale.rounds), scale.rounds, "cpu", f"Each round reads it {scale.small} times."
    )
