"""A server of the demo that knows who is connected, so that it can hang up on everybody."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
from contextlib import suppress


class GuestServer(socketserver.ThreadingTCPServer):
    """A server on loopback, in threads."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], talk: type[socketserver.BaseRequestHandler]) -> None:
        self._guests: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, talk)

    def hang_up(self) -> None:
        """End every connection."""
        with self._lock:
            for guest in self._guests:
                with suppress(OSError):  # it may have left by itself
                    guest.shutdown(socket.SHUT_RDWR)

    def verify_request(self, request: object, client_address: object) -> bool:  # noqa: ARG002 - the parent class calls it so
        """Remember whoever comes."""
        if isinstance(request, socket.socket):
            with self._lock:
                self._guests.add(request)
        return True

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Let somebody go."""
        if isinstance(request, socket.socket):
            with self._lock:
                self._guests.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a guest who leaves in the middle of a sentence."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]
