"""What somebody has to see to; at most one is open about the same thing."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import Executable, bindparam, select

from syncd.store.bursts import Bursts
from syncd.store.link import AnyRow, Link, bound, inserting
from syncd.store.rows import AccountId, CalendarRowId, Incident, SessionId
from syncd.store.tables import incidents

_COLUMNS = ("kind", "account_id", "calendar_id", "session_id", "spot", "what", "began_at")
_OPEN = select(incidents).where(incidents.c.ended_at.is_(None)).order_by(incidents.c.id)
_OPEN_OF = _OPEN.where(incidents.c.kind == bindparam("sort"))
_OPEN_AT = select(incidents.c.id).where(
    incidents.c.spot == bindparam("place"), incidents.c.ended_at.is_(None)
)
_ENDED = (
    select(incidents)
    .where(incidents.c.kind == bindparam("sort"), incidents.c.ended_at > bindparam("since"))
    .order_by(incidents.c.ended_at)
)


class Incidents(Bursts):
    """Incidents begin once and end once, however often they are seen in between."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def begin(
        self,
        kind: str,
        account_id: AccountId | None = None,
        calendar_id: CalendarRowId | None = None,
        session_id: SessionId | None = None,
        what: str = "",
    ) -> bool:
        """Open an incident, and tell whether that is news: nothing is written while one is open.

        :raises Refused: if there is no such account, calendar or session.
        """
        spot = _spot(kind, account_id, calendar_id, session_id)
        if self._link.value(_OPEN_AT, {"place": spot}) is not None:
            return False
        row = (kind, account_id, calendar_id, session_id, spot, what, self._link.now)
        values = {f"new_{name}": value for name, value in zip(_COLUMNS, row, strict=True)}
        with self._link.attempt():
            return self._link.run(_begin(on_postgresql=self._link.postgresql), values) > 0

    def end(
        self,
        kind: str,
        account_id: AccountId | None = None,
        calendar_id: CalendarRowId | None = None,
        session_id: SessionId | None = None,
    ) -> bool:
        """Close an incident, and tell whether one was open."""
        these = {"spot": _spot(kind, account_id, calendar_id, session_id), "ended_at": None}
        return self._link.change(incidents, these, {"ended_at": self._link.now})

    def open(self, kind: str | None = None) -> tuple[Incident, ...]:
        """Return every open incident, or those of one kind, oldest first."""
        rows = self._link.rows(_OPEN, {}) if kind is None else self._link.rows(_OPEN_OF, {"sort": kind})
        return tuple(_incident(row) for row in rows)

    def ended(self, kind: str, since: datetime) -> tuple[Incident, ...]:
        """Return the incidents of one kind that have ended since *since*."""
        rows = self._link.rows(_ENDED, {"sort": kind, "since": since})
        return tuple(_incident(row) for row in rows)

    def all(self) -> tuple[Incident, ...]:
        """Return every incident there ever was, oldest first."""
        return tuple(_incident(row) for row in self._link.rows(select(incidents).order_by(incidents.c.id)))


def _spot(
    kind: str,
    account_id: AccountId | None,
    calendar_id: CalendarRowId | None,
    session_id: SessionId | None,
) -> str:
    # NULLs are never equal in a unique index, so the ids are spelled out.
    return f"{kind} {account_id or '-'} {calendar_id or '-'} {session_id or '-'}"


@cache
def _begin(*, on_postgresql: bool) -> Executable:
    row = inserting(incidents, on_postgresql=on_postgresql)
    return row.values({name: bound("new", incidents.c[name]) for name in _COLUMNS}).on_conflict_do_nothing()


def _incident(row: AnyRow) -> Incident:
    return Incident(
        id=row.id,
        kind=row.kind,
        account_id=row.account_id,
        calendar_id=row.calendar_id,
        session_id=row.session_id,
        what=row.what,
        began_at=row.began_at,
        ended_at=row.ended_at,
    )
