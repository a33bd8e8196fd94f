"""One account of a simulated server: what it does, and what the one who answers knows of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from providers.base import CalendarId, ETag, EventRef, Receipt, Status, SyncToken
from providers.errors import (
    AccessLost,
    EventExists,
    EventNotFound,
    Loss,
    PreconditionFailed,
    SyncTokenExpired,
    Unavailable,
)
from tests.simulation.places import Body, Place, Shelf
from tests.simulation.weather import Kind, Spell
from tests.simulation.wire import Wire


@dataclass(frozen=True, slots=True)
class Server:
    """What becomes of a request that has reached the server, whatever language it is in."""

    wire: Wire
    place: Place
    user: str
    lost: Callable[[], bool]
    """Tells whether the password is refused."""

    def admit(self) -> None:
        """Let a request in.

        :raises AccessLost: if the password is refused.
        """
        if self.lost():
            raise AccessLost(
                "the password is refused", loss=Loss.CREDENTIALS, where=self.place.url, status=401
            )

    def mine(self) -> tuple[Shelf, ...]:
        """Return the calendars that the program was given."""
        return tuple(one for one in self.place.of(self.user) if one.connected)

    def open(self, calendar: CalendarId, *more: Kind) -> Shelf:
        """Return a calendar, unless one of *more* is in the way, too.

        :raises Unavailable: if it cannot be had now.
        :raises AccessLost: if it is not there.
        """
        if self._rules(Kind.PART, calendar) or any(self._rules(kind) for kind in more):
            raise Unavailable("not this one, not now", where=calendar, status=503)
        shelf = self.place.shelves.get(calendar)
        if shelf is None or shelf.gone or not shelf.connected:
            raise AccessLost("there is no such calendar", loss=Loss.GONE, where=calendar, status=404)
        return shelf

    def writable(self, calendar: CalendarId) -> Shelf:
        """Return a calendar to write to.

        :raises Unavailable: if it cannot be had now.
        :raises AccessLost: if it is not there.
        """
        return self.open(calendar, Kind.REFUSAL)

    # --- writes --------------------------------------------------------------------------

    def create(self, shelf: Shelf, ref: EventRef, body: Body) -> None:
        """Write a new event.

        :raises EventExists: if something stands there, or has this UID.
        """
        used = self.place.google and shelf.last(ref) is not None
        if used or any(one.uid == body.uid for one in shelf.standing().values()):
            raise EventExists("something stands there, or has this UID", where=ref)
        self.put(shelf, ref, body)

    def update(self, shelf: Shelf, ref: EventRef, body: Body, etag: ETag) -> None:
        """Replace the event that was last seen as *etag*.

        :raises EventNotFound: if nothing stands there.
        :raises PreconditionFailed: if it is no longer as it was.
        """
        self.cross(ref)
        _expect(shelf, ref, etag)
        self.put(shelf, ref, body)

    def delete(self, shelf: Shelf, ref: EventRef, etag: ETag) -> None:
        """Remove the event that was last seen as *etag*.

        :raises EventNotFound: if nothing stands there.
        :raises PreconditionFailed: if it is no longer as it was.
        """
        _expect(shelf, ref, etag)
        self.wire.writes += 1
        self.place.write(shelf, self.wire.true.now, ref, None)

    def cross(self, ref: EventRef) -> None:
        """Let what somebody is about to do to the event come before the write that is under way."""
        if crossing := self._rules(Kind.CROSSING):
            self.wire.hurry(ref, timedelta(seconds=crossing.size))

    def put(self, shelf: Shelf, ref: EventRef, body: Body) -> None:
        """Write an event, whatever stands there."""
        self.wire.writes += 1
        called_off = self.place.google and body.status is Status.CANCELLED
        self.place.write(shelf, self.wire.true.now, ref, None if called_off else body)

    # --- what the one who answers knows --------------------------------------------------

    def known(self, shelf: Shelf) -> int:
        """Return how many changes of *shelf* are known to whoever answers: a server, a replica or a cache."""
        return shelf.length(self._as_of())

    def receipt(self) -> Receipt:
        """Return what the answer says of itself."""
        return Receipt(self.wire.true.now.replace(microsecond=0), self._rules(Kind.CACHE) is not None)

    def blurred(self) -> bool:
        """Tell whether nothing can be understood of what it says."""
        return self._rules(Kind.BLUR) is not None

    def seen(self, shelf: Shelf, ref: EventRef, length: int) -> Body | None:
        """Return what seems to stand at *ref*."""
        body = shelf.at(ref, length)
        phantom = self._rules(Kind.PHANTOM) is not None
        return None if body is not None and body.session is not None and phantom else body

    def listed(self, shelf: Shelf, length: int) -> dict[EventRef, Body]:
        """Return all that seems to stand in *shelf*."""
        standing = shelf.standing(length)
        return {ref: body for ref, body in standing.items() if self.seen(shelf, ref, length)}

    def since(self, shelf: Shelf, token: SyncToken) -> int:
        """Return after how many changes *token* was given.

        :raises SyncTokenExpired: if it is taken no longer.
        """
        if self._rules(Kind.AMNESIA):
            raise SyncTokenExpired("the server takes none of its own tokens", where=shelf.id)
        born, place, forgotten = (int(part) for part in token.split("-"))
        if (born, forgotten) != (shelf.born, shelf.forgotten) or place > len(shelf.log):
            raise SyncTokenExpired("the server has forgotten this token", where=shelf.id)
        return place

    def changed(self, shelf: Shelf, place: int, length: int) -> dict[EventRef, Body | None]:
        """Return what stands, after *length* changes, wherever something was changed after *place*."""
        touched = {entry.ref for entry in shelf.log[place:length]}
        return {ref: shelf.at(ref, length) for ref in sorted(touched)}

    def _as_of(self) -> datetime:
        now = self.wire.true.now
        if cache := self._rules(Kind.CACHE):
            return now - timedelta(seconds=cache.size)
        lag = self._rules(Kind.LAG)
        return now - timedelta(seconds=self.wire.chance.uniform(0, lag.size)) if lag else now

    def _rules(self, kind: Kind, where: str = "") -> Spell | None:
        return self.wire.weather.now(kind, self.wire.true.now, where or self.place.url)


def token_at(shelf: Shelf, length: int) -> SyncToken:
    """Return the token that stands for so many changes."""
    return SyncToken(f"{shelf.born}-{length}-{shelf.forgotten}")


def _expect(shelf: Shelf, ref: EventRef, etag: ETag) -> None:
    there = shelf.at(ref)
    if there is None:
        raise EventNotFound("nothing stands there", where=ref)
    if there.etag != etag:
        raise PreconditionFailed("it is no longer as it was", where=ref)
