"""One end for a whole request, whatever drips in between.

A timeout of a socket starts anew with every byte, so a server that sends one at a time
holds a reader for ever. Here one thread watches all requests, and shuts the sockets of
those whose time is over; whoever reads from them then meets the end.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count
from time import monotonic


class Deadline:
    """The end of one request, and the sockets that must not outlive it."""

    def __init__(self, seconds: float) -> None:
        self.end = monotonic() + seconds
        self._lock = threading.Lock()
        self._held: list[socket.socket] = []
        self._passed = False

    @property
    def left(self) -> float:
        """Seconds until the end, never less than none."""
        return max(0.0, self.end - monotonic())

    @property
    def passed(self) -> bool:
        """The end has come, and sockets were shut: what they gave since may be cut."""
        return self._passed

    def hold(self, connection: socket.socket) -> None:
        """Shut *connection* too when the time is over; it may be wrapped in TLS, or close, meanwhile."""
        # TLS takes the descriptor away from the socket it wraps: one of our own still shuts the connection.
        own = socket.socket(fileno=os.dup(connection.fileno()))
        with self._lock:
            self._held.append(own)
            if self._passed:
                _shut(own)

    def cut(self) -> None:
        """Shut every socket: the time is over."""
        with self._lock:
            self._passed = True
            for one in self._held:
                _shut(one)

    def release(self) -> None:
        """Let go of every socket: the request is done, or has failed."""
        with self._lock:
            for one in self._held:
                one.close()
            self._held.clear()


class Watchdog:
    """The thread that sees to deadlines: one, however many requests there are."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Deadline]] = []
        self._number = count()
        self._thread: threading.Thread | None = None

    def watch(self, deadline: Deadline) -> None:
        """Cut *deadline* when its time is over; one that was released by then is left alone."""
        with self._changed:
            heappush(self._due, (deadline.end, next(self._number), deadline))
            if self._thread is None or not self._thread.is_alive():  # as in a child after fork(2)
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            if self._due[0][2] is deadline:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            self._next().cut()

    def _next(self) -> Deadline:
        with self._changed:
            while not self._due or self._due[0][2].left > 0:
                self._changed.wait(self._due[0][2].left if self._due else None)
            return heappop(self._due)[2]


def _shut(one: socket.socket) -> None:
    with suppress(OSError):  # the other side was faster
        one.shutdown(socket.SHUT_RDWR)
