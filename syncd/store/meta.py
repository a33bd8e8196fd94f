"""Single values that the whole database has."""

from __future__ import annotations

from sqlalchemy import select

from syncd.store.link import Link
from syncd.store.tables import meta


class Meta:
    """Values by name."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def get(self, name: str) -> str | None:
        """Return the value of *name*, if it has one."""
        found: str | None = self._link.value(select(meta.c.value).where(meta.c.name == name))
        return found

    def put(self, name: str, value: str) -> None:
        """Give *name* a value; nothing is written if it has it already."""
        row = self._link.insert(meta).values(name=name, value=value)
        self._link.run(
            row.on_conflict_do_update(
                index_elements=["name"],
                set_={"value": row.excluded.value},
                where=meta.c.value != row.excluded.value,
            )
        )
