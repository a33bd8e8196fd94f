"""What must be done when: the schedule, the outbox, the leases and the fences in one table.

Rule 1: a row is a level, not a message: asking twice for the same work is asking once.
Rule 2: whoever was away for longer than the lease is fenced out; a fence is never used twice.
Rule 3: what comes in during a run is seen after it, and nothing is ever dropped.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from syncd.store import claims, wants
from syncd.store.claims import Shape
from syncd.store.link import AnyRow, Link
from syncd.store.rows import DueRow, Pace, Ticket

CAP = Pace().longest
"""What fails is tried again at least this often."""
FIRST = Pace().first
"""How long the first failure waits; each further one twice as long."""
_LONGEST_ERROR = 500
_NUMBER = re.compile("[0-9]{1,18}")


class Due:
    """Due work, by kind and key."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._there: dict[tuple[str, str], DueRow | None] = {}
        """Rows that were read ahead, as they are."""

    def want(
        self, kind: str, key: str, at: datetime | None = None, prio: int = 0, excl: str | None = None
    ) -> None:
        """Ask for a run at *at* (now, if it is not given) or earlier.

        A run that is under way does not count: another follows it. A larger *prio* goes first; it is
        never lowered here, and *excl* is never taken away.
        """
        self._there.pop((kind, key), None)
        statement = wants.want(on_postgresql=self._link.postgresql)
        self._link.run(statement, _new(kind, key, at or self._link.now, prio, excl))

    def set_time(
        self, kind: str, key: str, at: datetime | None, prio: int = 0, excl: str | None = None
    ) -> None:
        """Make *at* the one time of the next run, or let there be none; nothing is written if it is so.

        A row that is being run is not deleted: its run decides. One that waits after a failure is not
        made due by a time that has come already: only :meth:`want` does that.
        """
        if (kind, key) in self._there and _is_so(self._there[kind, key], at, prio, excl):
            return
        self._there.pop((kind, key), None)
        if at is None:
            gone = wants.drop(on_postgresql=self._link.postgresql)
            self._link.run(gone, {**_this(kind, key), "moment": self._link.now})
            return
        statement = wants.set_time(on_postgresql=self._link.postgresql)
        self._link.run(statement, {**_new(kind, key, at, prio, excl), "moment": self._link.now})

    def foresee(self, names: Sequence[tuple[str, str]]) -> None:
        """Read the rows of these kinds and keys at once, where nobody else can change them before the end.

        Then :meth:`set_time` asks for nothing that is so already.
        """
        if self._link.alone:
            found = {
                (row.kind, row.key): _due_row(row) for row in self._link.rows(wants.THESE, {"names": names})
            }
            self._there |= {name: found.get(name) for name in names}

    def claim(
        self,
        n: int,
        lease: timedelta,
        kinds: Sequence[str] | None = None,
        keys: Sequence[str] | None = None,
        *,
        holder: str | None = None,
        busy_hosts: Collection[str] = (),
    ) -> tuple[Ticket, ...]:
        """Take up to *n* rows that are due and that nobody has, by prio, then by time.

        No two tickets with the same *excl* are out at once, and none is for an account on one of
        *busy_hosts*. What *holder* has can be taken from it by :meth:`release`. Claims stand in line
        until the end of the transaction: let it be a short one.
        """
        self._there.clear()
        shape = Shape(self._link.postgresql, kinds is not None, keys is not None, bool(busy_hosts))
        values = {**self._among(kinds, keys), **self._lease(lease), "busy": list(busy_hosts), "whose": holder}
        rows: list[AnyRow] = []
        ready = [row.prio for row in self._link.rows(claims.levels(shape), values)]
        turn = self.take_turn() if ready else 0
        for level in ready:
            more = {**values, "turn_now": turn, "level": level, "most": n - len(rows)}
            rows += sorted(self._link.rows(claims.claim(shape), more), key=_order)
            if len(rows) >= n:
                break
        hosts = self._hosts(rows)
        return tuple(_ticket(row, hosts.get(row.excl, "")) for row in rows)

    def _hosts(self, rows: Sequence[AnyRow]) -> dict[str | None, str]:
        ids = [int(row.excl) for row in rows if row.excl and _NUMBER.fullmatch(row.excl)]
        found = self._link.rows(claims.HOSTS, {"ids": ids}) if ids else ()
        return {str(row.id): row.host for row in found}

    def give_back(self, tickets: Sequence[Ticket]) -> None:
        """Let *tickets* be claimed again at once: nothing was done with them."""
        self._there.clear()
        if tickets:
            self._link.run(claims.give_back(), {"names": _names(tickets)})

    def release(self, holder: str) -> int:
        """Free everything that *holder* has, and return how much: it is dead, and must not end anything.

        What it still does is fenced out.
        """
        self._there.clear()
        return self._link.run(claims.release(), {"whose": holder, "turn_now": self.take_turn()})

    def finish(self, ticket: Ticket, next_at: datetime | None) -> bool:
        """Give the row back until *next_at*, or for good; ``False`` means fenced out: roll back.

        If it was asked for during the run it is due now; a time that was set during the run stays
        if it is earlier.
        """
        self._there.pop((ticket.kind, ticket.key), None)
        values = {**_mine(ticket), "moment": self._link.now, "next_at": next_at}
        if next_at is not None:
            return self._link.run(wants.END_UNTIL, values) > 0
        return self._link.run(wants.DROP, values) > 0 or self._link.run(wants.END, values) > 0

    def fail(
        self, ticket: Ticket, error: str, retry_after: timedelta | None = None, pace: Pace | None = None
    ) -> bool:
        """Give the row back to be tried again later; ``False`` means fenced out.

        The wait doubles with each failure as *pace* has it, and is at least *retry_after*, within reason.
        """
        self._there.pop((ticket.kind, ticket.key), None)
        pace = pace or Pace()
        wait = max(self._pause(ticket.attempts, pace), min(retry_after or timedelta(), pace.most))
        values = {
            **_mine(ticket),
            "next_at": self._link.now + wait,
            "new_attempts": ticket.attempts + 1,
            "new_last_error": error[:_LONGEST_ERROR],
        }
        return self._link.run(wants.FAIL, values) > 0

    def take_turn(self) -> int:
        """Return a fence that nobody has had; one that goes unused is missed by nobody."""
        turn: int = self._link.value(claims.NEXT_TURN, {})
        return turn

    def renew(self, tickets: Sequence[Ticket], lease: timedelta) -> tuple[Ticket, ...]:
        """Keep the tickets for another *lease*, and return those that are still ours."""
        if not tickets:
            return ()
        self._there.clear()
        names = _names(tickets)
        values = {**self._lease(lease), "names": names}
        rows = self._link.rows(claims.renew(Shape(self._link.postgresql)), values)
        still = {(row.kind, row.key, row.fence) for row in rows}
        return tuple(ticket for ticket, name in zip(tickets, names, strict=True) if name in still)

    def next_due(self, kinds: Sequence[str] | None = None) -> datetime | None:
        """Return when there is something to claim next: maybe already, maybe only when a lease ends."""
        shape = Shape(self._link.postgresql, kinds=kinds is not None)
        values = self._among(kinds, None)
        times = self._link.row(claims.next_due(shape), values)
        return min((at for at in times or () if at is not None), default=None)

    def coming(self, kinds: Sequence[str] | None = None) -> datetime | None:
        """Return the next time to come of any row; what is due already does not count."""
        shape = Shape(self._link.postgresql, kinds=kinds is not None)
        at: datetime | None = self._link.value(claims.coming(shape), self._among(kinds, None))
        return at

    def _among(self, kinds: Sequence[str] | None, keys: Sequence[str] | None) -> dict[str, Any]:
        return {"moment": self._link.now, "kinds": list(kinds or ()), "keys": list(keys or ())}

    def _lease(self, lease: timedelta) -> dict[str, Any]:
        return {"lease_length": lease, "lease_end": self._link.now + lease}

    def put_off(self, excl: str, kind: str, until: datetime) -> None:
        """Let waiting work of one kind for *excl* wait until *until*, as if it had failed too."""
        self._there.clear()
        self._link.run(wants.PUT_OFF, {"old_excl": excl, "old_kind": kind, "next_at": until})

    def get(self, kind: str, key: str) -> DueRow | None:
        """Return the row as it stands."""
        if (kind, key) in self._there:
            return self._there[kind, key]
        row = self._link.row(wants.GET, _this(kind, key))
        return None if row is None else _due_row(row)

    def all(self, kinds: Sequence[str] | None = None) -> tuple[DueRow, ...]:
        """Return every row, by time."""
        statement = wants.ALL if kinds is None else wants.ALL_OF
        return tuple(_due_row(row) for row in self._link.rows(statement, {"kinds": list(kinds or ())}))

    def _pause(self, attempts: int, pace: Pace) -> timedelta:
        longest = min(pace.first * (1 << min(attempts, 20)), pace.longest)
        return longest * self._link.chance.uniform(0.5, 1.0)


