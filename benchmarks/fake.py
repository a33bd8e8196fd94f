"""A calendar server that does next to nothing, fast: ``python -m benchmarks.fake`` prints its port and serves.

It answers every sync-collection REPORT with the token that it was sent, for nothing ever
changes here, and keeps what is PUT in memory. What it costs is so small that a figure
measured against it is the client's own.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import IO, cast

_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_TOKEN = re.compile(rb"<sync-token>([^<]*)</sync-token>")
_XML = "application/xml; charset=utf-8"
_UNCHANGED = b'<?xml version="1.0" encoding="utf-8"?>\n<multistatus xmlns="DAV:"><sync-token>%s</sync-token></multistatus>'
_ITSELF = (
    b'<?xml version="1.0" encoding="utf-8"?>\n<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
    b"<response><href>%s</href><propstat><prop><resourcetype><collection/><C:calendar/></resourcetype></prop>"
    b"<status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"
)


class Fake(asyncio.Protocol):
    """One connection, kept open; *kept* is what was PUT, by path, on all connections of the server."""

    _transport: asyncio.Transport

    def __init__(self, kept: dict[bytes, bytes]) -> None:
        self._kept = kept
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        while (end := self._buffer.find(_HEAD_END)) >= 0:
            length = _LENGTH.search(self._buffer, 0, end + 2)
            whole = end + len(_HEAD_END) + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                return
            head, body = self._buffer[:end], self._buffer[end + len(_HEAD_END) : whole]
            self._buffer = self._buffer[whole:]
            self._transport.write(self._answer(head, body))

    def _answer(self, head: bytes, body: bytes) -> bytes:
        method, path = head.split(b" ", 2)[:2]
        match method:
            case b"REPORT":
                token = _TOKEN.search(body)
                return _reply("207 Multi-Status", _UNCHANGED % (token[1] if token else b""), _XML)
            case b"PROPFIND":
                return _reply("207 Multi-Status", _ITSELF % path, _XML)
            case b"PUT":
                self._kept[path] = body
                return _reply("201 Created", b"", etag=_etag(body))
            case b"GET" if path in self._kept:
                kept = self._kept[path]
                return _reply("200 OK", kept, "text/calendar; charset=utf-8", _etag(kept))
            case _:
                return _reply("404 Not Found", b"")


def _etag(body: bytes) -> str:
    return f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'


def _reply(status: str, body: bytes, kind: str = "text/plain", etag: str | None = None) -> bytes:
    version = f"ETag: {etag}\r\n" if etag else ""
    head = f"HTTP/1.1 {status}\r\nDate: {formatdate(usegmt=True)}\r\nContent-Type: {kind}\r\n{version}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _serve() -> None:
    kept: dict[bytes, bytes] = {}
    server = await asyncio.get_running_loop().create_server(lambda: Fake(kept), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until our parent ends


@contextmanager
def fake_server() -> Iterator[str]:
    """Start the server in a process of its own and yield its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.fake"],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        port = int(cast("IO[str]", process.stdout).readline())
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.communicate()


if __name__ == "__main__":
    asyncio.run(_serve())
