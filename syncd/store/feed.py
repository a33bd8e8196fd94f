"""What happened, in order, for whoever must be told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, func, insert, select

from syncd.store.link import AnyRow, Link
from syncd.store.rows import FeedRow, PersonId, SessionId
from syncd.store.tables import feed

_FEED_LOCK = 0x53594E43_4402
_LOCK = select(func.pg_advisory_xact_lock(_FEED_LOCK))
_PUT = insert(feed).returning(feed.c.id)
_AFTER = select(feed).where(feed.c.id > bindparam("last")).order_by(feed.c.id)
_LAST = select(func.coalesce(func.max(feed.c.id), 0))


class Feed:
    """A list that only grows; its ids are a cursor that misses nothing."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def put(
        self, kind: str, session_id: SessionId | None, person_id: PersonId | None, body: dict[str, Any]
    ) -> FeedRow:
        """Add something that happened now."""
        if self._link.postgresql:
            # A sequence counts inserts, not commits: who reads up to 8 must not miss a 7 that commits later.
            self._link.run(_LOCK, {})
        values = {
            "at": self._link.now,
            "kind": kind,
            "session_id": session_id,
            "person_id": person_id,
            "body": body,
        }
        return FeedRow(
            int(self._link.value(_PUT, values)), self._link.now, str(kind), session_id, person_id, body
        )

    def after(self, id: int, limit: int | None = None) -> tuple[FeedRow, ...]:  # noqa: A002
        """Return what came after the entry *id*, oldest first, *limit* at most."""
        rows = self._link.rows(_AFTER if limit is None else _AFTER.limit(limit), {"last": id})
        return tuple(_entry(row) for row in rows)

    def last(self) -> int:
        """Return the newest entry's id, 0 if there is none."""
        return int(self._link.value(_LAST, {}))


def _entry(row: AnyRow) -> FeedRow:
    return FeedRow(
        id=row.id,
        at=row.at,
        kind=row.kind,
        session_id=row.session_id,
        person_id=row.person_id,
        body=row.body,
    )
