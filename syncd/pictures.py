"""Two of the four pictures of an event: as it was last known, and as a write under way means to leave it.

The other two are never stored: *wanted* follows from the session, *there* comes from the calendar.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from policy.facts import Act
from providers.base import ETag, PartStat
from syncd.store.rows import Copy


class _Picture(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def stored(self) -> dict[str, Any]:
        """Return the picture as JSON for the store."""
        return self.model_dump(mode="json")


class Base(_Picture):
    """The event as it was last written or read."""

    etag: ETag
    start: datetime | None
    sequence: int
    act: Act | None = None
    """It stands declined or cancelled."""
    served: bool = False
    """A mentor's copy: a server made it by itself, not we."""
    guest: PartStat | None = None
    """The mentor's answer in the student's event; ``None`` if the mentor is no guest of it."""
    dropped: bool = False
    """The mentor was a guest of the student's event, and is none any more."""
    fresh: bool = False
    """We made it, and the calendar's changes have not told of it yet."""
    made: datetime | None = None
    """When it was first seen after we had made it: what a replica shows until ``lag`` later may be older."""
    untold: bool = False
    """They should have, by now: gone before they could tell, it leaves no trace on Xandikos.

    Also what must be seen once more for another reason: an event of the session turned up, or is gone.
    """
    beside: bool = False
    """An older event of the session, brought back by its owner: it stands beside the session's own."""
    bare: bool = False
    """Our mark is gone from an older event: it is not ours to take away."""


class Op(StrEnum):
    """What a write does."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    WITHDRAW = "withdraw"
    """Take a copy of ours away because the server's own stands beside it."""
    SPARE = "spare"
    """Take an older event away because a newer one stands; kept until that one was proven to stand after it."""


class Intent(_Picture):
    """A write that left and is not yet confirmed by a read."""

    op: Op
    at: datetime
    start: datetime | None = None
    sequence: int = 0
    ghosts: int = 0
    """How often the server said that it is there already while nothing of ours stood at its ref."""
    exists: datetime | None = None
    """When it said so first: a replica may be behind that."""
    used: bool = False
    """Later it said when what stood there was removed, too: it takes nothing under this UID any more."""
    guest: bool = False
    """Nothing but a guest is put back."""


class Route(StrEnum):
    """How the mentor hears of a session."""

    PROVIDER = "provider"
    """The student's own server sends the invite, its changes and its cancellation (RFC 6638)."""
    DIRECT = "direct"
    """A copy of ours is written into the mentor's calendar."""
    NONE = "none"
    """Nothing reaches the mentor yet."""


class Invite(_Picture):
    """How the mentor hears of the student's event, as it was decided when that was first written."""

    route: Route
    asked: datetime | None = None
    """Since when the event stands without a word of the server on the mentor's invite."""
    taken: bool = False
    """The server said that it sent the invite, or its copy was seen in the mentor's calendar."""
    returned: bool = False
    """The mentor was dropped from the guests, and was put back: that happens once."""
    again: bool = False
    """It went with the student's event, which is back: what the server said of it then is old."""


def base_of(copy: Copy) -> Base | None:
    """Return *copy*'s event as it was last known."""
    return None if copy.base is None else Base.model_validate(copy.base)


def intent_of(copy: Copy) -> Intent | None:
    """Return the write of *copy* that is under way."""
    return None if copy.intent is None else Intent.model_validate(copy.intent)


def invite_of(copy: Copy | None) -> Invite | None:
    """Return how the mentor hears of the student's event *copy*, if that was decided."""
    return None if copy is None or copy.invite is None else Invite.model_validate(copy.invite)
