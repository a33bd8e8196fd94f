"""A hostile document, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from policy.interval import Interval
from tests.providers.ical.texts import BERLIN, between, document, event

ACCEPT, LIMIT, REJECT = "accept", "limit", "reject"
OWNER = BERLIN
WINDOW = between("2026-11-01 00:00", "2027-01-01 00:00")
HOUR = ("DTSTART:20261110T080000Z", "DTEND:20261110T090000Z")
"""When a hostile event begins, if it says so."""
TAKEN = between("2026-11-10 08:00", "2026-11-10 09:00")
FROM_10TH = (between("2026-11-10 08:00", "2027-01-01 00:00"),)
NOTHING: tuple[Interval, ...] = ()
ALL = (WINDOW,)

INNOCENT = "innocent"
SIBLING = event("DTSTART:20261120T100000Z", "DTEND:20261120T110000Z", uid=INNOCENT)
"""The event beside the hostile one: it is read whatever stands beside it."""
SIBLING_TAKES = between("2026-11-20 10:00", "2026-11-20 11:00")


@dataclass(frozen=True)
class Case:
    """One document with its verdict."""

    name: str
    make: Callable[[], bytes]
    verdict: str
    busy: tuple[Interval, ...] = ()
    """Of everything but the innocent sibling."""
    unknown: tuple[Interval, ...] | None = ()
    """``None`` where only that there is some is certain."""
    note: str | None = None
    sibling: bool = True
    """Whether the innocent event is in it and must be read."""


def limited(
    name: str, note: str, *lines: str, unknown: tuple[Interval, ...] | None = FROM_10TH, uid: str = "hostile"
) -> Case:
    """Return a hostile event between others: unknown where it may be, and nowhere else."""
    return Case(name, lambda: beside(event(*lines, uid=uid)), LIMIT, unknown=unknown, note=note)


def accepted(
    name: str, *components: str, busy: tuple[Interval, ...] = (TAKEN,), note: str | None = None
) -> Case:
    """Return something odd that is understood all the same."""
    return Case(name, lambda: beside(*components), ACCEPT, busy=busy, note=note)


def refused(name: str, make: Callable[[], bytes]) -> Case:
    """Return something that is no complete calendar."""
    return Case(name, make, REJECT, unknown=ALL, sibling=False)


def beside(*components: str) -> bytes:
    """Return a document with the innocent event after these components."""
    return document(*components, SIBLING)
