"""Why a calendar, or a part of it, is not understood: codes that carry no word of it."""

from __future__ import annotations

from enum import StrEnum

from providers.errors import Unreadable


class Note(StrEnum):
    """What was limited, guessed or not understood in a series."""

    DATE_UNREADABLE = "date-unreadable"
    END_BEFORE_START = "end-before-start"
    EVENT_MISPLACED = "event-misplaced"
    """It stands inside another component, where none belongs."""
    LINE_TOO_LONG = "line-too-long"
    LINE_UNREADABLE = "line-unreadable"
    MASTER_MISSING = "master-missing"
    """Only changed instances of the series are in the document: a guest of some of them, as a rule."""
    OVERRIDE_RECURS = "override-recurs"
    PROPERTY_TWICE = "property-twice"
    RANGE_UNKNOWN = "range-unknown"
    READER_DIED = "reader-died"
    RULE_EXCLUDES = "rule-excludes"
    """EXRULE, gone since RFC 5545."""
    RULE_NEVER_MATCHES = "rule-never-matches"
    RULE_TOO_FAST = "rule-too-fast"
    RULE_TOO_LONG = "rule-too-long"
    RULE_TOO_WIDE = "rule-too-wide"
    RULE_UNREADABLE = "rule-unreadable"
    START_MISSING = "start-missing"
    TOO_DEEP = "too-deep"
    TOO_LARGE = "too-large"
    TOO_MANY_COMPONENTS = "too-many-components"
    TOO_MANY_DATES = "too-many-dates"
    TOO_MANY_OCCURRENCES = "too-many-occurrences"
    TOO_MANY_OVERRIDES = "too-many-overrides"
    TOO_SLOW = "too-slow"
    UID_MISSING = "uid-missing"
    YEAR_OUT_OF_RANGE = "year-out-of-range"
    ZONE_UNKNOWN = "zone-unknown"
    ZONE_UNREADABLE = "zone-unreadable"

    @property
    def harmless(self) -> bool:
        """Whether all is understood in spite of it."""
        return self in _HARMLESS


_HARMLESS = frozenset({Note.EVENT_MISPLACED, Note.MASTER_MISSING, Note.UID_MISSING})


class Unclear(Exception):
    """One series cannot be understood; its siblings can."""

    def __init__(self, note: Note) -> None:
        super().__init__(note.value)
        self.note = note


class TooMuch(Unreadable):
    """A calendar, but beyond a limit as a whole: all its time is unknown."""

    def __init__(self, note: Note) -> None:
        super().__init__(_WORDS.get(note, "the document is beyond a limit"))
        self.note = note


_WORDS = {
    Note.READER_DIED: "the document ended its reader",
    Note.TOO_DEEP: "the document's components are nested too deep",
    Note.TOO_LARGE: "the document is too large",
    Note.TOO_MANY_COMPONENTS: "the document has too many components",
    Note.TOO_SLOW: "the document takes too long to read",
}

FAULTS = (ValueError, OverflowError)
"""What icalendar, dateutil and zoneinfo raise on hostile values; their texts quote the value, so they are dropped."""