def _new(kind: str, key: str, at: datetime, prio: int, excl: str | None) -> dict[str, Any]:
    return {"new_kind": kind, "new_key": key, "new_due_at": at, "new_prio": prio, "new_excl": excl}


def _is_so(row: DueRow | None, at: datetime | None, prio: int, excl: str | None) -> bool:
    if row is None or at is None:
        return row is None and at is None
    return row.due_at == at and prio <= row.prio and excl in {None, row.excl}


def _this(kind: str, key: str) -> dict[str, Any]:
    return {"old_kind": kind, "old_key": key}


def _mine(ticket: Ticket) -> dict[str, Any]:
    mine = {"old_fence": ticket.fence, "old_gen": ticket.gen, "old_due_at": ticket.due_at}
    return {**_this(ticket.kind, ticket.key), **mine}


def _names(tickets: Sequence[Ticket]) -> list[tuple[str, str, int]]:
    return [(ticket.kind, ticket.key, ticket.fence) for ticket in tickets]


def _order(row: AnyRow) -> tuple[datetime, str, str]:
    return row.due_at, row.kind, row.key


def _ticket(row: AnyRow, host: str) -> Ticket:
    return Ticket(
        kind=row.kind,
        key=row.key,
        due_at=row.due_at,
        gen=row.seen_gen,
        fence=row.fence,
        attempts=row.attempts,
        excl=row.excl,
        host=host,
    )


def _due_row(row: AnyRow) -> DueRow:
    return DueRow(
        kind=row.kind,
        key=row.key,
        due_at=row.due_at,
        prio=row.prio,
        excl=row.excl,
        gen=row.gen,
        seen_gen=row.seen_gen,
        lease_until=row.lease_until,
        holder=row.holder,
        fence=row.fence,
        attempts=row.attempts,
        last_error=row.last_error,
    )
