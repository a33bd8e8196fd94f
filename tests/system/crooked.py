"""A calendar server that can be made to misbehave: a passage between its front and itself.

The front keeps the time and the passwords; what the passage is told to say, it says instead of
the server, which then hears nothing of the request.
"""

from __future__ import annotations

import http.client
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from syncd.demo.front import HOST, METHODS, Front

XML = "application/xml; charset=utf-8"
_BETWEEN = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as a fault can depend on it."""

    method: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """What is said instead."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Fault = Callable[[Asked], Said | None]


@dataclass
class Crooked:
    """The passage: well, unless it has a fault."""

    behind: int
    fault: Fault | None = None
    said: list[tuple[Asked, int]] = field(default_factory=list)
    """What was answered wrongly."""
    written: list[str] = field(default_factory=list)
    """The paths at which something was stored."""

    @contextmanager
    def being(self, fault: Fault | None) -> Iterator[None]:
        """Misbehave, or be well, for a while."""
        before, self.fault = self.fault, fault
        try:
            yield
        finally:
            self.fault = before

    def wrong(self, asked: Asked) -> Said | None:
        """Return what is said instead of the truth, if anything is."""
        said = self.fault(asked) if self.fault else None
        if said is not None:
            self.said.append((asked, said.status))
        return said


@contextmanager
def crooked(front: Front) -> Iterator[Crooked]:
    """Put a passage behind *front*."""
    one = Crooked(front.behind)
    handler = type("Passage", (_Passage,), {"crooked": one})
    with _Quiet((HOST, 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        front.behind = server.server_port
        try:
            yield one
        finally:
            front.behind = one.behind
            server.shutdown()


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        # A guest who leaves in the middle of a sentence is no fault of the passage's.
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Passage(BaseHTTPRequestHandler):
    crooked: Crooked

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = self.crooked.wrong(Asked(self.command, self.path, body)) or self._truth(body)
        self.send_response_only(said.status)
        for name, value in said.headers.items():
            if name.lower() not in _BETWEEN:
                self.send_header(name, value)
        if said.status != 204:
            self.send_header("Content-Length", str(len(said.body)))
        self.end_headers()
        if self.command != "HEAD" and said.status != 204:
            self.wfile.write(said.body)

    def _truth(self, body: bytes) -> Said:
        behind = http.client.HTTPConnection(HOST, self.crooked.behind, timeout=30)
        try:
            behind.request(self.command, self.path, body or None, dict(self.headers.items()))
            answer = behind.getresponse()
            if self.command == "PUT" and answer.status in {201, 204}:
                self.crooked.written.append(self.path)
            return Said(answer.status, answer.read(), dict(answer.getheaders()))
        finally:
            behind.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""


for _method in METHODS:
    setattr(_Passage, f"do_{_method}", _Passage.pass_on)
