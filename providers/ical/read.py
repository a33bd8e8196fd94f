"""Read one iCalendar document: what it says of each UID, and what time each takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from policy.interval import Interval
from providers.base import BusyTime, Owner, PartStat, Status
from providers.ical.expand import time_of
from providers.ical.limits import Limits
from providers.ical.lines import Block, calendar
from providers.ical.notes import FAULTS, Note, TooMuch, Unclear
from providers.ical.parts import (
    Part,
    Takes,
    deliveries,
    only,
    partstats,
    sequence,
    silent,
    span,
    status,
    takes,
    understand,
)
from providers.ical.unknown import after_overrides, where
from providers.ical.values import Dates, split
from providers.ical.watch import Overrun, Unwatched, Watch
from providers.ical.zones import zones
from providers.uids import own_uid

_RECURRENT = ("RRULE", "RDATE", "RECURRENCE-ID")
_AFTERWARDS = 0.2
"""The share of a series' time in which to find out where it may be, once its time is used up."""


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
    deliveries: Mapping[str, str] = field(default_factory=dict)
    """SCHEDULE-STATUS by guest's address, where there is one."""
    silent: bool = False
    """A guest's line says ``SCHEDULE-AGENT=CLIENT``."""


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
    watch: Watch


def read(
    body: bytes,
    owner: Owner,
    window: Interval | None,
    *,
    limits: Limits = Limits(),  # noqa: B008 -- a value
    watch: Watch = Unwatched(),  # noqa: B008 -- it keeps nothing
) -> Document:
    """Return what an iCalendar document says of *window*.

    What cannot be understood of one UID makes its time unknown and leaves the others as they
    are; what is left out of a broken document would read as free, so that is refused whole.
    With a *watch* the cheapest series are read first.

    :raises TooMuch: if *body* is a calendar and beyond a limit as a whole.
    :raises Unreadable: if it is not one complete VCALENDAR.
    """
    try:
        with watch.document():
            top = calendar(body, limits)
            reading = _Reading(owner, Dates(zones(top, limits), owner.zone, limits), window, limits, watch)
            groups = _by_uid(top.within("VEVENT"))
            order = sorted(range(len(groups)), key=lambda at: _cost(groups[at][1]))
    except Overrun:
        raise TooMuch(Note.TOO_SLOW) from None
    found = {at: _watched(*groups[at], reading) for at in order}
    series = tuple(found[at] for at in range(len(groups)))
    return Document(series, tuple(dict.fromkeys(note for one in series for note in one.notes)))


def _cost(blocks: Sequence[Block]) -> tuple[bool, int]:
    """Return by what the cheaper of two series is known: what recurs costs more than all that does not."""
    recurs = any(block.all(name) for block in blocks for name in ("RRULE", "RDATE"))
    return recurs, sum(len(line) for block in blocks for lines in block.lines.values() for line in lines)


def _watched(uid: str, blocks: Sequence[Block], reading: _Reading) -> Series:
    """Return a series, or that it takes too long to find out: what is left of its time goes into where it may be."""
    if not reading.watch.over:
        try:
            with reading.watch.series():
                return _series(uid, blocks, reading)
        except Overrun:
            pass
    return _late(uid, blocks, reading)


def _late(uid: str, blocks: Sequence[Block], reading: _Reading) -> Series:
    if not reading.watch.over:
        try:
            with reading.watch.series(_AFTERWARDS):
                unknown = _unknown(blocks, reading, Note.TOO_SLOW)
                return _described(uid, blocks, reading, BusyTime(unknown=unknown), (Note.TOO_SLOW,))
        except Overrun:
            pass
    unknown = () if reading.window is None else (reading.window,)
    return _nameless(uid, BusyTime(unknown=unknown), Note.TOO_SLOW)


def _nameless(uid: str, time: BusyTime, note: Note) -> Series:
    return Series(
        uid=uid,
        start=None,
        end=None,
        all_day=False,
        recurring=False,
        status=Status.CONFIRMED,
        partstats={},
        sequence=0,
        session=None,
        time=time,
        notes=(note.value,),
    )


def _by_uid(events: Iterable[Block]) -> list[tuple[str, list[Block]]]:
    groups: dict[str, list[Block]] = {}
    nameless: list[tuple[str, list[Block]]] = []
    for event in events:
        if uid := own_uid(_text(event, "UID")):
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
    return _described(uid, blocks, reading, *_time(blocks, reading))


def _described(
    uid: str, blocks: Sequence[Block], reading: _Reading, time: BusyTime, notes: tuple[Note, ...]
) -> Series:
    masters = [block for block in blocks if not block.all("RECURRENCE-ID")]
    head = max(masters or blocks, key=sequence)
    start, end, all_day = _head(head, reading.dates)
    if not uid:
        notes = (*notes, Note.UID_MISSING)
    if any(block.depth != 1 for block in blocks):
        notes = (*notes, Note.EVENT_MISPLACED)
    return Series(
        uid=uid,
        start=start,
        end=end,
        all_day=all_day,
        recurring=any(block.all(name) for block in blocks for name in _RECURRENT),
        status=status(head),
        partstats=partstats(head),
        sequence=sequence(head),
        session=_text(head, "X-SYNCD-SESSION") or None,
        time=time,
        notes=tuple(note.value for note in notes),
        deliveries=deliveries(head),
        silent=silent(head),
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
        parts = _parts(blocks, reading)
        found = time_of(parts, window, reading.limits)
    except Unclear as why:
        note = why.note
    except FAULTS:
        note = Note.DATE_UNREADABLE
    else:
        if any(part.replaces is None for part in parts):
            return found, ()
        return after_overrides(parts, found, window), (Note.MASTER_MISSING,)
    return BusyTime(unknown=_unknown(blocks, reading, note)), (note,)


def _parts(blocks: Sequence[Block], reading: _Reading) -> list[Part]:
    if sum(bool(block.all("RECURRENCE-ID")) for block in blocks) > reading.limits.overrides:
        raise Unclear(Note.TOO_MANY_OVERRIDES)
    return [understand(block, reading.dates, reading.owner) for block in blocks]


def _unknown(blocks: Sequence[Block], reading: _Reading, note: Note) -> tuple[Interval, ...]:
    if reading.window is None:
        return ()
    return where(blocks, reading.dates, reading.owner, reading.window, note)
