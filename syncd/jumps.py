"""Steps of the clock: written down, and no work left waiting for a time that was never meant.

After the clock went back, what was due in five minutes would be due in five minutes and an
hour; so everything is given the time that the clock as it is now gives it.
"""

from __future__ import annotations

import json
from datetime import timedelta

from syncd import work
from syncd.book import note_due, session_in
from syncd.clock import Step
from syncd.config import Config
from syncd.house import House
from syncd.store.due import CAP
from syncd.store.tx import Tx

STEP = "clock_step"
"""The name in ``meta`` of the last step of the clock."""
_DRAWER = timedelta(seconds=30)
"""How long what was read may wait for a locked database before it is judged."""


def settling(config: Config) -> timedelta:
    """Return how long after a step the clock alone proves nothing.

    As long as ``lag``, and as long as a request that was sent before the step can take to be judged.
    """
    return max(config.rules.lag, timedelta(seconds=config.limits.request) + _DRAWER)


def note(house: House, step: Step) -> None:
    """Write down a step, and give all work a time of the clock as it is now.

    :raises StoreError: if the database cannot be used.
    """
    with house.db.write() as tx:
        said = {"at": step.at.isoformat(), "by": step.by.total_seconds()}
        tx.meta.put(STEP, json.dumps(said, sort_keys=True))
        bring_near(tx, max(house.config.poll.every, CAP) + work.LEASE)
        for row in tx.sessions.all():
            if row.live:
                note_due(tx, session_in(row))


def bring_near(tx: Tx, longest: timedelta) -> int:
    """Make due now what would wait longer than *longest*, and return how many pieces that are."""
    far = [row for row in tx.due.all([work.SYNC, work.WRITE, work.PUSH]) if row.due_at > tx.now + longest]
    for row in far:
        tx.due.set_time(row.kind, row.key, tx.now, prio=work.PRIO[row.kind], excl=row.excl)
    return len(far)
