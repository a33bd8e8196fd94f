"""What could not be read in a person's calendars, in words: the one table from codes to sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from providers.base import BEHIND, Item, Tombstone
from providers.ical import Note
from syncd.store.rows import Noted, Person
from syncd.store.tx import Tx

UNREADABLE = "document-unreadable"
_CODE = re.compile(r"[a-z][a-z-]{0,39}")
_NOTHING_WRONG = frozenset({"no-event", *(note.value for note in Note if note.harmless)})

WORDS: Mapping[str, str] = {
    BEHIND: "the server lists another version of it than it shows",
    "address-odd": "the server gives no usable address for it",
    "forbidden": "the server does not show it to us",
    "too-long": "it is larger than is read",
    "version-missing": "the server does not tell its version",
    UNREADABLE: "it is not a complete calendar entry",
    Note.DATE_UNREADABLE: "a date is not readable",
    Note.END_BEFORE_START: "it ends before it begins",
    Note.LINE_TOO_LONG: "a line is too long",
    Note.LINE_UNREADABLE: "a line is not readable",
    Note.OVERRIDE_RECURS: "a changed instance repeats by itself",
    Note.PROPERTY_TWICE: "it says the same thing twice",
    Note.RANGE_UNKNOWN: "a change reaches an unknown range",
    Note.READER_DIED: "reading it broke off",
    Note.RULE_EXCLUDES: "it repeats by a rule of exceptions",
    Note.RULE_NEVER_MATCHES: "its rule of repetition never comes true",
    Note.RULE_TOO_FAST: "it repeats more often than hourly",
    Note.RULE_TOO_LONG: "it repeats too many times",
    Note.RULE_TOO_WIDE: "its rule of repetition has too many parts",
    Note.RULE_UNREADABLE: "its rule of repetition is not readable",
    Note.START_MISSING: "it has no beginning",
    Note.TOO_DEEP: "it is nested too deep",
    Note.TOO_LARGE: "it is larger than is read",
    Note.TOO_MANY_COMPONENTS: "it has too many parts",
    Note.TOO_MANY_DATES: "it lists too many dates",
    Note.TOO_MANY_OCCURRENCES: "it takes place too many times",
    Note.TOO_MANY_OVERRIDES: "it has too many changed instances",
    Note.TOO_SLOW: "it takes too long to work out",
    Note.YEAR_OUT_OF_RANGE: "a year is out of range",
    Note.ZONE_UNKNOWN: "zone unknown",
    Note.ZONE_UNREADABLE: "its zone is not readable",
}
"""Why, in a few words that fit in brackets; every code has some."""


@dataclass(frozen=True, slots=True)
class Limited:
    """How many events of a calendar cannot be read, for one reason."""

    person: str
    calendar: str
    code: str
    count: int
    since: datetime
    what: str
    """The same in one sentence."""


def codes(item: Item) -> frozenset[str]:
    """Return what is wrong with *item*, as codes; what else an adapter might say is not let through."""
    if isinstance(item, Tombstone):
        return frozenset()
    wrong = (note for note in item.notes if note not in _NOTHING_WRONG)
    return frozenset(note if _CODE.fullmatch(note) else UNREADABLE for note in wrong)


def limited(tx: Tx, person: Person) -> tuple[Limited, ...]:
    """Return what cannot be read in the calendars of *person*."""
    names = {calendar.id: calendar.name for calendar in tx.calendars.of_person(person.id)}
    return tuple(_limited(person, names[one.calendar_id], one) for one in tx.calendars.noted(names))


def _limited(person: Person, calendar: str, one: Noted) -> Limited:
    many = f"1 event in '{calendar}'" if one.count == 1 else f"{one.count} events in '{calendar}'"
    whose = "its" if one.count == 1 else "their"
    why = WORDS.get(one.code, one.code)
    what = f"{many} cannot be read ({why}); {whose} time counts as unknown"
    if one.code == BEHIND:
        what = f"{many} may be out of date ({why}); the calendar is read again within minutes"
    return Limited(person.email, calendar, one.code, one.count, one.since, what)
