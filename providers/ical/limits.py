"""How much of a calendar is read before it is called unknown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that no calendar of a person reaches; one beyond them is unknown, never free."""

    document: int = 4 * 1024 * 1024
    """Bytes of one document."""
    components: int = 20_000
    """Components of one document, alarms included."""
    depth: int = 16
    """Components inside one another."""
    line: int = 1024 * 1024
    """Characters of one line that is read."""
    overrides: int = 2_000
    """Changed instances of one series."""
    rules: int = 10
    """Rules of one series."""
    dates: int = 10_000
    """Added and excluded dates of one series."""
    interval: int = 10_000
    """INTERVAL of a rule."""
    product: int = 1_000
    """The product of the lengths of a rule's BY lists."""
    steps: int = 200_000
    """Periods of a rule from its start to the end of the window, where they must be counted."""
    occurrences: int = 5_000
    """Occurrences of one series in the window."""
    observances: int = 200
    """STANDARD and DAYLIGHT parts of a zone."""
    first_year: int = 1600
    """Birthdays without a year are written as 1604 by Apple, zones begin in 1601 at Microsoft."""
    last_year: int = 2200
    series_time: float = 0.5
    """Seconds of computing for one series."""
    document_time: float = 2.0
    """Seconds of computing for one document."""
    calendar_time: float = 2.0
    """Seconds of computing for one pass over a calendar, to begin with."""
    component_time: float = 0.002
    """Seconds that each component of a calendar adds to that."""
    longest_time: float = 60.0
    """Seconds of computing for one pass over a calendar, however large."""
    memory: int = 512 * 1024 * 1024
    """Bytes of address space of a reading process."""
