"""Why a calendar, or a part of it, is not understood: codes that carry no word of it."""

from __future__ import annotations

from enum import StrEnum


class Note(StrEnum):
    """What was limited, guessed or not understood in a series."""

    DATE_UNREADABLE = "date-unreadable"
    END_BEFORE_START = "end-before-start"
    LINE_UNREADABLE = "line-unreadable"
    MASTER_MISSING = "master-missing"
    """Only changed instances of the series are in the document: a guest of some of them, as a rule."""
    OVERRIDE_RECURS = "override-recurs"
    PROPERTY_TWICE = "property-twice"
    RANGE_UNKNOWN = "range-unknown"
    RULE_EXCLUDES = "rule-excludes"
    """EXRULE, gone since RFC 5545."""
    RULE_NEVER_MATCHES = "rule-never-matches"
    RULE_TOO_FAST = "rule-too-fast"
    RULE_TOO_LONG = "rule-too-long"
    RULE_TOO_WIDE = "rule-too-wide"
    RULE_UNREADABLE = "rule-unreadable"
    START_MISSING = "start-missing"
    TOO_MANY_DATES = "too-many-dates"
    TOO_MANY_OCCURRENCES = "too-many-occurrences"
    TOO_MANY_OVERRIDES = "too-many-overrides"
    UID_MISSING = "uid-missing"
    YEAR_OUT_OF_RANGE = "year-out-of-range"
    ZONE_UNKNOWN = "zone-unknown"
    ZONE_UNREADABLE = "zone-unreadable"


class Unclear(Exception):
    """One series cannot be understood; its siblings can."""

    def __init__(self, note: Note) -> None:
        super().__init__(note.value)
        self.note = note


FAULTS = (ValueError, OverflowError)
"""What icalendar, dateutil and zoneinfo raise on hostile values; their texts quote the value, so they are dropped."""
