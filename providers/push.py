"""The second, optional protocol: a server that calls us when a calendar changes.

A push drops messages and does not say what changed: it means only "look now".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from providers.base import CalendarId


@dataclass(frozen=True, slots=True)
class Channel:
    """An agreement that the server calls us."""

    id: str
    """Chosen by us: unguessable, and never used twice."""
    resource: str
    """The server's own name of what is watched; it is needed to stop."""
    until: datetime | None = None
    """When it ends by itself; ``None`` if the server does not say."""


@dataclass(frozen=True, slots=True)
class Hook:
    """Where the server is to call, and by what we know that it is the server."""

    address: str
    """Public https."""
    secret: str
    """Sent back with each call (``X-Goog-Channel-Token``)."""
    life: timedelta
    """How long the channel is to last; the server may end it earlier."""


@runtime_checkable
class PushProvider(Protocol):
    """An account whose server calls us.

    Every method may raise :class:`~providers.errors.Unavailable` and
    :class:`~providers.errors.AccessLost`; further errors are named one by one.
    """

    def watch(self, calendar: CalendarId, channel: str, hook: Hook) -> Channel:
        """Return a new channel under the id *channel*: the server calls *hook* from now on.

        :raises Unsupported: if the server does not take the id or the hook, or watches no such calendar.
        """
        ...

    def renew(self, calendar: CalendarId, old: Channel, channel: str, hook: Hook) -> Channel:
        """Return a new channel in the place of *old*, which is stopped once the new one is open.

        :raises Unsupported: if the server does not take the id or the hook, or watches no such calendar.
        """
        ...

    def stop(self, channel: Channel) -> None:
        """End *channel*; one that has ended is left alone."""
        ...
