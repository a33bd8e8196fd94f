"""The calendars that are read and written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, select, union

from policy.interval import Interval
from providers.base import CalendarId, ETag, RefKey, SyncToken
from syncd.store.errors import Unknown
from syncd.store.health import turn
from syncd.store.link import AnyRow, Link
from syncd.store.resources import Resources
from syncd.store.rows import AccountId, Calendar, CalendarChoice, CalendarRowId, Health, PersonId
from syncd.store.tables import accounts, blocks, calendars, copies, incidents, notes, resources, strays

_PRESENT = calendars.c.removed_at.is_(None)
_UNREAD: dict[str, Any] = {
    "token": None,
    "verified_at": None,
    "full_at": None,
    "window_start": None,
    "window_end": None,
    "busy_at": None,
    "busy_owed": False,
}
_GET = select(calendars).where(calendars.c.id == bindparam("this"))
_ALL = select(calendars).where(_PRESENT).order_by(calendars.c.id)
_OF_ACCOUNT = _ALL.where(calendars.c.account_id == bindparam("account"))
_OF_PERSON = _ALL.where(
    calendars.c.account_id.in_(select(accounts.c.id).where(accounts.c.person_id == bindparam("whose")))
)
_KNOWN = (
    select(resources.c.calendar_id, resources.c.key, resources.c.etag)
    .join(calendars, calendars.c.id == resources.c.calendar_id)
    .where(_PRESENT, calendars.c.account_id == bindparam("account"))
)
_FOR_SESSIONS = _OF_PERSON.where(calendars.c.sessions)


class Calendars(Resources):
    """Calendars and what stands in them; one that was removed is found by its id alone."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)

    def add(
        self,
        account_id: AccountId,
        remote: CalendarId,
        name: str,
        *,
        busy: bool,
        sessions: bool,
    ) -> Calendar:
        """Take up a calendar, or change what it is used for.

        A person has one calendar for sessions: choosing it here takes that from every other.

        :raises Refused: if there is no such account.
        """
        choice = CalendarChoice(remote, name, busy, sessions)
        return self.get(self._put(account_id, choice))

    def replace(self, account_id: AccountId, choices: Iterable[CalendarChoice]) -> tuple[Calendar, ...]:
        """Make *choices* the calendars of an account: others are removed with all that was read of them.

        :raises Refused: if there is no such account.
        """
        kept = [self._put(account_id, choice) for choice in choices]
        retire(self._link, and_(of_account(account_id), calendars.c.id.not_in(kept)))
        return self.of_account(account_id)

    def get(self, id: CalendarRowId) -> Calendar:  # noqa: A002
        """Return the calendar with this id.

        :raises Unknown: if there is none.
        """
        for row in self._link.kept(_GET, {"this": id}, calendars):
            return _calendar(row)
        raise Unknown(f"there is no calendar {id}")

    def of_account(self, account_id: AccountId) -> tuple[Calendar, ...]:
        """Return the calendars of an account."""
        return tuple(
            _calendar(row) for row in self._link.kept(_OF_ACCOUNT, {"account": account_id}, calendars)
        )

    def with_known(self, account_id: AccountId) -> tuple[tuple[Calendar, dict[RefKey, ETag]], ...]:
        """Return the calendars of an account, each with the version of every resource that has been read."""
        found: dict[int, dict[RefKey, ETag]] = {}
        for row in self._link.rows(_KNOWN, {"account": account_id}):
            found.setdefault(row.calendar_id, {})[RefKey(row.key)] = ETag(row.etag)
        return tuple((each, found.get(each.id, {})) for each in self.of_account(account_id))

    def of_person(self, person_id: PersonId) -> tuple[Calendar, ...]:
        """Return the calendars of all accounts of a person."""
        return tuple(
            _calendar(row) for row in self._link.kept(_OF_PERSON, {"whose": person_id}, calendars, accounts)
        )

    def sessions_calendar(self, person_id: PersonId) -> Calendar | None:
        """Return the calendar that the person's sessions are written to, if one is chosen."""
        rows = self._link.kept(_FOR_SESSIONS, {"whose": person_id}, calendars, accounts)
        return next((_calendar(row) for row in rows), None)

    def saw(
        self,
        id: CalendarRowId,  # noqa: A002
        token: SyncToken | None,
        verified_at: datetime | None,
        full_at: datetime | None = None,
        window: Interval | None = None,
    ) -> None:
        """Note a good round, and from where the next one asks; ``None`` for the last two leaves them."""
        values: dict[str, Any] = {"token": token, "verified_at": verified_at}
        if full_at is not None:
            values["full_at"] = full_at
        if window is not None:
            values |= {"window_start": window.start, "window_end": window.end}
        self._link.change(calendars, {"id": id, "removed_at": None}, values)

    def saw_busy(self, id: CalendarRowId, at: datetime) -> None:  # noqa: A002
        """Note that its server has said when the whole calendar is busy."""
        self._link.change(calendars, {"id": id}, {"busy_at": at, "busy_owed": False})

    def owe_busy(self, id: CalendarRowId) -> None:  # noqa: A002
        """Note that what is stored of its busy time is not right any more: it is asked for in the next round."""
        self._link.change(calendars, {"id": id}, {"busy_owed": True})

    def list_anew(self, id: CalendarRowId) -> None:  # noqa: A002
        """Have the next round be a complete listing; the token stays, for a calendar is told by it from another."""
        self._link.change(calendars, {"id": id}, {"full_at": None})

    def set_health(
        self,
        id: CalendarRowId,  # noqa: A002
        health: Health,
        trouble: str | None = None,
        cause: str | None = None,
    ) -> bool:
        """Note how the calendar is doing, and tell whether that is news."""
        return turn(self._link, calendars, id, health, trouble, cause)

    def _put(self, account_id: AccountId, choice: CalendarChoice) -> CalendarRowId:
        same = and_(calendars.c.account_id == account_id, calendars.c.remote == choice.remote)
        values: dict[str, Any] = {
            "name": choice.name,
            "busy": choice.busy,
            "sessions": choice.sessions,
            "times_only": choice.times_only,
        }
        fresh = {**values, "health": Health.OK.value, "health_since": self._link.now}
        wanted = (calendars.c.id, calendars.c.removed_at, calendars.c.times_only)
        there = self._link.row(select(*wanted).where(same))
        if there is None:
            row = insert(calendars).values(account_id=account_id, remote=choice.remote, **fresh)
            with self._link.attempt():
                made = CalendarRowId(self._link.value(row.returning(calendars.c.id)))
        else:
            made = CalendarRowId(there.id)
            if there.times_only != choice.times_only:
                values |= _UNREAD
                for table in (blocks, notes, resources):
                    self._link.run(delete(table).where(table.c.calendar_id == made))
            back = {**fresh, "trouble": None, "cause": None, "removed_at": None}
            self._link.change_where(calendars, same, values if there.removed_at is None else back)
        if choice.sessions:
            self._only(account_id, made)
        return made

    def _only(self, account_id: AccountId, chosen: CalendarRowId) -> None:
        owner = select(accounts.c.person_id).where(accounts.c.id == account_id).scalar_subquery()
        others = and_(calendars.c.account_id.in_(_accounts_of(owner)), calendars.c.id != chosen)
        self._link.change_where(calendars, others, {"sessions": False})


