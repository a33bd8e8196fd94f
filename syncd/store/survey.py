"""How the whole school stands, counted by the database: no list of sessions ever leaves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Table,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    or_,
    select,
)

from policy.facts import Side
from policy.life import CalendarState
from syncd.store.link import AnyRow, Link
from syncd.store.rows import Health, PersonId, SessionId, VerdictRow
from syncd.store.tables import (
    accounts,
    blocks,
    calendars,
    copies,
    due,
    incidents,
    notes,
    people,
    sessions,
    verdicts,
)
from syncd.store.types import Instant

_CONNECTED = accounts.c.removed_at.is_(None)
_CHOSEN = calendars.c.removed_at.is_(None)


@dataclass(frozen=True, slots=True)
class Verification:
    """When upcoming sessions were last looked at."""

    upcoming: int
    """Live sessions that have not begun."""
    never: int
    """Those of them that no calendar has shown yet."""
    oldest: datetime | None
    """When the one that was seen longest ago was verified; ``None`` if none was ever seen."""
    session_id: SessionId | None
    """That one."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Work of one kind that is due and that nobody is doing."""

    count: int
    since: datetime
    """When the first of it fell due."""


@dataclass(frozen=True, slots=True)
class Unwell:
    """A calendar, or an account as a whole, that is not well."""

    email: str
    provider: str
    calendar: str | None
    """``None`` when it is the account."""
    health: Health
    since: datetime
    trouble: str


