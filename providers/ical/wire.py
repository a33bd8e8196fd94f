"""What a reading process is asked and answers: JSON, so that nothing it sends can be more than a value."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from policy.interval import Interval
from providers.base import BusyTime, Owner, PartStat, Status
from providers.errors import Unreadable
from providers.ical.notes import Note, TooMuch
from providers.ical.read import Document, Series

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Question:
    """Whose document it is, and what is asked of it."""

    owner: Owner
    window: Interval | None

    def packed(self) -> bytes:
        """Return the question in bytes; the same question is the same bytes."""
        window = None if self.window is None else _ticks(self.window)
        return json.dumps([self.owner.zone.key, sorted(self.owner.addresses), window]).encode()

    @classmethod
    def unpacked(cls, packed: bytes) -> Question:
        """Return the question that was packed."""
        zone, addresses, window = json.loads(packed)
        return cls(Owner(ZoneInfo(zone), frozenset(addresses)), _interval(window) if window else None)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a reading process found out, and what it took."""

    found: Document | Unreadable
    seconds: float = 0.0

    @property
    def slow(self) -> bool:
        """Whether something was given up for want of time."""
        if isinstance(self.found, Document):
            return Note.TOO_SLOW in self.found.notes
        return isinstance(self.found, TooMuch) and self.found.note is Note.TOO_SLOW

    def packed(self) -> bytes:
        """Return the reply in bytes."""
        return json.dumps([self.seconds, _plain(self.found)], separators=(",", ":")).encode()

    @classmethod
    def unpacked(cls, packed: bytes) -> Reply:
        """Return the reply that was packed.

        :raises ValueError: if it is none.
        """
        try:
            seconds, found = json.loads(packed)
            return cls(_found(found), float(seconds))
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(type(error).__name__) from None


def _plain(found: Document | Unreadable) -> object:
    if isinstance(found, TooMuch):
        return {"note": found.note.value}
    if isinstance(found, Unreadable):
        return {"what": found.what}
    return {"series": [_plain_series(one) for one in found.series], "notes": found.notes}


def _found(plain: dict[str, list[list[object]]]) -> Document | Unreadable:
    if "note" in plain:
        return TooMuch(Note(str(plain["note"])))
    if "what" in plain:
        return Unreadable(str(plain["what"]))
    series = tuple(_series(*one) for one in plain["series"])  # type: ignore[arg-type]  # checked as it is taken apart
    return Document(series, _notes(plain["notes"]))


def _plain_series(one: Series) -> list[object]:
    return [
        one.uid,
        None if one.start is None else (one.start - _EPOCH) // _TICK,
        None if one.end is None else (one.end - _EPOCH) // _TICK,
        [one.all_day, one.recurring, one.silent],
        one.status,
        dict(one.partstats),
        one.sequence,
        one.session,
        [[_ticks(each) for each in part] for part in (one.time.busy, one.time.tentative, one.time.unknown)],
        one.notes,
        dict(one.deliveries),
    ]


def _series(
    uid: str,
    start: int | None,
    end: int | None,
    flags: list[bool],
    status: str,
    partstats: dict[str, str],
    sequence: int,
    session: str | None,
    time: list[list[list[int]]],
    notes: list[object],
    deliveries: dict[str, str],
) -> Series:
    busy, tentative, unknown = (tuple(_interval(each) for each in part) for part in time)
    all_day, recurring, silent = flags
    return Series(
        uid=str(uid),
        start=None if start is None else _instant(start),
        end=None if end is None else _instant(end),
        all_day=all_day is True,
        recurring=recurring is True,
        status=Status(status),
        partstats={str(address): PartStat(answer) for address, answer in partstats.items()},
        sequence=int(sequence),
        session=None if session is None else str(session),
        time=BusyTime(busy, tentative, unknown),
        notes=_notes(notes),
        deliveries={str(address): str(code) for address, code in deliveries.items()},
        silent=silent is True,
    )


def _notes(notes: Iterable[object]) -> tuple[str, ...]:
    return tuple(Note(str(note)).value for note in notes)


def _ticks(one: Interval) -> tuple[int, int]:
    return (one.start - _EPOCH) // _TICK, (one.end - _EPOCH) // _TICK


def _interval(ticks: list[int]) -> Interval:
    start, end = ticks
    return Interval(_instant(start), _instant(end))


def _instant(ticks: int) -> datetime:
    return _EPOCH + timedelta(microseconds=ticks)
