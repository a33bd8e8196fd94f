"""Read one iCalendar document: what it says of each UID, and what time each takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from policy.interval import Interval
from providers.base import BusyTime, Owner, PartStat, Status
from providers.ical.expand import time_of
from providers.ical.limits import Limits
from providers.ical.lines import Block, calendar
from providers.ical.notes import FAULTS, Note, Unclear
from providers.ical.parts import Takes, only, partstats, sequence, span, status, takes, understand
from providers.ical.unknown import after_overrides, where
from providers.ical.values import Dates, split
from providers.ical.zones import zones


@dataclass(frozen=True, slots=True)
class Series:
    """All that a document says under one UID, without titles, places or text."""

    uid: str
    start: datetime | None
    """The start of the master as an instant; of the first instance, if there is no master."""
    end: datetime | None
    all_day: bool
    recurring: bool
    status: Status
    partstats: Mapping[str, PartStat]
    """Answers by guest's address, in lower case without ``mailto:``."""
    sequence: int
    session: str | None
    """Our own mark (``X-SYNCD-SESSION``), if it is there."""
    time: BusyTime
    """What it takes of the window, or nothing if there was none."""
    notes: tuple[str, ...]
    """What was limited, guessed or not understood, as codes."""


@dataclass(frozen=True, slots=True)
class Document:
    """One VCALENDAR."""

    series: tuple[Series, ...]
    notes: tuple[str, ...]
    """Every code that one of the series has, once."""


@dataclass(frozen=True, slots=True)
class _Reading:
    owner: Owner
    dates: Dates
    window: Interval | None
    limits: Limits


def read(body: bytes, owner: Owner, window: Interval | None, *, limits: Limits = Limits()) -> Document:  # noqa: B008 -- a value
    """Return what an iCalendar document says of *window*.

    What cannot be understood of one UID makes its time unknown and leaves the others as they
    are; what is left out of a broken document would read as free, so that is refused whole.

    :raises Unreadable: if *body* is not one complete VCALENDAR.
    """
    top = calendar(body, limits)
    reading = _Reading(owner, Dates(zones(top, limits), owner.zone, limits), window, limits)
    series = tuple(_series(uid, blocks, reading) for uid, blocks in _by_uid(top.inner("VEVENT")))
    return Document(series, tuple(dict.fromkeys(note for one in series for note in one.notes)))


def _by_uid(events: Iterable[Block]) -> list[tuple[str, list[Block]]]:
    groups: dict[str, list[Block]] = {}
    nameless: list[tuple[str, list[Block]]] = []
    for event in events:
        if uid := _text(event, "UID"):
            groups.setdefault(uid, []).append(event)
        else:
            nameless.append(("", [event]))
    return [*groups.items(), *nameless]


def _text(block: Block, name: str) -> str:
    for line in block.all(name)[:1]:
        try:
            return split(line).text
        except Unclear:
            break
    return ""


def _series(uid: str, blocks: Sequence[Block], reading: _Reading) -> Series:
    masters = [block for block in blocks if not block.all("RECURRENCE-ID")]
    head = max(masters or blocks, key=sequence)
    start, end, all_day = _head(head, reading.dates)
    time, notes = _time(blocks, reading)
    if not uid:
        notes = (*notes, Note.UID_MISSING)
    return Series(
        uid=uid,
        start=start,
        end=end,
        all_day=all_day,
        recurring=any(block.all(name) for block in blocks for name in ("RRULE", "RDATE", "RECURRENCE-ID")),
        status=status(head),
        partstats=partstats(head),
        sequence=sequence(head),
        session=_text(head, "X-SYNCD-SESSION") or None,
        time=time,
        notes=tuple(note.value for note in notes),
    )


def _head(block: Block, dates: Dates) -> tuple[datetime | None, datetime | None, bool]:
    try:
        first = only(block, "DTSTART")
        start = dates.one(first) if first else None
        if start is None:
            return None, None, False
        instant = start.instant
    except (Unclear, *FAULTS):
        return None, None, False
    try:
        return instant, span(block, dates)[1].after(start), start.is_date
    except (Unclear, *FAULTS):
        return instant, None, start.is_date


def _time(blocks: Sequence[Block], reading: _Reading) -> tuple[BusyTime, tuple[Note, ...]]:
    window, owner = reading.window, reading.owner
    if window is None or all(takes(block, owner) is Takes.NOTHING for block in blocks):
        return BusyTime(), ()
    try:
        parts = [understand(block, reading.dates, owner) for block in blocks]
        found = time_of(parts, window, reading.limits)
    except Unclear as why:
        note = why.note
    except FAULTS:
        note = Note.DATE_UNREADABLE
    else:
        if any(part.replaces is None for part in parts):
            return found, ()
        return after_overrides(parts, found, window), (Note.MASTER_MISSING,)
    return BusyTime(unknown=where(blocks, reading.dates, owner, window, note)), (note,)
