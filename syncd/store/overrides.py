"""Hours that were pinned open or blocked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, or_, select

from policy.interval import Interval
from syncd.store.link import AnyRow, Link
from syncd.store.rows import Override, PersonId
from syncd.store.tables import overrides


class Overrides:
    """Pins, each with author and reason."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def add(
        self,
        person_id: PersonId,
        *,
        open: bool,  # noqa: A002
        start: datetime,
        end: datetime,
        reason: str,
        author: str,
        until: datetime | None = None,
    ) -> Override:
        """Pin the time from *start* to *end*, until *until* if that is given.

        :raises Refused: if there is no such person, or the time ends before it starts.
        """
        values = {
            "person_id": person_id,
            "open": open,
            "starts": start,
            "ends": end,
            "reason": reason,
            "author": author,
            "created_at": self._link.now,
            "until": until,
        }
        with self._link.attempt():
            (row,) = self._link.rows(insert(overrides).values(**values).returning(overrides))
        return _override(row)

    def of(self, person_id: PersonId, window: Interval, at: datetime) -> tuple[Override, ...]:
        """Return the person's pins that touch *window* and still count at *at*, oldest first."""
        pins = (
            select(overrides)
            .where(overrides.c.person_id == person_id)
            .where(overrides.c.starts < window.end, overrides.c.ends > window.start)
            .where(or_(overrides.c.until.is_(None), overrides.c.until > at))
            .order_by(overrides.c.id)
        )
        return tuple(_override(row) for row in self._link.rows(pins))


def _override(row: AnyRow) -> Override:
    return Override(
        id=row.id,
        person_id=PersonId(row.person_id),
        open=row.open,
        start=row.starts,
        end=row.ends,
        reason=row.reason,
        author=row.author,
        created_at=row.created_at,
        until=row.until,
    )
