"""The house behind a command, opened by its configuration and closed after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from syncd.cli import frame, given
from syncd.store.rows import Person

if TYPE_CHECKING:
    from syncd.house import House


@contextmanager
def house() -> Iterator[House]:
    """Open the house of this command's configuration.

    :raises Misconfigured: if there is no configuration, it is wrong, or the key is.
    :raises StoreError: if the database cannot be used.
    """
    from syncd.wiring import open_house

    opened = open_house(frame.configuration())
    try:
        yield opened
    finally:
        opened.db.close()


def person(opened: House, email: str) -> Person:
    """Return the person with this address.

    :raises Problem: if nobody has it.
    """
    from syncd.sessions import person_called

    with opened.db.read() as tx:
        return person_called(tx, given.address(email))


def zone_of(someone: Person) -> ZoneInfo:
    """Return the zone in which this person reads a clock."""
    return ZoneInfo(someone.zone)
