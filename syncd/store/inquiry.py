"""Questions about the rows that only somebody asks who suspects that something is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, or_, select, text

from syncd.store.link import AnyRow, Link
from syncd.store.rows import AccountId, CalendarRowId, PersonId, SessionId, Side
from syncd.store.tables import accounts, calendars, copies, due, facts, feed, people, session_people, sessions
from syncd.store.types import Instant

_CONNECTED = and_(accounts.c.removed_at.is_(None), calendars.c.removed_at.is_(None))
_newer = copies.alias("newer")
_NEWEST = ~exists().where(
    _newer.c.session_id == copies.c.session_id,
    _newer.c.side == copies.c.side,
    _newer.c.generation > copies.c.generation,
)
_OPEN = (
    select(copies.c.session_id, copies.c.side, copies.c.intent)
    .join_from(copies, calendars)
    .join(accounts)
    .where(copies.c.intent.is_not(None), _NEWEST, _CONNECTED)
    .order_by(copies.c.id)
)
_OF_KIND = select(due).where(due.c.kind == bindparam("sort"))
_LIVE = (
    select(sessions.c.id, sessions.c.snapshot)
    .where(sessions.c.live, sessions.c.id > bindparam("after"))
    .order_by(sessions.c.id)
    .limit(bindparam("most"))
)
_WORK = select(due).where(
    due.c.kind.in_(bindparam("kinds", expanding=True)), due.c.key.in_(bindparam("names", expanding=True))
)
_PLACED = (
    select(copies.c.session_id, copies.c.side, copies.c.calendar_id, copies.c.base, accounts.c.person_id)
    .join_from(copies, calendars)
    .join(accounts)
    .where(
        copies.c.session_id.in_(bindparam("ids", expanding=True)),
        or_(copies.c.base.is_not(None), copies.c.intent.is_not(None)),
    )
    .order_by(copies.c.id)
)
_TOLD = select(feed.c.session_id, feed.c.kind).where(
    feed.c.session_id.in_(bindparam("ids", expanding=True)),
    feed.c.kind.in_(bindparam("kinds", expanding=True)),
)


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of due work."""

    kind: str
    key: str
    due_at: datetime
    lease_until: datetime | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Waits:
    """A live session and the work that waits for it, of the kinds that were asked for."""

    id: SessionId
    snapshot: dict[str, Any]
    rows: tuple[Work, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """A write that left and is not confirmed, and when it is tried again."""

    session_id: SessionId
    side: Side
    intent: dict[str, Any]
    row: Work | None


@dataclass(frozen=True, slots=True)
class Stale:
    """A calendar that has not been looked at for long."""

    email: str
    name: str
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sealed:
    """An account's sealed secret, and what it is bound to."""

    id: AccountId
    person_id: PersonId
    grant: bytes


@dataclass(frozen=True, slots=True)
class Placed:
    """An event that stands, or that a write of ours is about, and whose calendar that is."""

    session_id: SessionId
    side: Side
    calendar_id: CalendarRowId
    owner: PersonId
    """Whose account the calendar belongs to."""
    base: dict[str, Any] | None


class Inquiry:
    """Reads what should never be found."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def broken(self) -> tuple[str, ...]:
        """Return what SQLite finds broken in its file: pages, indexes, and references to nothing.

        PostgreSQL has no such question; its references are checked with every write.
        """
        if self._link.postgresql:
            return ()
        said = [str(row[0]) for row in self._link.rows(text("PRAGMA integrity_check(10)"))]
        lost = {str(row[0]) for row in self._link.rows(text("PRAGMA foreign_key_check"))}
        return (*(one for one in said if one != "ok"), *(f"{one} refers to nothing" for one in sorted(lost)))

    def server_time(self) -> datetime | None:
        """Return what time it is for a database that has a clock of its own."""
        if not self._link.postgresql:
            return None
        found: datetime = self._link.value(select(func.clock_timestamp(type_=Instant())))
        return found

    def newest(self) -> datetime | None:
        """Return the latest instant that was ever written down as past."""
        times = (
            select(func.max(column, type_=Instant()))
            for column in (feed.c.at, facts.c.recorded_at, calendars.c.verified_at)
        )
        return max((at for each in times if (at := self._link.value(each)) is not None), default=None)

    def overlaps(self, limit: int) -> tuple[tuple[SessionId, SessionId], ...]:
        """Return pairs of live sessions of one person at one time."""
        one, other = session_people.alias("one"), session_people.alias("other")
        same = and_(
            one.c.person_id == other.c.person_id,
            one.c.session_id < other.c.session_id,
            one.c.live,
            other.c.live,
            one.c.starts < other.c.ends,
            other.c.starts < one.c.ends,
        )
        found = select(one.c.session_id, other.c.session_id).distinct().where(same).limit(limit)
        return tuple((SessionId(row[0]), SessionId(row[1])) for row in self._link.rows(found))

    def unguarded(self, limit: int) -> tuple[SessionId, ...]:
        """Return the sessions whose time is not the time by which overlaps are refused."""
        guarded = and_(
            session_people.c.session_id == sessions.c.id,
            session_people.c.live == sessions.c.live,
            session_people.c.starts == sessions.c.starts,
            session_people.c.ends == sessions.c.ends,
        )
        both = [
            exists().where(guarded, session_people.c.person_id == who)
            for who in (sessions.c.student_id, sessions.c.mentor_id)
        ]
        found = select(sessions.c.id).where(~and_(*both)).order_by(sessions.c.id).limit(limit)
        return tuple(SessionId(row.id) for row in self._link.rows(found))

    def waiting(self, kinds: tuple[str, ...], after: str, limit: int) -> tuple[Waits, ...]:
        """Return the live sessions whose ids come after *after*, with their work of *kinds*."""
        rows = self._link.rows(_LIVE, {"after": after, "most": limit})
        names = [name for row in rows for name in (row.id, *(f"{row.id}/{side}" for side in Side))]
        mine: defaultdict[str, list[Work]] = defaultdict(list)
        for row in self._link.rows(_WORK, {"kinds": kinds, "names": names}):
            mine[row.key.partition("/")[0]].append(_work(row))
        return tuple(Waits(SessionId(row.id), row.snapshot, tuple(mine[row.id])) for row in rows)

    def open(self, kind: str) -> tuple[Open, ...]:
        """Return the unconfirmed writes of connected calendars, with their work of *kind*."""
        rows = self._link.rows(_OPEN, {})
        waiting = self._link.rows(_OF_KIND, {"sort": kind}) if rows else ()
        there = {row.key: _work(row) for row in waiting}
        return tuple(
            Open(
                SessionId(row.session_id),
                Side(row.side),
                row.intent,
                there.get(f"{row.session_id}/{row.side}"),
            )
            for row in rows
        )

    def placed(self, session_ids: Sequence[SessionId]) -> tuple[Placed, ...]:
        """Return every event of these sessions that stands or is being written, with the owner of its calendar."""
        rows = self._link.rows(_PLACED, {"ids": session_ids})
        return tuple(
            Placed(
                SessionId(row.session_id),
                Side(row.side),
                CalendarRowId(row.calendar_id),
                PersonId(row.person_id),
                row.base,
            )
            for row in rows
        )

    def told(
        self, session_ids: Sequence[SessionId], kinds: Sequence[str]
    ) -> tuple[tuple[SessionId, str], ...]:
        """Return what was told of these sessions, of these kinds: as often as it was told."""
        rows = self._link.rows(_TOLD, {"ids": session_ids, "kinds": kinds})
        return tuple((SessionId(row.session_id), row.kind) for row in rows)

    def leased(self, beyond: datetime) -> tuple[Work, ...]:
        """Return the work that somebody has for longer than until *beyond*."""
        rows = self._link.rows(select(due).where(due.c.lease_until > beyond).order_by(due.c.lease_until))
        return tuple(_work(row) for row in rows)

    def stale(self, before: datetime) -> tuple[Stale, ...]:
        """Return the calendars in use that were not verified since *before*, the longest first."""
        old = or_(calendars.c.verified_at.is_(None), calendars.c.verified_at < before)
        used = or_(calendars.c.busy, calendars.c.sessions)
        whose = select(people.c.email, calendars.c.name, calendars.c.verified_at)
        joined = whose.join_from(calendars, accounts).join(people).where(_CONNECTED, used, old)
        rows = self._link.rows(joined.order_by(calendars.c.verified_at, calendars.c.id))
        return tuple(Stale(row.email, row.name, row.verified_at) for row in rows)

    def zones(self) -> dict[str, int]:
        """Return how many people live by each zone."""
        counted = select(people.c.zone, func.count()).group_by(people.c.zone)
        return {row[0]: row[1] for row in self._link.rows(counted)}

    def grants(self, after: int, limit: int) -> tuple[Sealed, ...]:
        """Return the sealed secrets of connected accounts whose ids come after *after*."""
        mine = select(accounts.c.id, accounts.c.person_id, accounts.c.sealed)
        rows = self._link.rows(
            mine.where(accounts.c.removed_at.is_(None), accounts.c.id > after)
            .order_by(accounts.c.id)
            .limit(limit)
        )
        return tuple(Sealed(AccountId(row.id), PersonId(row.person_id), row.sealed) for row in rows)


def _work(row: AnyRow) -> Work:
    return Work(row.kind, row.key, row.due_at, row.lease_until, row.attempts)
