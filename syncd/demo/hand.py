"""A person's own hand in their calendar: plain HTTP, as any calendar app would do it."""

from __future__ import annotations

import http.client
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

_PATIENCE = 30.0
_CREATED = (200, 201, 204)
_MULTI_STATUS = 207
_NAMESPACES = 'xmlns="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"'


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
        body = (
            f'<?xml version="1.0" encoding="utf-8"?><D:propertyupdate {_NAMESPACES}><D:set><D:prop>'
            f"<calendar-user-address-set><D:href>mailto:{escape(address)}</D:href></calendar-user-address-set>"
            "</D:prop></D:set></D:propertyupdate>"
        )
        answer = self.ask("PROPPATCH", principal, body)
        if answer.status != _MULTI_STATUS or "200 OK" not in answer.text:
            raise Refused("PROPPATCH", principal, answer)

    def _must(
        self, method: str, url: str, body: str | bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        answer = self.ask(method, url, body, headers)
        if answer.status not in _CREATED:
            raise Refused(method, url, answer)
        return answer
