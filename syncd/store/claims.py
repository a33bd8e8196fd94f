"""The statements by which due work is taken, kept and given back, each built once.

Building one takes longer than running it: what changes between two runs is bound by name. None
of these names is a column's: those of an UPDATE's values would be set by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    FromClause,
    Integer,
    Interval,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    true,
    tuple_,
    update,
)

from syncd.store.tables import accounts, due, due_turn
from syncd.store.types import Id, Instant, Words

_NOW = bindparam("moment", type_=Instant())
_FENCE = bindparam("turn_now", type_=Id)


@dataclass(frozen=True, slots=True)
class Shape:
    """What makes one such statement differ from another."""

    postgresql: bool
    kinds: bool = False
    keys: bool = False
    busy: bool = False


NEXT_TURN = update(due_turn).values(turn=due_turn.c.turn + 1).returning(due_turn.c.turn)
"""The row's lock makes a claim the only one, so that no other can take a rival meanwhile."""
HOSTS = select(accounts.c.id, accounts.c.host).where(accounts.c.id.in_(bindparam("ids", expanding=True)))


@cache
def levels(shape: Shape) -> Executable:
    """Return a statement that gives each prio with something that can be claimed perhaps, the largest first.

    It steps from one prio to the next in the index, past what is not due: with thousands of rows
    waiting for their time it costs next to nothing.
    """
    steps = select(func.max(due.c.prio).label("prio")).cte("steps", recursive=True)
    lower = select(func.max(due.c.prio)).where(due.c.prio < steps.c.prio).scalar_subquery()
    steps = steps.union_all(select(lower).where(steps.c.prio.is_not(None)))
    there = exists().where(due.c.prio == steps.c.prio, _ready(due, shape))
    return select(steps.c.prio).where(steps.c.prio.is_not(None), there).order_by(steps.c.prio.desc())


@cache
def claim(shape: Shape) -> Executable:
    """Return the statement that takes rows of one prio, by time."""
    one, other = due.alias("one"), due.alias("other")
    of_level = one.c.prio == bindparam("level", type_=Integer())
    picked = (
        select(one.c.kind, one.c.key)
        .where(of_level, _ready(one, shape), ~_rival(one, other, shape), *_not_busy(one, shape))
        .order_by(one.c.due_at, one.c.kind, one.c.key)  # as ix_due_claim has them
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True, of=one)
        .cte("picked")
    )
    holder = bindparam("whose", type_=Words())
    return (
        update(due)
        .where(tuple_(due.c.kind, due.c.key).in_(select(picked.c.kind, picked.c.key)))
        .values(lease_until=_until(shape), fence=_FENCE, seen_gen=due.c.gen, holder=holder)
        .returning(due)
    )


@cache
def renew(shape: Shape) -> Executable:
    """Return the statement that keeps tickets for longer, and gives those that are still there."""
    kept = update(due).where(_ours(), due.c.lease_until.is_not(None)).values(lease_until=_until(shape))
    return kept.returning(due.c.kind, due.c.key, due.c.fence)


@cache
def give_back() -> Executable:
    """Return the statement that makes tickets claimable again, as if they had not been taken."""
    return update(due).where(_ours()).values(lease_until=None, holder=None)


@cache
def release() -> Executable:
    """Return the statement that takes everything from a holder; the new fence keeps a late end of it out."""
    held = and_(due.c.holder == bindparam("whose", type_=Words()), due.c.lease_until.is_not(None))
    return update(due).where(held).values(lease_until=None, holder=None, fence=_FENCE)


@cache
def next_due(shape: Shape) -> Executable:
    """Return the statement that gives the earliest time of a row that nobody keeps from being claimed, or of a lease's end."""
    one, other = due.alias("one"), due.alias("other")
    held = and_(other.c.excl == one.c.excl, ~_same(one, other), other.c.lease_until > _clock(shape))
    waiting = and_(_free(one, shape), _by_time(one, shape), ~exists().where(held))
    first = select(one.c.due_at).where(waiting).order_by(one.c.due_at).limit(1)
    running = due.c.lease_until > _clock(shape)
    end = select(func.min(due.c.lease_until, type_=Instant())).where(running)
    return select(first.scalar_subquery().label("first_due"), end.scalar_subquery().label("first_end"))


@cache
def coming(shape: Shape) -> Executable:
    """Return the statement that gives the earliest time that is still to come."""
    return select(func.min(due.c.due_at, type_=Instant())).where(due.c.due_at > _NOW, _by_time(due, shape))


def _ours() -> ColumnElement[bool]:
    return tuple_(due.c.kind, due.c.key, due.c.fence).in_(bindparam("names", expanding=True))


def _ready(rows: FromClause, shape: Shape) -> ColumnElement[bool]:
    return and_(rows.c.due_at <= _NOW, _free(rows, shape), _among(rows, shape))


def _free(rows: FromClause, shape: Shape) -> ColumnElement[bool]:
    return or_(rows.c.lease_until.is_(None), rows.c.lease_until <= _clock(shape))


def _among(rows: FromClause, shape: Shape) -> ColumnElement[bool]:
    kind = [rows.c.kind.in_(bindparam("kinds", expanding=True))] if shape.kinds else []
    key = [rows.c.key.in_(bindparam("keys", expanding=True))] if shape.keys else []
    return and_(true(), *kind, *key)


def _by_time(rows: FromClause, shape: Shape) -> ColumnElement[bool]:
    # As an expression the kind is found in no index: all rows of a kind are to be read in no case.
    kind = [rows.c.kind.concat("").in_(bindparam("kinds", expanding=True))] if shape.kinds else []
    return and_(true(), *kind)


def _rival(one: FromClause, other: FromClause, shape: Shape) -> ColumnElement[bool]:
    """Another row with the same *excl* that is being run, or that would be claimed before this one."""
    order = tuple_(other.c.due_at, other.c.kind, other.c.key) < tuple_(one.c.due_at, one.c.kind, one.c.key)
    before = or_(other.c.prio > one.c.prio, and_(other.c.prio == one.c.prio, order))
    ahead = and_(_ready(other, shape), before)
    held = other.c.lease_until > _clock(shape)
    return exists().where(other.c.excl == one.c.excl, ~_same(one, other), or_(held, ahead))


def _not_busy(one: FromClause, shape: Shape) -> tuple[ColumnElement[bool], ...]:
    if not shape.busy:
        return ()
    account: Any = cast(one.c.excl, BigInteger())
    if shape.postgresql:  # a cast of what is no number fails there, and is 0 on SQLite
        account = case((one.c.excl.regexp_match("^[0-9]{1,18}$"), account), else_=None)
    there = accounts.c.host.in_(bindparam("busy", expanding=True))
    return (~exists().where(accounts.c.id == account, there),)


def _same(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    return and_(one.c.kind == other.c.kind, one.c.key == other.c.key)


def _clock(shape: Shape) -> ColumnElement[datetime]:
    """Return the clock of the leases: the database's where workers on many machines share it."""
    return func.clock_timestamp(type_=Instant()) if shape.postgresql else _NOW


def _until(shape: Shape) -> ColumnElement[datetime]:
    if shape.postgresql:
        return func.clock_timestamp(type_=Instant()) + bindparam("lease_length", type_=Interval())
    return bindparam("lease_end", type_=Instant())
