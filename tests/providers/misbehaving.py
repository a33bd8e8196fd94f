"""A server on loopback that does what no server should, and counts who comes.

An act is a function that gets the connection after each request, and the instant at
which the test is over; what it leaves open is closed after it.
"""

from __future__ import annotations

import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Act = Callable[[socket.socket, threading.Event], None]

LOGIN = b"<!DOCTYPE html><html><body><form>Log in</form></body></html>"
_PAUSE = 0.01
_PATIENCE = 1.0  # who takes nothing for so long takes nothing any more


@dataclass
class Misbehaving:
    """The server, and what it has seen."""

    port: int
    act: Act
    connections: int = 0
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    """The verb, the path and the head of every request."""
    names: list[str | None] = field(default_factory=list)
    """The names that TLS asked for (SNI)."""

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"http://{self.place}{path}"


@contextmanager
def misbehaving(act: Act, context: ssl.SSLContext | None = None) -> Iterator[Misbehaving]:
    """Yield a server that answers every request with *act*, over TLS with a *context*."""
    over, threads = threading.Event(), []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Misbehaving(listening.getsockname()[1], act)
        if context is not None:
            context.sni_callback = lambda _, name, __: server.names.append(name)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                server.connections += 1
                threads.append(threading.Thread(target=_serve, args=(server, connection, context, over)))
                threads[-1].start()

        threads.append(threading.Thread(target=accept))
        threads[0].start()
        try:
            yield server
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)
            for one in threads:
                one.join()


def _serve(
    server: Misbehaving, connection: socket.socket, context: ssl.SSLContext | None, over: threading.Event
) -> None:
    connection.settimeout(_PAUSE)
    with suppress(OSError), connection:
        if context is not None:
            connection.settimeout(_PATIENCE)
            connection = context.wrap_socket(connection, server_side=True)
            connection.settimeout(_PAUSE)
        with connection:
            while (head := _heard(connection, over)) is not None:
                verb, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
                server.requests.append((verb, path, head))
                server.act(connection, over)


def _heard(connection: socket.socket, over: threading.Event) -> bytes | None:
    """Return the head of the next request, its body read; nothing if none comes."""
    came = b""
    while not over.is_set():
        head, end, body = came.partition(b"\r\n\r\n")
        if end and len(body) >= _length(head):
            return head
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            continue
        if not piece:
            return None
        came += piece
    return None


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def saying(answer: bytes, *, close: bool = False) -> Act:
    """Say exactly this, and hang up after it if *close*."""

    def act(connection: socket.socket, _: threading.Event) -> None:
        _all(connection, answer)
        if close:
            raise ConnectionAbortedError

    return act


def answering(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, *, close: bool = False
) -> Act:
    """Answer like a server, with these headers."""
    fields = {"Content-Length": str(len(body)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return saying(f"HTTP/1.1 {status} So\r\n{lines}\r\n".encode("latin-1") + body, close=close)


def dripping(start: bytes, drop: bytes) -> Act:
    """Say *start*, and then *drop* after *drop* until nobody listens."""

    def act(connection: socket.socket, over: threading.Event) -> None:
        _all(connection, start)
        while not over.wait(_PAUSE):
            _all(connection, drop)

    return act


def flooding(start: bytes, wave: bytes) -> Act:
    """Say *start*, and then *wave* after *wave* as fast as they are taken."""

    def act(connection: socket.socket, over: threading.Event) -> None:
        _all(connection, start)
        while not over.is_set():
            _all(connection, wave)

    return act


def silent(_: socket.socket, over: threading.Event) -> None:
    """Never answer."""
    over.wait()


def then(*acts: Act) -> Act:
    """Do one of these for each request, in order; the last one stays."""
    left = list(acts)

    def act(connection: socket.socket, over: threading.Event) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(connection, over)

    return act


_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/calendar\r\n"

BODY_DRIP = dripping(_OK + b"Content-Length: 9999999\r\n\r\n", b"x")
BODY_DRIP_TO_THE_END = dripping(_OK + b"Connection: close\r\n\r\n", b"x")
CHUNK_DRIP = dripping(_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n")
HEAD_DRIP = dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x")
LINE_DRIP = dripping(b"", b"\r\n")
CONTINUE_DRIP = dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n")
CONTINUE_FLOOD = flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
ENDLESS = flooding(_OK + b"Connection: close\r\n\r\n", b"x" * 65536)
ENDLESS_CHUNKS = flooding(_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n")
ENDLESS_EXTENSIONS = flooding(
    _OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 60000 + b"\r\nx\r\n"
)
ENDLESS_HEAD = flooding(b"HTTP/1.1 200 OK\r\n", b"X-Flood: " + b"x" * 1000 + b"\r\n")
ENDLESS_LINE = flooding(b"HTTP/1.1 200 OK\r\nX-Flood: ", b"x" * 65536)
LOG_IN = answering(200, LOGIN, {"Content-Type": "text/html; charset=utf-8"})
CUT = saying(_OK + b"Content-Length: 9999\r\n\r\nBEGIN:VCALENDAR\r\n", close=True)
CUT_HEAD = saying(b"HTTP/1.1 200 OK\r\nContent-Le", close=True)
CUT_CHUNK = saying(_OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nBEG", close=True)
NOTHING = saying(b"", close=True)
GARBAGE = saying(b"\x16\x03\x01\x00\xa5 220 mail.example ESMTP\r\n\r\n", close=True)
SWITCHING = saying(
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", close=True
)


def bomb(megabytes: int) -> bytes:
    """Return a gzip of that many megabytes of nothing, made at once: one block, again and again."""
    pack = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    block = bytes(1024 * 1024)
    start = pack.compress(block) + pack.flush(zlib.Z_FULL_FLUSH)
    again = pack.compress(block) + pack.flush(zlib.Z_FULL_FLUSH)
    return start + again * (megabytes - 1)


def _all(connection: socket.socket, text: bytes) -> None:
    connection.settimeout(_PATIENCE)
    connection.sendall(text)
    connection.settimeout(_PAUSE)
