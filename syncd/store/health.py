"""How an account or a calendar is doing: the edge is told, the level is not."""

from __future__ import annotations

from sqlalchemy import Table, and_, case, literal, or_

from syncd.store.link import Link
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
    columns, this = table.c, table.c.id == id
    news = or_(columns.health != health.value, columns.cause.is_distinct_from(cause))
    since = case((columns.health != health.value, literal(link.now, Instant())), else_=columns.health_since)
    values = {"health": health.value, "health_since": since, "trouble": trouble, "cause": cause}
    if link.change(table, and_(this, news), values):
        return True
    link.change(table, this, {"trouble": trouble})
    return False
