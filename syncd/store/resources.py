"""What stands in foreign calendars: digests of refs, versions, the time they take, what is wrong; never a text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache

from sqlalchemy import Executable, Table, bindparam, delete, func, insert, select

from policy.interval import Interval
from providers.base import BEHIND, ETag, RefKey
from syncd.store.link import AnyRow, Link, bound, inserting
from syncd.store.rows import Block, CalendarRowId, Noted
from syncd.store.tables import blocks, notes, resources
from syncd.store.types import Id, Words

_BLOCK = ("calendar_id", "key", "starts", "ends", "kind")
_THIS_BLOCK = delete(blocks).where(*(blocks.c[name] == bindparam(f"old_{name}") for name in _BLOCK))
_ADD_BLOCK, _ADD_NOTE = insert(blocks), insert(notes)
_CALENDAR = bindparam("calendar", type_=Id)
_KEY = bindparam("resource", type_=Words())
_KNOWN = select(resources.c.key, resources.c.etag).where(resources.c.calendar_id == _CALENDAR)
_BLOCKS = select(blocks).where(blocks.c.calendar_id == _CALENDAR, blocks.c.key == _KEY)
_NOTES = select(notes.c.code).where(notes.c.calendar_id == _CALENDAR, notes.c.key == _KEY)
_NOTED_SINCE = (
    select(notes.c.key)
    .distinct()
    .where(notes.c.calendar_id == _CALENDAR, notes.c.since >= bindparam("moment"))
)
_UNREAD_SINCE = select(func.min(notes.c.since).label("since")).where(
    notes.c.calendar_id == _CALENDAR,
    notes.c.key == _KEY,
    _KEY.in_(
        select(resources.c.key).where(
            resources.c.calendar_id == _CALENDAR, resources.c.etag == bindparam("etag", type_=Words())
        )
    ),
)
_BEHIND_SINCE = _UNREAD_SINCE.where(notes.c.code == BEHIND)
_DROP_NOTES = delete(notes).where(
    notes.c.calendar_id == _CALENDAR, notes.c.key == _KEY, notes.c.code.in_(bindparam("gone", expanding=True))
)
_CODE = re.compile(r"[a-z][a-z-]{0,39}")


class Resources:
    """The resources of calendars and their blocks of time."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def known(self, calendar_id: CalendarRowId) -> dict[RefKey, ETag]:
        """Return the version of every resource that has been read."""
        rows = self._link.rows(_KNOWN, {"calendar": calendar_id})
        return {RefKey(row.key): ETag(row.etag) for row in rows}

    def put_resource(
        self, calendar_id: CalendarRowId, key: RefKey, etag: ETag, blocks: Iterable[Block]
    ) -> bool:
        """Store the version and the time of one resource in place of the older, and tell whether they differ.

        :raises ValueError: if a block belongs to another resource.
        """
        wanted = frozenset(blocks)
        if any(block.key != key for block in wanted):
            raise ValueError("a block belongs to another resource")
        values = {"new_calendar_id": calendar_id, "new_key": key, "new_etag": etag}
        changed = self._link.run(_put(on_postgresql=self._link.postgresql), values) > 0
        return self._replace(calendar_id, wanted, key) or changed

    def drop_resource(self, calendar_id: CalendarRowId, key: RefKey) -> bool:
        """Forget a resource and its time, and tell whether it was known."""
        this = {"calendar": calendar_id, "resource": key}
        return sum(self._link.run(_drop(table), this) for table in (blocks, notes, resources)) > 0

    def put_notes(self, calendar_id: CalendarRowId, key: RefKey, codes: Iterable[str]) -> bool:
        """Store what is wrong with one resource in place of the older, and tell whether they differ.

        :raises ValueError: if one of them is more than a code.
        """
        wanted = frozenset(codes)
        if not all(_CODE.fullmatch(code) for code in wanted):
            raise ValueError("a note is not a code")
        here = {"calendar": calendar_id, "resource": key}
        stored = {row.code for row in self._link.rows(_NOTES, here)}
        if gone := stored - wanted:
            self._link.run(_DROP_NOTES, {**here, "gone": sorted(gone)})
        new = [
            {"calendar_id": calendar_id, "key": key, "code": code, "since": self._link.now}
            for code in sorted(wanted - stored)
        ]
        self._link.run_many(_ADD_NOTE, new)
        return bool(gone or new)

    def noted_since(self, calendar_id: CalendarRowId, since: datetime) -> frozenset[RefKey]:
        """Return the resources of which something could not be read, first at or after *since*."""
        rows = self._link.rows(_NOTED_SINCE, {"calendar": calendar_id, "moment": since})
        return frozenset(RefKey(row.key) for row in rows)

    def noted_in(self, calendar_id: CalendarRowId, key: RefKey, etag: ETag) -> datetime | None:
        """Return since when something could not be read in this version of a resource, if it is the stored one."""
        return self._since(_UNREAD_SINCE, calendar_id, key, etag)

    def behind_in(self, calendar_id: CalendarRowId, key: RefKey, etag: ETag) -> datetime | None:
        """Return since when this version of a resource is shown though another is listed, if it is the stored one."""
        return self._since(_BEHIND_SINCE, calendar_id, key, etag)

    def _since(
        self, statement: Executable, calendar_id: CalendarRowId, key: RefKey, etag: ETag
    ) -> datetime | None:
        version = {"calendar": calendar_id, "resource": key, "etag": etag}
        since: datetime | None = self._link.rows(statement, version)[0].since
        return since

    def noted(self, calendar_ids: Iterable[CalendarRowId]) -> tuple[Noted, ...]:
        """Return what is wrong in these calendars: how many resources, by reason."""
        ids = sorted(set(calendar_ids))
        counted = (
            select(notes.c.calendar_id, notes.c.code, func.count(), func.min(notes.c.since))
            .where(notes.c.calendar_id.in_(ids))
            .group_by(notes.c.calendar_id, notes.c.code)
            .order_by(notes.c.calendar_id, notes.c.code)
        )
        rows = self._link.rows(counted) if ids else ()
        return tuple(Noted(CalendarRowId(row[0]), row[1], row[2], row[3]) for row in rows)

    def put_blocks(self, calendar_id: CalendarRowId, blocks: Iterable[Block]) -> bool:
        """Store the time of a calendar as a whole in place of the older, and tell whether they differ.

        That of its resources stays beside it.

        :raises ValueError: if a block belongs to a resource.
        """
        wanted = frozenset(blocks)
        if any(block.key for block in wanted):
            raise ValueError("a block belongs to a resource")
        return self._replace(calendar_id, wanted, RefKey(""))

    def blocks(self, calendar_ids: Iterable[CalendarRowId], window: Interval) -> tuple[Block, ...]:
        """Return the blocks of these calendars that touch *window*, by their start."""
        ids = sorted(set(calendar_ids))
        if not ids:
            return ()
        touching = (
            select(blocks)
            .where(blocks.c.calendar_id.in_(ids))
            .where(blocks.c.starts < window.end, blocks.c.ends > window.start)
            .order_by(blocks.c.starts, blocks.c.ends, blocks.c.key)
        )
        return tuple(_block(row) for row in self._link.rows(touching))

    def _replace(self, calendar_id: CalendarRowId, wanted: frozenset[Block], key: RefKey) -> bool:
        rows = self._link.rows(_BLOCKS, {"calendar": calendar_id, "resource": key})
        stored = frozenset(_block(row) for row in rows)
        gone, new = sorted(stored - wanted, key=repr), sorted(wanted - stored, key=repr)
        self._link.run_many(_THIS_BLOCK, [_values(calendar_id, block, "old_") for block in gone])
        self._link.run_many(_ADD_BLOCK, [_values(calendar_id, block) for block in new])
        return bool(gone or new)


@cache
def _put(*, on_postgresql: bool) -> Executable:
    row = inserting(resources, on_postgresql=on_postgresql).values(
        {each.name: bound("new", each) for each in resources.c}
    )
    return row.on_conflict_do_update(
        index_elements=["calendar_id", "key"],
        set_={"etag": row.excluded.etag},
        where=resources.c.etag != row.excluded.etag,
    )


@cache
def _drop(table: Table) -> Executable:
    return delete(table).where(table.c.calendar_id == _CALENDAR, table.c.key == _KEY)


def _values(calendar_id: CalendarRowId, block: Block, prefix: str = "") -> dict[str, object]:
    values = (calendar_id, block.key, block.start, block.end, block.kind)
    return dict(zip((prefix + name for name in _BLOCK), values, strict=True))


def _block(row: AnyRow) -> Block:
    return Block(key=RefKey(row.key), start=row.starts, end=row.ends, kind=row.kind)
