"""Works the ``due`` table for as long as it lives: one thread claims, some work, one keeps the leases.

Rule 1: nothing that a piece of work does ends the runner, and nothing is lost: what cannot be
ended now waits for the database, or for the end of its lease.
Rule 2: rounds never take the last thread, nor the last connection to a host: see :mod:`.shares`.
Rule 3: times of work are the house's clock's; waiting and durations are the computer's own.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncd.engine.edges import Edges
from syncd.engine.flight import Flight, Run
from syncd.engine.runs import Attempt, End, Handler, end_of, name_of, set_back
from syncd.engine.shares import Shares
from syncd.engine.trouble import Trouble
from syncd.house import House

HOLDER = "daemon"
"""Under this name the daemon has its work: what a dead one left is freed by it."""
_TICK = timedelta(seconds=1)
"""How long work that another process wrote down stays unseen at most."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a runner is doing."""

    running: int
    oldest: timedelta | None
    """How long the longest-running piece of work has run."""
    last_claim: datetime | None
    """When the table was last asked for work, whether there was any or not."""
    trouble: str | None
    """Why the database cannot be used now."""
    trouble_since: datetime | None
    ran: Mapping[str, int]
    """How many runs there were, by kind."""
    failed: int
    fenced: int


class ThreadRunner:
    """A runner in this process: start it once, stop it once."""

    def __init__(
        self,
        house: House,
        handlers: Mapping[str, Handler],
        *,
        workers: int,
        per_host: int,
        holder: str = HOLDER,
    ) -> None:
        self._house = house
        self._handlers = handlers
        self._holder = holder
        self._shares = Shares(workers, per_host, tuple(handlers))
        self._flight = Flight()
        self._trouble = Trouble()
        self._edges = Edges()
        self._ready: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._undone: queue.SimpleQueue[tuple[Run, str]] = queue.SimpleQueue()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._last_claim: datetime | None = None
        self._counts: Counter[End] = Counter()
        self._ran: Counter[str] = Counter()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to work; returns at once."""
        # Daemon threads: one that never ends must not keep the process from ending.
        names = ["claims", "leases", *(f"work-{number}" for number in range(self._shares.threads))]
        runs = [self._claims, self._leases, *[self._works] * self._shares.threads]
        for name, run in zip(names, runs, strict=True):
            self._threads.append(threading.Thread(target=run, name=f"syncd-{name}", daemon=True))
        for thread in self._threads:
            thread.start()

    def turn(self) -> timedelta:
        """Claim once, and do all of it in the caller's own thread; return how long there is nothing more to do.

        For whoever has a clock of their own to turn: a runner that was not started.

        :raises StoreError: if the database cannot be used.
        """
        wait = self._pass(self._house)
        while not self._ready.empty():
            run = self._ready.get()
            if run is not None:
                self._work(run)
                wait = timedelta(0)
        return wait

    def kick(self) -> None:
        """Look at once whether something is due; from any thread."""
        self._woken.set()

    def replace(self, house: House) -> None:
        """Do all new work with *house*; what runs keeps the one that it began with."""
        self._house = house
        self.kick()

    def stop(self, grace: timedelta) -> bool:
        """Claim nothing more and wait *grace* for what runs; ``False`` if something still ran then.

        Its leases are kept no longer: whoever comes next frees them, or waits for their end.
        """
        until = time.monotonic() + grace.total_seconds()
        self._stopping.set()
        self.kick()
        claims = self._threads[:1]
        for thread in claims:
            thread.join(grace.total_seconds())  # it may be in the midst of handing out
        ended = self._flight.wait_empty(until)
        self._over.set()
        for _ in self._threads:
            self._ready.put(None)
        return ended and not any(thread.is_alive() for thread in claims)

    def pulse(self) -> Pulse:
        """Return what it is doing now."""
        with self._lock:
            ran, counts = Counter(self._ran), Counter(self._counts)
        return Pulse(
            running=len(self._flight.tickets()),
            oldest=self._flight.oldest(),
            last_claim=self._last_claim,
            trouble=self._trouble.why,
            trouble_since=self._trouble.since,
            ran=ran,
            failed=counts[End.FAILED],
            fenced=counts[End.FENCED],
        )

    # --- the thread that claims ------------------------------------------------------

    def _claims(self) -> None:
        while not self._stopping.is_set():
            wait = _TICK
            with Attempt() as attempt:
                wait = self._pass(self._house)
            if attempt.error is not None:
                self._stopping.wait(self._trouble.begin(attempt.error, self._house.clock).total_seconds())
                continue
            self._woken.wait(max(0.0, min(wait, _TICK).total_seconds()))
            self._woken.clear()

    def _pass(self, house: House) -> timedelta:
        """Give every free thread something to do, and return how long to wait for more."""
        self._recover(house)
        running = self._flight.tickets()
        kinds = self._shares.wanted(running)
        if not kinds:
            return _TICK  # a thread that gets free wakes us
        with house.db.read() as tx:
            now, at = tx.now, tx.due.next_due(kinds)
        self._last_claim = now
        if at is None or at > now:
            return _TICK if at is None else at - now
        with house.db.write() as tx:
            self._flight.renew(tx)
            tickets = self._shares.claim(tx, running, self._holder)
            now, at = tx.now, None if tickets else tx.due.coming(kinds)
        for ticket in tickets:
            self._ready.put(self._flight.begin(ticket, self._house))
        if tickets:
            return timedelta(0)  # there may be more
        return _TICK if at is None else at - now

    def _recover(self, house: House) -> None:
        """Set back what could not be ended while the database could not be used, once it can be."""
        while not self._undone.empty():
            run, why = self._undone.get()
            with Attempt() as attempt:
                set_back(run.house, run.ticket, why)
            if attempt.error is not None:
                self._undone.put((run, why))
                raise attempt.error
        if self._trouble.why is not None:
            with house.db.write() as tx:
                tx.due.take_turn()  # a write: a full disk lets everything be read
            self._trouble.end(house.clock)

    # --- the threads that work -------------------------------------------------------

    def _works(self) -> None:
        while (run := self._ready.get()) is not None:
            self._work(run)
            del run
            self.kick()

    def _work(self, run: Run) -> None:
        with Attempt() as attempt:
            self._handlers[run.ticket.kind](run.house, run.ticket)
        with Attempt():  # whatever goes wrong here, the lease's end gives the work to another run
            self._ended(run, attempt.error)
        self._flight.end(run)

    def _ended(self, run: Run, error: BaseException | None) -> None:
        how = end_of(error)
        with self._lock:
            self._ran[run.ticket.kind] += 1
            self._counts[how] += 1
        self._tell(run, how, error)
        if how is End.FAILED and error is not None:
            with Attempt() as attempt:
                set_back(run.house, run.ticket, name_of(error))
            how, error = end_of(attempt.error), attempt.error
        if error is not None and how is not End.FENCED:
            self._trouble.begin(error, run.house.clock)
            self._undone.put((run, name_of(error)))

    def _tell(self, run: Run, how: End, error: BaseException | None) -> None:
        if how is End.FAILED and error is not None:
            self._edges.failed(run.ticket, error)
        elif how is End.DONE:
            self._edges.done(run.ticket)
            self._trouble.forget()

    # --- the thread that keeps the leases --------------------------------------------

    def _leases(self) -> None:
        while not self._over.wait(_TICK.total_seconds()):
            with Attempt() as attempt:
                self._renew(self._house)
            if attempt.error is not None:
                self._over.wait(self._trouble.begin(attempt.error, self._house.clock).total_seconds())

    def _renew(self, house: House) -> None:
        if self._flight.tickets() and self._flight.stale(house.clock.now()):
            with house.db.write() as tx:
                self._flight.renew(tx)
