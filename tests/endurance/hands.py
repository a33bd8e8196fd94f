"""What people do in their own calendars, and see there: in the same words on every kind of server."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Protocol

from lxml import etree

from providers.base import CalendarId, EventRef
from providers.uids import named_by
from syncd.demo.google import NotPossible
from syncd.demo.google.refusals import Body
from syncd.demo.hand import Refused
from tests.providers.entries import Change, edited
from tests.providers.google_house import GoogleHand
from tests.providers.hands import CalDavHand
from tests.providers.house import Outside

IN_VAIN = (Refused, NotPossible)
"""What an act ends with that cannot be done."""
_DATA = "{urn:ietf:params:xml:ns:caldav}calendar-data"
_UID = re.compile(r"^UID:(\S+)\s*$", re.MULTILINE)
_QUERY = (
    '<?xml version="1.0"?><C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
    "<prop><C:calendar-data/></prop>"
    '<C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>'
)
_TRIES = 3


class Hand(Outside, Protocol):
    """A person's own calendar app, which shows them everything."""

    def look(self, calendar: CalendarId, ref: EventRef) -> object:
        """Return all that there is of an event: two looks are equal if nobody has touched it."""
        ...

    def uids(self, calendar: CalendarId) -> list[str]:
        """Return the UID of each event that stands in a calendar: everything in it is listed."""
        ...


class AppHand(CalDavHand):
    """An app that speaks CalDAV, and changes an event only if it is still what the person saw."""

    def look(self, calendar: CalendarId, ref: EventRef) -> object:
        return self.read(ref)

    def uids(self, calendar: CalendarId) -> list[str]:
        answer = self._hand.ask("REPORT", calendar, _QUERY, {"Depth": "1", "Content-Type": "application/xml"})
        if answer.status != HTTPStatus.MULTI_STATUS:
            raise AssertionError(f"{calendar} cannot be listed: {answer.status}")
        tree = etree.fromstring(answer.body)
        texts = [(found.text or "").replace("\r\n", "\n").replace("\n ", "") for found in tree.iter(_DATA)]
        return [uid for text in texts for uid in _UID.findall(text)]

    def _edit(self, calendar: CalendarId, ref: EventRef, change: Change) -> None:
        url = self._url(ref)
        for left in reversed(range(_TRIES)):
            found = self._hand.ask("GET", url)
            if found.status != HTTPStatus.OK:
                raise Refused("GET", url, found)
            try:
                self._hand.put(url, edited(found.text, change), if_match=found.headers["ETag"])
            except Refused:
                if not left:
                    raise
            else:
                return


class PhoneHand(GoogleHand):
    """An app of Google's."""

    def look(self, calendar: CalendarId, ref: EventRef) -> object:
        return self._phone(calendar).show(ref, calendar)

    def uids(self, calendar: CalendarId) -> list[str]:
        return [
            named_by(name) or _marked(shown) or name
            for name, shown in self._phone(calendar).events(calendar).items()
        ]


def _marked(shown: Body) -> str | None:
    """Return the UID with which an event was marked that bears another one."""
    uid: str | None = shown.get("extendedProperties", {}).get("private", {}).get("uid")
    return uid
