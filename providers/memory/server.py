"""The server: accounts, calendars, raw resources and their history.

Resources are raw iCalendar, so that what is read here went through the same reader as
what a real server sends. ETags are digests of the content, as Radicale's and Xandikos'
are: an event that was deleted and restored stands in its old version again.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from itertools import count

from providers.base import CalendarEntry, CalendarId, ETag, EventRef, PartStat, SyncToken
from providers.errors import (
    AccessLost,
    EventNotFound,
    Loss,
    PreconditionFailed,
    SyncTokenExpired,
    Unavailable,
    Unsupported,
)
from providers.memory import lines

_UID = re.compile(rb"^UID(?:;[^:\r\n]*)?:([^\r\n]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A message that a scheduling server sent by itself (RFC 6638)."""

    method: str
    """REQUEST or CANCEL."""
    uid: str
    address: str
    sent: datetime


@dataclass(frozen=True)
class Resource:
    """What stands at one ref, byte for byte."""

    body: bytes
    modified: datetime

    @cached_property
    def etag(self) -> ETag:
        """The version: a digest of the content."""
        return ETag(f'"{blake2b(self.body, digest_size=16).hexdigest()}"')

    @property
    def text(self) -> bytes:
        """The body, unfolded."""
        return lines.FOLD.sub(b"", self.body)

    @cached_property
    def uid(self) -> str:
        """The first UID in the text; empty if there is none."""
        found = _UID.search(self.text)
        return found[1].decode(errors="replace").strip() if found else ""


@dataclass(slots=True)
class Calendar:
    """One calendar with its past; only touched while the server is held."""

    entry: CalendarEntry
    username: str
    birth: int
    """Which calendar of this server it was: part of its tokens."""
    standing: dict[EventRef, Resource] = field(default_factory=dict)
    buried: dict[EventRef, Resource] = field(default_factory=dict)
    log: list[tuple[EventRef, datetime]] = field(default_factory=list)
    forgotten: int = 0
    """Tokens older than this entry of the log are refused."""

    @property
    def token(self) -> SyncToken:
        """The present point in its history."""
        return SyncToken(f"memory:{self.birth}-{len(self.log)}")

    def place(self, token: SyncToken) -> int:
        """Return how many entries of the log *token* has seen.

        :raises SyncTokenExpired: if it is not a token of this calendar, or a forgotten one.
        """
        birth, _, place = token.removeprefix("memory:").partition("-")
        if birth != str(self.birth) or not place.isdecimal():
            raise SyncTokenExpired("this is not a token of this calendar", where=self.entry.id)
        if not self.forgotten <= int(place) <= len(self.log):
            raise SyncTokenExpired("the server has forgotten this token", where=self.entry.id)
        return int(place)

    def at(self, ref: EventRef, etag: ETag | None = None, *, stamps: bool = False) -> Resource:
        """Return what stands at *ref*, in the version *etag* if one is named.

        :raises EventNotFound: if nothing stands there; *stamps*: with the time of its removal.
        :raises PreconditionFailed: if it stands in another version.
        """
        if (one := self.standing.get(ref)) is None:
            raise EventNotFound("nothing stands there", where=ref, stamp=self._left(ref) if stamps else None)
        if etag not in {None, one.etag}:
            raise PreconditionFailed("it is no longer as it was", where=ref)
        return one

    def put(self, ref: EventRef, body: bytes, now: datetime) -> ETag:
        """Write *body* over whatever stands at *ref*."""
        self.standing[ref] = Resource(body, now)
        self.log.append((ref, now))
        return self.standing[ref].etag

    def remove(self, ref: EventRef, now: datetime) -> Resource:
        """Bury what stands at *ref* and return it."""
        self.buried[ref] = self.standing.pop(ref)
        self.log.append((ref, now))
        return self.buried[ref]

    def _left(self, ref: EventRef) -> datetime | None:
        """Return when the last thing that stood at *ref* was removed."""
        return next((when for name, when in reversed(self.log) if name == ref), None)


