"""What runs now: counted by kind and by host, and its leases kept."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncd import work
from syncd.house import House
from syncd.store.rows import Ticket
from syncd.store.tx import Tx
from syncd.work import LEASE

RENEW = LEASE / 3
"""How old a lease gets before it is renewed."""


@dataclass(frozen=True, slots=True)
class Run:
    """One ticket that is being worked on."""

    ticket: Ticket
    house: House
    """As it was when the run began: a reload does not change it."""
    since: float
    """By the computer's monotonic clock."""


class Flight:
    """Every run between its claim and its end; used from every thread of a runner."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._runs: dict[Ticket, Run] = {}
        self._renewed: tuple[float, datetime] | None = None

    def begin(self, ticket: Ticket, house: House) -> Run:
        """Count *ticket* among what runs."""
        run = Run(ticket, house, time.monotonic())
        with self._lock:
            self._runs[ticket] = run
        return run

    def end(self, run: Run) -> None:
        """Count it no more."""
        with self._lock:
            self._runs.pop(run.ticket, None)
            self._lock.notify_all()

    def tickets(self) -> tuple[Ticket, ...]:
        """Return what runs."""
        with self._lock:
            return tuple(self._runs)

    def oldest(self) -> timedelta | None:
        """Return how long the longest run has lasted."""
        with self._lock:
            since = min((run.since for run in self._runs.values()), default=None)
        return None if since is None else timedelta(seconds=time.monotonic() - since)

    def wait_empty(self, until: float) -> bool:
        """Wait for nothing to run any more; ``False`` if something still runs at *until*, on the monotonic clock."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._runs, max(0.0, until - time.monotonic()))

    def stale(self, now: datetime) -> bool:
        """Tell whether the leases have not been kept for a while.

        Both clocks count: leases end by the one that may jump, and a jump must not take from us
        what we are still doing.
        """
        if self._renewed is None:
            return True
        before, moment = self._renewed
        gone = max(time.monotonic() - before, abs((now - moment).total_seconds()))
        return gone >= RENEW.total_seconds()

    def renew(self, tx: Tx) -> None:
        """Keep the leases of what runs, if they are stale."""
        if self.stale(tx.now):
            tx.due.renew(self.tickets(), LEASE)
            self._renewed = time.monotonic(), tx.now


def rounds_in(tickets: Iterable[Ticket]) -> int:
    """Return how many of *tickets* are rounds."""
    return sum(ticket.kind == work.SYNC for ticket in tickets)


def full_hosts(tickets: Iterable[Ticket], limit: int) -> frozenset[str]:
    """Return the hosts on which *limit* of *tickets*, or more, work."""
    counts = Counter(ticket.host for ticket in tickets if ticket.host)
    return frozenset(host for host, count in counts.items() if count >= limit)
