"""Single values that the whole database has."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Executable, bindparam, select

from syncd.store.link import Link, bound, inserting
from syncd.store.tables import meta

_GET = select(meta.c.value).where(meta.c.name == bindparam("which"))


class Meta:
    """Values by name."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def get(self, name: str) -> str | None:
        """Return the value of *name*, if it has one."""
        found: str | None = self._link.value(_GET, {"which": name})
        return found

    def put(self, name: str, value: str) -> None:
        """Give *name* a value; nothing is written if it has it already."""
        self._link.run(_put(on_postgresql=self._link.postgresql), {"new_name": name, "new_value": value})


@cache
def _put(*, on_postgresql: bool) -> Executable:
    row = inserting(meta, on_postgresql=on_postgresql).values({each: bound("new", each) for each in meta.c})
    return row.on_conflict_do_update(
        index_elements=["name"],
        set_={"value": row.excluded.value},
        where=meta.c.value != row.excluded.value,
    )
