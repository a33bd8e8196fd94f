"""Sessions: the columns that are searched, and the fold of their facts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Executable, and_, bindparam, insert, or_, select, update

from policy.interval import Interval
from syncd.store.errors import Clash, Refused, Taken, Unknown
from syncd.store.link import AnyRow, Link, bound
from syncd.store.prepared import Values
from syncd.store.rows import PersonId, SessionId, SessionRow, Waiting
from syncd.store.tables import people, session_people, sessions
from syncd.store.types import Id

_OVERLAP = "ex_session_people_overlap"
_ALL = select(sessions).order_by(sessions.c.starts, sessions.c.id)
_IN_STATE = _ALL.where(sessions.c.state == bindparam("which"))
_WHOSE = bindparam("whose", type_=Id)
_OF_PERSON = or_(sessions.c.student_id == _WHOSE, sessions.c.mentor_id == _WHOSE)
_UPCOMING = _ALL.where(sessions.c.live, sessions.c.starts > bindparam("moment"))
_GET = select(sessions).where(sessions.c.id == bindparam("this"))
_KEEP = _GET.with_for_update()
_BY_KEY = select(sessions).where(sessions.c.key == bindparam("this"))
_LIVE_OF = _ALL.where(
    sessions.c.id.in_(
        select(session_people.c.session_id).where(
            session_people.c.person_id == _WHOSE,
            session_people.c.live,
            session_people.c.starts < bindparam("before"),
            session_people.c.ends > bindparam("after"),
        )
    )
)
_WAITING = select(sessions.c.state, sessions.c.deadline, sessions.c.student_id).where(
    sessions.c.id.in_(
        select(session_people.c.session_id).where(session_people.c.person_id == _WHOSE, session_people.c.live)
    )
)
_LINE = (
    select(people.c.id)
    .where(people.c.id.in_([bindparam("one"), bindparam("other")]))
    .order_by(people.c.id)
    .with_for_update(key_share=True)
)
_ADD = insert(sessions)
_ADD_PERSON = insert(session_people)
_SAVE = (
    update(sessions)
    .where(sessions.c.id == bound("old", sessions.c.id))
    .values({each.name: bound("new", each) for each in sessions.c if each.name != "id"})
)


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
                self._link.run(_ADD, {"id": row.id, **_columns(row)})
                pair = [{"session_id": row.id, "person_id": person, **_time(row)} for person in _pair(row)]
                self._link.run_many(_ADD_PERSON, pair)
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
                values = {f"new_{name}": value for name, value in _columns(row).items()}
                self._link.run(_SAVE, {"old_id": row.id, **values})
                self._link.change(session_people, {"session_id": row.id}, _time(row))
        except Refused as refused:
            raise self._why(row, refused) from None
        return True

    def get(self, id: SessionId) -> SessionRow:  # noqa: A002
        """Return the session with this id; in a writing transaction nobody else changes it until the end.

        :raises Unknown: if there is none.
        """
        for row in self._link.kept(_KEEP if self._link.writing else _GET, {"this": id}, sessions):
            return _session(row)
        raise Unknown(f"there is no session {id}")

    def by_key(self, key: str) -> SessionRow | None:
        """Return the session that was entered under the caller's key."""
        row = self._link.row(_BY_KEY, {"this": key})
        return None if row is None else _session(row)

    def live_of(self, person_id: PersonId, window: Interval) -> tuple[SessionRow, ...]:
        """Return the live sessions of a person that touch *window*, by their start."""
        return self._all(_LIVE_OF, {"whose": person_id, "before": window.end, "after": window.start})

    def waiting(self, person_id: PersonId) -> tuple[Waiting, ...]:
        """Return for what each live session of a person waits."""
        rows = self._link.rows(_WAITING, {"whose": person_id})
        return tuple(Waiting(row.state, row.deadline, PersonId(row.student_id)) for row in rows)

    def all(self, state: str | None = None, person_id: PersonId | None = None) -> tuple[SessionRow, ...]:
        """Return every session, or those in a state, or of a person, by their start."""
        wanted = _ALL if state is None else _IN_STATE
        if person_id is not None:
            wanted = wanted.where(_OF_PERSON)
        return self._all(wanted, {"which": state, "whose": person_id})

    def upcoming(self, after: datetime) -> tuple[SessionRow, ...]:
        """Return the live sessions that start later than *after*, by their start."""
        return self._all(_UPCOMING, {"moment": after})

    def _all(self, wanted: Executable, values: Values | None = None) -> tuple[SessionRow, ...]:
        return tuple(_session(row) for row in self._link.rows(wanted, values))

    def _line_up(self, row: SessionRow) -> None:
        # Two inserts under one EXCLUDE constraint may each wait for the other; whoever comes second
        # waits here instead, and is then told of the clash.
        self._link.rows(_LINE, {"one": row.student_id, "other": row.mentor_id})

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
