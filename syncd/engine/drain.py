"""Works the ``due`` table until nothing is left that can be done now: the runner of ``syncd sync``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncd.house import House
from syncd.store.rows import Ticket

Handler = Callable[[House, Ticket], bool]

LEASE = timedelta(seconds=60)
_RENEW = LEASE.total_seconds() / 3
_STEP = timedelta(milliseconds=200)
"""How often a row that somebody else is working on is looked at again."""


@dataclass(frozen=True, slots=True)
class Drained:
    """What came of it."""

    ran: int
    fenced: int
    """Runs whose result was thrown away, because the work had been given to somebody else."""
    waiting: tuple[str, ...]
    """Keys that another process still works on."""


@dataclass(frozen=True, slots=True)
class Drain:
    """A runner in the caller's own thread."""

    house: House
    handlers: Mapping[str, Handler]

    def run(
        self,
        first: Mapping[str, Sequence[str]],
        then: Sequence[str],
        soon: Callable[[], datetime | None],
        patience: timedelta,
    ) -> Drained:
        """Do the work in *first* (keys by kind) once, and all due work of the kinds in *then*, until both are done.

        *soon* names the next instant worth waiting for; work that another process has is
        waited for as long as *patience*.
        """
        ran = fenced = 0
        left = {kind: set(keys) for kind, keys in first.items()}
        waited = timedelta(0)
        while True:
            ticket = self._claim(left, then)
            if ticket is not None:
                left.get(ticket.kind, set()).discard(ticket.key)
                kept = self._work(ticket)
                ran, fenced = ran + 1, fenced + (not kept)
            elif any(left.values()) and waited < patience:
                self.house.clock.sleep(_STEP)
                waited += _STEP
                self._drop_done(left)
            elif (at := soon()) is not None:
                self.house.clock.sleep(max(_STEP, at - self.house.clock.now()))
            else:
                return Drained(ran, fenced, tuple(sorted(key for keys in left.values() for key in keys)))

    def _claim(self, left: Mapping[str, set[str]], then: Sequence[str]) -> Ticket | None:
        with self.house.db.write() as tx:
            for kind in then:
                if tickets := tx.due.claim(1, LEASE, [kind]):
                    return tickets[0]
            for kind, keys in left.items():
                if keys and (tickets := tx.due.claim(1, LEASE, [kind], sorted(keys))):
                    return tickets[0]
        return None

    def _work(self, ticket: Ticket) -> bool:
        with self._renewed(ticket):
            return self.handlers[ticket.kind](self.house, ticket)

    def _drop_done(self, left: Mapping[str, set[str]]) -> None:
        """Take from *left* what the other process has done: it ran after we asked for it."""
        with self.house.db.read() as tx:
            for kind, keys in left.items():
                for key in tuple(keys):
                    row = tx.due.get(kind, key)
                    if row is None or (row.lease_until is None and row.due_at > tx.now):
                        keys.discard(key)

    @contextmanager
    def _renewed(self, ticket: Ticket) -> Iterator[None]:
        """Keep the lease of *ticket* while a handler has it."""
        done = threading.Event()

        def renew() -> None:
            while not done.wait(_RENEW):
                with self.house.db.write() as tx:
                    tx.due.renew([ticket], LEASE)

        thread = threading.Thread(target=renew, name=f"renew {ticket.kind} {ticket.key}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