class MemoryServer:
    """A whole calendar server: accounts, calendars, raw resources and their history.

    Its methods are the hand of a person, or of a foreign client, that acts on the server
    directly; a :class:`MemoryProvider` is a connected account. All of it is thread-safe.
    """

    once: bool = False
    """A ref is taken once and never again, as an id at Google is."""
    joint: bool = False
    """An event and its guests' copies are one, as at Google: they go together, and an answer shows in all of them."""
    dated: bool = True
    """What a person removes is stamped with that time; else it keeps the stamp that it bore while it stood."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._passwords: dict[str, str] = {}
        self._calendars: dict[CalendarId, Calendar] = {}
        self._deleted: dict[CalendarId, Calendar] = {}
        self._births = count(1)
        self._down = False
        self._requests = 0
        self._sent: list[Invitation] = []
        self._guests: dict[str, tuple[CalendarId, str]] = {}

    @property
    def requests(self) -> int:
        """How many requests accounts have made so far."""
        return self._requests

    @property
    def invitations(self) -> tuple[Invitation, ...]:
        """What the server has sent by itself, in order."""
        with self._lock:
            return tuple(self._sent)

    def now(self) -> datetime:
        """Return the server's own time."""
        return self._clock().astimezone(UTC)

    def go_down(self) -> None:
        """Answer nothing any more."""
        self._down = True

    def come_up(self) -> None:
        """Answer again."""
        self._down = False

    def add_account(self, username: str, password: str) -> None:
        """Open an account without calendars."""
        with self._lock:
            self._passwords[username] = password

    def change_password(self, username: str, password: str) -> None:
        """Refuse the old password from now on."""
        self.add_account(username, password)

    def close_account(self, username: str) -> None:
        """Forget the account and every calendar of it."""
        with self._lock:
            del self._passwords[username]
            for calendar in [c for c, held in self._calendars.items() if held.username == username]:
                del self._calendars[calendar]

    def add_calendar(
        self,
        username: str,
        name: str,
        *,
        writable: bool = True,
        events: bool = True,
        default: bool = False,
        times_only: bool = False,
    ) -> CalendarId:
        """Make an empty calendar and return its id."""
        with self._lock:
            birth = next(self._births)
            calendar = CalendarId(f"memory:/{username}/{birth}/")
            can_write = writable and not times_only
            entry = CalendarEntry(
                calendar, name, writable=can_write, events=events, default=default, times_only=times_only
            )
            self._calendars[calendar] = Calendar(entry, username, birth)
            return calendar

    def set_times_only(self, calendar: CalendarId, *, times_only: bool) -> None:
        """Show the account nothing but times from now on, or everything, and let it write."""
        with self._lock:
            held = self._calendars[calendar]
            held.entry = replace(held.entry, writable=not times_only, times_only=times_only)

    def set_writable(self, calendar: CalendarId, *, writable: bool) -> None:
        """Give or take the right to write."""
        with self._lock:
            held = self._calendars[calendar]
            held.entry = replace(held.entry, writable=writable)

    def delete_calendar(self, calendar: CalendarId) -> None:
        """Remove the calendar with all that is in it."""
        with self._lock:
            self._deleted[calendar] = self._calendars.pop(calendar)

    def restore_calendar(self, calendar: CalendarId) -> None:
        """Bring a deleted calendar back as it was, history included."""
        with self._lock:
            self._calendars[calendar] = self._deleted.pop(calendar)

    def replace_calendar(self, calendar: CalendarId) -> None:
        """Put an empty calendar in the place of one that its owner deleted."""
        with self._lock:
            old = self._calendars[calendar]
            self._calendars[calendar] = Calendar(old.entry, old.username, next(self._births))

    def forget_tokens(self, calendar: CalendarId) -> None:
        """Refuse every token that was given out before now."""
        with self._lock:
            held = self._calendars[calendar]
            held.log.append((EventRef(""), self.now()))
            held.forgotten = len(held.log)

    def refs(self, calendar: CalendarId) -> dict[EventRef, ETag]:
        """Return everything that stands in the calendar."""
        with self._lock:
            return {ref: one.etag for ref, one in self._calendars[calendar].standing.items()}

    def body(self, calendar: CalendarId, ref: EventRef) -> bytes:
        """Return what stands at *ref*, byte for byte."""
        with self._lock:
            return self._calendars[calendar].standing[ref].body

    def put(self, calendar: CalendarId, ref: EventRef, body: bytes) -> ETag:
        """Write *body* over whatever stands at *ref*, well-formed or not."""
        with self._lock:
            etag = self._calendars[calendar].put(ref, body, self.now())
            one = self._calendars[calendar].standing[ref]
            if (guest := self._guest(calendar, one)) is not None:
                self._answer(calendar, one, guest, lines.answer(one.body, guest))
            elif self.joint and not lines.is_silent(one.text):
                self._spread(calendar, one)
            return etag

    def remove(self, calendar: CalendarId, ref: EventRef) -> None:
        """Delete what stands at *ref*."""
        with self._lock:
            held = self._calendars[calendar]
            gone = held.remove(ref, self.now() if self.dated else held.standing[ref].modified)
            if (guest := self._guest(calendar, gone)) is not None:
                self._answer(calendar, gone, guest, PartStat.DECLINED)
            else:
                self.call_off(gone, (one for one in self._guests if f"mailto:{one}".encode() in gone.text))

    def restore(self, calendar: CalendarId, ref: EventRef) -> ETag:
        """Bring back what was last removed from *ref*, byte for byte."""
        with self._lock:
            held = self._calendars[calendar]
            return held.put(ref, held.buried.pop(ref).body, self.now())

    def move(self, source: CalendarId, ref: EventRef, target: CalendarId) -> EventRef:
        """Move a resource to another calendar and return where it stands there (RFC 4918, 9.9)."""
        with self._lock:
            there = EventRef(path_of(target) + ref.removeprefix(path_of(source)))
            body = self._calendars[source].remove(ref, self.now()).body
            self._calendars[target].put(there, body, self.now())
            return there

    def invite(self, method: str, uid: str, addresses: Iterable[str]) -> None:
        """Note that a message about *uid* goes to each of *addresses*."""
        with self._lock:
            self._sent.extend(Invitation(method, uid, one, self.now()) for one in sorted(addresses))

    def host(self, address: str, calendar: CalendarId, says: str = "2.0;Success") -> None:
        """Put invitations of *address* into *calendar* from now on; *says* is the SCHEDULE-STATUS for them."""
        with self._lock:
            self._guests[address] = (calendar, says)

    def deliver(self, body: bytes, uid: str, addresses: Iterable[str]) -> bytes:
        """Put an invitation into the calendars of guests; return *body* with what became of it (RFC 6638, 7.3)."""
        with self._lock:
            for address in addresses:
                if address in self._guests:
                    calendar, says = self._guests[address]
                    self._copy(calendar, uid, body)
                    body = lines.delivered(body, address, says)
            return body

    def call_off(self, gone: Resource, addresses: Iterable[str]) -> None:
        """Mark the guests' own copies of *gone* as cancelled, unless that was not the server's to do.

        Where all of them are one event they go with it.
        """
        if lines.is_silent(gone.text):
            return
        with self._lock:
            for address in list(addresses):
                calendar, _ = self._guests.get(address, (None, ""))
                ref = self._invited(calendar, gone.uid) if calendar else None
                if calendar and ref:
                    held = self._calendars[calendar]
                    if self.joint:
                        held.remove(ref, self.now())
                        continue
                    body = held.standing[ref].body.replace(b"STATUS:CONFIRMED", b"STATUS:CANCELLED")
                    held.put(ref, body, self.now())

    def _guest(self, calendar: CalendarId, one: Resource) -> str | None:
        """Return whose copy of a joint event *one* is, if it is a guest's."""
        hosts = self._guests if self.joint and not lines.is_silent(one.text) else {}
        mine = [address for address, (home, _) in hosts.items() if home == calendar]
        return next((address for address in mine if address in lines.guests(one.text)), None)

    def _answer(self, calendar: CalendarId, one: Resource, guest: str, given: PartStat) -> None:
        """Let the answer of a guest show in the organizer's event."""
        for other, held in self._calendars.items():
            ref = self._invited(other, one.uid) if other != calendar else None
            if ref is not None and lines.answer(held.standing[ref].body, guest) is not given:
                held.put(ref, lines.answered(held.standing[ref].body, guest, given), self.now())

    def _spread(self, calendar: CalendarId, one: Resource) -> None:
        """Let what the organizer changed show in the guests' copies."""
        for guest in lines.guests(one.text):
            home, _ = self._guests.get(guest, (None, ""))
            ref = self._invited(home, one.uid) if home and home != calendar else None
            if home and ref:
                self._calendars[home].put(ref, lines.unmarked(one.body), self.now())

    def _copy(self, calendar: CalendarId, uid: str, body: bytes) -> None:
        body = lines.unmarked(body) if self.joint else body
        name = uid if self.joint else blake2b(uid.encode(), digest_size=8).hexdigest()
        ref = self._invited(calendar, uid) or EventRef(f"{path_of(calendar)}{name}.ics")
        self._calendars[calendar].put(ref, body, self.now())

    def _invited(self, calendar: CalendarId, uid: str) -> EventRef | None:
        """Return where an event with this UID stands in a guest's calendar."""
        standing = self._calendars[calendar].standing if calendar in self._calendars else {}
        return next((ref for ref, one in standing.items() if one.uid == uid), None)

    @contextmanager
    def request(self, username: str, password: str) -> Iterator[tuple[CalendarEntry, ...]]:
        """Hold the server while an account's request is answered; yield the account's calendars.

        :raises Unavailable: if the server is down.
        :raises AccessLost: if user name and password do not fit.
        """
        with self._lock:
            self._requests += 1
            if self._down:
                raise Unavailable("the server does not answer")
            if self._passwords.get(username) != password:
                raise AccessLost("the server refuses the user name and password", loss=Loss.CREDENTIALS)
            yield tuple(held.entry for held in self._calendars.values() if held.username == username)

    @contextmanager
    def calendar(
        self, username: str, password: str, calendar: CalendarId, *, write: bool = False
    ) -> Iterator[Calendar]:
        """Hold the server while an account's request for one calendar is answered.

        :raises Unavailable: if the server is down.
        :raises AccessLost: if the account or the calendar is not there, or this is not allowed to it.
        :raises Unsupported: if the calendar holds no events.
        """
        with self.request(username, password):
            yield self._held(username, calendar, write=write, times=False)

    @contextmanager
    def times(
        self, username: str, password: str, calendars: Iterable[CalendarId]
    ) -> Iterator[dict[CalendarId, Calendar]]:
        """Hold the server while an account's one request for the times of several calendars is answered.

        :raises Unavailable: if the server is down.
        :raises AccessLost: if the account or one of the calendars is not there, or this is not allowed to it.
        :raises Unsupported: if one of the calendars holds no events.
        """
        with self.request(username, password):
            yield {each: self._held(username, each, write=False, times=True) for each in calendars}

    def _held(self, username: str, calendar: CalendarId, *, write: bool, times: bool) -> Calendar:
        held = self._calendars.get(calendar)
        if held is None:
            raise AccessLost("the calendar is not there any more", loss=Loss.GONE, where=calendar)
        if held.username != username or (write and not held.entry.writable):
            raise AccessLost("the server refuses this calendar", loss=Loss.FORBIDDEN, where=calendar)
        if held.entry.times_only and not times:
            raise AccessLost("the server shows only its times", loss=Loss.FORBIDDEN, where=calendar)
        if not held.entry.events:
            raise Unsupported("this calendar holds no events", where=calendar)
        return held


def path_of(calendar: CalendarId) -> str:
    """Return the path below which the refs of *calendar* lie."""
    return calendar.removeprefix("memory:")
