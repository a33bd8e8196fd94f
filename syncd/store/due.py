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

from sqlalchemy import ColumnElement, FromClause, and_, case, delete, func, literal, or_, select, update

from syncd.store import claims
from syncd.store.claims import Shape
from syncd.store.link import AnyRow, Link
from syncd.store.rows import DueRow, Pace, Ticket
from syncd.store.tables import due
from syncd.store.types import Instant

CAP = Pace().longest
"""What fails is tried again at least this often."""
FIRST = Pace().first
"""How long the first failure waits; each further one twice as long."""
_LONGEST_ERROR = 500
_NUMBER = re.compile("[0-9]{1,18}")
_FREE: dict[str, Any] = {"lease_until": None, "holder": None}


class Due:
    """Due work, by kind and key."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def want(
        self, kind: str, key: str, at: datetime | None = None, prio: int = 0, excl: str | None = None
    ) -> None:
        """Ask for a run at *at* (now, if it is not given) or earlier.

        A run that is under way does not count: another follows it. A larger *prio* goes first; it is
        never lowered here, and *excl* is never taken away.
        """
        row = self._new(kind, key, at or self._link.now, prio, excl, gen=1)
        earlier = case((row.excluded.due_at < due.c.due_at, row.excluded.due_at), else_=due.c.due_at)
        self._link.run(
            row.on_conflict_do_update(
                index_elements=["kind", "key"],
                set_={"due_at": earlier, "gen": due.c.gen + 1, **_kept(row)},
            )
        )

    def set_time(
        self, kind: str, key: str, at: datetime | None, prio: int = 0, excl: str | None = None
    ) -> None:
        """Make *at* the one time of the next run, or let there be none; nothing is written if it is so.

        A row that is being run is not deleted: its run decides. One that waits after a failure is not
        made due by a time that has come already: only :meth:`want` does that.
        """
        if at is None:
            free = or_(due.c.lease_until.is_(None), due.c.lease_until <= self._moment())
            self._link.run(delete(due).where(_is(due, kind, key), free))
            return
        row = self._new(kind, key, at, prio, excl, gen=0)
        waits = and_(due.c.attempts > 0, due.c.due_at > self._now(), row.excluded.due_at <= self._now())
        then = case((waits, due.c.due_at), else_=row.excluded.due_at)
        wanted: dict[str, Any] = {"due_at": then, **_kept(row)}
        differs = or_(*(due.c[name].is_distinct_from(value) for name, value in wanted.items()))
        self._link.run(row.on_conflict_do_update(index_elements=["kind", "key"], set_=wanted, where=differs))

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
        shape = Shape(self._link.postgresql, kinds is not None, keys is not None, bool(busy_hosts))
        values = {**self._among(kinds, keys), **self._lease(lease), "busy": list(busy_hosts), "whose": holder}
        rows: list[AnyRow] = []
        ready = [row.prio for row in self._link.rows(claims.levels(shape), values)]
        turn = self._link.value(claims.TURN) + 1 if ready else 0
        for level in ready:
            more = {**values, "turn_now": turn, "level": level, "most": n - len(rows)}
            rows += sorted(self._link.rows(claims.claim(shape), more), key=_order)
            if len(rows) >= n:
                break
        if rows:
            self._link.run(claims.NEXT_TURN, {"turn_now": turn})
        hosts = self._hosts(rows)
        return tuple(_ticket(row, hosts.get(row.excl, "")) for row in rows)

    def _hosts(self, rows: Sequence[AnyRow]) -> dict[str | None, str]:
        ids = [int(row.excl) for row in rows if row.excl and _NUMBER.fullmatch(row.excl)]
        found = self._link.rows(claims.HOSTS, {"ids": ids}) if ids else ()
        return {str(row.id): row.host for row in found}

    def give_back(self, tickets: Sequence[Ticket]) -> None:
        """Let *tickets* be claimed again at once: nothing was done with them."""
        if tickets:
            self._link.run(claims.give_back(), {"names": _names(tickets)})

    def release(self, holder: str) -> int:
        """Free everything that *holder* has, and return how much: it is dead, and must not end anything.

        What it still does is fenced out.
        """
        turn = self._link.value(claims.TURN) + 1
        freed = self._link.run(claims.release(), {"whose": holder, "turn_now": turn})
        if freed:
            self._link.run(claims.NEXT_TURN, {"turn_now": turn})
        return freed

    def finish(self, ticket: Ticket, next_at: datetime | None) -> bool:
        """Give the row back until *next_at*, or for good; ``False`` means fenced out: roll back.

        If it was asked for during the run it is due now; a time that was set during the run stays
        if it is earlier.
        """
        mine = and_(_is(due, ticket.kind, ticket.key), due.c.fence == ticket.fence)
        calm, moved = due.c.gen == ticket.gen, due.c.due_at != ticket.due_at
        if next_at is None:
            if self._link.run(delete(due).where(mine, calm, ~moved)) > 0:
                return True
            then = case((~calm, self._now()), else_=due.c.due_at)
        else:
            at = literal(next_at, Instant())
            then = case((~calm, self._now()), (and_(moved, due.c.due_at < at), due.c.due_at), else_=at)
        free = update(due).where(mine).values(due_at=then, **_FREE, attempts=0, last_error=None)
        return self._link.run(free) > 0

    def fail(
        self, ticket: Ticket, error: str, retry_after: timedelta | None = None, pace: Pace | None = None
    ) -> bool:
        """Give the row back to be tried again later; ``False`` means fenced out.

        The wait doubles with each failure as *pace* has it, and is at least *retry_after*, within reason.
        """
        pace = pace or Pace()
        wait = max(self._pause(ticket.attempts, pace), min(retry_after or timedelta(), pace.most))
        mine = and_(_is(due, ticket.kind, ticket.key), due.c.fence == ticket.fence)
        back = update(due).where(mine)
        values = {
            "due_at": self._link.now + wait,
            **_FREE,
            "attempts": ticket.attempts + 1,
        }
        return self._link.run(back.values(last_error=error[:_LONGEST_ERROR], **values)) > 0

    def skip_turn(self) -> None:
        """Use up one fence: a write that nobody notices, to find out whether there can be one."""
        self._link.run(claims.NEXT_TURN, {"turn_now": self._link.value(claims.TURN) + 1})

    def renew(self, tickets: Sequence[Ticket], lease: timedelta) -> tuple[Ticket, ...]:
        """Keep the tickets for another *lease*, and return those that are still ours."""
        if not tickets:
            return ()
        names = _names(tickets)
        values = {**self._lease(lease), "names": names}
        rows = self._link.rows(claims.renew(Shape(self._link.postgresql)), values)
        still = {(row.kind, row.key, row.fence) for row in rows}
        return tuple(ticket for ticket, name in zip(tickets, names, strict=True) if name in still)

    def next_due(self, kinds: Sequence[str] | None = None) -> datetime | None:
        """Return when there is something to claim next: maybe already, maybe only when a lease ends."""
        shape = Shape(self._link.postgresql, kinds=kinds is not None)
        values = self._among(kinds, None)
        times = [self._link.value(claims.first_due(shape), values)]
        times += [self._link.value(claims.first_end(Shape(self._link.postgresql)), values)]
        return min((at for at in times if at is not None), default=None)

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
        waiting = and_(due.c.excl == excl, due.c.kind == kind, due.c.lease_until.is_(None))
        sooner = and_(waiting, due.c.due_at < until)
        tried = case((due.c.attempts > 0, due.c.attempts), else_=1)
        self._link.run(update(due).where(sooner).values(due_at=until, attempts=tried))

    def get(self, kind: str, key: str) -> DueRow | None:
        """Return the row as it stands."""
        row = self._link.row(select(due).where(_is(due, kind, key)))
        return None if row is None else _due_row(row)

    def all(self, kinds: Sequence[str] | None = None) -> tuple[DueRow, ...]:
        """Return every row, by time."""
        rows = (
            select(due)
            .where(due.c.kind.in_(list(kinds)) if kinds is not None else literal(True))
            .order_by(due.c.due_at, due.c.kind, due.c.key)
        )
        return tuple(_due_row(row) for row in self._link.rows(rows))

    def _new(self, kind: str, key: str, at: datetime, prio: int, excl: str | None, *, gen: int) -> Any:
        return self._link.insert(due).values(
            kind=kind, key=key, due_at=at, prio=prio, excl=excl, gen=gen, seen_gen=0, fence=0, attempts=0
        )

    def _moment(self) -> ColumnElement[datetime]:
        """Return the clock of the leases: the database's where workers on many machines share it."""
        return func.clock_timestamp(type_=Instant()) if self._link.postgresql else self._now()

    def _now(self) -> ColumnElement[datetime]:
        return literal(self._link.now, Instant())

    def _pause(self, attempts: int, pace: Pace) -> timedelta:
        longest = min(pace.first * (1 << min(attempts, 20)), pace.longest)
        return longest * self._link.chance.uniform(0.5, 1.0)


def _kept(row: Any) -> dict[str, Any]:
    higher = case((row.excluded.prio > due.c.prio, row.excluded.prio), else_=due.c.prio)
    return {"prio": higher, "excl": func.coalesce(row.excluded.excl, due.c.excl)}


def _is(rows: FromClause, kind: str, key: str) -> ColumnElement[bool]:
    return and_(rows.c.kind == kind, rows.c.key == key)


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
