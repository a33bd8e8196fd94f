"""The statements by which work is asked for and ended, each built once: see :mod:`syncd.store.claims`."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)

from syncd.store.link import Upsert, bound, inserting
from syncd.store.tables import due
from syncd.store.types import Instant

_NOW = bindparam("moment", type_=Instant())
_NEXT = bindparam("next_at", type_=Instant())
_GIVEN = ("kind", "key", "due_at", "prio", "excl")
_FREE: dict[str, Any] = {"lease_until": None, "holder": None}
_THIS = and_(due.c.kind == bound("old", due.c.kind), due.c.key == bound("old", due.c.key))
_MINE = and_(_THIS, due.c.fence == bound("old", due.c.fence))
_CALM = due.c.gen == bound("old", due.c.gen)
_MOVED = due.c.due_at != bound("old", due.c.due_at)

GET = select(due).where(_THIS)
ALL = select(due).order_by(due.c.due_at, due.c.kind, due.c.key)
THESE = select(due).where(tuple_(due.c.kind, due.c.key).in_(bindparam("names", expanding=True)))
ALL_OF = ALL.where(due.c.kind.in_(bindparam("kinds", expanding=True)))
DROP = delete(due).where(_MINE, _CALM, ~_MOVED)
"""Ends a run for good, unless it was asked for, or its time was moved, meanwhile."""
END = (
    update(due)
    .where(_MINE)
    .values(due_at=case((~_CALM, _NOW), else_=due.c.due_at), **_FREE, attempts=0, last_error=None)
)
END_UNTIL = (
    update(due)
    .where(_MINE)
    .values(
        due_at=case((~_CALM, _NOW), (and_(_MOVED, due.c.due_at < _NEXT), due.c.due_at), else_=_NEXT),
        **_FREE,
        attempts=0,
        last_error=None,
    )
)
FAIL = (
    update(due)
    .where(_MINE)
    .values(
        due_at=_NEXT,
        **_FREE,
        attempts=bound("new", due.c.attempts),
        last_error=bound("new", due.c.last_error),
    )
)
PUT_OFF = (
    update(due)
    .where(
        due.c.excl == bound("old", due.c.excl),
        due.c.kind == bound("old", due.c.kind),
        due.c.lease_until.is_(None),
        due.c.due_at < _NEXT,
    )
    .values(due_at=_NEXT, attempts=case((due.c.attempts > 0, due.c.attempts), else_=1))
)


@cache
def want(*, on_postgresql: bool) -> Executable:
    """Return the statement that asks for a run at a time or earlier, after whatever runs now."""
    row = _new(1, on_postgresql=on_postgresql)
    earlier = case((row.excluded.due_at < due.c.due_at, row.excluded.due_at), else_=due.c.due_at)
    return row.on_conflict_do_update(
        index_elements=["kind", "key"],
        set_={"due_at": earlier, "gen": due.c.gen + 1, **_kept(row)},
    )


@cache
def set_time(*, on_postgresql: bool) -> Executable:
    """Return the statement that makes a time the one of the next run, and writes nothing if it is so."""
    row = _new(0, on_postgresql=on_postgresql)
    waits = and_(due.c.attempts > 0, due.c.due_at > _NOW, row.excluded.due_at <= _NOW)
    wanted: dict[str, Any] = {
        "due_at": case((waits, due.c.due_at), else_=row.excluded.due_at),
        **_kept(row),
    }
    differs = or_(*(due.c[name].is_distinct_from(value) for name, value in wanted.items()))
    return row.on_conflict_do_update(index_elements=["kind", "key"], set_=wanted, where=differs)


@cache
def drop(*, on_postgresql: bool) -> Executable:
    """Return the statement that takes away what nobody runs."""
    clock = func.clock_timestamp(type_=Instant()) if on_postgresql else _NOW
    return delete(due).where(_THIS, or_(due.c.lease_until.is_(None), due.c.lease_until <= clock))


def _new(gen: int, *, on_postgresql: bool) -> Upsert:
    given: dict[str, ColumnElement[Any]] = {name: bound("new", due.c[name]) for name in _GIVEN}
    row = inserting(due, on_postgresql=on_postgresql)
    return row.values(**given, gen=gen, seen_gen=0, fence=0, attempts=0)


def _kept(row: Upsert) -> dict[str, Any]:
    higher = case((row.excluded.prio > due.c.prio, row.excluded.prio), else_=due.c.prio)
    return {"prio": higher, "excl": func.coalesce(row.excluded.excl, due.c.excl)}
