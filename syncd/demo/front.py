"""A small HTTP reverse proxy: the front door of a demo server.

It does Basic authentication with a proper 401, writes the ``Date`` header from an injected
clock, counts what passes, and can be shut and opened again on the same port.
"""

from __future__ import annotations

import hmac
import http.client
import secrets
import socket
import threading
from base64 import b64decode
from binascii import Error as NotBase64
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Self
from urllib.parse import unquote, urlsplit

from syncd.clock import Clock, SystemClock
from syncd.demo.guests import GuestServer

HOST = "127.0.0.1"
METHODS = (
    *("OPTIONS", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
    *("PROPFIND", "PROPPATCH", "REPORT", "MKCALENDAR", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "ACL"),
)
"""Every method that is passed on."""

_HOP_BY_HOP = frozenset(
    (
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    )
)  # RFC 9110, 7.6.1
_OURS = frozenset(("content-length", "expect", "x-remote-user"))
_BODILESS = frozenset((HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED))
_PATIENCE = 30.0
_LOWEST_PORT, _PORTS = 20_000, 12_000


@dataclass(frozen=True, slots=True)
class Seen:
    """One answered request."""

    user: str
    """Who asked; empty if the password was wrong or there was none."""
    method: str
    path: str
    status: int


def free_port() -> int:
    """Return a port that nobody listens on.

    It lies below the range from which the kernel takes ports for outgoing connections, so that
    it is still free when a server that was stopped for a while comes back to it.
    """
    while True:
        port = _LOWEST_PORT + secrets.randbelow(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port


class Front:
    """The front door of a server that listens on loopback port *behind*."""

    def __init__(
        self,
        behind: int,
        users: Mapping[str, str],
        *,
        port: int | None = None,
        clock: Clock | None = None,
        realm: str = "Calendars",
        own_only: bool = False,
    ) -> None:
        self.behind = behind
        self.users = dict(users)
        self.port = port or free_port()
        self.clock: Clock = clock or SystemClock()
        self.realm = realm
        self.own_only = own_only
        self._seen: list[Seen] = []
        self._lock = threading.Lock()
        self._door: _Door | None = None

    @property
    def url(self) -> str:
        """The address as a person would type it."""
        return f"http://{HOST}:{self.port}/"

    def up(self) -> None:
        """Listen, on the same port every time.

        :raises OSError: if somebody else has taken the port.
        """
        if self._door is None:
            self._door = _Door(self)
            threading.Thread(target=self._door.serve_forever, args=(0.02,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections from now on and drop those that are open."""
        if self._door is not None:
            self._door.shut()
            self._door = None

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def record(self, seen: Seen) -> None:
        """Remember one answered request."""
        with self._lock:
            self._seen.append(seen)

    def seen(self) -> tuple[Seen, ...]:
        """Return every answered request so far, in order."""
        with self._lock:
            return tuple(self._seen)

    def counts(self) -> Counter[tuple[str, str, str]]:
        """Count the requests by (user, method, path)."""
        return Counter((one.user, one.method, one.path) for one in self.seen())

    def admits(self, user: str, path: str) -> bool:
        """Tell whether *user* may see *path*: with ``own_only`` the root and what lies below their name."""
        first, _, rest = unquote(urlsplit(path).path).removeprefix("/").partition("/")
        return not self.own_only or first in {"", ".well-known"} or (first == user and ".." not in rest)

    def user_of(self, authorization: str | None) -> str | None:
        """Return who an ``Authorization`` header proves to be asking (RFC 7617)."""
        scheme, _, proof = (authorization or "").partition(" ")
        try:
            user, colon, password = b64decode(proof.strip(), validate=True).decode().partition(":")
        except (NotBase64, UnicodeDecodeError):
            return None
        if scheme.lower() != "basic" or not colon or user not in self.users:
            return None
        return user if hmac.compare_digest(password.encode(), self.users[user].encode()) else None


class _Door(GuestServer):
    daemon_threads = True

    def __init__(self, front: Front) -> None:
        self.front = front
        super().__init__((HOST, front.port), _Passage)

    def shut(self) -> None:
        self.shutdown()
        self.server_close()
        self.hang_up()


class _Passage(BaseHTTPRequestHandler):
    """One connection of a guest, kept alive over many requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _PATIENCE
    server: _Door

    def pass_on(self) -> None:
        front = self.server.front
        try:
            body = self._body()  # even if it is refused: the next request comes down the same connection
        except ValueError:
            self.send_error(HTTPStatus.BAD_REQUEST, "The length of the body is not a number")
            return
        user = front.user_of(self.headers["Authorization"])
        if user is None:
            self._refuse()
            return
        if not front.admits(user, self.path):
            self._say(user, HTTPStatus.FORBIDDEN, {}, b"this belongs to somebody else\n")
            return
        try:
            status, headers, answer = self._ask(user, body)
        except (OSError, http.client.HTTPException):
            self._say(user, HTTPStatus.BAD_GATEWAY, {}, b"the calendar server does not answer\n")
            return
        self._answer(user, status, headers, answer)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers (RFC 9112, 7.1.2) mean nothing to a calendar
        return bytes(body)

    def _ask(self, user: str, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        # A connection of its own for each request: one kept alive may have been closed by the
        # other side, and a PUT must not be sent twice to find out.
        server = http.client.HTTPConnection(HOST, self.server.front.behind, timeout=_PATIENCE)
        try:
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOP_BY_HOP | _OURS:
                    server.putheader(name, value)
            server.putheader("X-Remote-User", user)
            if body or "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
                server.putheader("Content-Length", str(len(body)))
            server.endheaders(body or None)
            answer = server.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            server.close()

    def _answer(self, user: str, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.server.front.record(Seen(user, self.command, self.path, status))
        self.send_response_only(status)
        self.send_header("Date", self.date_time_string())
        for name, value in headers:
            if name.lower() not in _HOP_BY_HOP | {"date", "content-length"}:
                self.send_header(name, value)
        length = {name.lower(): value for name, value in headers}.get("content-length")
        if self.command == "HEAD":
            if length is not None:
                self.send_header("Content-Length", length)
        elif status not in _BODILESS:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self) -> None:
        challenge = f'Basic realm="{self.server.front.realm}", charset="UTF-8"'
        self._say(
            "", HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": challenge}, b"name and password, please\n"
        )

    def _say(self, user: str, status: HTTPStatus, headers: Mapping[str, str], text: bytes) -> None:
        plain = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
        self._answer(user, status, [*headers.items(), *plain], text)

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - the parent class calls it so
        """Return the injected clock's time as ``Date`` has it (RFC 9110, 5.6.7)."""
        return format_datetime(self.server.front.clock.now(), usegmt=True)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent: what passed is in :meth:`Front.seen`."""


for _method in METHODS:
    setattr(_Passage, f"do_{_method}", _Passage.pass_on)
