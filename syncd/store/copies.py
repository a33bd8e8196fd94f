"""Our events in people's calendars, and other resources that carry their UIDs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Executable, and_, bindparam, delete, exists, insert, or_, select

from providers.base import ETag, EventRef
from syncd.store.errors import Taken, Unknown
from syncd.store.link import AnyRow, Link
from syncd.store.rows import CalendarRowId, Copy, CopyId, PersonId, SessionId, Side, Stray
from syncd.store.tables import copies, session_people, strays

_ADD = insert(copies).returning(copies.c.id)
_GET = select(copies).where(copies.c.id == bindparam("this"))
_ALL = select(copies).order_by(copies.c.id)
_OF = _ALL.where(copies.c.session_id == bindparam("session"))
_OF_CALENDAR = _ALL.where(copies.c.calendar_id == bindparam("calendar"))
_BY_UID = _ALL.where(copies.c.uid == bindparam("name"))
_STRAYS = (
    select(strays)
    .where(strays.c.copy_id == bindparam("copy"))
    .order_by(strays.c.appeared_at, strays.c.calendar_id, strays.c.ref)
)
_DROP_STRAY = delete(strays).where(
    and_(*(strays.c[name] == bindparam(f"old_{name}") for name in ("copy_id", "calendar_id", "ref")))
)
_BEFORE = copies.alias("later")
_SPARES = _OF_CALENDAR.where(
    copies.c.base.is_not(None),
    exists().where(
        _BEFORE.c.session_id == copies.c.session_id,
        _BEFORE.c.side == copies.c.side,
        _BEFORE.c.id > copies.c.id,
    ),
)
_MANY = 500
"""So many refs are asked for at once: a statement takes so many values and no more."""
_NEWER = copies.alias("newer")
_LIVE = exists().where(
    session_people.c.session_id == copies.c.session_id,
    session_people.c.person_id == bindparam("whose"),
    session_people.c.live,
)
_CONCERNED = _OF_CALENDAR.where(
    or_(
        _LIVE,
        copies.c.base.is_not(None),
        copies.c.intent.is_not(None),
        copies.c.ref.in_(bindparam("refs", expanding=True)),
    ),
    ~exists().where(
        _NEWER.c.session_id == copies.c.session_id,
        _NEWER.c.side == copies.c.side,
        _NEWER.c.id > copies.c.id,
    ),
)


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
                made = self._link.value(_ADD, values)
        except Taken:
            raise Taken(f"session {session_id} has had this event already") from None
        return self.get(CopyId(made))

    def get(self, id: CopyId) -> Copy:  # noqa: A002
        """Return the copy with this id.

        :raises Unknown: if there is none.
        """
        row = self._link.row(_GET, {"this": id})
        if row is None:
            raise Unknown(f"there is no copy {id}")
        return _copy(row)

    def of(self, session_id: SessionId) -> tuple[Copy, ...]:
        """Return every copy that the session has or had, oldest first."""
        return tuple(_copy(row) for row in self._link.kept(_OF, {"session": session_id}, copies))

    def concerned(
        self, calendar_id: CalendarRowId, person_id: PersonId, refs: Collection[EventRef] = ()
    ) -> tuple[Copy, ...]:
        """Return the newest copies of each side in a calendar of a person, but for history.

        Its session is live, it still stands, something is under way, or it is at one of *refs*.
        """
        wanted = [*refs]
        found: dict[CopyId, Copy] = {}
        for first in range(0, len(wanted) or 1, _MANY):
            these = {"calendar": calendar_id, "whose": person_id, "refs": wanted[first : first + _MANY]}
            found |= {copy.id: copy for copy in self._all(_CONCERNED, these)}
        return tuple(found.values())

    def older(self, calendar_id: CalendarRowId) -> tuple[Copy, ...]:
        """Return the copies in a calendar that something is known of though their side has had newer ones."""
        return self._all(_SPARES, {"calendar": calendar_id})

    def by_uid(self, uid: str) -> tuple[Copy, ...]:
        """Return the copies with this UID, oldest first: at most one for each side."""
        return self._all(_BY_UID, {"name": uid})

    def set_base(self, id: CopyId, base: dict[str, Any] | None) -> None:  # noqa: A002
        """Note the event as we last wrote or read it."""
        self._link.change(copies, {"id": id}, {"base": base})

    def set_intent(self, id: CopyId, intent: dict[str, Any] | None) -> None:  # noqa: A002
        """Note the write that is about to leave, or that it is settled."""
        self._link.change(copies, {"id": id}, {"intent": intent})

    def set_invite(self, id: CopyId, invite: dict[str, Any] | None) -> None:  # noqa: A002
        """Note how the mentor hears of the event."""
        self._link.change(copies, {"id": id}, {"invite": invite})

    def follow(
        self,
        id: CopyId,  # noqa: A002
        calendar_id: CalendarRowId,
        ref: EventRef,
        base: dict[str, Any] | None,
    ) -> None:
        """Note that the event was moved to another calendar of the same person."""
        self._link.change(copies, {"id": id}, {"calendar_id": calendar_id, "ref": ref, "base": base})

    def swap(self, newest: CopyId, other: CopyId) -> None:
        """Let two copies of one side change places, each with its event and strays, so that the newest row has *other*'s.

        :raises Unknown: if there is no such copy.
        """
        one, two = self.get(newest), self.get(other)
        aside = self.strays(newest), self.strays(other)
        self._link.change(copies, {"id": newest}, {"uid": f"{one.uid} "})  # a UID stands once on a side
        for row, its, strays_of in ((other, one, aside[0]), (newest, two, aside[1])):
            values = {"uid": its.uid, "calendar_id": its.calendar_id, "ref": its.ref}
            self._link.change(copies, {"id": row}, {**values, "base": its.base, "intent": its.intent})
            for stray in strays_of:
                self.drop_stray(stray.copy_id, stray.calendar_id, stray.ref)
        for row, strays_of in ((other, aside[0]), (newest, aside[1])):
            for stray in strays_of:
                self.put_stray(replace(stray, copy_id=row))

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
        self._link.change(strays, _this(stray.copy_id, stray.calendar_id, stray.ref), {"etag": stray.etag})
        return False

    def strays(self, copy_id: CopyId) -> tuple[Stray, ...]:
        """Return the strays of a copy, in the order in which they appeared."""
        return tuple(_stray(row) for row in self._link.kept(_STRAYS, {"copy": copy_id}, strays))

    def settle_stray(
        self, copy_id: CopyId, calendar_id: CalendarRowId, ref: EventRef, mirror: bool | None
    ) -> None:
        """Note whether a stray is a mirror."""
        self._link.change(strays, _this(copy_id, calendar_id, ref), {"mirror": mirror})

    def drop_stray(self, copy_id: CopyId, calendar_id: CalendarRowId, ref: EventRef) -> bool:
        """Forget a stray that is gone or was followed, and tell whether it was known."""
        these = {f"old_{name}": value for name, value in _this(copy_id, calendar_id, ref).items()}
        return self._link.run(_DROP_STRAY, these) > 0

    def _all(self, wanted: Executable, values: Mapping[str, Any]) -> tuple[Copy, ...]:
        return tuple(_copy(row) for row in self._link.rows(wanted, values))


def _this(copy_id: CopyId, calendar_id: CalendarRowId, ref: EventRef) -> dict[str, Any]:
    return {"copy_id": copy_id, "calendar_id": calendar_id, "ref": ref}


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
