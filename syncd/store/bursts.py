"""How much has gone of late: what is under way, what was decided, how much there is in all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, select

from policy.life import LIVE, State
from syncd.store.link import Link
from syncd.store.prepared import Values
from syncd.store.rows import PersonId
from syncd.store.tables import facts, sessions, verdicts

_UNDECIDED = (State.NOTICED.value, State.SUSPECT.value)
_LONGEST = timedelta(days=1)
"""No session is longer."""


_WAITING = sessions.c.state.in_(_UNDECIDED)
_GIVEN = verdicts.c.given_at > bindparam("since")
_WHOSE = sessions.c.student_id == bindparam("whose")
_SNAPSHOTS = select(sessions.c.snapshot).where(_WAITING).order_by(sessions.c.id)
_BODIES = (
    select(verdicts.c.body)
    .join_from(verdicts, sessions, sessions.c.id == verdicts.c.session_id)
    .where(_GIVEN)
)
_SNAPSHOTS_OF, _BODIES_OF = _SNAPSHOTS.where(_WHOSE), _BODIES.where(_WHOSE)
_HOW_MANY_GIVEN = select(func.count()).select_from(verdicts).where(_GIVEN)
_HOW_MANY_WAIT = select(func.count()).select_from(sessions).where(_WAITING)
_HOW_MANY_LIVE = select(func.count()).select_from(sessions).where(sessions.c.state.in_([*LIVE]))
_HOW_MANY_ENDED = select(func.count(verdicts.c.session_id.distinct())).where(_GIVEN)
_HOW_MANY_PASSED = (
    select(func.count())
    .select_from(sessions)
    .where(
        sessions.c.starts > bindparam("began"),
        sessions.c.ends > bindparam("since"),
        sessions.c.state == State.ELAPSED.value,
    )
)
_LATEST = (
    select(func.max(verdicts.c.seq))
    .where(verdicts.c.session_id == sessions.c.id)
    .correlate(sessions)
    .scalar_subquery()
)
_COUNTS = select(facts.c.seq).where(facts.c.session_id == sessions.c.id, facts.c.kind == "doubts")
_DOUBTS_THAT_COUNT = (
    select(func.count(sessions.c.id.distinct()))
    .join_from(
        sessions,
        verdicts,
        and_(
            verdicts.c.session_id == sessions.c.id,
            verdicts.c.seq == _LATEST,
            verdicts.c.doubt,
            verdicts.c.given_at >= bindparam("since"),
        ),
    )
    .where(_WHOSE, _COUNTS.exists())
)
_BLINDED_BESIDE = (
    select(facts.c.body)
    .join_from(facts, sessions, sessions.c.id == facts.c.session_id)
    .where(
        facts.c.kind == "blinded",
        facts.c.recorded_at >= bindparam("since"),
        facts.c.recorded_at <= bindparam("until"),
        sessions.c.student_id != bindparam("whose"),
    )
)


class Bursts:
    """Counts over sessions and verdicts; each is answered from an index."""

    _link: Link

    def undecided(self, student_id: PersonId | None = None) -> tuple[dict[str, Any], ...]:
        """Return the fold of every session, or of a student's, of which an act is under way or stopped."""
        wanted, values = (_SNAPSHOTS, {}) if student_id is None else (_SNAPSHOTS_OF, {"whose": student_id})
        return tuple(row.snapshot for row in self._link.rows(wanted, values))

    def decided(self, since: datetime, student_id: PersonId | None = None) -> tuple[dict[str, Any], ...]:
        """Return every verdict given after *since*, or those on a student's sessions."""
        values: dict[str, Any] = {"since": since}
        if student_id is None:
            return tuple(row.body for row in self._link.rows(_BODIES, values))
        return tuple(row.body for row in self._link.rows(_BODIES_OF, {**values, "whose": student_id}))

    def most_gone(self, since: datetime) -> int:
        """Return how many sessions have gone since *since* at the very most."""
        return self._count(_HOW_MANY_GIVEN, {"since": since}) + self._count(_HOW_MANY_WAIT, {})

    def lived(self, since: datetime) -> int:
        """Return how many sessions are live, or were at *since*."""
        live = self._count(_HOW_MANY_LIVE, {})
        ended = self._count(_HOW_MANY_ENDED, {"since": since})
        return live + ended + self._count(_HOW_MANY_PASSED, {"began": since - _LONGEST, "since": since})

    def counted_doubts(self, student_id: PersonId, since: datetime) -> int:
        """Return of how many sessions of a student a doubt that counts has led to a verdict since *since*."""
        return self._count(_DOUBTS_THAT_COUNT, {"since": since, "whose": student_id})

    def blinded_beside(
        self, student_id: PersonId, since: datetime, until: datetime
    ) -> tuple[dict[str, Any], ...]:
        """Return how the calendars of other students could not be seen between two instants."""
        values = {"whose": student_id, "since": since, "until": until}
        return tuple(row.body for row in self._link.rows(_BLINDED_BESIDE, values))

    def _count(self, wanted: Select[*tuple[Any, ...]], values: Values) -> int:
        return int(self._link.value(wanted, values))
