"""The eight ways in which a calendar can fail, each named for what the caller does next.

An HTTP status is not a taxonomy: 410 alone means three things at Google, and a 404 may
be the event's or the calendar's. Adapters map (status, reason) to one of these.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum


class Loss(StrEnum):
    """What exactly was lost when access was lost."""

    CREDENTIALS = "credentials"
    """The server refuses the user name and password, or the grant was revoked."""
    FORBIDDEN = "forbidden"
    """The server knows us and refuses this calendar."""
    GONE = "gone"
    """The calendar, or the whole account, is not there any more."""


class ProviderError(Exception):
    """A calendar did not do what was asked; never raised itself, only its eight children."""

    def __init__(self, what: str, *, where: str = "", status: int | None = None) -> None:
        super().__init__(what)
        self.what = what
        """One sentence for a person: what happened and why, without titles, names or secrets."""
        self.where = where
        """The address that answered, without user name, password or query."""
        self.status = status
        """The HTTP status, if there was one."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class Unavailable(ProviderError):
    """Back off and try again later: no answer, or an answer that says nothing."""

    def __init__(
        self, what: str, *, where: str = "", status: int | None = None, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(what, where=where, status=status)
        self.retry_after = retry_after
        """How long the server asks us to wait."""


class AccessLost(ProviderError):
    """Stop polling and ask the owner to reconnect: an incident, never a cancellation."""

    def __init__(self, what: str, *, loss: Loss, where: str = "", status: int | None = None) -> None:
        super().__init__(what, where=where, status=status)
        self.loss = loss


class SyncTokenExpired(ProviderError):
    """Make one full pass and compare it with our own records."""


class EventNotFound(ProviderError):
    """The calendar answers and the event is not in it: a candidate tombstone, to be confirmed."""

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        status: int | None = None,
        cached: bool = False,
        stamp: datetime | None = None,
    ) -> None:
        super().__init__(what, where=where, status=status)
        self.cached = cached
        """A cache on the way may have answered: perhaps it was not there yet."""
        self.stamp = stamp
        """When it was removed, by the provider's own stamp: it has stood there, so its id is used for good."""


class EventExists(ProviderError):
    """Something stands where we wanted to create: fetch it, and adopt it if it is ours."""


class PreconditionFailed(ProviderError):
    """The event is not as it was when we last saw it: observe, then plan again."""


class Unsupported(ProviderError):
    """Never retry: the server cannot do this, or this is not a calendar server; a fault of configuration."""


class Unreadable(ProviderError):
    """Quarantine, count, and treat the time as unknown: the content cannot be understood."""
