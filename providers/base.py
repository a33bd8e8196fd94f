"""The one protocol that every calendar account speaks, and its model.

Words: a *calendar* holds *events*; an event stands at a *ref* (an href, a Google id)
in a version named by its *etag*; its *UID* is global and chosen by us for our own
events. A *tombstone* says that nothing stands at a ref any more. A *sync token* marks a
point in a calendar's history.

Adapters raise the eight errors of :mod:`providers.errors` and nothing else, keep no
state that outlives a call, never retry a write, and let no library's type out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Flag, StrEnum, auto
from hashlib import blake2b
from typing import NewType, Protocol
from zoneinfo import ZoneInfo

from policy.interval import Interval

CalendarId = NewType("CalendarId", str)
"""A calendar's address on its server: an absolute URL, or Google's id."""
EventRef = NewType("EventRef", str)
"""Where an event stands inside its calendar: a percent-decoded href path, or Google's id."""
ETag = NewType("ETag", str)
"""An opaque version of one event, quotes included."""
SyncToken = NewType("SyncToken", str)
"""An opaque point in a calendar's history."""
RefKey = NewType("RefKey", str)
"""A digest of a ref: foreign refs contain UIDs and names, so only their digests are kept."""


def key_of(ref: EventRef) -> RefKey:
    """Return the digest under which a foreign resource is remembered."""
    return RefKey(blake2b(ref.encode(), digest_size=16).hexdigest())


class Capability(Flag):
    """What a provider can do beyond the least that every provider does."""

    NONE = 0
    FREE_BUSY = auto()
    """Answers free/busy by itself, merged and without resources; ``changes`` then carries no busy time."""
    SYNC_TOKEN = auto()
    """Reports changes since a token; without it every ``changes`` is a complete listing."""
    SCHEDULING = auto()
    """Sends the owner's invitations by itself (RFC 6638, or Google's ``sendUpdates``)."""
    STAMPS = auto()
    """Writes a modification time that no client can write (Google's ``updated``)."""


class Status(StrEnum):
    """STATUS of an event (RFC 5545, 3.8.1.11)."""

    CONFIRMED = "CONFIRMED"
    TENTATIVE = "TENTATIVE"
    CANCELLED = "CANCELLED"


class PartStat(StrEnum):
    """PARTSTAT of an attendee (RFC 5545, 3.2.12); anything else reads as NEEDS-ACTION."""

    NEEDS_ACTION = "NEEDS-ACTION"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    TENTATIVE = "TENTATIVE"
    DELEGATED = "DELEGATED"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose account it is: all that reading a calendar needs to know of a person."""

    zone: ZoneInfo
    """Floating times and all-day dates are read in this zone."""
    addresses: frozenset[str] = frozenset()
    """The owner's e-mail addresses in lower case: a DECLINED under one of them frees the time."""


@dataclass(frozen=True, slots=True)
class BusyTime:
    """What one event, or one calendar, says about a window; clipped to it, each part merged."""

    busy: tuple[Interval, ...] = ()
    """Opaque and confirmed."""
    tentative: tuple[Interval, ...] = ()
    """Opaque and tentative: busy or free as the school chooses."""
    unknown: tuple[Interval, ...] = ()
    """What could not be read: never free."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """How far an answer can be trusted as a sight of the present."""

    date: datetime | None = None
    """The server's own clock when it answered (the ``Date`` header), to a second."""
    cached: bool = False
    """A cache on the way may have answered (``Age`` above zero, or a ``Date`` older than the request)."""


BEHIND = "behind"
"""The note of an item that was listed in another version than it was shown: a replica is behind, or an index wrong."""


@dataclass(frozen=True, slots=True)
class Event:
    """One resource of a calendar as it stands, without titles, places or text."""

    ref: EventRef
    etag: ETag
    uid: str
    start: datetime | None
    """The first start as an instant; ``None`` if it cannot be told."""
    end: datetime | None
    all_day: bool = False
    recurring: bool = False
    status: Status = Status.CONFIRMED
    partstats: Mapping[str, PartStat] = field(default_factory=dict)
    """Answers by attendee's address, in lower case without ``mailto:``."""
    deliveries: Mapping[str, str] = field(default_factory=dict)
    """What became of the message to an attendee (SCHEDULE-STATUS; RFC 6638, 7.3), where the server says so."""
    silent: bool = False
    """A guest is not the server's to invite (``SCHEDULE-AGENT=CLIENT``; RFC 6638, 7.1)."""
    sequence: int = 0
    session: str | None = None
    """Our own mark (``X-SYNCD-SESSION``, a private extended property), if it is there."""
    stamp: datetime | None = None
    """A modification time that the *provider* wrote and no client can; ``None`` where there is none."""
    time: BusyTime = BusyTime()
    """What it takes of the window that was asked for."""
    notes: tuple[str, ...] = ()
    """What was limited or guessed in reading it, as codes without content."""
    receipt: Receipt = Receipt()


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Nothing stands at this ref any more, says the server: a candidate, to be confirmed."""

    ref: EventRef
    stamp: datetime | None = None
    """When it was removed, as far as the *provider* wrote it down; ``None`` where it does not."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Something stands here that cannot be understood: its time is unknown."""

    ref: EventRef
    etag: ETag
    time: BusyTime
    notes: tuple[str, ...] = ()


