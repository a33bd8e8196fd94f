"""The whole ledger beside what was folded from it, a page of sessions at a time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, Table, bindparam, select

from syncd.store.link import AnyRow, Link
from syncd.store.rows import FactRow, SessionId, VerdictRow
from syncd.store.tables import facts, sessions, verdicts

_SESSIONS = (
    select(sessions)
    .where(sessions.c.id > bindparam("after"))
    .order_by(sessions.c.id)
    .limit(bindparam("most"))
)


def _between(table: Table) -> Executable:
    within = table.c.session_id > bindparam("after"), table.c.session_id <= bindparam("last")
    return select(table).where(*within).order_by(table.c.session_id, table.c.seq)


_FACTS, _VERDICTS = _between(facts), _between(verdicts)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the book keeps of a session beside its ledger."""

    id: SessionId
    student_id: int
    mentor_id: int
    start: datetime
    end: datetime
    state: str
    live: bool
    deadline: datetime
    calendar_state: str
    snapshot: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chapter:
    """One session with everything that was written down of it."""

    kept: Kept
    facts: tuple[FactRow, ...]
    verdicts: tuple[VerdictRow, ...]
    """Every verdict of it, superseded ones too."""


class Chronicle:
    """Every session with its facts and verdicts, in the order of the ids."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def page(self, after: str, limit: int) -> tuple[Chapter, ...]:
        """Return the sessions whose ids come after *after*, *limit* at most."""
        rows = self._link.rows(_SESSIONS, {"after": after, "most": limit})
        if not rows:
            return ()
        told = self._by_session(_FACTS, after, rows[-1].id)
        given = self._by_session(_VERDICTS, after, rows[-1].id)
        return tuple(_chapter(row, told[row.id], given[row.id]) for row in rows)

    def _by_session(self, wanted: Executable, after: str, last: str) -> defaultdict[str, list[AnyRow]]:
        found: defaultdict[str, list[AnyRow]] = defaultdict(list)
        for row in self._link.rows(wanted, {"after": after, "last": last}):
            found[row.session_id].append(row)
        return found


def _chapter(row: AnyRow, told: list[AnyRow], given: list[AnyRow]) -> Chapter:
    kept = Kept(
        id=SessionId(row.id),
        student_id=row.student_id,
        mentor_id=row.mentor_id,
        start=row.starts,
        end=row.ends,
        state=row.state,
        live=row.live,
        deadline=row.deadline,
        calendar_state=row.calendar_state,
        snapshot=row.snapshot,
    )
    return Chapter(
        kept,
        tuple(FactRow(kept.id, one.seq, one.recorded_at, one.kind, one.body) for one in told),
        tuple(VerdictRow(kept.id, one.seq, one.given_at, one.outcome, one.doubt, one.body) for one in given),
    )
