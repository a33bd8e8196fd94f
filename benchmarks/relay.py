"""A relay on loopback that counts what passes: requests, and bytes towards the client."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_HOST = "127.0.0.1"
_CHUNK = 64 * 1024
_REQUEST = b" HTTP/1."


class Relay:
    """Listens on a port of its own and passes everything on to another."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._door = socket.create_server((_HOST, 0))
        self._lock = threading.Lock()
        self._requests = self._down = 0
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{_HOST}:{self._door.getsockname()[1]}/"

    def read(self) -> dict[str, int]:
        """Return what has passed so far."""
        with self._lock:
            return {"requests": self._requests, "bytes": self._down}

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.create_connection((_HOST, self._to))
                for one, other, down in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._pump, args=(one, other, down), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket, down: bool) -> None:
        with suppress(OSError):
            while chunk := one.recv(_CHUNK):
                with self._lock:
                    if down:
                        self._down += len(chunk)
                    else:
                        self._requests += chunk.count(_REQUEST)
                other.sendall(chunk)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)


@contextmanager
def relay(port: int) -> Iterator[Relay]:
    """Open a relay to *port* on loopback."""
    one = Relay(port)
    try:
        yield one
    finally:
        one.close()
