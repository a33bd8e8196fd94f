"""Moving the clock of the open demo, instant by instant, while its daemon does what becomes due at each."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from syncd import work
from syncd.clock import ShiftedClock, SystemClock
from syncd.demo.words import News, news, proofs
from syncd.errors import Problem
from syncd.house import House

_WITHOUT_POLLS = (work.LOOK, work.TIME, work.WRITE)
_PATIENCE, _PAUSE = timedelta(seconds=60), timedelta(milliseconds=20)


@dataclass(frozen=True, slots=True)
class Moved:
    """What the clock says now, and what happened on the way."""

    at: datetime
    events: tuple[News, ...]


def clock_of(house: House) -> ShiftedClock:
    """Return the clock of the demo whose house this is.

    :raises Problem: if it is no demo's.
    """
    if isinstance(house.clock, ShiftedClock):
        return house.clock
    raise Problem(
        f"{house.config.file} is not the configuration of a demo, so its clock stays as it is; "
        "name the one that the demo prints: syncd --config FILE demo ..."
    )


def move(house: House, to: datetime) -> Moved:
    """Move the demo's clock on to *to*, and wait at every instant at which something is due until it is done.

    :raises Problem: if it is no demo's house, *to* has passed, or the demo does not answer.
    """
    clock = clock_of(house)
    with _alone(clock.file):
        if to <= clock.now():
            raise Problem(
                f"{to:%Y-%m-%d %H:%M:%S} UTC has passed: the demo's clock is at {clock.now():%Y-%m-%d %H:%M:%S} UTC, "
                "and only moves forward; choose a later time"
            )
        last, before = _look_around(house)
        _until_done(house, clock)
        while (at := _next(house, to)) is not None:
            clock.move(at)
            _until_done(house, clock)
        clock.move(to)
        _until_done(house, clock)
        return Moved(clock.now(), _since(house, last, before))


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Let nobody else move the same clock meanwhile; who comes second waits."""
    with file.with_suffix(".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _look_around(house: House) -> tuple[int, frozenset[str]]:
    """Have every account looked at now, as people have just been at their calendars; return what is known already."""
    with house.db.write() as tx:
        for account in tx.accounts.all():
            key = work.account_key(account.id)
            tx.due.want(work.SYNC, key, at=tx.now, prio=work.PRIO[work.SYNC], excl=key)
        return tx.feed.last(), frozenset(proofs(tx))


def _since(house: House, last: int, before: frozenset[str]) -> tuple[News, ...]:
    with house.db.read() as tx:
        told = [news(tx, row) for row in tx.feed.after(last)]
        proven = [one for session, one in proofs(tx).items() if session not in before]
    return tuple(sorted((*told, *proven), key=lambda one: one.at))


def _next(house: House, to: datetime) -> datetime | None:
    """Return when the next work is due that is not tried again after a failure; rounds come by themselves."""
    with house.db.read() as tx:
        coming = [row.due_at for row in tx.due.all(_WITHOUT_POLLS) if row.attempts == 0]
        return min((at for at in coming if tx.now < at <= to), default=None)


def _until_done(house: House, clock: ShiftedClock) -> None:
    """Wait until the daemon has nothing to do at this instant.

    :raises Problem: if it does not come to an end.
    """
    wall = SystemClock()
    limit = wall.now() + _PATIENCE
    clock.file.touch()  # wakes the daemon
    while _busy(house):
        if wall.now() > limit:
            raise Problem(
                f"the demo did not finish what is due within {int(_PATIENCE.total_seconds())} seconds; is it still"
                f" running? If not, start another one (syncd demo); {clock.file.parent} can be deleted then"
            )
        wall.sleep(_PAUSE)


def _busy(house: House) -> bool:
    with house.db.read() as tx:
        return any(row.lease_until is not None or row.due_at <= tx.now for row in tx.due.all())
