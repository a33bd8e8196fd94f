"""A person's own hand in their calendar: plain HTTP, as any calendar app would do it."""

from __future__ import annotations

import http.client
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from urllib.parse import quote, urljoin, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

_PATIENCE = 30.0
_CREATED = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT)
_NAMESPACES = 'xmlns="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"'
_DATA = "{urn:ietf:params:xml:ns:caldav}calendar-data"
_QUERY = f"""<?xml version="1.0" encoding="utf-8"?>
<calendar-query {_NAMESPACES}><D:prop><calendar-data/></D:prop><filter><comp-filter name="VCALENDAR">
<comp-filter name="VEVENT"><prop-filter name="UID"><text-match collation="i;octet">{{uid}}</text-match></prop-filter>
</comp-filter></comp-filter></filter></calendar-query>"""
_ANSWER = re.compile(r"PARTSTAT=[A-Z-]+")


class Refused(Exception):
    """The server did not do what a person asked of it."""

    def __init__(self, method: str, url: str, answer: Answer) -> None:
        super().__init__(f"{method} {url}: the server answered {answer.status}")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass(frozen=True, slots=True)
class Stored:
    """One resource as it stands in a calendar."""

    url: str
    text: str

    @property
    def cancelled(self) -> bool:
        """Whether its organizer has called it off."""
        return "STATUS:CANCELLED" in self.text


@dataclass(frozen=True, slots=True)
class Hand:
    """One user of one server, with name and password; *home* is where their calendars lie."""

    home: str
    user: str
    password: str

    def ask(
        self, method: str, url: str, body: str | bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Make one request and return the answer, whatever it is; a body is XML unless *headers* say otherwise."""
        at = urlsplit(url)
        proof = b64encode(f"{self.user}:{self.password}".encode()).decode()
        server = http.client.HTTPConnection(at.hostname or "", at.port, timeout=_PATIENCE)
        try:
            given = body.encode() if isinstance(body, str) else body
            kind = {"Content-Type": "application/xml; charset=utf-8"} if given else {}
            whole = {"Authorization": f"Basic {proof}", **kind, **(headers or {})}
            server.request(method, at.path or "/", given or None, whole)
            answer = server.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            server.close()

    def calendar(self, name: str) -> str:
        """Return the address of the calendar *name*."""
        return f"{self.home}{quote(name)}/"

    def make_calendar(self, name: str, title: str | None = None) -> str:
        """Make a calendar for events (MKCALENDAR, RFC 4791, 5.3.1) and return its address.

        :raises Refused: if the server does not make it.
        """
        body = (
            f'<?xml version="1.0" encoding="utf-8"?><mkcalendar {_NAMESPACES}><D:set><D:prop>'
            f"<D:displayname>{escape(title or name)}</D:displayname>"
            '<supported-calendar-component-set><comp name="VEVENT"/></supported-calendar-component-set>'
            "</D:prop></D:set></mkcalendar>"
        )
        self._must(
            "MKCALENDAR", self.calendar(name), body, {"Content-Type": "application/xml; charset=utf-8"}
        )
        return self.calendar(name)

    def put(self, url: str, text: str, *, if_match: str | None = None) -> Answer:
        """Write one resource, new or changed.

        :raises Refused: if the server does not take it.
        """
        condition = {} if if_match is None else {"If-Match": if_match}
        return self._must("PUT", url, text, {"Content-Type": "text/calendar", **condition})

    def fill(self, calendar: str, resources: Mapping[str, str]) -> None:
        """Put *resources*, name to text, into a calendar.

        :raises Refused: if the server does not take one of them.
        """
        for name, text in resources.items():
            self.put(f"{calendar}{quote(name)}", text)

    def get(self, url: str) -> str:
        """Return the text of one resource.

        :raises Refused: if it is not there.
        """
        return self._must("GET", url).text

    def find(self, calendar: str, uid: str) -> tuple[Stored, ...]:
        """Return the events in a calendar whose UID begins with *uid* (REPORT, RFC 4791, 7.8); none if it is not there.

        :raises Refused: if the server does not say.
        """
        answer = self.ask("REPORT", calendar, _QUERY.format(uid=escape(uid)), {"Depth": "1"})
        if answer.status == HTTPStatus.NOT_FOUND:
            return ()
        if answer.status != HTTPStatus.MULTI_STATUS:
            raise Refused("REPORT", calendar, answer)
        rows = ET.fromstring(answer.text).iterfind("{DAV:}response")  # noqa: S314 - of a server of our own
        found = ((row.findtext("{DAV:}href"), row.findtext(f".//{_DATA}")) for row in rows)
        return tuple(Stored(urljoin(calendar, href), text) for href, text in found if href and text)

    def decline(self, event: Stored, address: str) -> None:
        """Answer an invitation with no, as a calendar app does it: the guest's own PARTSTAT (RFC 5545, 3.2.12).

        :raises Refused: if the server does not take it.
        """
        lines = event.text.replace("\r\n", "\n").replace("\n ", "").split("\n")
        self.put(event.url, "\r\n".join(_declined(line) if address in line else line for line in lines))

    def delete(self, url: str) -> None:
        """Delete one resource, or a calendar with all that is in it.

        :raises Refused: if the server does not.
        """
        self._must("DELETE", url)

    def move(self, url: str, to: str) -> None:
        """Move one resource to another place (MOVE, RFC 4918, 9.9).

        :raises Refused: if the server does not.
        """
        self._must("MOVE", url, headers={"Destination": to, "Overwrite": "F"})

    def claim(self, principal: str, address: str) -> None:
        """Set the e-mail address of one's principal (PROPPATCH; RFC 6638, 2.4.1).

        :raises Refused: if the server does not.
        """
        self._set(
            principal,
            f"<calendar-user-address-set><D:href>mailto:{escape(address)}</D:href></calendar-user-address-set>",
        )

    def receive(self, inbox: str, calendar: str) -> None:
        """Choose the calendar in which invitations arrive (PROPPATCH; RFC 6638, 9.2).

        :raises Refused: if the server does not take it.
        """
        self._set(
            inbox,
            f"<schedule-default-calendar-URL><D:href>{escape(urlsplit(calendar).path)}</D:href></schedule-default-calendar-URL>",
        )

    def _set(self, url: str, value: str) -> None:
        body = (
            f'<?xml version="1.0" encoding="utf-8"?><D:propertyupdate {_NAMESPACES}><D:set><D:prop>'
            f"{value}</D:prop></D:set></D:propertyupdate>"
        )
        answer = self.ask("PROPPATCH", url, body)
        if answer.status != HTTPStatus.MULTI_STATUS or "200 OK" not in answer.text:
            raise Refused("PROPPATCH", url, answer)

    def _must(
        self, method: str, url: str, body: str | bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        answer = self.ask(method, url, body, headers)
        if answer.status not in _CREATED:
            raise Refused(method, url, answer)
        return answer


def _declined(line: str) -> str:
    return _ANSWER.sub("PARTSTAT=DECLINED", line) if line.startswith("ATTENDEE") else line
