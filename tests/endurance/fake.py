"""A calendar server that answers at once that nothing has changed; at its second port it can drip.

Runs as a child: ``python -m tests.endurance.fake`` prints its two ports. What was asked of the first
port, and when, is told at ``/asked``; ``/drip/on`` and ``/drip/off`` turn the tap of the second.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

HOST = "127.0.0.1"
_DROP = 1.0
"""Seconds between two bytes of a server that drips."""
_CALENDAR = (
    '<?xml version="1.0"?><multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><response>'
    "<href>{path}</href><propstat><prop><resourcetype><collection/><C:calendar/></resourcetype></prop>"
    "<status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"
)
_UNCHANGED = '<?xml version="1.0"?><multistatus xmlns="DAV:"><sync-token>urn:x:1</sync-token></multistatus>'
_XML = 'application/xml; charset="utf-8"'


@dataclass
class Fake:
    """The server itself."""

    drips: bool = False
    dripping: int = 0
    """How many answers drip now."""
    asked: list[tuple[str, float]] = field(default_factory=list)
    """Who asked for changes, and when the answer left, by the monotonic clock."""

    async def serve(self) -> None:
        """Answer until nobody reads what we print."""
        fast = await asyncio.start_server(self._fast, HOST, 0)
        slow = await asyncio.start_server(self._slow, HOST, 0)
        print(*(one.sockets[0].getsockname()[1] for one in (fast, slow)), flush=True)  # noqa: T201
        async with fast, slow:
            await asyncio.to_thread(sys.stdin.read)

    async def _fast(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._talk(reader, writer, tap=False)

    async def _slow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._talk(reader, writer, tap=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, tap: bool) -> None:
        # Cancelled is every talk that is open when the server ends.
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                verb, path, _ = head.split("\r\n", 1)[0].split(" ", 2)
                fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                await reader.readexactly(int(fields.get("content-length", "0")))
                if tap and self.drips:
                    await self._drip(writer)
                    return
                writer.write(self._answer(verb, path))
                await writer.drain()
                if verb == "REPORT" and not tap:
                    self.asked.append((path.split("/")[1], time.monotonic()))
        writer.close()

    async def _drip(self, writer: asyncio.StreamWriter) -> None:
        self.dripping += 1
        try:
            writer.write(
                b"HTTP/1.1 207 Multi-Status\r\nContent-Type: application/xml\r\nContent-Length: 99999\r\n\r\n"
            )
            for byte in _UNCHANGED.encode() * 300:
                writer.write(bytes((byte,)))
                await writer.drain()
                await asyncio.sleep(_DROP)
        finally:
            self.dripping -= 1

    def _answer(self, verb: str, path: str) -> bytes:
        match verb, path:
            case "GET", "/asked":
                return _said(json.dumps({"asked": self.asked, "dripping": self.dripping}), "application/json")
            case "GET", "/drip/on" | "/drip/off":
                self.drips = path.endswith("on")
                return _said("", "text/plain")
            case "REPORT", _:
                return _said(_UNCHANGED, _XML, 207)
            case _:
                return _said(_CALENDAR.format(path=path), _XML, 207)


def _said(text: str, kind: str, status: int = 200) -> bytes:
    body = text.encode()
    return (
        f"HTTP/1.1 {status} So\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    )


@dataclass(frozen=True, slots=True)
class Tap:
    """The fake from outside."""

    fast: int
    slow: int

    def turn(self, *, on: bool) -> None:
        """Let the second port drip, or not."""
        self._get(f"/drip/{'on' if on else 'off'}")

    def asked(self) -> list[tuple[str, float]]:
        """Return who asked for changes, and when they were answered."""
        return [(str(name), float(at)) for name, at in json.loads(self._get("/asked"))["asked"]]

    def dripping(self) -> int:
        """Return how many answers drip now."""
        return int(json.loads(self._get("/asked"))["dripping"])

    def _get(self, path: str) -> bytes:
        server = http.client.HTTPConnection(HOST, self.fast, timeout=30)
        try:
            server.request("GET", path)
            return server.getresponse().read()
        finally:
            server.close()


@contextmanager
def fake() -> Iterator[Tap]:
    """Run the server in a child that ends with us."""
    command = (sys.executable, "-m", "tests.endurance.fake")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            fast, slow = map(int, child.stdout.readline().split())
            yield Tap(fast, slow)
        finally:
            child.stdin.close()


if __name__ == "__main__":
    asyncio.run(Fake().serve())
