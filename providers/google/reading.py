"""What stands in a calendar at Google, read: JSON objects become items of the model.

Titles, places and texts are not even asked for. Whatever is not as Google writes it makes
an item unread, never an error: one odd event must not hide all others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from providers.base import (
    BusyTime,
    ETag,
    Event,
    EventRef,
    Owner,
    PartStat,
    Receipt,
    Status,
    Tombstone,
    Unread,
)
from providers.google.answer import Json, objects, text
from providers.uids import named_by, own_uid

FIELDS = (
    "id,etag,status,updated,iCalUID,sequence,recurringEventId,recurrence,start,end,"
    "attendees(email,self,responseStatus),extendedProperties/private"
)
"""All that is read of an event, and therefore asked for (a partial response)."""

MARK, SILENT = "syncd", "silent"
"""Names of private extended properties of ours."""

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?)([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)  # RFC 3339, 5.6; Google leaves the offset out beside a zone
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SEQUENCES = range(2**31)
PARTSTATS: Mapping[PartStat, str] = {
    PartStat.NEEDS_ACTION: "needsAction",
    PartStat.ACCEPTED: "accepted",
    PartStat.DECLINED: "declined",
    PartStat.TENTATIVE: "tentative",
}
_ANSWERS: Mapping[object, PartStat] = {written: answer for answer, written in PARTSTATS.items()}


class Odd(ValueError):
    """Something is not as Google writes it; its text is the code of a note."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose calendar it is that is read."""

    account: str
    """The account's address at Google, in lower case."""
    owner: Owner

    def item(self, found: Json, ref: EventRef, receipt: Receipt = Receipt()) -> Event | Tombstone | Unread:  # noqa: B008 - a value
        """Return what *found* says that stands at *ref*."""
        if found.get("status") == "cancelled":
            return Tombstone(ref, stamp(found))
        etag = etag_of(found.get("etag"))
        if etag is None:
            return Unread(ref, ETag(""), BusyTime(), ("version-missing",))
        try:
            return self._event(found, ref, etag, receipt)
        except Odd as why:
            return Unread(ref, etag, BusyTime(), (str(why),))

    def _event(self, found: Json, ref: EventRef, etag: ETag, receipt: Receipt) -> Event:
        start, all_day = self._moment(found.get("start"))
        properties = _private(found)
        attendees = objects(found.get("attendees"))
        if attendees is None:
            raise Odd("document-unreadable")
        session = text(properties.get(MARK))
        alone = all(self._is_own(one) for one in attendees)
        return Event(
            ref=ref,
            etag=etag,
            uid=_uid(found, ref),
            start=start,
            end=self._end(found, start),
            all_day=all_day,
            recurring=found.get("recurrence") is not None or found.get("recurringEventId") is not None,
            status=_status(found.get("status")),
            partstats=self._partstats(attendees),
            # Guests of an event at Google get their copy from Google: what is silent has none.
            silent=properties.get(SILENT) == "1" or (session is not None and alone),
            sequence=_sequence(found.get("sequence")),
            session=session,
            stamp=stamp(found),
            receipt=receipt,
        )

    def _partstats(self, attendees: list[Json]) -> dict[str, PartStat]:
        """Return the answers by address; the owner's own stands under each address that we know of theirs."""
        answers: dict[str, PartStat] = {}
        own: PartStat | None = None
        for one in attendees:
            said = one.get("responseStatus")
            if said is not None and not isinstance(said, str):
                raise Odd("document-unreadable")
            answer = _ANSWERS.get(said, PartStat.NEEDS_ACTION)
            if self._is_own(one):
                own = answer
            elif address := text(one.get("email")):
                answers[address.lower()] = answer
        if own is None:
            return answers
        return answers | dict.fromkeys(self.owner.addresses or {self.account}, own)

    def _is_own(self, attendee: Json) -> bool:
        email = attendee.get("email")
        same = isinstance(email, str) and email.lower() == self.account
        return attendee.get("self") is True or same

    def _end(self, found: Json, start: datetime) -> datetime | None:
        try:
            end, _ = self._moment(found.get("end"))
        except Odd:
            return None
        return end if end >= start else None

    def _moment(self, said: object) -> tuple[datetime, bool]:
        """Return an instant, and whether it is the beginning of a day where the owner lives."""
        if not isinstance(said, dict):
            raise Odd("start-missing")
        try:
            if (day := said.get("date")) is not None:
                return _midnight(day, self.owner.zone), True
            return instant(said.get("dateTime"), said.get("timeZone")), False
        except (ValueError, OverflowError):
            raise Odd("date-unreadable") from None


def stamp(found: Json) -> datetime | None:
    """Return when Google says that an event was last modified, if it says so."""
    try:
        return instant(found.get("updated"))
    except (ValueError, OverflowError):
        return None


def instant(said: object, zone: object = None) -> datetime:
    """Return the instant that *said* names, on the wall of *zone* if it has no offset.

    :raises ValueError: if it is none.
    :raises OverflowError: if it lies before all years, or after them.
    """
    found = _INSTANT.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        raise ValueError
    wall, offset = found.groups()
    moment = datetime.fromisoformat(wall.upper() + (offset or "").upper())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_zone(zone))
    return moment.astimezone(UTC)


def etag_of(value: object) -> ETag | None:
    """Return *value* as a version, or nothing if it could not be written into a header again."""
    etag = text(value)
    return ETag(etag) if etag is not None and etag.isascii() and etag == etag.strip() else None


def ref_of(found: Json) -> EventRef | None:
    """Return where *found* stands, if it says so."""
    ref = text(found.get("id"))
    return EventRef(ref) if ref is not None and ref.isascii() else None


def is_ours(ref: EventRef) -> bool:
    """Tell whether *ref* is an id that we chose, on whichever calendar the copy stands."""
    return named_by(ref) is not None


def _status(value: object) -> Status:
    if value is not None and not isinstance(value, str):
        raise Odd("document-unreadable")
    return Status.TENTATIVE if value == "tentative" else Status.CONFIRMED


def _uid(found: Json, ref: EventRef) -> str:
    return own_uid(text(found.get("iCalUID")) or f"{ref}@google.com")


def _private(found: Json) -> Json:
    extended = found.get("extendedProperties")
    private = extended.get("private") if isinstance(extended, dict) else None
    return private if isinstance(private, dict) else {}


def _sequence(value: object) -> int:
    return value if isinstance(value, int) and value is not True and value in _SEQUENCES else 0


def _midnight(said: object, zone: ZoneInfo) -> datetime:
    if not isinstance(said, str) or not _DATE.fullmatch(said):
        raise ValueError
    return datetime.combine(date.fromisoformat(said), time(), zone).astimezone(UTC)


def _zone(name: object) -> ZoneInfo:
    if not isinstance(name, str):
        raise ValueError  # noqa: TRY004 - what is wrong is the date
    try:
        return ZoneInfo(name)
    except (KeyError, OSError):  # one is an unknown name, the other a folder
        raise ValueError from None
