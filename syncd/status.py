"""How the whole school stands: how old the oldest knowledge is, and what somebody has to see to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.life import State
from syncd.house import House
from syncd.notes import Limited, limited
from syncd.store.rows import Health, Incident, SessionId, VerdictRow
from syncd.store.survey import Unwell
from syncd.store.tx import Tx

_DOUBTS = 5
"""How many of the last verdicts in doubt are shown."""
BRAKE = "brake_school"
"""The kind of incident that is open while the school's brake is on."""
BREACH = "breach"
"""The kind of incident of a promise that our own checks found broken."""
_STOPS = (BREACH, BRAKE)
"""What stops all judging, the gravest first."""
WORDS: Mapping[str, str] = {
    BRAKE: "the school's brake is on, and nothing is decided (see: syncd brake show)",
    BREACH: "a check of our own failed, and nothing is decided (see: syncd incidents)",
    "busy time": "a calendar's server does not say when it is busy, and its hours are unknown",
    "brake_person": "many sessions went at once, and the student is asked",
    "calendar": "a calendar cannot be seen, and its sessions stand",
    "disconnected": "a session's calendar was taken from us, and the session stands",
    "doubt": "doubt has repeated, and a person must decide",
    "restored": "the database is older than the world, and everything is looked at anew first",
    "unknown events": "events of ours that the ledger does not know stand in a calendar",
    "writes wait": "a server has asked not to be written to for a while, and what is to be written waits",
    "writing": "a calendar takes no events of ours",
}
"""What an open incident means, by its kind."""


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
class Late:
    """Overdue work of one kind."""

    count: int
    lateness: timedelta
    """How late the first of it is."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A verdict in doubt."""

    session: SessionId
    given_at: datetime
    outcome: str
    cause: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """The school at one instant."""

    at: datetime
    least_recently_verified: timedelta | None
    """The age of the oldest last look at an upcoming session; ``None`` if there is none to look at."""
    least_recently_verified_session: str | None
    upcoming: int
    """Live sessions that have not begun."""
    never_verified: int
    """Upcoming sessions that no calendar has shown yet."""
    attention: tuple[str, ...]
    """What somebody has to see to, a sentence an open incident."""
    brake: bool
    """Whether nothing is judged: the school's brake is on, or a check of our own failed."""
    running: bool | None
    """Whether a daemon works on the database; ``None`` if that cannot be found out."""
    people: int
    accounts: int
    sessions: dict[str, int]
    """How many are in each state."""
    troubles: tuple[Trouble, ...]
    unreadable: tuple[str, ...]
    """People with events that cannot be read: their time is unknown there."""
    limited: tuple[Limited, ...]
    """What of their calendars that is, and why."""
    incidents: tuple[Incident, ...]
    overdue: int
    """Work that should have been done by now."""
    late: dict[str, Late]
    """The same by kind."""
    doubts: tuple[Doubtful, ...]
    """The last verdicts in doubt, newest first."""

    @property
    def well(self) -> bool:
        """Whether nobody has to do anything."""
        return not (self.troubles or self.incidents or self.overdue)


def status(house: House) -> Status:
    """Return how the school stands now."""
    with house.db.read() as tx:
        seen = tx.survey.verification()
        waiting = tx.survey.overdue(tx.now - house.config.poll.stale_after)
        incidents = tx.incidents.open()
        return Status(
            at=tx.now,
            least_recently_verified=tx.now - seen.oldest if seen.oldest else None,
            least_recently_verified_session=seen.session_id,
            upcoming=seen.upcoming,
            never_verified=seen.never,
            attention=_attention(incidents, tx.survey.concerned()),
            brake=any(one.kind in _STOPS for one in incidents),
            running=tx.presence.daemon(),
            people=tx.survey.people(),
            accounts=sum(tx.survey.accounts().values()),
            sessions={State(state).value: count for state, count in tx.survey.sessions().items()},
            troubles=tuple(_trouble(one) for one in tx.survey.unwell()),
            unreadable=tx.survey.unreadable(),
            limited=_limited(tx),
            incidents=incidents,
            overdue=sum(one.count for one in waiting.values()),
            late={kind: Late(one.count, tx.now - one.since) for kind, one in sorted(waiting.items())},
            doubts=tuple(_doubtful(one) for one in tx.survey.doubts(_DOUBTS)),
        )


def _attention(incidents: tuple[Incident, ...], concerned: Mapping[int, str]) -> tuple[str, ...]:
    """Return a sentence for each incident; what stops all judging comes first."""
    ordered = sorted(incidents, key=lambda one: (*(one.kind != kind for kind in _STOPS), one.id))
    return tuple(_sentence(one, concerned.get(one.id)) for one in ordered)


def _sentence(incident: Incident, whose: str | None) -> str:
    means = WORDS.get(incident.kind, incident.kind)
    subject = f"{whose}: {means}" if whose else means
    where = f" (session {incident.session_id})" if incident.session_id else ""
    return f"{subject}{where}: {incident.what}" if incident.what else f"{subject}{where}"


def _trouble(one: Unwell) -> Trouble:
    return Trouble(one.email, one.provider, one.calendar, one.health, one.since, one.trouble)


def _limited(tx: Tx) -> tuple[Limited, ...]:
    whose = (tx.people.get(person_id) for person_id in tx.survey.noted())
    return tuple(one for person in whose for one in limited(tx, person))


def _doubtful(verdict: VerdictRow) -> Doubtful:
    return Doubtful(verdict.session_id, verdict.given_at, verdict.outcome, verdict.body.get("doubt"))
