"""How often an account is looked at: sooner near a deadline, later where nothing waits for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from policy.interval import Interval
from policy.life import State
from syncd.config.model import Poll
from syncd.house import House
from syncd.store.rows import PersonId, SessionRow
from syncd.store.tx import Tx

_BEFORE, _AFTER = timedelta(hours=1), timedelta(minutes=5)
"""How far around a deadline it is near: an act just before it must not be seen only after it."""
_QUIET = 3
"""So many times as long waits an account that no session is waiting for."""
_SPREAD = 0.1
_EVER = Interval(datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


def usual(house: House, tx: Tx, person_id: PersonId) -> timedelta:
    """Return how long an account of the person waits for its next round, when it is well."""
    poll = house.config.poll
    live = tx.sessions.live_of(person_id, _EVER)
    if any(_near(row, person_id, tx.now) for row in live):
        return poll.near_deadline
    return poll.every if live else _quiet(poll)


def spread(tx: Tx, length: timedelta) -> timedelta:
    """Return about *length*: after a restart the accounts do not all come at once again and again."""
    return length * tx.chance.uniform(1 - _SPREAD, 1 + _SPREAD)


def _near(row: SessionRow, person_id: PersonId, now: datetime) -> bool:
    # The deadline is the student's: before and after it, a mentor's act means the same.
    close = row.deadline - _BEFORE <= now <= row.deadline + _AFTER
    return row.state == State.NOTICED or (row.student_id == person_id and close)


def _quiet(poll: Poll) -> timedelta:
    # Whatever the spread adds, what was read must not grow stale between two rounds.
    fresh = poll.stale_after / 2 / (1 + _SPREAD)
    return max(poll.every, min(_QUIET * poll.every, fresh))
