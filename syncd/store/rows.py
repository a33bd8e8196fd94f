"""What the store gives out and takes in: frozen rows, no SQLAlchemy type among them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType

from policy.facts import Side as Side  # noqa: PLC0414 - given on to whoever speaks in rows
from policy.interval import Interval
from providers.base import CalendarId, ETag, EventRef, RefKey, SyncToken

PersonId = NewType("PersonId", int)
AccountId = NewType("AccountId", int)
CalendarRowId = NewType("CalendarRowId", int)
CopyId = NewType("CopyId", int)
SessionId = NewType("SessionId", str)


class Role(StrEnum):
    """What a person is at the school."""

    STUDENT = "student"
    MENTOR = "mentor"


class Health(StrEnum):
    """How an account or a calendar is doing."""

    OK = "ok"
    FAILING = "failing"
    """No answer, or none that says anything; tried again by itself."""
    LOST = "lost"
    """Access was lost: its owner must reconnect."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the school knows."""

    id: PersonId
    email: str
    name: str
    role: Role
    zone: str
    weekly: str | None
    """Their weekly hours in words; ``None`` means the school's default."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """One person's connection to one calendar server."""

    id: AccountId
    person_id: PersonId
    provider: str
    url: str
    """The address that discovery found: requests go there."""
    username: str
    grant: bytes
    """The sealed password or token: see :mod:`syncd.vault`."""
    capabilities: int
    health: Health
    health_since: datetime
    trouble: str | None
    """One sentence for a person while it is not well."""
    cause: str | None
    """The kind of trouble, as a code: the class of the provider's error, or a ``Loss``."""
    created_at: datetime
    write_after: datetime | None = None
    """Its server has asked not to be written to before; it is read as ever."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar that is read, written, or both."""

    id: CalendarRowId
    account_id: AccountId
    remote: CalendarId
    name: str
    busy: bool
    """Its events take the owner's time."""
    sessions: bool
    """The owner's sessions are written here."""
    token: SyncToken | None
    verified_at: datetime | None
    """When the last good round of it was asked for."""
    full_at: datetime | None
    """When the last complete listing was asked for; ``None`` if the next round is to be one."""
    window: Interval | None
    """For which time its busy intervals hold."""
    health: Health
    health_since: datetime
    trouble: str | None
    cause: str | None
    times_only: bool = False
    """It shows when it is busy and nothing else: no event of ours can stand in it, nor be missing from it."""
    busy_at: datetime | None = None
    """When its busy time was last asked for, where the server answers that by itself."""
    busy_owed: bool = False
    """That is not right any more, and the server has not answered since."""


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """An agreement that a server calls us when a calendar changes."""

    id: str
    account_id: AccountId
    calendar_id: CalendarRowId
    address: str
    """Where the server is to call."""
    digest: str
    """Of the secret by which a call of the server is known; the secret itself is not kept."""
    resource: str | None
    """By which the server knows what is watched; ``None`` while it has not said so: it cannot be stopped then."""
    until: datetime
    """When it ends by itself."""
    renew_at: datetime
    """When another is to be opened in its place."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stored piece of busy time of one resource."""

    key: RefKey
    start: datetime
    end: datetime
    kind: str
    """``busy``, ``tentative`` or ``unknown``."""


@dataclass(frozen=True, slots=True)
class Noted:
    """How many resources of a calendar have something that could not be read, for one reason."""

    calendar_id: CalendarRowId
    code: str
    count: int
    since: datetime
    """Since when there has been one."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session: the columns that are searched, and the fold of its facts."""

    id: SessionId
    key: str | None
    """The caller's idempotency key."""
    student_id: PersonId
    mentor_id: PersonId
    start: datetime
    end: datetime
    state: str
    live: bool
    """It takes both people's time: no other live session of theirs may overlap it."""
    deadline: datetime
    calendar_state: str
    snapshot: dict[str, Any]
    """``policy.session.Session`` as JSON."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """For what a live session waits, without the fold of its facts."""

    state: str
    deadline: datetime
    student_id: PersonId


@dataclass(frozen=True, slots=True)
class Copy:
    """One event of a session in one calendar: where it stands, as last written or read, and what is under way."""

    id: CopyId
    session_id: SessionId
    side: Side
    generation: int
    """Counts the events that this side has had; each has a UID of its own."""
    calendar_id: CalendarRowId
    uid: str
    ref: EventRef
    base: dict[str, Any] | None
    """The event as we last wrote or read it; ``None`` before the first confirmed write and after its end."""
    intent: dict[str, Any] | None
    """The write that left and is not yet confirmed."""
    invite: dict[str, Any] | None = None
    """How the mentor hears of it: kept with the student's event, whatever becomes of that."""


@dataclass(frozen=True, slots=True)
class Stray:
    """Another resource with the UID of one of our events, in a connected calendar."""

    copy_id: CopyId
    calendar_id: CalendarRowId
    ref: EventRef
    etag: ETag
    appeared_at: datetime
    mirror: bool | None
    """It stood beside the original, so it is a mirror; ``None`` until that is known, ``False`` for a server's invite."""


@dataclass(frozen=True, slots=True)
class FactRow:
    """One entry of the ledger."""

    session_id: SessionId
    seq: int
    """Counts the facts of one session from 1; verdicts name their evidence by it."""
    recorded_at: datetime
    kind: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """A verdict as it was given; a later one of the same session supersedes it."""

    session_id: SessionId
    seq: int
    """The fact that brought it about."""
    given_at: datetime
    outcome: str
    doubt: bool
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FeedRow:
    """Something that happened, for whoever must be told."""

    id: int
    at: datetime
    kind: str
    session_id: SessionId | None
    person_id: PersonId | None
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Override:
    """Hours that a person, or the school for them, pinned open or blocked."""

    id: int
    person_id: PersonId
    open: bool
    start: datetime
    end: datetime
    reason: str
    author: str
    created_at: datetime
    until: datetime | None
    """From this instant on it does not count any more."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that a person has to see to: nothing is decided from it."""

    id: int
    kind: str
    account_id: AccountId | None
    calendar_id: CalendarRowId | None
    session_id: SessionId | None
    what: str
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to do one piece of due work, until the lease runs out."""

    kind: str
    key: str
    due_at: datetime
    gen: int
    fence: int
    """Grows with each claim: who comes back with an older one is fenced out."""
    attempts: int
    excl: str | None
    host: str = ""
    """Where the account that is touched lies, as host:port; empty if that is not known."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How what fails is tried again: each time after twice as long."""

    first: timedelta = timedelta(seconds=10)
    """How long the first failure waits."""
    longest: timedelta = timedelta(hours=1)
    """How long a failure waits at most, unless the server asks for more."""
    most: timedelta = timedelta(hours=1)
    """How long a server can have us wait."""


@dataclass(frozen=True, slots=True)
class CalendarChoice:
    """A calendar of an account, and what it is used for."""

    remote: CalendarId
    name: str
    busy: bool
    sessions: bool
    times_only: bool = False


@dataclass(frozen=True, slots=True)
class DueRow:
    """A piece of due work as it stands, for whoever only looks."""

    kind: str
    key: str
    due_at: datetime
    prio: int
    excl: str | None
    gen: int
    """Counts how often it was asked for."""
    seen_gen: int
    """What of that the newest run has seen."""
    lease_until: datetime | None
    """A run has it until then; ``None`` while it waits."""
    holder: str | None
    """Who has it, if whoever claimed it gave a name."""
    fence: int
    attempts: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act of a person of the school."""

    id: int
    at: datetime
    author: str
    act: str
    subject: str
    body: dict[str, Any]
