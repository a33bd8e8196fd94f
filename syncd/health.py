"""Whether this process lives, whether it is ready, and the numbers by which both are watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from policy.rules import shown
from syncd import brake, work
from syncd.house import House
from syncd.store.errors import StoreError
from syncd.store.rows import Health
from syncd.store.survey import Verification, Waiting
from syncd.store.tx import Tx
from syncd.vault import CANARY_NAME

STUCK = timedelta(minutes=10)
"""Work that runs for longer is stuck: no round and no write takes so long."""


class Pulse(Protocol):
    """What a runner tells of itself."""

    @property
    def running(self) -> int:
        """How many pieces of work run."""
        ...

    @property
    def oldest(self) -> timedelta | None:
        """How long the longest-running one has run."""
        ...

    @property
    def last_claim(self) -> datetime | None:
        """When work was last asked for."""
        ...

    @property
    def trouble(self) -> str | None:
        """Why the database cannot be used now."""
        ...

    @property
    def trouble_since(self) -> datetime | None:
        """Since when it cannot."""
        ...

    @property
    def ran(self) -> Mapping[str, int]:
        """How many pieces of each kind have run."""
        ...

    @property
    def failed(self) -> int:
        """How many ended with an error."""
        ...

    @property
    def fenced(self) -> int:
        """How many were thrown away, because the work had been given to somebody else."""
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so before the program is ready."""

    name: str
    ok: bool
    what: str
    """In words, without anybody's name."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the program does its work."""

    ready: bool
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Vitals:
    """The school in numbers, at one instant."""

    at: datetime
    verification: Verification
    accounts: Mapping[Health, int]
    incidents: Mapping[str, int]
    sessions: Mapping[str, int]
    overdue: Mapping[str, Waiting]
    verdicts: Mapping[tuple[str, bool], int]


def stuck(pulse: Pulse, now: datetime) -> str | None:
    """Return why this process does not do its work any more, if that is so.

    While the database cannot be used nothing is asked for: that is trouble, and no reason to start anew.
    """
    if pulse.oldest is not None and pulse.oldest > STUCK:
        return f"a piece of work has run for {shown(_whole(pulse.oldest))}; restart syncd"
    if pulse.trouble is None and pulse.last_claim is not None and now - pulse.last_claim > STUCK:
        return f"no work was asked for since {pulse.last_claim.isoformat(timespec='seconds')}; restart syncd"
    return None


def readiness(house: House, pulse: Pulse, started: datetime, *, passed: bool) -> Readiness:
    """Return whether the program does its work; *passed* says that the first pass was done before."""
    try:
        with house.db.read() as tx:
            canary = tx.meta.get(CANARY_NAME)
            untried = 0 if passed else tx.survey.untried(work.SYNC, started)
            breaches = len(tx.incidents.open(brake.BREACH))
    except StoreError as error:
        # The sentence names the file, which is nobody's business here.
        checks = [Check("database", ok=False, what=f"it cannot be read ({type(error).__name__})")]
    else:
        sealed = canary is not None and house.vault.verifies(canary)
        checks = [
            Check("database", ok=True, what="it answers"),
            Check("key", ok=sealed, what="it opens" if sealed else "it is not this database's key"),
            Check(TRIED, ok=untried == 0, what=_passed(untried)),
            Check("promises", ok=breaches == 0, what=_kept(breaches)),
        ]
    checks.append(_runner(pulse, house.clock.now()))
    return Readiness(all(one.ok for one in checks), tuple(checks))


TRIED = "first pass"
"""The name of the check that every connected account was looked at since the start, or is not due yet."""


def _kept(breaches: int) -> str:
    if not breaches:
        return "no check of ours has failed"
    return "a check of ours failed, so nothing is judged; see: syncd incidents"


def _passed(untried: int) -> str:
    if not untried:
        return "every account was tried"
    return f"{untried} account{'s were' if untried > 1 else ' was'} not tried yet"


def _runner(pulse: Pulse, now: datetime) -> Check:
    if (why := stuck(pulse, now)) is not None:
        return Check("runner", ok=False, what=why)
    if pulse.trouble is not None:
        return Check("runner", ok=False, what="it cannot use the database; see the log")
    return Check("runner", ok=True, what="it works")


def _whole(length: timedelta) -> timedelta:
    return timedelta(seconds=int(length.total_seconds()))


def vitals(tx: Tx) -> Vitals:
    """Return the school in numbers."""
    survey = tx.survey
    return Vitals(
        at=tx.now,
        verification=survey.verification(),
        accounts=survey.accounts(),
        incidents=survey.incidents(),
        sessions=survey.sessions(),
        overdue=survey.overdue(tx.now),
        verdicts=survey.verdicts(),
    )
