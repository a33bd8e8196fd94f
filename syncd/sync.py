"""``syncd sync``: look now, act, confirm, and let holds expire, in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.life import State
from syncd import work
from syncd.act import write
from syncd.engine.drain import Drain, Drained, Handler
from syncd.house import House
from syncd.look import look, pass_time
from syncd.poll import sync
from syncd.store.rows import FeedRow, PersonId

HANDLERS: Mapping[str, Handler] = {
    work.LOOK: look,
    work.TIME: pass_time,
    work.WRITE: write,
    work.SYNC: sync,
}
PATIENCE = timedelta(seconds=60)
"""How long another process is waited for."""
_ROUNDS = 3
"""How often an account is looked at, at most, when one look asks for another."""
_UNDER_WAY = (State.NOTICED, State.SUSPECT)
SOON = timedelta(seconds=15)
"""A second look or the end of a hold this near is waited for."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did, and what happened in it."""

    drained: Drained
    events: tuple[FeedRow, ...]


def sync_now(house: House, person_id: PersonId | None = None, soon: timedelta = SOON) -> Synced:
    """Look at every account, or one person's, due or not; then do all that this brings about."""
    with house.db.write() as tx:
        last = tx.feed.last()
        accounts = tx.accounts.of(person_id) if person_id is not None else tx.accounts.all()
        keys = [work.account_key(account.id) for account in accounts]
        for key in keys:
            tx.due.want(work.SYNC, key, at=tx.now, prio=work.PRIO[work.SYNC], excl=key)
        failed = {row.key: row.attempts for row in tx.due.all([work.LOOK])}
    drain = Drain(house, HANDLERS)
    drained = Drained(0, 0, ())
    for _ in range(_ROUNDS):
        drained += drain.run(
            {work.SYNC: keys},
            (work.LOOK, work.TIME, work.WRITE),
            lambda: _next(house, soon, failed),
            PATIENCE,
        )
        keys = _again(house, keys)
        if not keys:
            break
    with house.db.read() as tx:
        return Synced(drained, tx.feed.after(last))


def _again(house: House, keys: Sequence[str]) -> list[str]:
    """Return the accounts of which another round was asked for: an event may have moved there."""
    with house.db.read() as tx:
        rows = [tx.due.get(work.SYNC, key) for key in keys]
        return [row.key for row in rows if row and row.due_at <= tx.now and row.lease_until is None]


def _next(house: House, soon: timedelta, failed: Mapping[str, int]) -> datetime | None:
    """Return when the next look at an act under way is due, if that is soon and it has not just failed."""
    with house.db.read() as tx:
        limit = tx.now + soon
        looks = tx.due.all([work.LOOK])
        due = [row for row in looks if row.due_at <= limit and row.attempts <= failed.get(row.key, 0)]
        if not due:
            return None
        acts = {row.id for state in _UNDER_WAY for row in tx.sessions.all(state=state)}
        return min((row.due_at for row in due if work.of_side(row.key)[0] in acts), default=None)
