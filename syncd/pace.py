"""How often an account is looked at: sooner near a deadline, later where nothing waits for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from policy.life import State
from syncd import work
from syncd.config.model import Poll
from syncd.house import House
from syncd.store.rows import Account, PersonId, Waiting
from syncd.store.tx import Tx

_BEFORE, _AFTER = timedelta(hours=1), timedelta(minutes=5)
"""How far around a deadline it is near: an act just before it must not be seen only after it."""
_QUIET = 3
"""So many times as long waits an account that no session is waiting for."""
_SPREAD = 0.1
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def usual(house: House, tx: Tx, person_id: PersonId) -> timedelta:
    """Return how long an account of the person waits for its next round, when it is well."""
    poll = house.config.poll
    live = tx.sessions.waiting(person_id)
    if any(_near(row, person_id, tx.now) for row in live):
        return poll.near_deadline
    opens = min((at for row in live if (at := _opens(row, person_id)) > tx.now), default=None)
    longest = poll.every if live else _quiet(poll)
    return longest if opens is None else max(min(longest, opens - tx.now), poll.near_deadline)


def sooner(house: House, tx: Tx, account: Account) -> None:
    """Bring the next round of *account* near enough for a session that has just been written there."""
    key = work.account_key(account.id)
    at, row = tx.now + usual(house, tx, account.person_id), tx.due.get(work.SYNC, key)
    if row is not None and row.due_at > at and not row.attempts:
        tx.due.set_time(work.SYNC, key, at, prio=work.PRIO[work.SYNC], excl=key)


def well_again(tx: Tx, account: Account) -> None:
    """Have *account*, which has just answered, looked at now if its rounds have failed until now."""
    key = work.account_key(account.id)
    row = tx.due.get(work.SYNC, key)
    if row is not None and row.attempts and row.due_at > tx.now:
        tx.due.want(work.SYNC, key, at=tx.now, prio=work.PRIO[work.SYNC], excl=key)


def spread(tx: Tx, length: timedelta) -> timedelta:
    """Return about *length*: after a restart the accounts do not all come at once again and again."""
    return length * tx.chance.uniform(1 - _SPREAD, 1 + _SPREAD)


def _near(row: Waiting, person_id: PersonId, now: datetime) -> bool:
    close = _opens(row, person_id) <= now <= row.deadline + _AFTER
    return row.state == State.NOTICED or close


def _opens(row: Waiting, person_id: PersonId) -> datetime:
    """Return from when on the deadline is near; for a mentor never: before and after it, their act means the same."""
    return row.deadline - _BEFORE if row.student_id == person_id else _NEVER


def _quiet(poll: Poll) -> timedelta:
    # Whatever the spread adds, what was read must not grow stale between two rounds.
    fresh = poll.stale_after / 2 / (1 + _SPREAD)
    return max(poll.every, min(_QUIET * poll.every, fresh))
