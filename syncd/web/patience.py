"""A connection that says nothing is closed: it would keep its place from somebody who does."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 5.0
"""So long may the head of a first request take; uvicorn itself waits for it without end."""


class Impatient(H11Protocol):
    """HTTP/1.1 with an end to waiting."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin, and wait for a request no longer than ``SECONDS``."""
        super().connection_made(transport)
        self._late = self.loop.call_later(SECONDS, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._late.cancel()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        begun: object = self.cycle  # None before the first request, whatever its annotation says
        if begun is None:
            self.transport.close()