class Survey:
    """Counts and extremes over everything."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def people(self) -> int:
        """Return how many people the school knows."""
        return int(self._link.value(select(func.count()).select_from(people)))

    def accounts(self) -> Mapping[Health, int]:
        """Return how many connected accounts there are of each health."""
        counted = select(accounts.c.health, func.count()).where(_CONNECTED).group_by(accounts.c.health)
        found = {Health(health): count for health, count in self._link.rows(counted)}
        return {health: found.get(health, 0) for health in Health}

    def sessions(self) -> Mapping[str, int]:
        """Return how many sessions are in each state."""
        counted = select(sessions.c.state, func.count()).group_by(sessions.c.state)
        return {state: count for state, count in self._link.rows(counted)}  # noqa: C416 - of rows, not of pairs

    def incidents(self) -> Mapping[str, int]:
        """Return how many incidents of each kind are open."""
        still = incidents.c.ended_at.is_(None)
        counted = select(incidents.c.kind, func.count()).where(still).group_by(incidents.c.kind)
        return {kind: count for kind, count in self._link.rows(counted)}  # noqa: C416 - of rows, not of pairs

    def verdicts(self) -> Mapping[tuple[str, bool], int]:
        """Return how many verdicts stand, by outcome and doubt; superseded ones do not count."""
        counted = (
            select(verdicts.c.outcome, verdicts.c.doubt, func.count())
            .where(_stands())
            .group_by(verdicts.c.outcome, verdicts.c.doubt)
        )
        return {(outcome, doubt): count for outcome, doubt, count in self._link.rows(counted)}

    def doubts(self, limit: int) -> tuple[VerdictRow, ...]:
        """Return the last verdicts in doubt that stand, newest first."""
        wanted = select(verdicts).where(verdicts.c.doubt, _stands())
        newest = wanted.order_by(verdicts.c.given_at.desc(), verdicts.c.session_id).limit(limit)
        return tuple(
            VerdictRow(SessionId(row.session_id), row.seq, row.given_at, row.outcome, row.doubt, row.body)
            for row in self._link.rows(newest)
        )

    def overdue(self, by: datetime) -> Mapping[str, Waiting]:
        """Return the work that was due at *by* or earlier and that nobody is doing, by kind."""
        # The clock of the leases is the database's where many machines share it.
        moment = func.clock_timestamp(type_=Instant()) if self._link.postgresql else self._link.now
        free = or_(due.c.lease_until.is_(None), due.c.lease_until <= moment)
        since = func.min(due.c.due_at, type_=Instant())
        counted = select(due.c.kind, func.count(), since).where(due.c.due_at <= by, free)
        return {kind: Waiting(count, at) for kind, count, at in self._link.rows(counted.group_by(due.c.kind))}

    def verification(self) -> Verification:
        """Return when upcoming sessions were last verified, by the student's calendar."""
        seen = _verified_at().subquery()
        count, never = self._link.rows(
            select(func.count(), func.coalesce(func.sum(case((seen.c.at.is_(None), 1), else_=0)), 0))
            .select_from(seen)
            .where(self._ahead(seen))
        )[0]
        oldest = self._link.row(
            select(seen.c.id, seen.c.at)
            .where(self._ahead(seen), seen.c.at.is_not(None))
            .order_by(seen.c.at, seen.c.id)
            .limit(1)
        )
        if oldest is None:
            return Verification(count, int(never), None, None)
        return Verification(count, int(never), oldest.at, SessionId(oldest.id))

    def _ahead(self, seen: FromClause) -> ColumnElement[bool]:
        return seen.c.starts > self._link.now

    def untried(self, kind: str, since: datetime) -> int:
        """Return how many connected accounts wait for work of *kind* since *since* or longer, or have none."""
        later = exists().where(
            due.c.kind == kind, due.c.key == cast(accounts.c.id, Text), due.c.due_at > since
        )
        waiting = select(func.count()).select_from(accounts).where(_CONNECTED, ~later)
        return int(self._link.value(waiting))

    def unwell(self) -> tuple[Unwell, ...]:
        """Return the accounts that are not well, and the calendars that are not well in accounts that are."""
        wanted = (
            select(people.c.email, accounts.c.provider, accounts.c.id.label("account"))
            .join_from(accounts, people)
            .where(_CONNECTED)
        )
        one, other = (table.c.health != Health.OK.value for table in (accounts, calendars))
        whole = wanted.add_columns(*_health_of(accounts)).where(one)
        parts = wanted.join(calendars).add_columns(calendars.c.name, *_health_of(calendars))
        found = [(row.account, "", _unwell(row, None)) for row in self._link.rows(whole)]
        found += [
            (row.account, row.name, _unwell(row, row.name))
            for row in self._link.rows(parts.where(~one, other, _CHOSEN))
        ]
        return tuple(each for *_, each in sorted(found, key=lambda entry: entry[:2]))

    def concerned(self) -> Mapping[int, str]:
        """Return by id whom each open incident is about: the owner of the account, or the student."""
        still = incidents.c.ended_at.is_(None)
        owners = (
            select(incidents.c.id, people.c.email).join_from(incidents, accounts).join(people).where(still)
        )
        student = people.c.id == sessions.c.student_id
        students = select(incidents.c.id, people.c.email).join_from(incidents, sessions).join(people, student)
        students = students.where(still, incidents.c.account_id.is_(None))
        return {id: email for each in (owners, students) for id, email in self._link.rows(each)}  # noqa: A001

    def unreadable(self) -> tuple[str, ...]:
        """Return the addresses of people in whose calendars some time is unknown, for an event cannot be read."""
        unknown = exists().where(
            blocks.c.calendar_id == calendars.c.id,
            blocks.c.kind == "unknown",
            blocks.c.ends > calendars.c.window_start,
            blocks.c.starts < calendars.c.window_end,
        )
        whose = select(people.c.email).distinct().join_from(people, accounts).join(calendars)
        rows = self._link.rows(whose.where(_CONNECTED, _CHOSEN, unknown).order_by(people.c.email))
        return tuple(row.email for row in rows)

    def noted(self) -> tuple[PersonId, ...]:
        """Return the people in whose calendars something could not be read, in order."""
        whose = select(accounts.c.person_id).distinct().join_from(accounts, calendars)
        there = exists().where(notes.c.calendar_id == calendars.c.id)
        rows = self._link.rows(whose.where(_CONNECTED, _CHOSEN, there).order_by(accounts.c.person_id))
        return tuple(PersonId(row.person_id) for row in rows)


def _verified_at() -> Select[*tuple[Any, ...]]:
    """Return each live session with the last look at the student's calendar; none before it was seen there."""
    newer = copies.alias("newer")
    newest = ~exists().where(
        newer.c.session_id == copies.c.session_id,
        newer.c.side == copies.c.side,
        newer.c.generation > copies.c.generation,
    )
    shown = sessions.c.calendar_state != CalendarState.UNWRITTEN.value
    at = case((shown, calendars.c.verified_at), else_=None)
    here = and_(copies.c.session_id == sessions.c.id, copies.c.side == Side.STUDENT.value, newest)
    joined = sessions.outerjoin(copies, here).outerjoin(calendars, calendars.c.id == copies.c.calendar_id)
    return select(sessions.c.id, sessions.c.starts, at.label("at")).select_from(joined).where(sessions.c.live)


def _stands() -> ColumnElement[bool]:
    later = verdicts.alias("later")
    return ~exists().where(later.c.session_id == verdicts.c.session_id, later.c.seq > verdicts.c.seq)


def _health_of(table: Table) -> tuple[ColumnElement[Any], ...]:
    return table.c.health, table.c.health_since, table.c.trouble


def _unwell(row: AnyRow, calendar: str | None) -> Unwell:
    return Unwell(row.email, row.provider, calendar, Health(row.health), row.health_since, row.trouble or "")
