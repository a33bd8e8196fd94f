"""Works the ``due`` table until nothing is left that can be done now: the runner of ``syncd sync``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncd.engine.runs import End, end_of, name_of, set_back
from syncd.engine.runs import Handler as Handler  # noqa: PLC0414 - given on to whoever starts a drain
from syncd.house import House
from syncd.store.errors import StoreBusy
from syncd.store.rows import Ticket
from syncd.work import LEASE

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
    busy: int = 0
    """Runs that met a locked database; their work is done later."""

    def __add__(self, later: Drained) -> Drained:
        """Return both; what is waited for now is the later one's to say."""
        return Drained(
            self.ran + later.ran, self.fenced + later.fenced, later.waiting, self.busy + later.busy
        )


@dataclass(slots=True)
class _Tally:
    ran: int = 0
    fenced: int = 0
    busy: int = 0
    errors: list[Exception] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Drain:
    """A runner that does one thing at a time; the caller's own thread keeps the lease meanwhile."""

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
        waited for as long as *patience*. An error that a piece of work ends with sets back that
        piece alone, and is raised at the end.

        :raises StoreError: if the database cannot be used.
        """
        tally, waited = _Tally(), timedelta(0)
        left = {kind: set(keys) for kind, keys in first.items()}
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="syncd-work") as pool:
            while True:
                ticket = self._claim(left, then)
                if ticket is not None:
                    left.get(ticket.kind, set()).discard(ticket.key)
                    self._work(pool, ticket, tally)
                    continue
                at = None if any(left.values()) else soon()
                ahead = at is not None and at > self.house.clock.now()
                if at is not None and ahead:
                    self.house.clock.sleep(at - self.house.clock.now())
                elif (at is not None or any(left.values())) and waited < patience:
                    self.house.clock.sleep(_STEP)  # somebody else has it
                    waited += _STEP
                    self._drop_done(left)
                else:
                    break
        if tally.errors:
            raise tally.errors[0]
        waiting = tuple(sorted(key for keys in left.values() for key in keys))
        return Drained(tally.ran, tally.fenced, waiting, tally.busy)

    def _claim(self, left: Mapping[str, set[str]], then: Sequence[str]) -> Ticket | None:
        with self.house.db.write() as tx:
            if tickets := tx.due.claim(1, LEASE, then):
                return tickets[0]
            for kind, keys in left.items():
                if keys and (tickets := tx.due.claim(1, LEASE, [kind], sorted(keys))):
                    return tickets[0]
        return None

    def _work(self, pool: ThreadPoolExecutor, ticket: Ticket, tally: _Tally) -> None:
        running = pool.submit(self.handlers[ticket.kind], self.house, ticket)
        while not self._ended(running):
            with suppress(StoreBusy), self.house.db.write() as tx:
                tx.due.renew([ticket], LEASE)
        tally.ran += 1
        error = running.exception()
        match end_of(error):
            case End.FENCED:
                tally.fenced += 1
            case End.BUSY:
                tally.busy += 1  # the ticket is claimed again when its lease is over
            case End.FAILED if isinstance(error, Exception):
                tally.errors.append(error)
                set_back(self.house, ticket, name_of(error))
            case _ if error is not None:
                raise error

    @staticmethod
    def _ended(running: Future[None]) -> bool:
        return bool(wait([running], timeout=_RENEW).done)

    def _drop_done(self, left: Mapping[str, set[str]]) -> None:
        """Take from *left* what the other process has done: it ran after we asked for it."""
        with self.house.db.read() as tx:
            for kind, keys in left.items():
                for key in tuple(keys):
                    row = tx.due.get(kind, key)
                    if row is None or (row.lease_until is None and row.due_at > tx.now):
                        keys.discard(key)
