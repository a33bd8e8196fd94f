"""Contestants that read calendar text: each returns the time that every event takes of the window."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.calendars import OWNER, WINDOW, seconds
from benchmarks.contestant import Facts, Turn
from policy.interval import Interval, clip, merge

Busy = Mapping[str, Sequence[Interval]]
"""The time of each event by UID, however it is cut."""

_LARGE = {"document": 1 << 28, "components": 10_000_000}
"""An export of ten thousand events is larger than anything that a server sends at once."""
_PATIENT = {"document_time": 120.0, "calendar_time": 600.0, "longest_time": 600.0}


@contextmanager
def in_place(folder: str, times: int = 1) -> Iterator[Turn]:
    """Read in this process."""
    from providers.ical.limits import Limits  # noqa: PLC0415 - a contestant imports what it needs
    from providers.ical.read import read  # noqa: PLC0415

    documents, limits = _documents(folder), Limits(**_LARGE)

    def derive() -> list[Any]:
        return [read(one, OWNER, WINDOW, limits=limits) for one in documents]

    yield _turn(folder, derive, _ours, times)


@contextmanager
def sandboxed(folder: str, times: int = 1) -> Iterator[Turn]:
    """Read in the sandbox, as the daemon does; only the bounds are wider."""
    from providers.ical.limits import Limits  # noqa: PLC0415
    from providers.ical.sandbox import Sandbox  # noqa: PLC0415

    documents = _documents(folder)
    sandbox = Sandbox(Limits(**_LARGE, **_PATIENT))  # type: ignore[arg-type]  # as above

    def derive() -> list[Any]:
        one_pass = sandbox.calendar()
        return [one_pass(one, OWNER, WINDOW) for one in documents]

    try:
        yield _turn(folder, derive, _ours, times)
    finally:
        sandbox.close()


@contextmanager
def recurring(folder: str, times: int = 1) -> Iterator[Turn]:
    """Ask recurring-ical-events for a day more on either side in the owner's zone, as all-day events need, and clip."""
    from benchmarks.peers import recurring_ical_events_busy  # noqa: PLC0415

    documents = _documents(folder)
    yield _turn(folder, lambda: recurring_ical_events_busy(documents), lambda found: (found, 0), times)


@contextmanager
def dateutil(folder: str, times: int = 1) -> Iterator[Turn]:
    """Parse with icalendar, and count the rules with python-dateutil."""
    from benchmarks.peers import dateutil_busy  # noqa: PLC0415

    documents = _documents(folder)
    yield _turn(folder, lambda: dateutil_busy(documents), lambda found: (found, 0), times)


def checked(key: Mapping[str, Sequence[Sequence[float]]], found: Busy, unknown: int) -> Facts:
    """Return how *found* differs from the *key*: each interval is missing, extra or right."""
    wanted = {(uid, *pair) for uid, pairs in key.items() for pair in pairs}
    given = {
        (uid, *pair) for uid, intervals in found.items() for pair in seconds(clip(merge(intervals), WINDOW))
    }
    return {
        "right": len(wanted & given),
        "missing": len(wanted - given),
        "extra": len(given - wanted),
        "unknown": unknown,
    }


def answer(facts: Facts) -> str:
    """Return in words whether an answer was the right one."""
    if not facts:
        return ""
    wrong = {name: facts[name] for name in ("missing", "extra", "unknown") if facts[name]}
    if not wrong:
        return f"exact ({facts['right']:,})"
    return "WRONG: " + ", ".join(f"{count:,} {name}" for name, count in wrong.items())


def _turn(
    folder: str, derive: Callable[[], Any], busy: Callable[[Any], tuple[Busy, int]], times: int
) -> Turn:
    def run() -> Any:
        for _ in range(times - 1):
            derive()
        return derive()

    def facts(found: Any) -> Facts:
        return checked(json.loads((Path(folder) / "key.json").read_text()), *busy(found))

    return Turn(run, facts, per=times)


def _documents(folder: str) -> list[bytes]:
    return [file.read_bytes() for file in sorted(Path(folder).glob("*.ics"))]


def _ours(found: list[Any]) -> tuple[Busy, int]:
    series = [one for document in found for one in document.series]
    busy = {one.uid: (*one.time.busy, *one.time.tentative) for one in series}
    return busy, sum(bool(one.time.unknown) for one in series)
