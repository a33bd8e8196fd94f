"""The ledger of evidence and the verdicts: append-only, by the schema itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select

from syncd.store.errors import Refused, Taken
from syncd.store.link import AnyRow, Link
from syncd.store.rows import FactRow, SessionId, VerdictRow
from syncd.store.tables import facts, verdicts

_APPEND = insert(facts)
_GIVE = insert(verdicts)
_OF = select(facts).where(facts.c.session_id == bindparam("session")).order_by(facts.c.seq)
_ALL_SESSIONS = select(facts.c.session_id).distinct().order_by(facts.c.session_id)
_LATEST = (
    select(verdicts)
    .where(verdicts.c.session_id == bindparam("session"))
    .order_by(verdicts.c.seq.desc())
    .limit(1)
)


class Ledger:
    """Facts and verdicts: what was written once is never changed or taken away."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def append(self, session_id: SessionId, seq: int, kind: str, body: dict[str, Any]) -> FactRow:
        """Write down the next fact of a session, now.

        :raises Taken: if the session has a fact with this number.
        :raises Refused: if there is no such session.
        """
        fact = FactRow(session_id, seq, self._link.now, kind, body)
        values = {
            "session_id": session_id,
            "seq": seq,
            "recorded_at": fact.recorded_at,
            "kind": kind,
            "body": body,
        }
        try:
            with self._link.attempt():
                self._link.run(_APPEND, values)
        except Refused as refused:
            raise _used(refused, f"session {session_id} has a fact {seq} already") from None
        return fact

    def facts(self, session_id: SessionId) -> tuple[FactRow, ...]:
        """Return the facts of a session in their order."""
        rows = self._link.rows(_OF, {"session": session_id})
        return tuple(_fact(row) for row in rows)

    def all_sessions(self) -> tuple[SessionId, ...]:
        """Return the id of every session that has facts."""
        rows = self._link.rows(_ALL_SESSIONS, {})
        return tuple(SessionId(row.session_id) for row in rows)

    def give(
        self, session_id: SessionId, seq: int, outcome: str, doubt: bool, body: dict[str, Any]
    ) -> VerdictRow:
        """Write down a verdict, now; it supersedes the session's earlier ones.

        The fact *seq* must be in the ledger when the transaction commits.

        :raises Taken: if this fact has brought about a verdict already.
        """
        verdict = VerdictRow(session_id, seq, self._link.now, outcome, doubt, body)
        values = {
            "session_id": session_id,
            "seq": seq,
            "given_at": verdict.given_at,
            "outcome": outcome,
            "doubt": doubt,
            "body": body,
        }
        try:
            with self._link.attempt():
                self._link.run(_GIVE, values)
        except Refused as refused:
            raise _used(refused, f"session {session_id} has a verdict {seq} already") from None
        return verdict

    def latest(self, session_id: SessionId) -> VerdictRow | None:
        """Return the verdict that stands."""
        row = self._link.row(_LATEST, {"session": session_id})
        return None if row is None else _verdict(row)

    def verdicts(self, since: datetime | None = None, doubt: bool | None = None) -> tuple[VerdictRow, ...]:
        """Return every verdict given at or after *since*, superseded ones too, oldest first."""
        wanted = select(verdicts).order_by(verdicts.c.given_at, verdicts.c.session_id, verdicts.c.seq)
        if since is not None:
            wanted = wanted.where(verdicts.c.given_at >= since)
        if doubt is not None:
            wanted = wanted.where(verdicts.c.doubt.is_(doubt))
        return tuple(_verdict(row) for row in self._link.rows(wanted))


def _used(refused: Refused, sentence: str) -> Refused:
    # SQLite's trigger against REPLACE is asked before the primary key is.
    used = isinstance(refused, Taken) or "append-only" in str(refused)
    return Taken(sentence) if used else refused


def _fact(row: AnyRow) -> FactRow:
    return FactRow(
        session_id=SessionId(row.session_id),
        seq=row.seq,
        recorded_at=row.recorded_at,
        kind=row.kind,
        body=row.body,
    )


def _verdict(row: AnyRow) -> VerdictRow:
    return VerdictRow(
        session_id=SessionId(row.session_id),
        seq=row.seq,
        given_at=row.given_at,
        outcome=row.outcome,
        doubt=row.doubt,
        body=row.body,
    )
