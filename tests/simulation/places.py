"""Calendar servers with their whole past, so that a lagging replica can answer from it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b

from providers.base import CalendarId, ETag, EventDraft, EventRef, PartStat, Status

SYNCD = "syncd"
"""The author of what the program writes."""
SERVER = "server"
"""The author of what a server does by itself."""
WORLD = "world"
"""The author of what is nobody's doing: a mirror, a trash bin, a tool."""


@dataclass(frozen=True, slots=True)
class Body:
    """What stands at one ref."""

    uid: str
    start: datetime | None
    end: datetime | None
    session: str | None = None
    status: Status = Status.CONFIRMED
    partstats: tuple[tuple[str, PartStat], ...] = ()
    silent: bool = False
    sequence: int = 0
    all_day: bool = False
    text: int = 0
    """How often its words were changed."""
    touched: int = 0
    """How often the server gave it another version by itself."""
    organizer: str = ""
    """Who invites, of what the program wrote."""

    @property
    def etag(self) -> ETag:
        """The version: a digest of the content, as Radicale's and Xandikos' are."""
        return ETag(f'"{blake2b(repr(self).encode(), digest_size=8).hexdigest()}"')

    def answered(self, address: str, answer: PartStat) -> Body:
        """Return the event with another answer of one guest."""
        given = dict(self.partstats) | {address: answer}
        return replace(self, partstats=tuple(sorted(given.items())))

    def stands_for(self, address: str) -> bool:
        """Tell whether its owner has neither declined nor cancelled it."""
        return (
            self.status is not Status.CANCELLED and dict(self.partstats).get(address) is not PartStat.DECLINED
        )


