"""What must be done when: the schedule, the outbox, the leases and the fences in one table.

Rule 1: a row is a level, not a message: asking twice for the same work is asking once.
Rule 2: whoever was away for longer than the lease is fenced out; a fence is never used twice.
Rule 3: what comes in during a run is seen after it, and nothing is ever dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Interval,
    and_,
    case,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from syncd.store.link import AnyRow, Link
from syncd.store.rows import DueRow, Ticket
from syncd.store.tables import due, due_turn
from syncd.store.types import Instant

CAP = timedelta(hours=1)
"""What fails is tried again at least this often."""
FIRST = timedelta(seconds=10)
"""How long the first failure waits; each further one twice as long."""
_LONGEST_ERROR = 500


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

        A row that is being run is not deleted: its run decides.
        """
        if at is None:
            free = or_(due.c.lease_until.is_(None), due.c.lease_until <= self._moment())
            self._link.run(delete(due).where(_is(due, kind, key), free))
            return
        row = self._new(kind, key, at, prio, excl, gen=0)
        wanted: dict[str, Any] = {"due_at": row.excluded.due_at, **_kept(row)}
        differs = or_(*(due.c[name].is_distinct_from(value) for name, value in wanted.items()))
        self._link.run(row.on_conflict_do_update(index_elements=["kind", "key"], set_=wanted, where=differs))

    def claim(
        self,
        n: int,
        lease: timedelta,
        kinds: Sequence[str] | None = None,
        keys: Sequence[str] | None = None,
    ) -> tuple[Ticket, ...]:
        """Take up to *n* rows that are due and that nobody has, by prio, then by time.

        No two tickets with the same *excl* are out at once. Claims stand in line until the end of
        the transaction: let it be a short one.
        """
        # The row's lock makes this the only claim, so that no other can take a rival meanwhile.
        last = self._link.value(select(due_turn.c.turn).with_for_update())
        one, other = due.alias("one"), due.alias("other")
        picked = (
            select(one.c.kind, one.c.key)
            .where(self._ready(one, kinds, keys), ~self._rival(one, other, kinds, keys))
            .order_by(one.c.prio.desc(), one.c.due_at, one.c.kind, one.c.key)  # as ix_due_claim has them
            .limit(n)
            .with_for_update(skip_locked=True, of=one)
            .cte("picked")
        )
        taken = (
            update(due)
            .where(tuple_(due.c.kind, due.c.key).in_(select(picked.c.kind, picked.c.key)))
            .values(lease_until=self._until(lease), fence=last + 1, seen_gen=due.c.gen)
            .returning(due)
        )
        rows = self._link.rows(taken)
        if rows:
            self._link.run(update(due_turn).values(turn=last + 1))
        ordered = sorted(rows, key=lambda row: (-row.prio, row.due_at, row.kind, row.key))
        return tuple(_ticket(row) for row in ordered)

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
        free = update(due).where(mine).values(due_at=then, lease_until=None, attempts=0, last_error=None)
        return self._link.run(free) > 0

    def fail(self, ticket: Ticket, error: str, retry_after: timedelta | None = None) -> bool:
        """Give the row back to be tried again later; ``False`` means fenced out.

        The wait doubles with each failure, is at least *retry_after*, and never longer than ``CAP``.
        """
        wait = max(self._pause(ticket.attempts), retry_after or timedelta())
        mine = and_(_is(due, ticket.kind, ticket.key), due.c.fence == ticket.fence)
        back = update(due).where(mine)
        values = {
            "due_at": self._link.now + min(wait, CAP),
            "lease_until": None,
            "attempts": ticket.attempts + 1,
        }
        return self._link.run(back.values(last_error=error[:_LONGEST_ERROR], **values)) > 0

    def renew(self, tickets: Sequence[Ticket], lease: timedelta) -> tuple[Ticket, ...]:
        """Keep the tickets for another *lease*, and return those that are still ours."""
        if not tickets:
            return ()
        names = [(ticket.kind, ticket.key, ticket.fence) for ticket in tickets]
        ours = and_(tuple_(due.c.kind, due.c.key, due.c.fence).in_(names), due.c.lease_until.is_not(None))
        kept = update(due).where(ours).values(lease_until=self._until(lease))
        rows = self._link.rows(kept.returning(due.c.kind, due.c.key, due.c.fence))
        still = {(row.kind, row.key, row.fence) for row in rows}
        return tuple(ticket for ticket, name in zip(tickets, names, strict=True) if name in still)

    def next_due(self, kinds: Sequence[str] | None = None) -> datetime | None:
        """Return when there is something to claim next: maybe already, maybe only when a lease ends."""
        one, other = due.alias("one"), due.alias("other")
        held = and_(other.c.excl == one.c.excl, ~_same(one, other), other.c.lease_until > self._moment())
        waiting = select(func.min(one.c.due_at, type_=Instant())).where(
            self._free(one), _among(one, kinds, None), ~exists().where(held)
        )
        running = select(func.min(due.c.lease_until, type_=Instant())).where(
            due.c.lease_until > self._moment()
        )
        times = [self._link.value(waiting), self._link.value(running)]
        return min((at for at in times if at is not None), default=None)

    def get(self, kind: str, key: str) -> DueRow | None:
        """Return the row as it stands."""
        row = self._link.row(select(due).where(_is(due, kind, key)))
        return None if row is None else _due_row(row)

    def all(self, kinds: Sequence[str] | None = None) -> tuple[DueRow, ...]:
        """Return every row, by time."""
        rows = select(due).where(_among(due, kinds, None)).order_by(due.c.due_at, due.c.kind, due.c.key)
        return tuple(_due_row(row) for row in self._link.rows(rows))

    def _new(self, kind: str, key: str, at: datetime, prio: int, excl: str | None, *, gen: int) -> Any:
        return self._link.insert(due).values(
            kind=kind, key=key, due_at=at, prio=prio, excl=excl, gen=gen, seen_gen=0, fence=0, attempts=0
        )

    def _ready(
        self, rows: FromClause, kinds: Sequence[str] | None, keys: Sequence[str] | None
    ) -> ColumnElement[bool]:
        return and_(rows.c.due_at <= self._link.now, self._free(rows), _among(rows, kinds, keys))

    def _free(self, rows: FromClause) -> ColumnElement[bool]:
        return or_(rows.c.lease_until.is_(None), rows.c.lease_until <= self._moment())

    def _rival(
        self, one: FromClause, other: FromClause, kinds: Sequence[str] | None, keys: Sequence[str] | None
    ) -> ColumnElement[bool]:
        """Another row with the same *excl* that is being run, or that would be claimed before this one."""
        order = tuple_(other.c.due_at, other.c.kind, other.c.key) < tuple_(
            one.c.due_at, one.c.kind, one.c.key
        )
        before = or_(other.c.prio > one.c.prio, and_(other.c.prio == one.c.prio, order))
        ahead = and_(self._ready(other, kinds, keys), before)
        held = other.c.lease_until > self._moment()
        return exists().where(other.c.excl == one.c.excl, ~_same(one, other), or_(held, ahead))

    def _moment(self) -> ColumnElement[datetime]:
        """Return the clock of the leases: the database's where workers on many machines share it."""
        return func.clock_timestamp(type_=Instant()) if self._link.postgresql else self._now()

    def _until(self, lease: timedelta) -> ColumnElement[datetime]:
        if self._link.postgresql:
            return func.clock_timestamp(type_=Instant()) + literal(lease, Interval())
        return literal(self._link.now + lease, Instant())

    def _now(self) -> ColumnElement[datetime]:
        return literal(self._link.now, Instant())

    def _pause(self, attempts: int) -> timedelta:
        longest = min(FIRST * (1 << min(attempts, 20)), CAP)
        return longest * self._link.chance.uniform(0.5, 1.0)


def _kept(row: Any) -> dict[str, Any]:
    higher = case((row.excluded.prio > due.c.prio, row.excluded.prio), else_=due.c.prio)
    return {"prio": higher, "excl": func.coalesce(row.excluded.excl, due.c.excl)}


def _is(rows: FromClause, kind: str, key: str) -> ColumnElement[bool]:
    return and_(rows.c.kind == kind, rows.c.key == key)


def _same(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    return and_(one.c.kind == other.c.kind, one.c.key == other.c.key)


def _among(rows: FromClause, kinds: Sequence[str] | None, keys: Sequence[str] | None) -> ColumnElement[bool]:
    kind = rows.c.kind.in_(list(kinds)) if kinds is not None else literal(True)
    key = rows.c.key.in_(list(keys)) if keys is not None else literal(True)
    return and_(kind, key)


def _ticket(row: AnyRow) -> Ticket:
    return Ticket(
        kind=row.kind,
        key=row.key,
        due_at=row.due_at,
        gen=row.seen_gen,
        fence=row.fence,
        attempts=row.attempts,
        excl=row.excl,
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
        fence=row.fence,
        attempts=row.attempts,
        last_error=row.last_error,
    )
