"""How an account or a calendar is doing: the edge is told, the level is not."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Executable, Table, bindparam, case, or_, update

from syncd.store.link import Link, bound
from syncd.store.rows import Health
from syncd.store.types import Instant


def turn(
    link: Link,
    table: Table,
    id: int,  # noqa: A002
    health: Health,
    trouble: str | None,
    cause: str | None,
) -> bool:
    """Note the health of one row, and tell whether that is news.

    News is another health or another cause; a trouble that is only worded otherwise is not.
    """
    values = {"old_id": id, "new_health": health.value, "new_trouble": trouble, "new_cause": cause}
    if link.run(_turn(table), {**values, "moment": link.now}) > 0:
        return True
    link.change(table, {"id": id}, {"trouble": trouble})
    return False


@cache
def _turn(table: Table) -> Executable:
    columns = table.c
    health, cause = bound("new", columns.health), bound("new", columns.cause)
    news = or_(columns.health != health, columns.cause.is_distinct_from(cause))
    since = case((columns.health != health, bindparam("moment", type_=Instant())), else_=columns.health_since)
    turned = update(table).where(columns.id == bound("old", columns.id), news)
    return turned.values(
        health=health, health_since=since, trouble=bound("new", columns.trouble), cause=cause
    )