def body_of(draft: EventDraft) -> Body:
    """Return what the program wants to be written."""
    return Body(
        uid=draft.uid,
        start=draft.start,
        end=draft.end,
        session=draft.session,
        status=draft.status,
        partstats=tuple(sorted((one.address, one.partstat) for one in draft.attendees)),
        silent=draft.silent,
        sequence=draft.sequence,
        organizer=draft.organizer.address,
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of a calendar."""

    at: datetime
    ref: EventRef
    body: Body | None
    """``None``: removed."""
    author: str


@dataclass(slots=True)
class Shelf:
    """One calendar with everything that ever happened in it."""

    id: CalendarId
    owner: str
    born: int
    connected: bool = True
    """The program was given it; else it is a calendar of the owner's that nobody else sees."""
    log: list[Entry] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    forgotten: int = 0
    """How often the server has forgotten all its tokens."""
    gone: datetime | None = None
    """When its owner deleted it."""
    _past: dict[EventRef, list[int]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """By what name its owner knows it."""
        return self.id.split("/")[-2]

    def put(self, at: datetime, ref: EventRef, body: Body | None, author: str) -> None:
        """Note a change."""
        self._past.setdefault(ref, []).append(len(self.log))
        self.log.append(Entry(at, ref, body, author))
        self.times.append(at)

    def length(self, at: datetime) -> int:
        """Return how many changes there had been by *at*."""
        return bisect_right(self.times, at)

    def at(self, ref: EventRef, length: int | None = None) -> Body | None:
        """Return what stood at *ref* after so many changes; now, if it is not said."""
        past = self._past.get(ref, ())
        number = len(past) if length is None else bisect_right(past, length - 1)
        return self.log[past[number - 1]].body if number else None

    def standing(self, length: int | None = None) -> dict[EventRef, Body]:
        """Return all that stood after so many changes."""
        found = ((ref, self.at(ref, length)) for ref in self._past)
        return {ref: body for ref, body in found if body is not None}

    def stamp(self, ref: EventRef, length: int) -> datetime | None:
        """Return when *ref* was last changed among so many changes; ``None`` if it never was."""
        past = self._past.get(ref, ())
        number = bisect_right(past, length - 1)
        return self.log[past[number - 1]].at if number else None

    def last(self, ref: EventRef) -> Body | None:
        """Return what stood at *ref* before it was removed."""
        past = self._past.get(ref, ())
        return next((body for number in reversed(past) if (body := self.log[number].body) is not None), None)


@dataclass(slots=True)
class Place:
    """One calendar server."""

    url: str
    schedules: bool = False
    """It invites the guests of an event by itself (RFC 6638)."""
    removes: bool = False
    """It takes the guest's copy away when the event is removed, instead of marking it as cancelled."""
    google: bool = False
    """It is like Google: ids are used once, and stamps are its own."""
    shelves: dict[CalendarId, Shelf] = field(default_factory=dict)
    past: list[Shelf] = field(default_factory=list)
    """Calendars that were deleted, and others made in their place."""
    foreign: list[str] = field(default_factory=list)
    """What the program wrote over that was not its own: there must be nothing here."""

    def add(self, owner: str, name: str, *, connected: bool = True) -> Shelf:
        """Make a calendar."""
        id_ = CalendarId(f"{self.url}/{owner}/{name}/")
        before = self.shelves.get(id_)
        if before is not None:
            self.past.append(before)
        born = before.born + 1 if before is not None else 1
        self.shelves[id_] = Shelf(id_, owner, born, connected)
        return self.shelves[id_]

    def of(self, owner: str) -> tuple[Shelf, ...]:
        """Return the calendars of somebody that are there."""
        return tuple(one for one in self.shelves.values() if one.owner == owner and not one.gone)

    def write(self, shelf: Shelf, at: datetime, ref: EventRef, body: Body | None) -> None:
        """Write what the program wants, and what follows from it."""
        before = shelf.at(ref)
        if before is not None and not before.uid.startswith(f"{SYNCD}-"):
            self.foreign.append(f"{ref}: an event that is not ours was written over")
        shelf.put(at, ref, body, SYNCD)
        self.tell(shelf, at, before, body)

    def tell(self, shelf: Shelf, at: datetime, before: Body | None, after: Body | None) -> None:
        """Send invites, changes and cancellations to the guests who have a calendar here."""
        known = after or before
        if not self.schedules or known is None or known.silent or known.session is None:
            return
        organizer = f"{shelf.owner}@school.example"
        if known.organizer != organizer:  # RFC 6638, 3.2.2: a guest answers, and invites nobody
            self._answer(known, after, organizer, at)
            return
        for address, _ in known.partstats:
            if address == organizer:
                continue
            for other in self.of(address.partition("@")[0])[:1]:
                self._deliver(other, at, known, after, address)

    def _answer(self, known: Body, after: Body | None, guest: str, at: datetime) -> None:
        """Write a guest's answer into the organizer's event; whoever takes their copy away has declined."""
        answer = dict(after.partstats)[guest] if after is not None else PartStat.DECLINED
        for shelf in self.of(known.organizer.partition("@")[0]):
            for ref, body in shelf.standing().items():
                if body.uid == known.uid and guest in dict(body.partstats):
                    shelf.put(at, ref, body.answered(guest, answer), SERVER)

    def _deliver(self, other: Shelf, at: datetime, known: Body, after: Body | None, guest: str) -> None:
        ref = EventRef(f"{other.id}{'' if self.google else 'invite-'}{known.uid}.ics")
        there = other.at(ref)
        called_off = after is None or after.status is Status.CANCELLED
        if not called_off:
            assert after is not None
            kept = dict(there.partstats).get(guest, PartStat.NEEDS_ACTION) if there else PartStat.NEEDS_ACTION
            new = after.answered(guest, kept)
            if new != there:
                other.put(at, ref, new, SERVER)
        elif there is not None:
            gone = None if self.removes else replace(there, status=Status.CANCELLED)
            other.put(at, ref, gone, SERVER)


def of_session(shelf: Shelf, session_id: str, length: int | None = None) -> Iterator[tuple[EventRef, Body]]:
    """Yield the events of a session that stand in a calendar, in whatever state."""
    for ref, body in shelf.standing(length).items():
        if body.uid.startswith(f"syncd-{session_id}-"):
            yield ref, body


def newest(found: Mapping[EventRef, Body]) -> EventRef | None:
    """Return where the last generation of a session's event stands."""
    return max(found, key=lambda ref: (_generation(found[ref].uid), ref), default=None)


def _generation(uid: str) -> int:
    last = uid.rpartition("-")[2]
    return int(last) if last.isdecimal() else 0
