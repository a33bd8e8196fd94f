"""How the whole school stands: who cannot be seen, what is due, and how old the oldest knowledge is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.facts import Side
from policy.life import State
from syncd.book import current
from syncd.house import House
from syncd.notes import Limited, limited
from syncd.store.rows import Health, Incident, PersonId, SessionRow
from syncd.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Trouble:
    """A calendar or an account that is not well."""

    person: str
    provider: str
    calendar: str | None
    """``None`` when it is the account as a whole."""
    health: Health
    since: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Status:
    """The school at one instant."""

    at: datetime
    people: int
    accounts: int
    sessions: dict[str, int]
    """How many are in each state."""
    least_recently_verified: timedelta | None
    """The age of the oldest last look at an upcoming session; ``None`` if there is none to look at."""
    least_recently_verified_session: str | None
    never_verified: int
    """Upcoming sessions that no calendar has shown yet."""
    troubles: tuple[Trouble, ...]
    unreadable: tuple[str, ...]
    """People with events that cannot be read: their time is unknown there."""
    limited: tuple[Limited, ...]
    """What of their calendars that is, and why."""
    incidents: tuple[Incident, ...]
    overdue: int
    """Work that should have been done by now."""

    @property
    def well(self) -> bool:
        """Whether nobody has to do anything."""
        return not (self.troubles or self.incidents)


def status(house: House) -> Status:
    """Return how the school stands now."""
    with house.db.read() as tx:
        ages = {row.id: _verified(tx, row) for row in tx.sessions.upcoming(tx.now)}
        seen = {session: at for session, at in ages.items() if at is not None}
        oldest = min(seen, key=lambda session: seen[session], default=None)
        return Status(
            at=tx.now,
            people=len(tx.people.all()),
            accounts=len(tx.accounts.all()),
            sessions=dict(Counter(State(row.state).value for row in tx.sessions.all())),
            least_recently_verified=tx.now - seen[oldest] if oldest else None,
            least_recently_verified_session=oldest,
            never_verified=len(ages) - len(seen),
            troubles=tuple(_troubles(tx)),
            unreadable=_unreadable(tx),
            limited=tuple(one for person in tx.people.all() for one in limited(tx, person)),
            incidents=tx.incidents.open(),
            overdue=sum(row.due_at <= tx.now - house.config.poll.stale_after for row in tx.due.all()),
        )


def _verified(tx: Tx, row: SessionRow) -> datetime | None:
    """Return when the student's calendar was last seen to hold what we know of the session."""
    copy = current(tx, row.id).get(Side.STUDENT)
    return tx.calendars.get(copy.calendar_id).verified_at if copy else None


def _troubles(tx: Tx) -> list[Trouble]:
    troubles = []
    for account in tx.accounts.all():
        email = tx.people.get(account.person_id).email
        if account.health is not Health.OK:
            what = account.trouble or ""
            troubles.append(
                Trouble(email, account.provider, None, account.health, account.health_since, what)
            )
            continue
        troubles += [
            Trouble(email, account.provider, each.name, each.health, each.health_since, each.trouble or "")
            for each in tx.calendars.of_account(account.id)
            if each.health is not Health.OK
        ]
    return troubles


def _unreadable(tx: Tx) -> tuple[str, ...]:
    found = []
    for person in tx.people.all():
        calendars = [each for each in tx.calendars.of_person(PersonId(person.id)) if each.window]
        for each in calendars:
            if each.window and any(
                block.kind == "unknown" for block in tx.calendars.blocks([each.id], each.window)
            ):
                found.append(person.email)
                break
    return tuple(found)
