"""The ear of this computer: Google sends the browser back to it (RFC 8252, 7.3).

It hears one answer, on the loopback address alone, and says nothing of it to anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from socketserver import TCPServer
from threading import Thread
from typing import Self
from urllib.parse import parse_qs, urlsplit

from syncd.errors import Problem

HOST = "127.0.0.1"
_NAMES = frozenset({HOST, "localhost"})
_HTTP = 80
_LONGEST = 8192
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>syncd</title>
<p>{}</p><p>You can close this page: syncd goes on where it was started.</p></html>
"""
_HEARD = "Thank you: Google's answer has arrived."
_STRANGE = "This is not an answer of Google's."


class Loopback:
    """A server for one answer, at an address of this computer."""

    def __init__(self, redirect_uri: str | None = None) -> None:
        """Listen at *redirect_uri*, or at any port that is free.

        :raises Problem: if the port is taken.
        """
        port = urlsplit(redirect_uri).port or _HTTP if redirect_uri else 0
        try:
            self._server = _Server((HOST, port), _Page)
        except OSError as error:
            raise Problem(
                f"{HOST}:{port} cannot be listened at ({error.strerror}); end what uses it, and begin again"
            ) from None
        self.redirect_uri = redirect_uri or f"http://{HOST}:{self._server.server_port}/"
        """Where Google is to send the browser, to the letter."""
        self._server.place = urlsplit(self.redirect_uri)
        Thread(target=self._server.serve_forever, args=(0.05,), name="loopback", daemon=True).start()

    def wait(self, seconds: float) -> str | None:
        """Return the query of the answer; ``None`` if none comes in time."""
        try:
            return self._server.heard.get(timeout=seconds)
        except Empty:
            return None

    def close(self) -> None:
        """Hear no more."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def on_this_computer(addresses: Sequence[str]) -> str | None:
    """Return the first of *addresses* at which this computer can listen."""
    for address in addresses:
        parts = urlsplit(address)
        if parts.scheme == "http" and parts.hostname in _NAMES:
            return address
    return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 8

    def __init__(self, at: tuple[str, int], page: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(at, page)
        self.heard: SimpleQueue[str] = SimpleQueue()
        self.place = urlsplit("")

    def server_bind(self) -> None:
        """Take the port, without asking the network how this computer is called."""
        TCPServer.server_bind(self)
        self.server_port = int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that hangs up is no news."""


class _Page(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10
    server_version, sys_version = "syncd", ""

    def do_GET(self) -> None:
        """Hear the answer, if it is one."""
        path, _, query = self.path.partition("?")
        place = self.server.place
        if self.headers.get("Host", "") != place.netloc:  # a name that leads here is no name of ours
            self._say(HTTPStatus.FORBIDDEN, _STRANGE)
        elif path != (place.path or "/") or len(query) > _LONGEST or not _is_answer(query):
            self._say(HTTPStatus.NOT_FOUND, _STRANGE)
        else:
            self._say(HTTPStatus.OK, _HEARD)
            self.server.heard.put(query)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Write nothing: the address holds the code."""

    def _say(self, status: HTTPStatus, words: str) -> None:
        page = _PAGE.format(words).encode()
        self.send_response(status)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(page))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)


def _is_answer(query: str) -> bool:
    said = parse_qs(query, keep_blank_values=True)
    return "state" in said and ("code" in said or "error" in said)