Item = Event | Tombstone | Unread


@dataclass(frozen=True, slots=True)
class Changes:
    """All that changed in a calendar: every page followed, or an error instead."""

    items: tuple[Item, ...]
    """What differs from what was known: bodies read, tombstones named."""
    token: SyncToken | None
    """From where to ask next time; ``None`` if the server has no tokens."""
    listed: Mapping[EventRef, ETag] | None = None
    """Every ref that stands in the calendar, if this was a complete listing; ``None`` for a delta."""
    receipt: Receipt = Receipt()
    same: frozenset[EventRef] = frozenset()
    """What a delta named and still stands at the version that was known: our own writes, as a rule."""


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """A calendar that an account can see."""

    id: CalendarId
    name: str
    writable: bool
    events: bool
    """It holds events (VEVENT) and is not an inbox or outbox."""
    default: bool = False
    """The server names it as the place for new events."""
    times_only: bool = False
    """It shows us when it is busy and nothing else: only ``busy`` is ever asked of it."""


@dataclass(frozen=True, slots=True)
class Attendee:
    """A guest of an event of ours."""

    address: str
    name: str
    partstat: PartStat = PartStat.NEEDS_ACTION


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event of ours as it is to be written."""

    uid: str
    session: str
    """Our own mark."""
    start: datetime
    end: datetime
    summary: str
    description: str
    organizer: Attendee
    attendees: tuple[Attendee, ...]
    stamp: datetime
    """When this version was decided on (DTSTAMP, LAST-MODIFIED), so that a repeated write is the same bytes."""
    sequence: int = 0
    location: str = ""
    url: str = ""
    status: Status = Status.CONFIRMED
    silent: bool = False
    """The server must not invite anybody by itself (``SCHEDULE-AGENT=CLIENT``, RFC 6638, 7.1)."""


@dataclass(frozen=True, slots=True)
class Written:
    """Where a write left the event."""

    ref: EventRef
    etag: ETag | None
    """``None`` if the server did not tell: read it back."""


class CalendarProvider(Protocol):
    """A connected calendar account.

    Every method may raise :class:`~providers.errors.Unavailable` and
    :class:`~providers.errors.AccessLost`; further errors are named one by one.
    """

    def capabilities(self) -> Capability:
        """Return what this account's server can do.

        :raises Unsupported: if this is not a calendar server.
        """
        ...

    def calendars(self) -> tuple[CalendarEntry, ...]:
        """Return every calendar of the account, sorted by name.

        :raises Unsupported: if this is not a calendar server.
        """
        ...

    def busy(self, calendars: Sequence[CalendarId], window: Interval) -> Mapping[CalendarId, BusyTime]:
        """Return what each of *calendars* says about *window*, read in full.

        A part that cannot be read is *unknown*, never left out. Several calendars are asked at once
        where the server can.

        :raises Unsupported: if one of them is not a calendar.
        """
        ...

    def changes(
        self,
        calendar: CalendarId,
        since: SyncToken | None,
        *,
        known: Mapping[RefKey, ETag],
        window: Interval,
    ) -> Changes:
        """Return what changed after *since*, or a complete listing when it is ``None``.

        *known* names the versions that the caller has: what still stands in one of them is
        not read again. Bodies are read 100 at a time and their busy time clipped to *window*.

        :raises SyncTokenExpired: if the server does not accept *since*.
        :raises Unsupported: if this is not a calendar.
        """
        ...

    def fetch(self, calendar: CalendarId, ref: EventRef) -> Event:
        """Return the event by its id, past any cache, without its busy time.

        :raises EventNotFound: if the calendar answers and the event is not in it; with a stamp where there are any.
        :raises Unreadable: if what stands there is not an event that can be understood.
        """
        ...

    def create(self, calendar: CalendarId, draft: EventDraft) -> Written:
        """Write a new event at the ref that :meth:`ref_for` names.

        :raises EventExists: if something stands there, or has this UID, or did so once and is never taken again.
        :raises Unsupported: if the calendar takes no events.
        """
        ...

    def update(self, calendar: CalendarId, ref: EventRef, draft: EventDraft, etag: ETag) -> Written:
        """Replace the event that was last seen as *etag*.

        :raises EventNotFound: if it is gone.
        :raises PreconditionFailed: if it is no longer as it was.
        :raises Unsupported: if the calendar takes no events.
        """
        ...

    def delete(self, calendar: CalendarId, ref: EventRef, etag: ETag) -> None:
        """Remove the event that was last seen as *etag*.

        :raises EventNotFound: if it is gone already.
        :raises PreconditionFailed: if it is no longer as it was.
        """
        ...

    def ref_for(self, calendar: CalendarId, uid: str) -> EventRef:
        """Return where an event of ours with *uid* is created; no request is made."""
        ...

    def close(self) -> None:
        """Close the connections of this turn."""
        ...


LOOK_MARGIN = timedelta(seconds=2)
"""``Date`` counts whole seconds: an answer this much older than its request is no cache."""
