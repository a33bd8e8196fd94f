"""Sessions: the columns that are searched, and the fold of their facts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, insert, or_, select, update

from policy.interval import Interval
from syncd.store.errors import Clash, Refused, Taken, Unknown
from syncd.store.link import AnyRow, Link
from syncd.store.rows import PersonId, SessionId, SessionRow
from syncd.store.tables import people, session_people, sessions

_OVERLAP = "ex_session_people_overlap"


class Sessions:
    """Sessions; the schema itself lets no two live ones of a person overlap."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def add(self, row: SessionRow) -> None:
        """Enter a session.

        :raises Clash: if a live session of one of the two overlaps.
        :raises Taken: if its id or its key is in use.
        :raises Refused: if one of the two is unknown, or both are the same.
        """
        self._line_up(row)
        try:
            with self._link.attempt():
                self._link.run(insert(sessions).values(id=row.id, **_columns(row)))
                pair = [{"session_id": row.id, "person_id": person, **_time(row)} for person in _pair(row)]
                self._link.run(insert(session_people).values(pair))
        except Refused as refused:
            raise self._why(row, refused) from None

    def save(self, row: SessionRow) -> bool:
        """Store the session as it is now, and tell whether that differs.

        :raises Clash: if it is live and a live session of one of the two overlaps.
        :raises Refused: if the two are not the same two.
        :raises Unknown: if there is no such session.
        """
        old = self.get(row.id)
        if old == row:
            return False
        if _pair(old) != _pair(row):
            raise Refused(f"session {row.id} is between two other people")
        if _time(old) != _time(row):
            self._line_up(row)
        try:
            with self._link.attempt():
                self._link.run(update(sessions).where(sessions.c.id == row.id).values(**_columns(row)))
                self._link.change(session_people, session_people.c.session_id == row.id, _time(row))
        except Refused as refused:
            raise self._why(row, refused) from None
        return True

    def get(self, id: SessionId) -> SessionRow:  # noqa: A002
        """Return the session with this id; in a writing transaction nobody else changes it until the end.

        :raises Unknown: if there is none.
        """
        found = select(sessions).where(sessions.c.id == id)
        row = self._link.row(found.with_for_update() if self._link.writing else found)
        if row is None:
            raise Unknown(f"there is no session {id}")
        return _session(row)

    def by_key(self, key: str) -> SessionRow | None:
        """Return the session that was entered under the caller's key."""
        row = self._link.row(select(sessions).where(sessions.c.key == key))
        return None if row is None else _session(row)

    def live_of(self, person_id: PersonId, window: Interval) -> tuple[SessionRow, ...]:
        """Return the live sessions of a person that touch *window*, by their start."""
        mine = and_(
            session_people.c.person_id == person_id,
            session_people.c.live,
            session_people.c.starts < window.end,
            session_people.c.ends > window.start,
        )
        ids = select(session_people.c.session_id).where(mine)
        return self._all(select(sessions).where(sessions.c.id.in_(ids)))

    def all(self, state: str | None = None, person_id: PersonId | None = None) -> tuple[SessionRow, ...]:
        """Return every session, or those in a state, or of a person, by their start."""
        wanted = select(sessions)
        if state is not None:
            wanted = wanted.where(sessions.c.state == state)
        if person_id is not None:
            wanted = wanted.where(or_(sessions.c.student_id == person_id, sessions.c.mentor_id == person_id))
        return self._all(wanted)

    def upcoming(self, after: datetime) -> tuple[SessionRow, ...]:
        """Return the live sessions that start later than *after*, by their start."""
        return self._all(select(sessions).where(sessions.c.live, sessions.c.starts > after))

    def _all(self, wanted: Select[*tuple[Any, ...]]) -> tuple[SessionRow, ...]:
        rows = self._link.rows(wanted.order_by(sessions.c.starts, sessions.c.id))
        return tuple(_session(row) for row in rows)

    def _line_up(self, row: SessionRow) -> None:
        # Two inserts under one EXCLUDE constraint may each wait for the other; whoever comes second
        # waits here instead, and is then told of the clash.
        two = select(people.c.id).where(people.c.id.in_(_pair(row))).order_by(people.c.id)
        self._link.rows(two.with_for_update(key_share=True))

    def _why(self, row: SessionRow, refused: Refused) -> Refused:
        if _OVERLAP in str(refused):
            return self._clash(row) or refused
        if isinstance(refused, Taken):
            return Taken(f"session {row.id}, or its key, is there already")
        return refused

    def _clash(self, row: SessionRow) -> Clash | None:
        other = session_people.c
        overlap: ColumnElement[bool] = and_(
            other.person_id.in_(_pair(row)),
            other.session_id != row.id,
            other.live,
            other.starts < row.end,
            other.ends > row.start,
        )
        found = self._link.row(select(session_people).where(overlap).order_by(other.starts, other.person_id))
        return None if found is None else Clash(SessionId(found.session_id), PersonId(found.person_id))


def _pair(row: SessionRow) -> tuple[PersonId, PersonId]:
    return row.student_id, row.mentor_id


def _time(row: SessionRow) -> dict[str, Any]:
    return {"starts": row.start, "ends": row.end, "live": row.live}


def _columns(row: SessionRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "student_id": row.student_id,
        "mentor_id": row.mentor_id,
        **_time(row),
        "state": row.state,
        "deadline": row.deadline,
        "calendar_state": row.calendar_state,
        "snapshot": row.snapshot,
        "created_at": row.created_at,
    }


def _session(row: AnyRow) -> SessionRow:
    return SessionRow(
        id=SessionId(row.id),
        key=row.key,
        student_id=PersonId(row.student_id),
        mentor_id=PersonId(row.mentor_id),
        start=row.starts,
        end=row.ends,
        state=row.state,
        live=row.live,
        deadline=row.deadline,
        calendar_state=row.calendar_state,
        snapshot=row.snapshot,
        created_at=row.created_at,
    )
