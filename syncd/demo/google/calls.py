"""One request to the API, understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from syncd.demo.google import render
from syncd.demo.google.copies import Updates
from syncd.demo.google.refusals import Body, changed, invalid, no_scope
from syncd.demo.google.state import Calendar, Copy, Role, World
from syncd.demo.google.times import instant, zone_of

_OWNED = frozenset(("calendar.events.owned", "calendar.events.owned.readonly"))
_MADE = frozenset(("calendar.app.created",))
_TIMES = frozenset(("calendar.events.freebusy",))
"""Scopes that open less than everything."""
_MANY = 100_000


@dataclass(frozen=True)
class Call:
    """Who asks for what."""

    world: World
    method: str
    """Its name in the discovery document, such as ``calendar.events.list``."""
    viewer: str
    """The address of the person whose access token it is."""
    scopes: frozenset[str]
    """Those of the token that allow the method."""
    at: Mapping[str, str]
    """What stands in the path."""
    query: Mapping[str, list[str]]
    body: Body = field(default_factory=dict)
    if_match: str | None = None

    def calendar(self, least: Role = "freeBusyReader") -> Calendar:
        """Return the calendar that stands in the path.

        :raises Refusal: if the viewer may not do this with it, or has not allowed it.
        """
        found = self.world.seen(self.viewer, self.at["calendarId"], least)
        if not self._opening(found):
            raise no_scope(self.method)
        return found

    def _opening(self, calendar: Calendar) -> frozenset[str]:
        """Return those of the scopes that open this very calendar."""
        strange = frozenset() if calendar.roles[self.viewer] == "owner" else _OWNED
        return self.scopes - strange - (frozenset() if calendar.by_app else _MADE)

    def shown(self, calendar: Calendar, copy: Copy, *, bare: bool = False) -> Body:
        """Return a copy as the viewer may see it, and as they want it.

        :raises Refusal: if they want it in a zone that there is none of.
        """
        named = self.text("timeZone")
        zone = zone_of(named) if named else calendar.zone
        answer = render.event(calendar, copy, zone, "id" if bare else self._detail(calendar, copy))
        guests, most = answer.get("attendees", []), self.number("maxAttendees", _MANY, _MANY)
        if len(guests) > most:
            mine = [one for one in guests if one.get("self")]
            answer |= {"attendees": mine, "attendeesOmitted": True}
        return answer

    def _detail(self, calendar: Calendar, copy: Copy) -> render.Detail:
        role = calendar.roles[self.viewer]
        secret = role == "reader" and copy.own.get("visibility") in {"private", "confidential"}
        return "times" if role == "freeBusyReader" or secret or self._opening(calendar) <= _TIMES else "all"

    def met(self, copy: Copy) -> None:
        """Make sure that a copy is as it was when its etag was read.

        :raises Refusal: if it is not.
        """
        if self.if_match not in {None, "*", copy.etag}:
            raise changed()

    def text(self, name: str) -> str | None:
        """Return a query parameter, or nothing if it is not given."""
        given = self.query.get(name)
        return given[-1] if given else None

    def flag(self, name: str) -> bool | None:
        """Return a query parameter that is true or false.

        :raises Refusal: if it is something else.
        """
        given = self.text(name)
        if given not in {None, "true", "false"}:
            raise invalid(f"Invalid boolean value: '{given}'.", name)
        return None if given is None else given == "true"

    def number(self, name: str, default: int, most: int) -> int:
        """Return a query parameter that counts, at most *most*.

        :raises Refusal: if it does not count.
        """
        given = self.text(name) or str(default)
        if not given.isdecimal() or int(given) < 1:
            raise invalid(f"Invalid value '{given}'. Values must be within the range: [1, 2147483647]", name)
        return min(int(given), most)

    def instant(self, name: str) -> datetime | None:
        """Return a query parameter that is an instant.

        :raises Refusal: if it is none.
        """
        given = self.text(name)
        return None if given is None else instant(given, name)

    def updates(self) -> Updates:
        """Return who shall get a mail.

        :raises Refusal: if it is nobody that is known.
        """
        given = self.text("sendUpdates")
        match given:
            case None:
                return "all" if self.flag("sendNotifications") else "none"
            case "all" | "externalOnly" | "none":
                return given
            case _:
                raise invalid(f"Invalid value for: {given} is not a valid value", "sendUpdates")
