"""The adapter to a simulated server: what a request meets on its way, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from policy.interval import Interval
from providers.base import (
    BusyTime,
    CalendarEntry,
    CalendarId,
    Capability,
    Changes,
    ETag,
    Event,
    EventDraft,
    EventRef,
    Item,
    Owner,
    Receipt,
    RefKey,
    Status,
    SyncToken,
    Tombstone,
    Unread,
    Written,
    key_of,
)
from providers.errors import (
    AccessLost,
    EventExists,
    EventNotFound,
    Loss,
    PreconditionFailed,
    SyncTokenExpired,
    Unavailable,
    Unreadable,
)
from tests.simulation.clock import TrueTime
from tests.simulation.places import Body, Place, Shelf, body_of
from tests.simulation.weather import Kind, Weather

T = TypeVar("T")
_WAITS = (None, 1.0, 90.0, 3600.0)


@dataclass(frozen=True, slots=True)
class Sight:
    """What one answer of a server showed of a session's event, for whoever judges the judge."""

    sent: datetime
    received: datetime
    shelf: CalendarId
    ref: EventRef
    stands: bool


@dataclass(slots=True)
class Wire:
    """What every request of a play goes through."""

    true: TrueTime
    weather: Weather
    chance: Random
    happen: Callable[[datetime], None]
    """Lets the world go on until a moment."""
    alive: Callable[[], None]
    """Ends the request if the program was killed meanwhile."""
    hurry: Callable[[EventRef, timedelta], None] = lambda ref, by: None
    """Lets the next act at an event come earlier."""
    requests: int = 0
    writes: int = 0

    def travel(self, place: Place) -> None:
        """Let a request reach the server, and meet what is on the way."""
        self.alive()
        self.requests += 1
        at, where = self.true.now, place.url
        slow = self.weather.now(Kind.SLOW, at, where)
        length = self.chance.uniform(1, slow.size) if slow else self.chance.uniform(0.02, 0.4)
        self._pass(length / 2)
        if self.weather.now(Kind.OUTAGE, self.true.now, where):
            self._pass(self.chance.choice((0.1, 10.0)))
            raise Unavailable("no answer", where=where)
        errors = self.weather.now(Kind.ERRORS, self.true.now, where)
        if errors and self.chance.random() < errors.size:
            wait = self.chance.choice(_WAITS)
            status = self.chance.choice((429, 500, 503))
            retry = None if wait is None else timedelta(seconds=wait)
            raise Unavailable("not now", where=where, status=status, retry_after=retry)

    def back(self, place: Place, *, write: bool) -> None:
        """Let the answer come back, or be lost."""
        slow = self.weather.now(Kind.SLOW, self.true.now, place.url)
        self._pass(self.chance.uniform(0.5, slow.size) if slow else self.chance.uniform(0.01, 0.3))
        self.alive()
        deaf = self.weather.now(Kind.DEAF, self.true.now, place.url)
        if write and deaf and self.chance.random() < deaf.size:
            raise Unavailable("the answer was cut off", where=place.url)

    def _pass(self, seconds: float) -> None:
        until = self.true.now + timedelta(seconds=seconds)
        self.happen(until)
        self.true.now = max(self.true.now, until)


