"""Who did what, by hand: append-only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select

from syncd.store.link import Link
from syncd.store.rows import AuditRow
from syncd.store.tables import audit

_NOTE = insert(audit)


class Audit:
    """The list of acts; the database refuses to change or shorten it."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def note(self, author: str, act: str, subject: str, body: dict[str, Any] | None = None) -> None:
        """Write down that *author* did *act* to *subject*, now."""
        values = {"at": self._link.now, "author": author, "act": act, "subject": subject, "body": body or {}}
        self._link.run(_NOTE, values)

    def all(self) -> tuple[AuditRow, ...]:
        """Return every act, oldest first."""
        rows = self._link.rows(select(audit).order_by(audit.c.id))
        return tuple(AuditRow(row.id, row.at, row.author, row.act, row.subject, row.body) for row in rows)
