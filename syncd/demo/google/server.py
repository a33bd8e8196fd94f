"""The HTTP server: connections kept alive, the ``Date`` header from the injected clock, and spoiled answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

from syncd.clock import Clock
from syncd.demo.google.answers import Answer, Request, page
from syncd.demo.google.faults import LOG_IN, Fault, Faults
from syncd.demo.guests import GuestServer

HOST = "127.0.0.1"
PATIENCE = 30.0
"""Seconds for which nobody need say a word."""
_BODILESS = frozenset((HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED))


@dataclass(frozen=True)
class Asked:
    """One request, as the log has it."""

    method: str
    path: str
    """Percent-decoded."""
    query: str
    status: int | None
    """Nothing if no answer was sent."""


class Log:
    """Every request, in the order in which they were answered."""

    def __init__(self) -> None:
        self._asked: list[Asked] = []
        self._lock = threading.Lock()

    def add(self, asked: Asked) -> None:
        """Remember one request."""
        with self._lock:
            self._asked.append(asked)

    def all(self) -> tuple[Asked, ...]:
        """Return every request so far."""
        with self._lock:
            return tuple(self._asked)

    def clear(self) -> None:
        """Forget every request so far."""
        with self._lock:
            self._asked.clear()


class Server(GuestServer):
    """A server on a free port of loopback, in threads that end with it."""

    daemon_threads = False
    block_on_close = True

    def __init__(
        self, answer: Callable[[Request], Answer], faults: Faults, clock: Clock, log: Log, port: int = 0
    ) -> None:
        self.answer, self.faults, self.clock, self.log = answer, faults, clock, log
        self.over = threading.Event()
        super().__init__((HOST, port), _Talk)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="google-fake")

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up on everybody, and return when the last thread has ended."""
        self.over.set()
        self.shutdown()
        self._thread.join()
        self.hang_up()
        self.server_close()


class _Talk(BaseHTTPRequestHandler):
    """One connection, kept alive over many requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = PATIENCE
    server: Server

    def talk(self) -> None:
        request, path, query = self._request()
        fault = self.server.faults.strike(request.method, path) or Fault()
        answer = fault.instead or self.server.answer(request)
        if fault.spoil == "swapped":
            answer = page(LOG_IN)
        # Of an answer without a body nothing can be cut but all of it.
        lost = fault.spoil == "lost" or (fault.spoil == "cut" and not answer.body)
        self.server.log.add(Asked(request.method, path, query, None if lost else answer.status))
        if fault.spoil == "slow" and not answer.body:
            self.server.over.wait(fault.pause)  # its head is all that can be late
        if lost:
            self.close_connection = True
        else:
            self._say(answer, fault)

    def _request(self) -> tuple[Request, str, str]:
        at = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        method, query = self.command, at.query
        if method == "POST" and headers.get("x-http-method-override") == "GET":
            # What the client does with a query that is too long for a line.
            method, query, body = "GET", body.decode("ascii", "replace"), b""
        asked = parse_qs(query, keep_blank_values=True)
        return Request(method, at.path, asked, headers, body), unquote(at.path), query

    def _say(self, answer: Answer, fault: Fault) -> None:
        self.send_response_only(answer.status)
        self.send_header("Date", self.date_time_string())
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in _BODILESS:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        match fault.spoil:
            case "cut":
                self.wfile.write(answer.body[: len(answer.body) // 2])
                self.close_connection = True
            case "slow":
                for byte in answer.body:
                    self.wfile.write(bytes((byte,)))
                    if self.server.over.wait(fault.pause):
                        break
            case _:
                self.wfile.write(answer.body)

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - the parent class calls it so
        """Return the injected clock's time as ``Date`` has it (RFC 9110, 5.6.7)."""
        return format_datetime(self.server.clock.now(), usegmt=True)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent: what was asked is in :class:`Log`."""


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
    setattr(_Talk, f"do_{_method}", _Talk.talk)
