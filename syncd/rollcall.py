"""What must be due is due: every account has its rounds, every live session its next step.

A level, not an edge: nothing is written where nothing is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from syncd import push, work
from syncd.book import note_due, session_in
from syncd.house import House
from syncd.jumps import bring_near

_PEACE = timedelta(days=1)
"""The longest that a server can ask us to stay away; what waits longer waits for a clock that was wrong."""
_AT_ONCE = 50
"""Sessions a transaction: others want to write too."""


def accounts(house: House) -> int:
    """Make sure that every connected account has its rounds, and return how many there are.

    :raises StoreError: if the database cannot be used.
    """
    with house.db.read() as tx:
        keys = [work.account_key(account.id) for account in tx.accounts.all() if account.grant]
        missing = set(keys) - {row.key for row in tx.due.all([work.SYNC])}
    with house.db.write() as tx:
        for key in sorted(missing):
            tx.due.want(work.SYNC, key, prio=work.PRIO[work.SYNC], excl=key)
        bring_near(tx, max(house.config.poll.every, _PEACE) + work.LEASE)
    push.keep(house)
    return len(keys)


def sessions(house: House, enough: Callable[[], bool] = lambda: False) -> int:
    """Make sure that what every live session waits for is due, and return how many there are.

    *enough* can end it early: what is left out is done the next time.

    :raises StoreError: if the database cannot be used.
    """
    with house.db.read() as tx:
        live = [row.id for row in tx.sessions.all() if row.live]
    for first in range(0, len(live), _AT_ONCE):
        if enough():
            break
        with house.db.write() as tx:
            for id_ in live[first : first + _AT_ONCE]:
                note_due(tx, session_in(tx.sessions.get(id_)))
    return len(live)
