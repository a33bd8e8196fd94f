"""Our events in people's calendars, and other resources that carry their UIDs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, select

from providers.base import ETag, EventRef
from syncd.store.errors import Taken, Unknown
from syncd.store.link import AnyRow, Link
from syncd.store.rows import CalendarRowId, Copy, CopyId, SessionId, Side, Stray
from syncd.store.tables import copies, strays


class Copies:
    """Copies of sessions' events, with what we last knew of each and what is under way."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def add(
        self,
        session_id: SessionId,
        side: Side,
        generation: int,
        calendar_id: CalendarRowId,
        uid: str,
        ref: EventRef,
        base: dict[str, Any] | None = None,
        intent: dict[str, Any] | None = None,
    ) -> Copy:
        """Enter a copy.

        :raises Taken: if this side has had this generation, or this UID, already.
        :raises Refused: if there is no such session or calendar.
        """
        values = {
            "session_id": session_id,
            "side": side.value,
            "generation": generation,
            "calendar_id": calendar_id,
            "uid": uid,
            "ref": ref,
            "base": base,
            "intent": intent,
        }
        try:
            with self._link.attempt():
                made = self._link.value(insert(copies).values(**values).returning(copies.c.id))
        except Taken:
            raise Taken(f"session {session_id} has had this event already") from None
        return self.get(CopyId(made))

    def get(self, id: CopyId) -> Copy:  # noqa: A002
        """Return the copy with this id.

        :raises Unknown: if there is none.
        """
        row = self._link.row(select(copies).where(copies.c.id == id))
        if row is None:
            raise Unknown(f"there is no copy {id}")
        return _copy(row)

    def of(self, session_id: SessionId) -> tuple[Copy, ...]:
        """Return every copy that the session has or had, oldest first."""
        return self._all(copies.c.session_id == session_id)

    def of_calendar(self, calendar_id: CalendarRowId) -> tuple[Copy, ...]:
        """Return every copy that stands or stood in the calendar, oldest first."""
        return self._all(copies.c.calendar_id == calendar_id)

    def by_uid(self, uid: str) -> tuple[Copy, ...]:
        """Return the copies with this UID, oldest first: at most one for each side."""
        return self._all(copies.c.uid == uid)

    def at(self, calendar_id: CalendarRowId, ref: EventRef) -> Copy | None:
        """Return the newest copy that stands or stood there."""
        there = self._all(and_(copies.c.calendar_id == calendar_id, copies.c.ref == ref))
        return there[-1] if there else None

    def set_base(self, id: CopyId, base: dict[str, Any] | None) -> None:  # noqa: A002
        """Note the event as we last wrote or read it."""
        self._link.change(copies, copies.c.id == id, {"base": base})

    def set_intent(self, id: CopyId, intent: dict[str, Any] | None) -> None:  # noqa: A002
        """Note the write that is about to leave, or that it is settled."""
        self._link.change(copies, copies.c.id == id, {"intent": intent})

    def set_invite(self, id: CopyId, invite: dict[str, Any] | None) -> None:  # noqa: A002
        """Note how the mentor hears of the event."""
        self._link.change(copies, copies.c.id == id, {"invite": invite})

    def follow(
        self,
        id: CopyId,  # noqa: A002
        calendar_id: CalendarRowId,
        ref: EventRef,
        base: dict[str, Any] | None,
    ) -> None:
        """Note that the event was moved to another calendar of the same person."""
        self._link.change(copies, copies.c.id == id, {"calendar_id": calendar_id, "ref": ref, "base": base})

    def put_stray(self, stray: Stray) -> bool:
        """Note another resource with the copy's UID, and tell whether it is new.

        When it appeared, and whether it is a mirror, is kept from the first time.
        """
        row = self._link.insert(strays).values(
            copy_id=stray.copy_id,
            calendar_id=stray.calendar_id,
            ref=stray.ref,
            etag=stray.etag,
            appeared_at=stray.appeared_at,
            mirror=stray.mirror,
        )
        if self._link.run(row.on_conflict_do_nothing()) > 0:
            return True
        self._link.change(strays, _same(stray.copy_id, stray.calendar_id, stray.ref), {"etag": stray.etag})
        return False

    def strays(self, copy_id: CopyId) -> tuple[Stray, ...]:
        """Return the strays of a copy, in the order in which they appeared."""
        rows = select(strays).where(strays.c.copy_id == copy_id)
        ordered = rows.order_by(strays.c.appeared_at, strays.c.calendar_id, strays.c.ref)
        return tuple(_stray(row) for row in self._link.rows(ordered))

    def settle_stray(
        self, copy_id: CopyId, calendar_id: CalendarRowId, ref: EventRef, mirror: bool | None
    ) -> None:
        """Note whether a stray is a mirror."""
        self._link.change(strays, _same(copy_id, calendar_id, ref), {"mirror": mirror})

    def drop_stray(self, copy_id: CopyId, calendar_id: CalendarRowId, ref: EventRef) -> bool:
        """Forget a stray that is gone or was followed, and tell whether it was known."""
        return self._link.run(delete(strays).where(_same(copy_id, calendar_id, ref))) > 0

    def _all(self, which: ColumnElement[bool]) -> tuple[Copy, ...]:
        return tuple(_copy(row) for row in self._link.rows(select(copies).where(which).order_by(copies.c.id)))


def _same(copy_id: CopyId, calendar_id: CalendarRowId, ref: EventRef) -> ColumnElement[bool]:
    return and_(strays.c.copy_id == copy_id, strays.c.calendar_id == calendar_id, strays.c.ref == ref)


def _copy(row: AnyRow) -> Copy:
    return Copy(
        id=CopyId(row.id),
        session_id=SessionId(row.session_id),
        side=Side(row.side),
        generation=row.generation,
        calendar_id=CalendarRowId(row.calendar_id),
        uid=row.uid,
        ref=EventRef(row.ref),
        base=row.base,
        intent=row.intent,
        invite=row.invite,
    )


def _stray(row: AnyRow) -> Stray:
    return Stray(
        copy_id=CopyId(row.copy_id),
        calendar_id=CalendarRowId(row.calendar_id),
        ref=EventRef(row.ref),
        etag=ETag(row.etag),
        appeared_at=row.appeared_at,
        mirror=row.mirror,
    )
