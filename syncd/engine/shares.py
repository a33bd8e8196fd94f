"""Who may have how many threads and connections: rounds leave some of both to what has a deadline.

The channels over which servers call us have one thread beside all others: they are in nobody's way, and in no hurry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from syncd import work
from syncd.engine.flight import full_hosts, rounds_in
from syncd.store.rows import Ticket
from syncd.store.tx import Tx
from syncd.work import LEASE


@dataclass(frozen=True, slots=True)
class Shares:
    """How a runner's threads and a host's connections are shared out."""

    workers: int
    per_host: int
    kinds: tuple[str, ...]
    urgent: tuple[str, ...] = field(init=False)
    """Kinds that have a deadline, or somebody who waits."""
    rounds: int = field(init=False)
    """Threads that rounds may have."""
    rounds_per_host: int = field(init=False)
    """Connections to one host that rounds may have."""

    def __post_init__(self) -> None:
        urgent = tuple(kind for kind in self.kinds if kind not in {work.SYNC, work.PUSH})
        object.__setattr__(self, "urgent", urgent)
        object.__setattr__(self, "rounds", _most(self.workers))
        object.__setattr__(self, "rounds_per_host", _most(self.per_host))

    @property
    def threads(self) -> int:
        """How many threads there are: at least two, so that a slow round keeps nobody waiting."""
        return self._shared + (work.PUSH in self.kinds)

    @property
    def _shared(self) -> int:
        return max(2, self.workers)

    def wanted(self, running: Sequence[Ticket]) -> tuple[str, ...]:
        """Return the kinds for which there is a thread now."""
        running, aside = self._apart(running)
        if len(running) >= self._shared:
            return aside
        with_rounds = rounds_in(running) < self.rounds and work.SYNC in self.kinds
        return (*self.urgent, *((work.SYNC,) if with_rounds else ()), *aside)

    def claim(self, tx: Tx, running: Sequence[Ticket], holder: str) -> list[Ticket]:
        """Take as much as there is room for: first what is urgent, then rounds."""
        running, aside = self._apart(running)
        free = self._shared - len(running)
        taken = self._fill(tx, self.urgent, free, running, self.per_host, holder)
        room = min(free - len(taken), self.rounds - rounds_in(running))
        if room > 0 and work.SYNC in self.kinds:
            out = [*running, *taken]
            taken += self._fill(tx, (work.SYNC,), room, out, self.rounds_per_host, holder)
        if aside:
            taken += tx.due.claim(1, LEASE, aside, holder=holder)
        return taken

    def _apart(self, running: Sequence[Ticket]) -> tuple[Sequence[Ticket], tuple[str, ...]]:
        """Return what runs in the threads of all, and what the one beside them may have now."""
        others = [ticket for ticket in running if ticket.kind != work.PUSH]
        free = work.PUSH in self.kinds and len(others) == len(running)
        return others, (work.PUSH,) if free else ()

    def _fill(
        self, tx: Tx, kinds: Sequence[str], room: int, running: Sequence[Ticket], limit: int, holder: str
    ) -> list[Ticket]:
        """Claim up to *room*; what does not fit keeps its lease until others were had in its place."""
        taken: list[Ticket] = []
        surplus: list[Ticket] = []
        while (wanted := room - len(taken)) > 0:
            busy = full_hosts([*running, *taken], limit)
            got = tx.due.claim(wanted, LEASE, kinds, holder=holder, busy_hosts=busy)
            for ticket in got:
                (taken if _fits(ticket, [*running, *taken], limit) else surplus).append(ticket)
            if len(got) < wanted:
                break
        tx.due.give_back(surplus)
        return taken


def _fits(ticket: Ticket, running: Sequence[Ticket], limit: int) -> bool:
    # A run that ended its ticket, or lost it to somebody else, may still have its connection.
    alone = ticket.excl is None or all(ticket.excl != one.excl for one in running)
    return alone and ticket.host not in full_hosts(running, limit)


def _most(whole: int) -> int:
    return max(1, whole - max(1, whole // 4))