class Connection:
    """One account of a simulated server."""

    def __init__(
        self, wire: Wire, place: Place, owner: Owner, user: str, *, lost: Callable[[], bool]
    ) -> None:
        self._wire, self._place, self._owner, self._user, self._lost = wire, place, owner, user, lost

    def capabilities(self) -> Capability:
        """Return what the server can do."""
        can = Capability.SYNC_TOKEN | (Capability.SCHEDULING if self._place.schedules else Capability.NONE)
        if self._place.google:
            can |= Capability.FREE_BUSY | Capability.STAMPS
        return self._asked(lambda: can)

    def calendars(self) -> tuple[CalendarEntry, ...]:
        """Return the calendars that the program was given."""
        own = (one for one in self._place.of(self._user) if one.connected)
        return self._asked(
            lambda: tuple(
                CalendarEntry(one.id, one.id.split("/")[-2], writable=True, events=True) for one in own
            )
        )

    def busy(self, calendars: Sequence[CalendarId], window: Interval) -> Mapping[CalendarId, BusyTime]:
        """Return the busy time of each calendar."""
        return {
            each: self._read(each, lambda shelf, length: _busy(shelf, length, window)) for each in calendars
        }

    def changes(
        self,
        calendar: CalendarId,
        since: SyncToken | None,
        *,
        known: Mapping[RefKey, ETag],
        window: Interval,
    ) -> Changes:
        """Return what changed after *since*, as far as the replica that answers knows."""
        return self._read(calendar, lambda shelf, length: self._changes(shelf, length, since, known, window))

    def fetch(self, calendar: CalendarId, ref: EventRef) -> Event:
        """Return the event by its ref."""

        def act(shelf: Shelf, length: int) -> Event:
            body = self._seen(shelf, ref, length)
            if body is None:
                raise EventNotFound(
                    "nothing stands there",
                    where=ref,
                    cached=self._receipt().cached,
                    stamp=self._stamp(shelf, ref, length),
                )
            if self._blurred():
                raise Unreadable("it cannot be understood", where=ref)
            return self._event(ref, body, None, self._stamp(shelf, ref, length))

        return self._read(calendar, act)

    def create(self, calendar: CalendarId, draft: EventDraft) -> Written:
        """Write a new event."""
        ref = self.ref_for(calendar, draft.uid)

        def act(shelf: Shelf) -> Written:
            used = self._place.google and shelf.last(ref) is not None
            if used or any(body.uid == draft.uid for body in shelf.standing().values()):
                raise EventExists("something stands there, or has this UID", where=ref)
            return self._put(shelf, ref, draft)

        return self._write(calendar, act)

    def update(self, calendar: CalendarId, ref: EventRef, draft: EventDraft, etag: ETag) -> Written:
        """Replace the event that was last seen as *etag*."""

        def act(shelf: Shelf) -> Written:
            if crossing := self._wire.weather.now(Kind.CROSSING, self._wire.true.now, self._place.url):
                self._wire.hurry(ref, timedelta(seconds=crossing.size))
            _expect(shelf, ref, etag)
            return self._put(shelf, ref, draft)

        return self._write(calendar, act)

    def delete(self, calendar: CalendarId, ref: EventRef, etag: ETag) -> None:
        """Remove the event that was last seen as *etag*."""

        def act(shelf: Shelf) -> None:
            _expect(shelf, ref, etag)
            self._wire.writes += 1
            self._place.write(shelf, self._wire.true.now, ref, None)

        self._write(calendar, act)

    def ref_for(self, calendar: CalendarId, uid: str) -> EventRef:
        """Return where an event of ours is created."""
        return EventRef(f"{calendar}{uid}.ics")

    def close(self) -> None:
        """Close nothing."""

    # --- the way there and back ----------------------------------------------------------

    def _asked(self, act: Callable[[], T], *, write: bool = False) -> T:
        self._wire.travel(self._place)
        if self._lost():
            raise AccessLost(
                "the password is refused", loss=Loss.CREDENTIALS, where=self._place.url, status=401
            )
        try:
            return act()
        finally:
            self._wire.back(self._place, write=write)

    def _shelf(self, calendar: CalendarId) -> Shelf:
        shelf = self._place.shelves.get(calendar)
        if shelf is None or shelf.gone or not shelf.connected:
            raise AccessLost("there is no such calendar", loss=Loss.GONE, where=calendar, status=404)
        return shelf

    def _open(self, calendar: CalendarId, *more: Kind) -> Shelf:
        now, weather = self._wire.true.now, self._wire.weather
        if weather.now(Kind.PART, now, calendar) or any(
            weather.now(kind, now, self._place.url) for kind in more
        ):
            raise Unavailable("not this one, not now", where=calendar, status=503)
        return self._shelf(calendar)

    def _read(self, calendar: CalendarId, act: Callable[[Shelf, int], T]) -> T:
        def read() -> T:
            shelf = self._open(calendar)
            return act(shelf, shelf.length(self._as_of()))

        return self._asked(read)

    def _write(self, calendar: CalendarId, act: Callable[[Shelf], T]) -> T:
        return self._asked(lambda: act(self._open(calendar, Kind.REFUSAL)), write=True)

    def _put(self, shelf: Shelf, ref: EventRef, draft: EventDraft) -> Written:
        self._wire.writes += 1
        body = body_of(draft)
        called_off = self._place.google and body.status is Status.CANCELLED
        self._place.write(shelf, self._wire.true.now, ref, None if called_off else body)
        return Written(ref, body.etag)

    # --- what the one who answers knows ------------------------------------------------------

    def _as_of(self) -> datetime:
        """Return from when the answer is."""
        now, chance = self._wire.true.now, self._wire.chance
        if cache := self._wire.weather.now(Kind.CACHE, now, self._place.url):
            return now - timedelta(seconds=cache.size)
        lag = self._wire.weather.now(Kind.LAG, now, self._place.url)
        return now - timedelta(seconds=chance.uniform(0, lag.size)) if lag else now

    def _receipt(self) -> Receipt:
        now = self._wire.true.now
        cached = self._wire.weather.now(Kind.CACHE, now, self._place.url) is not None
        return Receipt(now.replace(microsecond=0), cached)

    def _phantom(self) -> bool:
        return self._wire.weather.now(Kind.PHANTOM, self._wire.true.now, self._place.url) is not None

    def _blurred(self) -> bool:
        return self._wire.weather.now(Kind.BLUR, self._wire.true.now, self._place.url) is not None

    def _seen(self, shelf: Shelf, ref: EventRef, length: int) -> Body | None:
        body = shelf.at(ref, length)
        return None if body is not None and body.session is not None and self._phantom() else body

    def _changes(
        self,
        shelf: Shelf,
        length: int,
        since: SyncToken | None,
        known: Mapping[RefKey, ETag],
        window: Interval,
    ) -> Changes:
        if since is None:
            standing = shelf.standing(length)
            listed = {ref: body.etag for ref, body in standing.items() if self._seen(shelf, ref, length)}
            items = self._items(shelf, length, {ref: standing[ref] for ref in listed}, known, window)
            return Changes(items, _token(shelf, length), listed, self._receipt())
        if self._wire.weather.now(Kind.AMNESIA, self._wire.true.now, self._place.url):
            raise SyncTokenExpired("the server takes none of its own tokens", where=shelf.id)
        place = _place(shelf, since)
        touched = {entry.ref for entry in shelf.log[place:length]}
        now = {ref: shelf.at(ref, length) for ref in sorted(touched)}
        standing = {ref: body for ref, body in now.items() if body is not None}
        same = frozenset(ref for ref, body in standing.items() if known.get(key_of(ref)) == body.etag)
        items = self._items(shelf, length, standing, known, window)
        graves = tuple(
            Tombstone(ref, self._stamp(shelf, ref, length)) for ref, body in now.items() if body is None
        )
        token = _token(shelf, max(place, length))
        return Changes((*items, *graves), token, None, self._receipt(), same)

    def _stamp(self, shelf: Shelf, ref: EventRef, length: int) -> datetime | None:
        return shelf.stamp(ref, length) if self._place.google else None

    def _items(
        self,
        shelf: Shelf,
        length: int,
        standing: Mapping[EventRef, Body],
        known: Mapping[RefKey, ETag],
        window: Interval,
    ) -> tuple[Item, ...]:
        new = {ref: body for ref, body in standing.items() if known.get(key_of(ref)) != body.etag}
        if self._blurred():
            return tuple(
                Unread(ref, body.etag, BusyTime(unknown=(window,)), ("unreadable",))
                for ref, body in new.items()
            )
        return tuple(
            self._event(ref, body, window, self._stamp(shelf, ref, length)) for ref, body in new.items()
        )

    def _event(self, ref: EventRef, body: Body, window: Interval | None, stamp: datetime | None) -> Event:
        own, google = f"{self._user}@school.example", self._place.google
        shown = window is not None and body.stands_for(own) and not google
        tells = self._place.schedules and not body.silent and not google
        sent = {guest: "1.2" for guest, _ in body.partstats if tells}
        return Event(
            ref=ref,
            etag=body.etag,
            uid=body.uid,
            start=body.start,
            end=body.end,
            all_day=body.all_day,
            status=body.status,
            partstats=dict(body.partstats),
            deliveries=sent,
            silent=body.silent,
            sequence=body.sequence,
            session=body.session,
            stamp=stamp,
            time=_time(body, window) if shown and window is not None else BusyTime(),
            receipt=self._receipt(),
        )


def _expect(shelf: Shelf, ref: EventRef, etag: ETag) -> None:
    there = shelf.at(ref)
    if there is None:
        raise EventNotFound("nothing stands there", where=ref)
    if there.etag != etag:
        raise PreconditionFailed("it is no longer as it was", where=ref)


def _token(shelf: Shelf, length: int) -> SyncToken:
    return SyncToken(f"{shelf.born}-{length}-{shelf.forgotten}")


def _place(shelf: Shelf, token: SyncToken) -> int:
    born, place, forgotten = (int(part) for part in token.split("-"))
    if (born, forgotten) != (shelf.born, shelf.forgotten) or place > len(shelf.log):
        raise SyncTokenExpired("the server has forgotten this token", where=shelf.id)
    return place


def _time(body: Body, window: Interval) -> BusyTime:
    if body.start is None or body.end is None:
        return BusyTime(unknown=(window,))
    start, end = max(body.start, window.start), min(body.end, window.end)
    return BusyTime(busy=(Interval(start, end),)) if start < end else BusyTime()


def _busy(shelf: Shelf, length: int, window: Interval) -> BusyTime:
    times = [_time(body, window).busy for body in shelf.standing(length).values()]
    return BusyTime(busy=tuple(sorted(one for each in times for one in each)))
