"""What systemd is told: ready, reloading, stopping, alive, and one line for people (sd_notify(3))."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta


class NotifySocket:
    """The socket that a service manager listens on; without one nothing is said."""

    def __init__(self, address: str | None, watchdog: timedelta | None = None) -> None:
        self._address = f"\0{address[1:]}" if address and address.startswith("@") else address
        self.watchdog = watchdog
        """How long we may be silent before we are taken for dead; ``None`` if nobody minds."""
        self._status: str | None = None

    @classmethod
    def named_in(cls, environment: Mapping[str, str], pid: int) -> NotifySocket:
        """Return the socket that *environment* names for the process *pid*."""
        micros = environment.get("WATCHDOG_USEC", "")
        meant = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
        watchdog = (
            timedelta(microseconds=int(micros)) if meant and micros.isdecimal() and int(micros) else None
        )
        return cls(environment.get("NOTIFY_SOCKET") or None, watchdog)

    def ready(self, status: str) -> None:
        """Say that all is up, the first time or again."""
        self._tell("READY=1", self._line(status))

    def reloading(self) -> None:
        """Say that the configuration is being read again."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell("RELOADING=1", f"MONOTONIC_USEC={now}")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._tell("STOPPING=1", self._line("stopping"))

    def alive(self) -> None:
        """Say that work goes on."""
        self._tell("WATCHDOG=1")

    def status(self, status: str) -> None:
        """Show people one line, unless they see it already."""
        if status != self._status:
            self._tell(self._line(status))

    def _line(self, status: str) -> str:
        self._status = status
        return f"STATUS={' '.join(status.split())}"

    def _tell(self, *lines: str) -> None:
        if self._address is None:
            return
        # Whoever listens may be gone or slow: that is no reason to stop working.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.settimeout(1)
            out.sendto("\n".join(lines).encode(), self._address)


def from_environment() -> NotifySocket:
    """Return the socket of this very process."""
    return NotifySocket.named_in(os.environ, os.getpid())
