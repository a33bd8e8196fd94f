"""What becomes of an event's copies: the organizer's is the event, and every guest has one of their own."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

from syncd.demo.google.refusals import Body
from syncd.demo.google.series import copy_of, exceptions
from syncd.demo.google.state import FIXED, Calendar, Copy, Gone, World

Updates = Literal["all", "externalOnly", "none"]
"""Who gets a mail (``sendUpdates``)."""


@dataclass(frozen=True)
class Copies:
    """The copies of all events, as one person's act changes them."""

    world: World
    updates: Updates = "none"

    def home(self, copy: Copy) -> Calendar | None:
        """Return the calendar that organizes an event, with the event on it; nothing if it is elsewhere."""
        found = self.world.calendars.get(copy.organizer)
        main = found and copy_of(found, copy.id)
        if not found or not main:
            return None
        if copy.id not in found.copies:
            self.world.touch(found, main)  # an instance that a guest has written down before the organizer
        return found

    def put(self, calendar: Calendar, copy: Copy) -> None:
        """Let a new event stand on its organizer's calendar, and invite its guests."""
        self.world.touch(calendar, copy)
        self._spread(calendar, copy, [])

    def rewrite(self, calendar: Calendar, copy: Copy, shared: Body, own: Body) -> None:
        """Let the organizer's event be another one, standing, on every copy of it."""
        before = [] if copy.gone else copy.attendees
        fixed = {name: copy.shared[name] for name in copy.shared if name not in shared and name in FIXED}
        # Reminders alone do not change `updated` (the discovery document says so).
        loud = (
            copy.gone is not None
            or copy.shared != {**shared, **fixed}
            or _without_reminders(copy.own) != _without_reminders(own)
        )
        copy.shared, copy.own, copy.gone = {**shared, **fixed}, own, None
        self.world.touch(calendar, copy, quietly=not loud)
        self._spread(calendar, copy, before, letters=loud)

    def keep(self, calendar: Calendar, copy: Copy, own: Body) -> None:
        """Let what is of one copy alone be something else."""
        if copy.own != own:
            quietly = _without_reminders(copy.own) == _without_reminders(own)
            copy.own = own
            self.world.touch(calendar, copy, quietly=quietly)

    def answer(self, calendar: Calendar, copy: Copy, email: str, answer: str, comment: str = "") -> None:
        """Let the guest *email* answer; every other copy hears of it."""
        mine = copy.attendee(email)
        if mine is None or (mine["responseStatus"] == answer and not comment):
            return
        mine["responseStatus"] = answer
        if comment:
            mine["comment"] = comment
        copy.hidden = False
        self.world.touch(calendar, copy)
        home = self.home(copy)
        if home is None:
            self.world.post(copy.organizer, "REPLY", copy)  # an organizer elsewhere hears it by mail
            return
        if home is not calendar:
            self._take_over(home, copy)
            self._mail([home.owner], "REPLY", copy)
        self._spread(home, home.copies[copy.id], copy.attendees, letters=False)

    def remove(self, calendar: Calendar, copy: Copy) -> None:
        """Delete an event: the organizer for everybody, a guest for themselves."""
        for one in self._series(calendar, copy):
            one.gone, one.fallen = Gone.DETAILED, one is not copy
            if one.organizer == calendar.id:
                self.world.touch(calendar, one)
                self._call_off(calendar, one, {guest["email"] for guest in one.attendees})
            else:
                # On the organizer's calendar a guest who removes an invitation has declined it.
                self.answer(calendar, one, calendar.id, "declined")
                self.world.touch(calendar, one)

    def restore(self, calendar: Calendar, copy: Copy) -> None:
        """Let a deleted event stand again, as it was."""
        for one in self._series(calendar, copy, fallen=True):
            one.gone, one.fallen = None, False
            self.world.touch(calendar, one)
            if one.organizer == calendar.id:
                self._spread(calendar, one, [])
            else:
                self.answer(calendar, one, calendar.id, "needsAction")

    def carry(self, source: Calendar, copy: Copy, to: Calendar) -> Copy:
        """Move an event to another calendar, which organizes it from now on."""
        parts = list(exceptions(source, copy.id).values())
        moved = Copy(copy.id, deepcopy(copy.shared), deepcopy(copy.own), copy.gone, fallen=copy.fallen)
        moved.shared["organizer"] = organizer_of(self.world, to)
        self.world.touch(to, moved)
        copy.shared = deepcopy(moved.shared)
        copy.gone = Gone.BARE if moved.attendee(source.id) is None else copy.gone
        self.world.touch(source, copy)
        if moved.gone is None:
            self._spread(to, moved, moved.attendees)
        for one in parts:
            self.carry(source, one, to)
        return moved

    def _series(self, calendar: Calendar, copy: Copy, *, fallen: bool = False) -> list[Copy]:
        parts = exceptions(calendar, copy.id).values()
        return [copy, *(one for one in parts if one.fallen == fallen and (one.gone is not None) == fallen)]

    def _take_over(self, home: Calendar, copy: Copy) -> None:
        main = home.copies[copy.id]
        main.shared["attendees"] = deepcopy(copy.attendees)
        self.world.touch(home, main)

    def _spread(self, home: Calendar, main: Copy, before: list[Body], *, letters: bool = True) -> None:
        guests = {one["email"] for one in main.attendees} - {home.id}
        for email in sorted(guests):
            self._deliver(main, email)
        self._call_off(home, main, {one["email"] for one in before} - guests, letters=letters)
        if letters:
            self._mail(sorted(guests - {home.owner}), "REQUEST", main)

    def _deliver(self, main: Copy, email: str) -> None:
        person, calendar = self.world.people.get(email), self.world.calendars.get(email)
        if person is None or calendar is None:
            return
        copy = calendar.copies.get(main.id)
        if copy is None:
            copy = Copy(main.id, {}, {"reminders": {"useDefault": True}}, hidden=not person.takes_invitations)
        elif copy.organizer == email and copy.gone is not Gone.BARE:
            return  # an event of their own has the same id
        shared = deepcopy(main.shared)
        mine = next(one for one in shared["attendees"] if one["email"] == email)
        if copy.gone is Gone.DETAILED and mine["responseStatus"] == "declined":
            copy.shared = shared  # they threw it away: it does not come back by itself
        elif copy.shared != shared or copy.gone:
            copy.shared, copy.gone = shared, None
            self.world.touch(calendar, copy)

    def _call_off(self, home: Calendar, main: Copy, guests: set[str], *, letters: bool = True) -> None:
        for email in sorted(guests - {home.id}):
            calendar = self.world.calendars.get(email)
            copy = calendar and copy_of(calendar, main.id)
            if calendar and copy and copy.organizer == main.organizer and copy.gone is not Gone.BARE:
                copy.gone = Gone.BARE
                self.world.touch(calendar, copy)
        if letters:
            self._mail(sorted(guests - {home.owner}), "CANCEL", main)

    def _mail(self, to: list[str], kind: Literal["REQUEST", "CANCEL", "REPLY"], copy: Copy) -> None:
        for one in to:
            outside = one not in self.world.people
            if self.updates == "all" or (self.updates == "externalOnly" and outside):
                self.world.post(one, kind, copy)


def _without_reminders(own: Body) -> Body:
    return {name: value for name, value in own.items() if name != "reminders"}


def organizer_of(world: World, calendar: Calendar) -> Body:
    """Return who organizes what is made on a calendar: its owner, or a secondary calendar itself."""
    name = world.people[calendar.owner].name if calendar.primary else calendar.summary
    return {"email": calendar.id, **({"displayName": name} if name else {})}
