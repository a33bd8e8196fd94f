"""How much has gone of late: what is under way, what was decided, how much there is in all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, select

from policy.life import LIVE, State
from syncd.store.link import Link
from syncd.store.rows import PersonId
from syncd.store.tables import facts, sessions, verdicts

_UNDECIDED = (State.NOTICED.value, State.SUSPECT.value)
_LONGEST = timedelta(days=1)
"""No session is longer."""


class Bursts:
    """Counts over sessions and verdicts; each is answered from an index."""

    _link: Link

    def undecided(self, student_id: PersonId | None = None) -> tuple[dict[str, Any], ...]:
        """Return the fold of every session, or of a student's, of which an act is under way or stopped."""
        wanted = select(sessions.c.snapshot).where(sessions.c.state.in_(_UNDECIDED)).order_by(sessions.c.id)
        return tuple(row.snapshot for row in self._link.rows(_of_student(wanted, student_id)))

    def decided(self, since: datetime, student_id: PersonId | None = None) -> tuple[dict[str, Any], ...]:
        """Return every verdict given after *since*, or those on a student's sessions."""
        wanted = select(verdicts.c.body).join_from(verdicts, sessions, sessions.c.id == verdicts.c.session_id)
        wanted = wanted.where(verdicts.c.given_at > since)
        return tuple(row.body for row in self._link.rows(_of_student(wanted, student_id)))

    def most_gone(self, since: datetime) -> int:
        """Return how many sessions have gone since *since* at the very most."""
        given = select(func.count()).select_from(verdicts).where(verdicts.c.given_at > since)
        waiting = select(func.count()).select_from(sessions).where(sessions.c.state.in_(_UNDECIDED))
        return int(self._link.value(given)) + int(self._link.value(waiting))

    def lived(self, since: datetime) -> int:
        """Return how many sessions are live, or were at *since*."""
        live = select(func.count()).select_from(sessions).where(sessions.c.state.in_([*LIVE]))
        given = select(func.count(verdicts.c.session_id.distinct())).where(verdicts.c.given_at > since)
        passed = and_(
            sessions.c.starts > since - _LONGEST,
            sessions.c.ends > since,
            sessions.c.state == State.ELAPSED.value,
        )
        over = select(func.count()).select_from(sessions).where(passed)
        return sum(int(self._link.value(each)) for each in (live, given, over))

    def counted_doubts(self, student_id: PersonId, since: datetime) -> int:
        """Return of how many sessions of a student a doubt that counts has led to a verdict since *since*."""
        newest = (
            select(func.max(verdicts.c.seq))
            .where(verdicts.c.session_id == sessions.c.id)
            .correlate(sessions)
            .scalar_subquery()
        )
        counts = select(facts.c.seq).where(facts.c.session_id == sessions.c.id, facts.c.kind == "doubts")
        stands = and_(
            verdicts.c.session_id == sessions.c.id,
            verdicts.c.seq == newest,
            verdicts.c.doubt,
            verdicts.c.given_at >= since,
        )
        wanted = select(func.count(sessions.c.id.distinct())).join_from(sessions, verdicts, stands)
        return int(self._link.value(wanted.where(sessions.c.student_id == student_id, counts.exists())))

    def blinded_beside(
        self, student_id: PersonId, since: datetime, until: datetime
    ) -> tuple[dict[str, Any], ...]:
        """Return how the calendars of other students could not be seen between two instants."""
        wanted = select(facts.c.body).join_from(facts, sessions, sessions.c.id == facts.c.session_id)
        within = and_(facts.c.recorded_at >= since, facts.c.recorded_at <= until)
        wanted = wanted.where(facts.c.kind == "blinded", within, sessions.c.student_id != student_id)
        return tuple(row.body for row in self._link.rows(wanted))


def _of_student(wanted: Select[*tuple[Any, ...]], student_id: PersonId | None) -> Select[*tuple[Any, ...]]:
    return wanted if student_id is None else wanted.where(sessions.c.student_id == student_id)
