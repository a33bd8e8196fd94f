"""A person's own hand in their Google calendars: what they do on their phone, past the API."""

from __future__ import annotations

import secrets
from base64 import b32hexencode
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from syncd.demo.google import calendars, render
from syncd.demo.google.copies import Copies, Updates
from syncd.demo.google.drafts import draft
from syncd.demo.google.events import made
from syncd.demo.google.refusals import Body
from syncd.demo.google.series import copy_of
from syncd.demo.google.state import Calendar, Copy, Gone, Role, World

Answer = Literal["accepted", "tentative", "declined"]


class NotPossible(Exception):
    """A person cannot do that in their calendar; the text says why."""


def _moment(at: datetime | date, calendar: Calendar) -> Body:
    if isinstance(at, datetime):
        return {"dateTime": at.isoformat(), "timeZone": calendar.zone.key}
    return {"date": at.isoformat()}


@dataclass(frozen=True)
class Hand:
    """One person; events are named by their id, calendars by theirs, and the primary one by nothing.

    Every method raises :class:`NotPossible` if what it names is not there.
    """

    world: World
    email: str

    def add(
        self,
        title: str,
        start: datetime | date,
        end: datetime | date,
        *,
        calendar: str = "",
        guests: Sequence[str] = (),
        fields: Body | None = None,
    ) -> str:
        """Add an event, with *fields* as the API has them, and return its id."""
        with self.world.act():
            home = self._calendar(calendar)
            body: Body = {"summary": title, "start": _moment(start, home), "end": _moment(end, home)}
            body |= {"attendees": [{"email": one} for one in guests]} | (fields or {})
            event = secrets.token_hex(13)
            copy = made(self.world, home, self.email, event, draft(body, home), body)
            self._copies().put(home, copy)
        return event

    def change(self, event: str, calendar: str = "", **fields: object) -> None:
        """Change *fields* of an event of one's own, as the API has them."""
        with self.world.act():
            home, copy = self._own(event, calendar)
            wanted = draft(dict(fields), home, copy, whole=False)
            self._copies().rewrite(home, copy, wanted.shared, wanted.own)

    def move(self, event: str, start: datetime | date, end: datetime | date, calendar: str = "") -> None:
        """Drag an event to another time."""
        home = self._calendar(calendar)
        self.change(event, calendar, start=_moment(start, home), end=_moment(end, home))

    def retitle(self, event: str, title: str, calendar: str = "") -> None:
        """Give an event another title."""
        self.change(event, calendar, summary=title)

    def delete(self, event: str, calendar: str = "", *, updates: Updates = "all") -> None:
        """Delete an event: for everybody if it is one's own, else for oneself."""
        with self.world.act():
            home, copy = self._standing(event, calendar)
            self._copies(updates).remove(home, copy)

    def restore(self, event: str, calendar: str = "") -> None:
        """Take an event out of the bin again, as it was."""
        with self.world.act():
            home, copy = self._copy(event, calendar)
            if copy.gone is not Gone.DETAILED:
                raise NotPossible("it is not in the bin")
            self._copies().restore(home, copy)

    def answer(self, event: str, answer: Answer, comment: str = "") -> None:
        """Answer an invitation."""
        with self.world.act():
            home, copy = self._standing(event, "")
            if copy.attendee(home.id) is None:
                raise NotPossible("they are not invited")
            self._copies().answer(home, copy, home.id, answer, comment)

    def accept(self, event: str) -> None:
        """Answer an invitation with yes."""
        self.answer(event, "accepted")

    def decline(self, event: str, comment: str = "") -> None:
        """Answer an invitation with no; the event stays where it is, struck out."""
        self.answer(event, "declined", comment)

    def uninvite(self, event: str, guest: str, calendar: str = "") -> None:
        """Take a guest off an event of one's own."""
        with self.world.act():
            home, copy = self._own(event, calendar)
            shared = deepcopy(copy.shared)
            shared["attendees"] = [one for one in copy.attendees if one["email"] != guest]
            self._copies().rewrite(home, copy, shared, copy.own)

    def carry(self, event: str, to: str, calendar: str = "") -> None:
        """Move an event of one's own to another calendar of theirs."""
        with self.world.act():
            home, copy = self._own(event, calendar)
            self._copies().carry(home, copy, self._calendar(to))

    def receive(
        self, organizer: str, uid: str, title: str, start: datetime, end: datetime, *, sequence: int = 0
    ) -> str:
        """Get an invitation by mail from somebody whose calendar is elsewhere; return the event's id here.

        One with the same UID and a higher sequence changes the event.
        """
        with self.world.act():
            home = self._calendar("")
            event = f"_{b32hexencode(uid.encode()).decode().lower().rstrip('=')}"  # as Google names them
            copy = home.copies.get(event)
            if copy and copy.shared["sequence"] >= sequence:
                return event
            guests = copy.attendees if copy else [{"email": self.email, "responseStatus": "needsAction"}]
            body: Body = {"summary": title, "start": _moment(start, home), "end": _moment(end, home)}
            new = made(self.world, home, self.email, event, draft(body, home), {"iCalUID": uid})
            new.shared |= {"attendees": guests, "sequence": sequence}
            new.shared |= {"organizer": {"email": organizer}, "creator": {"email": organizer}}
            self.world.touch(home, new)
        return event

    def receive_cancel(self, event: str) -> None:
        """Get a mail that calls off an event which came by mail."""
        with self.world.act():
            home, copy = self._standing(event, "")
            copy.gone = Gone.BARE
            self.world.touch(home, copy)

    def hear(self, event: str, guest: str, answer: Answer) -> None:
        """Get the answer of a guest whose calendar is elsewhere, by mail."""
        with self.world.act():
            home, copy = self._own(event, "")
            if copy.attendee(guest) is None:
                raise NotPossible("they are not invited")
            self._copies("none").answer(home, copy, guest, answer)

    def make_calendar(self, title: str, zone: str = "") -> str:
        """Make one more calendar and return its id."""
        with self.world.act():
            return self.world.add_calendar(self.email, title, zone=zone).id

    def delete_calendar(self, calendar: str) -> None:
        """Delete a calendar of one's own, with all that is on it."""
        with self.world.act():
            gone = self._calendar(calendar)
            if gone.primary or gone.owner != self.email:
                raise NotPossible("only a secondary calendar of one's own can be deleted")
            calendars.drop(self.world, gone)

    def share(self, with_whom: str, role: Role | None, calendar: str = "") -> None:
        """Share a calendar, or with no role share it no longer; its sync tokens are worth nothing after that."""
        with self.world.act():
            home = self._calendar(calendar)
            if role:
                home.roles[with_whom] = role
            else:
                home.roles.pop(with_whom, None)
            self.world.forget(home)

    def purge(self, event: str, calendar: str = "") -> None:
        """Let a deleted event disappear for good, as Google does after a while; its id stays used."""
        with self.world.act():
            home, copy = self._copy(event, calendar)
            if copy.gone is None:
                raise NotPossible("it stands")
            del home.copies[event]

    def show(self, event: str, calendar: str = "") -> Body | None:
        """Return an event as the API would, deleted or not; nothing if it was never there."""
        with self.world.lock:
            home = self._calendar(calendar)
            copy = copy_of(home, event)
            return None if copy is None else render.event(home, copy)

    def events(self, calendar: str = "") -> dict[str, Body]:
        """Return what stands on a calendar, by id."""
        with self.world.lock:
            home = self._calendar(calendar)
            return {name: render.event(home, one) for name, one in home.copies.items() if one.gone is None}

    def _calendar(self, name: str) -> Calendar:
        found = self.world.calendars.get(name or self.email)
        if found is None or found.roles.get(self.email) not in {"owner", "writer"}:
            raise NotPossible("they have no such calendar")
        return found

    def _copy(self, event: str, calendar: str) -> tuple[Calendar, Copy]:
        home = self._calendar(calendar)
        copy = copy_of(home, event)
        if copy is None:
            raise NotPossible("there is no such event")
        return home, copy

    def _standing(self, event: str, calendar: str) -> tuple[Calendar, Copy]:
        home, copy = self._copy(event, calendar)
        if copy.gone:
            raise NotPossible("it is deleted")
        if event not in home.copies:
            self.world.touch(home, copy)  # an instance that differs from its series has to be written down
        return home, copy

    def _own(self, event: str, calendar: str) -> tuple[Calendar, Copy]:
        home, copy = self._standing(event, calendar)
        if copy.organizer != home.id:
            raise NotPossible("somebody else organizes it")
        return home, copy

    def _copies(self, updates: Updates = "all") -> Copies:
        return Copies(self.world, updates)