def retire(link: Link, which: ColumnElement[bool]) -> None:
    """Erase calendars with all that was read of them; those that a session's history names keep an empty row."""
    ids = [row.id for row in link.rows(select(calendars.c.id).where(which))]
    if not ids:
        return
    for table in (blocks, notes, resources):
        link.run(delete(table).where(table.c.calendar_id.in_(ids)))
    alarmed = select(incidents.c.calendar_id).where(incidents.c.calendar_id.is_not(None))
    named = union(select(copies.c.calendar_id), select(strays.c.calendar_id), alarmed)
    link.run(delete(calendars).where(calendars.c.id.in_(ids), calendars.c.id.not_in(named)))
    gone = {"name": "", "busy": False, "sessions": False, "removed_at": link.now, **_UNREAD}
    lost = {"health": Health.LOST.value, "health_since": link.now, "trouble": None, "cause": "removed"}
    link.change_where(calendars, calendars.c.id.in_(ids), {**gone, **lost})


def of_account(account_id: AccountId) -> ColumnElement[bool]:
    """Return the condition that a calendar belongs to the account and was not removed."""
    return and_(calendars.c.account_id == account_id, _PRESENT)


def _accounts_of(person: Any) -> Any:
    return select(accounts.c.id).where(accounts.c.person_id == person)


def _calendar(row: AnyRow) -> Calendar:
    return Calendar(
        id=CalendarRowId(row.id),
        account_id=AccountId(row.account_id),
        remote=CalendarId(row.remote),
        name=row.name,
        busy=row.busy,
        sessions=row.sessions,
        token=row.token,
        verified_at=row.verified_at,
        full_at=row.full_at,
        window=Interval(row.window_start, row.window_end) if row.window_start is not None else None,
        health=Health(row.health),
        health_since=row.health_since,
        trouble=row.trouble,
        cause=row.cause,
        times_only=row.times_only,
        busy_at=row.busy_at,
        busy_owed=row.busy_owed,
    )
