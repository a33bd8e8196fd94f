"""The methods of ``events`` that read or write one of them."""

from __future__ import annotations

import secrets
from copy import deepcopy

from syncd.demo.google.calls import Call
from syncd.demo.google.copies import Copies, organizer_of
from syncd.demo.google.drafts import ID, Draft, draft
from syncd.demo.google.refusals import (
    Body,
    deleted,
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_the_organizer,
)
from syncd.demo.google.series import copy_of
from syncd.demo.google.state import FIXED, Calendar, Copy, Gone, World
from syncd.demo.google.times import stamped


def get(call: Call) -> Body:
    """Answer ``events.get``, with deleted events as well.

    :raises Refusal: if there was never such an event, or it has been purged.
    """
    calendar = call.calendar()
    return _answer(call, calendar, _found(call, calendar))


def insert(call: Call) -> Body:
    """Answer ``events.insert``.

    :raises Refusal: if it is no event, or its id has been used.
    """
    calendar = call.calendar("writer")
    wanted = draft(call.body, calendar)
    name = call.body.get("id") or secrets.token_hex(13)
    if not ID.fullmatch(name):
        raise invalid("Invalid resource id value.")
    if name in calendar.used:
        raise duplicate()
    copy = made(call.world, calendar, call.viewer, name, wanted, call.body)
    Copies(call.world, call.updates()).put(calendar, copy)
    return _answer(call, calendar, copy)


def made(world: World, calendar: Calendar, creator: str, event: str, wanted: Draft, body: Body) -> Copy:
    """Return a new event as its organizer has it, not yet put anywhere."""
    person = world.people[creator].name
    fixed: Body = {
        "id": event,
        "iCalUID": body.get("iCalUID") or f"{event}@google.com",
        "created": stamped(world.clock.now()),
        "creator": {"email": creator, **({"displayName": person} if person else {})},
        "organizer": organizer_of(world, calendar),
        "eventType": body.get("eventType") or "default",
    }
    return Copy(event, {**wanted.shared, **fixed}, wanted.own)


def update(call: Call) -> Body:
    """Answer ``events.update``: all that is not given is lost.

    :raises Refusal: if it is no event, is not as it was, or is somebody else's.
    """
    return _written(call, whole=True)


def patch(call: Call) -> Body:
    """Answer ``events.patch``: all that is not given stays, and a list is replaced as a whole.

    :raises Refusal: if it is no event, is not as it was, or is somebody else's.
    """
    return _written(call, whole=False)


def delete(call: Call) -> None:
    """Answer ``events.delete``.

    :raises Refusal: if it is deleted already, or is not as it was.
    """
    calendar = call.calendar("writer")
    copy = _found(call, calendar)
    if copy.gone:
        raise deleted()
    call.met(copy)
    Copies(call.world, call.updates()).remove(calendar, _down(call, calendar, copy))


def move(call: Call) -> Body:
    """Answer ``events.move``.

    :raises Refusal: if the event is somebody else's, or the other calendar takes none.
    """
    calendar = call.calendar("writer")
    to = call.world.seen(call.viewer, call.text("destination") or "", "writer")
    copy = _found(call, calendar)
    if copy.organizer != calendar.id or copy.gone or copy.shared["eventType"] != "default":
        raise not_the_organizer()
    there = to.copies.get(copy.id)
    if to is calendar or (there and there.gone is not Gone.BARE and there.organizer == to.id):
        raise duplicate()
    return _answer(call, to, Copies(call.world, call.updates()).carry(calendar, copy, to))


def _found(call: Call, calendar: Calendar) -> Copy:
    found = copy_of(calendar, call.at["eventId"])
    if found is None:
        raise not_found()
    return found


def _down(call: Call, calendar: Calendar, copy: Copy) -> Copy:
    """Write an instance of a series down, so that it can differ from its rule."""
    if copy.id not in calendar.copies:
        call.world.touch(calendar, copy)
    return copy


def _answer(call: Call, calendar: Calendar, copy: Copy) -> Body:
    return call.shown(calendar, copy, bare=copy.gone is not None and call.world.manners.bare == "always")


def _written(call: Call, *, whole: bool) -> Body:
    calendar = call.calendar("writer")
    copy = _found(call, calendar)
    call.met(copy)
    wanted = draft(call.body, calendar, copy, whole=whole)
    copies = Copies(call.world, call.updates())
    if copy.gone and not _revives(call, wanted, whole=whole):
        if wanted.status != "cancelled":
            raise forbidden()
        return _answer(call, calendar, copy)
    copy = _down(call, calendar, copy)
    if copy.gone and copy.organizer != calendar.id:
        if copy.gone is Gone.BARE:
            raise forbidden()  # what the organizer has called off, no guest can revive
        copies.restore(calendar, copy)
    if wanted.status == "cancelled":
        copies.remove(calendar, copy)
    elif copy.organizer == calendar.id:
        copies.rewrite(calendar, copy, wanted.shared, wanted.own)
    else:
        _as_guest(copies, calendar, copy, wanted, call.body)
    return _answer(call, calendar, copy)


def _revives(call: Call, wanted: Draft, *, whole: bool) -> bool:
    # Reported both to work and to be refused: whoever writes must live with either.
    named = wanted.status in {"confirmed", "tentative"} or (whole and wanted.status is None)
    return call.world.manners.revival and named


def _as_guest(copies: Copies, calendar: Calendar, copy: Copy, wanted: Draft, body: Body) -> None:
    """Let a guest write what is theirs: their answer and what is of their copy alone."""
    mine = next((one for one in wanted.shared.get("attendees", ()) if one["email"] == calendar.id), None)
    names = (set(wanted.shared) | set(copy.shared)) - {*FIXED, "attendees", "sequence"}
    differs = any(wanted.shared.get(name) != copy.shared.get(name) for name in names)
    if differs or (
        "attendees" in body and _others(wanted.shared, calendar) != _others(copy.shared, calendar)
    ):
        home = copies.home(copy)
        if not copy.shared.get("guestsCanModify") or home is None:
            raise not_the_organizer()
        shared = {"attendees": deepcopy(copy.attendees), **deepcopy(wanted.shared)}
        copies.rewrite(home, home.copies[copy.id], shared, home.copies[copy.id].own)
    copies.keep(calendar, copy, wanted.own)
    if mine:
        copies.answer(calendar, copy, calendar.id, mine["responseStatus"], mine.get("comment", ""))


def _others(shared: Body, calendar: Calendar) -> dict[str, Body]:
    if shared.get("guestsCanSeeOtherGuests") is False:
        return {}  # a guest who sees nobody else cannot name them either
    return {one["email"]: one for one in shared.get("attendees", ()) if one["email"] != calendar.id}
