"""One event of a calendar was changed: from the body that the server sends to the new grid of hours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.calendars import calendar
from benchmarks.contest import Entry, warm
from benchmarks.contestant import Facts, Turn
from benchmarks.derivation import SEED, laid, result
from benchmarks.report import Result
from benchmarks.scale import Scale

_AT_ONCE = 10
"""Changes in one round: back and forth between two versions."""
PLACE = "http://127.0.0.1:1/u1/calendar/"
_REF = "/u1/calendar/changed.ics"
_MULTIGET = (
    '<?xml version="1.0"?><multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><response><href>{ref}'
    '</href><propstat><prop><getetag>"{etag}"</getetag><C:calendar-data>{body}</C:calendar-data></prop><status>'
    "HTTP/1.1 200 OK</status></propstat></response></multistatus>"
)
_EVENT = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//benchmarks//EN\r\nBEGIN:VEVENT\r\nUID:changed@calendar.example\r\n"
    "DTSTAMP:20260105T090000Z\r\nDTSTART:20260302T{hour:02d}0000Z\r\nDURATION:PT1H\r\nSUMMARY:Changed\r\n"
    "END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def change(scale: Scale, folder: Path) -> Iterator[Result]:
    """Compare taking in one changed event with deriving the whole calendar again."""
    size = scale.events[0]
    made = calendar(size, SEED)
    place = {"folder": str(laid(folder / "whole", made, [made.text()]))}
    entries = [
        Entry(
            "syncd: body, sandbox, store, grid", "benchmarks.change:ours", _given(folder, size, sandbox=True)
        ),
        Entry(
            "syncd, the same without the sandbox",
            "benchmarks.change:ours",
            _given(folder, size, sandbox=False),
        ),
        Entry("syncd, the whole calendar again", "benchmarks.readers:in_place", place),
        Entry("recurring-ical-events, the whole calendar again", "benchmarks.readers:recurring", place),
        Entry("icalendar + dateutil, the whole calendar again", "benchmarks.readers:dateutil", place),
    ]
    title = f"One changed event among {size:,} to the new grid of 8 weeks"
    remark = "The peers derive the busy time alone: no store, no grid."
    yield result(title, warm(entries, scale.rounds), scale.rounds, "cpu", remark)


def _given(folder: Path, size: int, *, sandbox: bool) -> dict[str, object]:
    return {"folder": str(folder / f"house-{sandbox}"), "size": size, "sandbox": sandbox}


@contextmanager
def ours(folder: str, size: int, sandbox: bool) -> Iterator[Turn]:
    """Take our whole path from the answer of the server to the hours of the person."""
    from benchmarks.desk import HOURS, desk  # noqa: PLC0415 - a contestant imports what it needs

    with desk(Path(folder), sandboxed=sandbox) as one:
        one.fill(calendar(size, SEED))
        bodies = [_body(hour) for hour in HOURS]

        def run() -> list[int | None]:
            return [one.take(bodies[number % 2]) for number in range(_AT_ONCE)]

        def facts(found: list[int | None]) -> Facts:
            right = sum(hour == HOURS[number % 2] for number, hour in enumerate(found))
            return {"right": right, "missing": _AT_ONCE - right, "extra": 0, "unknown": 0}

        yield Turn(run, facts, per=_AT_ONCE)


def _body(hour: int) -> bytes:
    return _MULTIGET.format(ref=_REF, etag=f"v{hour}", body=escape(_EVENT.format(hour=hour))).encode()
