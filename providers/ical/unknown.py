"""Where a series may be that cannot be understood: no wider than what is understood of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from policy.interval import Interval, clip
from providers.base import BusyTime, Owner
from providers.ical.expand import time_of
from providers.ical.lines import Block
from providers.ical.notes import FAULTS, Note, Unclear
from providers.ical.parts import Part, only, span, understand
from providers.ical.values import Dates
from providers.ical.zones import EAST, WEST

_ZONELESS = frozenset({Note.ZONE_UNKNOWN, Note.ZONE_UNREADABLE})


def where(
    blocks: Sequence[Block], dates: Dates, owner: Owner, window: Interval, note: Note
) -> tuple[Interval, ...]:
    """Return the part of *window* in which the series may take time.

    A time in an unknown zone is at most 14 hours before and 12 hours after the same time in UTC.
    """
    if note not in _ZONELESS:
        return _extent(blocks, dates, window)
    dates, wide = dates.guessing(), Interval(window.start - WEST, window.end + EAST)
    try:
        parts = [understand(block, dates, owner) for block in blocks]
        guessed = time_of(parts, wide, dates.limits)
        around = (*guessed.busy, *guessed.tentative)
    except (Unclear, *FAULTS):
        around = _extent(blocks, dates, wide)
    return clip((Interval(one.start - EAST, one.end + WEST) for one in around), window)


def after_overrides(parts: Sequence[Part], found: BusyTime, window: Interval) -> BusyTime:
    """Return the time of instances without a master: what follows a THISANDFUTURE needs its rule."""
    ends = [part.length.after(part.start) for part in parts if part.onwards]
    if not ends or min(ends) >= window.end:
        return found
    rest = Interval(max(min(ends), window.start), window.end)
    return BusyTime(found.busy, found.tentative, (rest,))


def _extent(blocks: Sequence[Block], dates: Dates, window: Interval) -> tuple[Interval, ...]:
    try:
        marks = [mark for block in blocks for mark in _marks(block, dates)]
    except (Unclear, *FAULTS):
        return (window,)
    low, high = min(first for first, _ in marks), max(last or window.end for _, last in marks)
    low, high = max(low, window.start), min(high, window.end)
    return (Interval(low, high),) if low < high else ()


def _marks(block: Block, dates: Dates) -> list[tuple[datetime, datetime | None]]:
    """Return the first instant of a VEVENT and the last, ``None`` if it has no end that can be told.

    :raises Unclear: if even the start cannot be told.
    """
    first = only(block, "DTSTART")
    # An added date may lie before the start, and so may one in a line that was not kept.
    if first is None or block.all("RDATE") or block.note is not None:
        raise Unclear(Note.START_MISSING)
    start = dates.one(first).instant
    endless = any(block.all(name) for name in ("RRULE", "EXRULE")) or _reaches_on(block)
    try:
        moment, length = span(block, dates)
    except Unclear as why:
        swapped = only(block, "DTEND") if why.note is Note.END_BEFORE_START else None
        if swapped is None:
            return [(start, None)]
        end = dates.one(swapped)
        day = timedelta(days=1) if end.is_date else timedelta(0)
        return [(end.instant, None if endless else start + day)]
    return [(start, None if endless else length.after(moment))]


def _reaches_on(block: Block) -> bool:
    return any("RANGE=" in line.upper() for line in block.all("RECURRENCE-ID"))
