"""Too much of everything, at a size for every day; the table has the full sizes."""

from __future__ import annotations

from collections.abc import Iterator

from tests.providers.ical.hostile.case import (
    ALL,
    FROM_10TH,
    HOUR,
    LIMIT,
    SIBLING,
    TAKEN,
    Case,
    accepted,
    beside,
    limited,
)
from tests.providers.ical.texts import document, event

_MB = 1024 * 1024
_STAMP = "20261110T080000Z"


def cases() -> Iterator[Case]:
    """Yield the cases."""
    many = "too-many-dates"
    dates = ",".join([_STAMP] * 10_001)
    yield limited("10,001 added dates", many, *HOUR, f"RDATE:{dates}", unknown=ALL)
    yield limited("10,001 excluded dates", many, *HOUR, "RRULE:FREQ=DAILY", f"EXDATE:{dates}")
    lines = [f"EXDATE:{_STAMP}"] * 10_001
    yield limited("10,001 lines of excluded dates", many, *HOUR, "RRULE:FREQ=DAILY", *lines)
    yield limited("commas", many, *HOUR, "RDATE:" + "," * 900_000, unknown=ALL)
    yield limited("a line of two megabytes", "line-too-long", *HOUR, "RDATE:" + "1" * 2 * _MB, unknown=ALL)
    yield limited("a name of two megabytes", "line-too-long", *HOUR, f"UID:{'u' * 2 * _MB}", unknown=ALL)
    yield accepted("a title of two megabytes", event(*HOUR, "SUMMARY:" + "\\" * 2 * _MB, uid="hostile"))
    yield accepted("300,000 lines of nothing", event(*HOUR, *["X:"] * 300_000, uid="hostile"))
    yield accepted("a line folded 500,000 times", event(*HOUR, "SUMMARY:" + "\n x" * 500_000, uid="hostile"))
    yield limited("2,001 changed instances", "too-many-overrides", *HOUR, *_overrides(2_001), unknown=ALL)
    yield accepted("2,000 THISANDFUTURE in a chain", event(*HOUR, *_chain(2_000), uid="hostile"), busy=ALL)
    hourly = [event(*HOUR, "RRULE:FREQ=HOURLY", uid=str(n)) for n in range(500)]
    yield Case(
        "500 unending hourly series", lambda: beside(*hourly), LIMIT, busy=(), unknown=None, note="too-slow"
    )
    yield _whole("20,000 components", "too-many-components", document(*[event(*HOUR)] * 20_000))
    yield _whole("100 nested components", "too-deep", _nested(100))
    yield _whole("5 megabytes", "too-large", document(event("DESCRIPTION:" + "x" * 5 * _MB, *HOUR)))
    yield accepted(
        "1,000 alarms", event(*HOUR, uid="x").replace("END:V", "BEGIN:VALARM\nEND:VALARM\n" * 1000 + "END:V")
    )
    yield accepted("10,000 added dates", event(*HOUR, f"RDATE:{dates[:-17]}", uid="hostile"), busy=(TAKEN,))
    yield Case(
        "hourly, far from the start",
        lambda: beside(event(*HOUR, "RRULE:FREQ=HOURLY")),
        "accept",
        busy=FROM_10TH,
    )


def _whole(name: str, note: str, body: bytes) -> Case:
    return Case(name, lambda: body, LIMIT, unknown=ALL, note=note, sibling=False)


def _nested(depth: int) -> bytes:
    return document("BEGIN:X-A\n" * depth + SIBLING + "\nEND:X-A" * depth)


def _overrides(count: int) -> list[str]:
    """Return the rest of a daily master, and its overrides."""
    return _more("RRULE:FREQ=HOURLY", "RECURRENCE-ID:", count)


def _chain(count: int) -> list[str]:
    return _more("RRULE:FREQ=HOURLY", "RECURRENCE-ID;RANGE=THISANDFUTURE:", count)


def _more(rule: str, name: str, count: int) -> list[str]:
    lines = [rule]
    for n in range(count):
        stamp = f"2026{10 + n // 672:02}{n // 24 % 28 + 1:02}T{n % 24:02}0000Z"
        lines += [
            "END:VEVENT",
            "BEGIN:VEVENT",
            "UID:hostile",
            f"{name}{stamp}",
            f"DTSTART:{stamp}",
            "DURATION:PT1H",
        ]
    return lines
