"""Two of the four pictures of an event: as it was last known, and as a write under way means to leave it.

The other two are never stored: *wanted* follows from the session, *there* comes from the calendar.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from policy.facts import Act
from providers.base import ETag
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


class Op(StrEnum):
    """What a write does."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Intent(_Picture):
    """A write that left and is not yet confirmed by a read."""

    op: Op
    at: datetime
    start: datetime | None = None
    sequence: int = 0
    ghosts: int = 0
    """How often the server said that it is there already while nothing of ours stood at its ref."""


def base_of(copy: Copy) -> Base | None:
    """Return *copy*'s event as it was last known."""
    return None if copy.base is None else Base.model_validate(copy.base)


def intent_of(copy: Copy) -> Intent | None:
    """Return the write of *copy* that is under way."""
    return None if copy.intent is None else Intent.model_validate(copy.intent)
