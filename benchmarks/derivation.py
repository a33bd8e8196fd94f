"""From calendar text to busy time: the cold start of an account."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.calendars import Calendar, calendar
from benchmarks.contest import Entry, Score, fresh, warm
from benchmarks.readers import answer
from benchmarks.report import Line, Result
from benchmarks.scale import Scale

SEED = 20260302
_READERS = (
    ("syncd, in place", "in_place"),
    ("syncd, sandboxed", "sandboxed"),
    ("recurring-ical-events", "recurring"),
    ("icalendar + dateutil", "dateutil"),
)


def derivation(scale: Scale, folder: Path) -> Iterator[Result]:
    """Compare readers on one document with everything, as an export has it."""
    for size in scale.events:
        made = calendar(size, SEED)
        place = laid(folder / f"whole-{size}", made, [made.text()])
        entries = [Entry(who, f"benchmarks.readers:{name}", {"folder": str(place)}) for who, name in _READERS]
        rounds = scale.rounds if size <= scale.events[0] else scale.few
        title = (
            f"Calendar text to busy time, {size:,} events in one document, {len(made.text()) / 1e6:.1f} MB"
        )
        yield result(f"{title}, warm process", warm(entries, rounds), rounds, "cpu")
        yield result(f"{title}, fresh process", fresh(entries, scale.few), scale.few, "total", _FRESH)


_FRESH = "Start of the interpreter and imports included."


def resources(scale: Scale, folder: Path) -> Iterator[Result]:
    """Compare readers on one document an event, as a CalDAV server sends them."""
    size = scale.events[0]
    made = calendar(size, SEED)
    place = laid(folder / f"single-{size}", made, [one.document() for one in made.events])
    entries = [Entry(who, f"benchmarks.readers:{name}", {"folder": str(place)}) for who, name in _READERS]
    title = f"Calendar text to busy time, {size:,} documents of one event, warm process"
    yield result(title, warm(entries, scale.few), scale.few, "cpu")


def laid(folder: Path, made: Calendar, documents: Sequence[bytes]) -> Path:
    """Lay *documents*, and the answer that is right, where contestants find them."""
    folder.mkdir(parents=True)
    for number, text in enumerate(documents):
        (folder / f"{number:06d}.ics").write_bytes(text)
    (folder / "key.json").write_text(json.dumps(made.key()))
    return folder


def result(title: str, scores: Sequence[Score], rounds: int, cost: str, remark: str = "") -> Result:
    """Return the scores as lines, in milliseconds of computing."""
    lines = tuple(_line(score, cost) for score in scores)
    return Result(title, "CPU ms", lines, rounds, remark)


def _line(score: Score, cost: str) -> Line:
    spent = score.middle(cost)
    if spent is None:
        return Line(score.entry.who, None, score.why)
    details = {"answer": answer(score.facts)} if "right" in score.facts else {}
    if cost == "cpu":
        details["RSS MiB"] = f"{score.middle('resident'):,.0f}"
    return Line(score.entry.who, spent * 1000, details)
