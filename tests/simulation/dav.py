"""The same servers behind the transport seam: they speak CalDAV to the program's own adapter.

A request of the adapter is one request on the wire. Where the adapter needs several, each meets
the weather for itself: between a listing and the bodies the world goes on, another replica may
answer, and the program may be killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from lxml import etree
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from providers.base import CalendarId, ETag, EventRef, Owner, SyncToken
from providers.caldav import CalDavProvider
from providers.errors import (
    AccessLost,
    EventExists,
    EventNotFound,
    PreconditionFailed,
    ProviderError,
    SyncTokenExpired,
    Unavailable,
)
from providers.transport import TransportRules, session
from tests.simulation.ics import shown, stored
from tests.simulation.places import Body, Shelf
from tests.simulation.server import Server, token_at

_DAV, _CAL = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
_SPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
_TOKEN = "data:"
_WRITES = frozenset({"PUT", "DELETE"})
_CALENDAR = "<resourcetype><collection/><C:calendar/></resourcetype>"
_GARBLED = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n"


@dataclass(frozen=True, slots=True)
class Said:
    """An answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def opened(server: Server, owner: Owner) -> CalDavProvider:
    """Return the program's own adapter to one account of *server*."""
    host = f"https://{server.place.url.rpartition('/')[2]}.example"
    opened = session(TransportRules())
    opened.mount(host, Talk(server))
    return CalDavProvider(f"{host}/{server.user}/", server.user, "open sesame", owner, opened)


class Talk(HTTPAdapter):
    """Gets the requests of one account in place of a network."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server
        self._does: dict[str, Callable[[requests.PreparedRequest], Said]] = {
            "OPTIONS": self._options,
            "PROPFIND": self._propfind,
            "REPORT": self._report,
            "GET": self._get,
            "PUT": self._put,
            "DELETE": self._delete,
        }

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Return the answer to *request*.

        :raises ConnectionError: if none comes.
        """
        wire, place, method = self._server.wire, self._server.place, str(request.method)
        try:
            wire.travel(place)
        except Unavailable as why:
            return self._response(request, self._refusal(why, request))
        try:
            said = self._said(request)
        finally:
            try:
                wire.back(place, write=method in _WRITES)
            except Unavailable as why:
                raise requests.ConnectionError(why.what) from None
        return self._response(request, said)

    def _said(self, request: requests.PreparedRequest) -> Said:
        try:
            self._server.admit()
            said = self._does[str(request.method)](request)
        except ProviderError as why:
            return self._refusal(why, request)
        receipt = self._server.receipt()
        assert receipt.date is not None
        head = {"Date": format_datetime(receipt.date, usegmt=True), **said.headers}
        if receipt.cached and request.method not in _WRITES:
            head["Age"] = "3500"
        return Said(said.status, said.body, head)

    def _refusal(self, why: ProviderError, request: requests.PreparedRequest) -> Said:
        wait = why.retry_after if isinstance(why, Unavailable) else None
        match why:
            case AccessLost():
                status = why.status or HTTPStatus.NOT_FOUND
            case Unavailable() if why.status is None:
                raise requests.ConnectionError(why.what)
            case Unavailable():
                status = why.status or 0
            case SyncTokenExpired():
                return _error(HTTPStatus.FORBIDDEN, "<valid-sync-token/>")
            case EventExists() if self._stands(request):
                status = HTTPStatus.PRECONDITION_FAILED
            case EventExists():
                return _error(HTTPStatus.CONFLICT, "<C:no-uid-conflict/>")
            case EventNotFound() if request.method != "PUT":
                status = HTTPStatus.NOT_FOUND
            case EventNotFound() | PreconditionFailed():
                status = HTTPStatus.PRECONDITION_FAILED
            case _:
                raise why
        return Said(status, headers=_retry(wait))

    def _stands(self, request: requests.PreparedRequest) -> bool:
        shelf, ref = self._resource(request)
        return shelf.at(ref) is not None

    def _response(self, request: requests.PreparedRequest, said: Said) -> requests.Response:
        raw = HTTPResponse(
            BytesIO(said.body), dict(said.headers), said.status, preload_content=False, reason="said"
        )
        return self.build_response(request, raw)

    # --- what is where -------------------------------------------------------------------

    def _calendar(self, request: requests.PreparedRequest) -> CalendarId | None:
        """Return the calendar that is asked, or nothing if the whole account is."""
        _, user, *names = unquote(urlsplit(str(request.url)).path).split("/")
        return CalendarId(f"{self._server.place.url}/{user}/{names[0]}/") if names and names[0] else None

    def _shelf(self, request: requests.PreparedRequest) -> Shelf:
        calendar = self._calendar(request)
        assert calendar is not None
        return (self._server.writable if request.method in _WRITES else self._server.open)(calendar)

    def _resource(self, request: requests.PreparedRequest) -> tuple[Shelf, EventRef]:
        shelf = self._shelf(request)
        return shelf, _ref(shelf, str(request.url))

    # --- the account ---------------------------------------------------------------------

    def _options(self, request: requests.PreparedRequest) -> Said:
        del request
        schedules = ", calendar-auto-schedule" if self._server.place.schedules else ""
        return Said(HTTPStatus.OK, headers={"DAV": f"1, 3, calendar-access{schedules}"})

    def _propfind(self, request: requests.PreparedRequest) -> Said:
        if self._calendar(request) is not None:
            shelf = self._shelf(request)
            return _rows([_row(_path(shelf), _CALENDAR)])
        home = f"/{self._server.user}/"
        rows = [_row(home, self._principal(home))]
        if request.headers.get("Depth") == "1":
            rows += [_row(_path(one), self._entry(one)) for one in self._server.mine()]
        return _rows(rows)

    def _principal(self, home: str) -> str:
        props = f"<resourcetype><collection/></resourcetype><C:calendar-home-set><href>{home}</href></C:calendar-home-set>"
        address = f"<href>mailto:{self._server.user}@school.example</href>"
        props += f"<C:calendar-user-address-set>{address}</C:calendar-user-address-set>"
        if self._server.place.schedules:
            props += f"<C:schedule-outbox-URL><href>{home}outbox/</href></C:schedule-outbox-URL>"
        return props

    def _entry(self, shelf: Shelf) -> str:
        token = f"<sync-token>{_TOKEN}{token_at(shelf, 0)}</sync-token>"
        return f"{_CALENDAR}<displayname>{shelf.name}</displayname>{token}"

    # --- one calendar --------------------------------------------------------------------

    def _report(self, request: requests.PreparedRequest) -> Said:
        shelf, asked = self._shelf(request), etree.fromstring(request.body or b"")
        length = self._server.known(shelf)
        if asked.tag == f"{_CAL}calendar-multiget":
            return _rows(self._bodies(shelf, length, asked))
        token = str(asked.findtext(f"{_DAV}sync-token") or "")
        if not token:
            listed = self._server.listed(shelf, length)
            return _rows(
                [_row(_path(shelf, ref), _etag(body)) for ref, body in listed.items()],
                token_at(shelf, length),
            )
        place = self._server.since(shelf, SyncToken(token.removeprefix(_TOKEN)))
        now = self._server.changed(shelf, place, length)
        rows = [
            _gone(_path(shelf, ref)) if body is None else _row(_path(shelf, ref), _etag(body))
            for ref, body in now.items()
        ]
        return _rows(rows, token_at(shelf, max(place, length)))

    def _bodies(self, shelf: Shelf, length: int, asked: etree._Element) -> Iterator[str]:
        for href in asked.iterfind(f"{_DAV}href"):
            path = str(href.text)
            body = self._server.seen(shelf, _ref(shelf, path), length)
            if body is None:
                yield _gone(path)
            else:
                data = self._data(body).decode().replace("\r", "&#13;")
                yield _row(path, f"{_etag(body)}<C:calendar-data>{data}</C:calendar-data>")

    def _get(self, request: requests.PreparedRequest) -> Said:
        shelf, ref = self._resource(request)
        body = self._server.seen(shelf, ref, self._server.known(shelf))
        if body is None:
            return Said(HTTPStatus.NOT_FOUND)
        return Said(HTTPStatus.OK, self._data(body), {"ETag": body.etag, "Content-Type": "text/calendar"})

    def _data(self, body: Body) -> bytes:
        if self._server.blurred():
            return _GARBLED
        return shown(body, tells=self._server.place.schedules and not body.silent)

    def _put(self, request: requests.PreparedRequest) -> Said:
        shelf, ref = self._resource(request)
        assert isinstance(request.body, bytes)
        body, etag = stored(request.body), request.headers.get("If-Match")
        stands = shelf.at(ref) is not None
        if etag is not None:
            self._server.update(shelf, ref, body, ETag(etag))
        elif request.headers.get("If-None-Match") == "*":
            self._server.create(shelf, ref, body)
        else:
            self._server.cross(ref)
            self._server.put(shelf, ref, body)
        return Said(HTTPStatus.NO_CONTENT if stands else HTTPStatus.CREATED, headers={"ETag": body.etag})

    def _delete(self, request: requests.PreparedRequest) -> Said:
        shelf, ref = self._resource(request)
        self._server.delete(shelf, ref, ETag(request.headers["If-Match"]))
        return Said(HTTPStatus.NO_CONTENT)


