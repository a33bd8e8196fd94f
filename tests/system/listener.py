"""A service manager's end of the notify socket (sd_notify(3))."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 60
"""A hang guard, nothing else."""


class Listener:
    """Hears what a daemon says."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self._in = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._in.bind(self.address)
        self._in.settimeout(0.5)
        self.heard: list[dict[str, str]] = []

    def hear(self, alive: Callable[[], bool] = lambda: True) -> dict[str, str]:
        """Return the next word, as long as whoever should say it is alive."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                text = self._in.recv(65536).decode()
            except TimeoutError:
                assert alive(), "it ended without a word"
                assert time.monotonic() < end, f"silence after {self.heard[-3:]}"
                continue
            self.heard.append(dict(line.split("=", 1) for line in text.splitlines()))
            return self.heard[-1]

    def until(self, key: str, value: str = "", alive: Callable[[], bool] = lambda: True) -> dict[str, str]:
        """Return the next word in which *key* is and begins with *value*."""
        while True:
            said = self.hear(alive)
            if key in said and said[key].startswith(value):
                return said

    def close(self) -> None:
        """Stop listening."""
        self._in.close()