def _ref(shelf: Shelf, url: str) -> EventRef:
    return EventRef(f"{shelf.id}{unquote(urlsplit(url).path).rpartition('/')[2]}")


def _path(shelf: Shelf, ref: str = "") -> str:
    return f"/{shelf.owner}/{shelf.name}/{ref.rpartition('/')[2]}"


def _etag(body: Body) -> str:
    return f"<getetag>{body.etag}</getetag>"


def _row(path: str, props: str) -> str:
    good = "<status>HTTP/1.1 200 OK</status>"
    return f"<response><href>{path}</href><propstat><prop>{props}</prop>{good}</propstat></response>"


def _gone(path: str) -> str:
    return f"<response><href>{path}</href><status>HTTP/1.1 404 Not Found</status></response>"


def _rows(rows: Iterator[str] | list[str], token: SyncToken | None = None) -> Said:
    end = "" if token is None else f"<sync-token>{_TOKEN}{token}</sync-token>"
    return _xml(HTTPStatus.MULTI_STATUS, f"<multistatus {_SPACES}>{''.join(rows)}{end}</multistatus>")


def _error(status: int, condition: str) -> Said:
    return _xml(status, f"<error {_SPACES}>{condition}</error>")


def _xml(status: int, text: str) -> Said:
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    return Said(status, (head + text).encode(), {"Content-Type": "application/xml; charset=utf-8"})


def _retry(wait: timedelta | None) -> dict[str, str]:
    return {} if wait is None else {"Retry-After": f"{wait.total_seconds():.0f}"}
