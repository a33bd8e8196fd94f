"""Plays of one session in which all happens at once: a few acts and a few faults, within minutes of one deadline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from tests.simulation.plan import START, Act, Deed, Plan
from tests.simulation.small import AGREED, BEGIN, LATEST, LESSONS, LIFE, SHORT, Small, account, do, spell
from tests.simulation.weather import HOUR, MINUTE, SECOND, Kind, Spell

_PLACES = (Act.CARRY, Act.CARRY, Act.CARRY_OUT, Act.MIRROR, Act.IMPORT, Act.REMOVE, Act.RESTORE)
"""What is hardest to tell apart: where the event is."""
_ACTS = (
    *_PLACES,
    *(Act.DECLINE, Act.CANCEL, Act.MOVE, Act.MOVE, Act.BACK, Act.ALL_DAY, Act.EDIT, Act.LENGTHEN, Act.STRIP),
    *(Act.BLEACH, Act.ASK, Act.MENTOR_ASK, Act.SCHOOL_ASK, Act.MENTOR_REMOVE, Act.MENTOR_DECLINE),
    *(Act.MENTOR_GUEST, Act.MENTOR_RESTORE, Act.MENTOR_MOVE),
)
_ON_THE_ACCOUNT = (Act.DROP_CALENDAR, Act.REVOKE, Act.DISCONNECT)
_SIZES = {
    Kind.LAG: (119.0,),
    Kind.CACHE: (3500.0,),
    Kind.ERRORS: (0.9,),
    Kind.DEAF: (0.9,),
    Kind.CROSSING: (86400.0,),
    Kind.CLOCK: (600.0, -600.0),
}
_BLIND = (Kind.LAG, Kind.LAG, Kind.BLUR, Kind.BLUR, Kind.CACHE, Kind.PART, Kind.FORGET, Kind.AMNESIA)
"""Where not all that stands somewhere can be seen there."""
_FAULTS = (
    *_BLIND,
    *(Kind.OUTAGE, Kind.CHURN, Kind.KILL, Kind.ERRORS, Kind.DEAF, Kind.REFUSAL, Kind.CROSSING, Kind.CLOCK),
    *(Kind.FULL, Kind.LOCKED, Kind.DOWN),
)
_AT_ONCE = frozenset({Kind.FORGET, Kind.CHURN, Kind.KILL})
_LONGEST = {Kind.FULL: HOUR, Kind.LOCKED: HOUR, Kind.BLUR: 4 * HOUR, Kind.REFUSAL: 4 * HOUR}


def dense(seed: int) -> Plan:
    """Return the play of *seed*."""
    chance = Random(f"dense {seed}")  # noqa: S311 - a story is no secret
    agreed = SHORT if chance.random() < 0.15 else AGREED
    latest = max(LATEST, agreed + HOUR)
    at = max(latest + _about(chance), agreed + 10 * MINUTE)
    where = chance.random() < 0.5
    what: tuple[Deed | Spell, ...] = (
        *_acts(chance, at, _PLACES if where else _ACTS),
        *_faults(chance, at, _BLIND if where else _FAULTS),
    )
    return Small(
        what,
        every=chance.choice((0.5, 1, 2)) * HOUR,
        near=chance.choice((15, 20, 30)) * MINUTE,
        seed=seed,
        agreed=agreed,
        also=() if chance.random() < 0.6 else (BEGIN + 4 * HOUR,),
        mentor=chance.random() < 0.5,
        schedules=chance.random() < 0.5,
    ).plan()


def _about(chance: Random) -> timedelta:
    near, far = chance.uniform(-180, 300), chance.uniform(-3600, 7200)
    return timedelta(seconds=round(chance.choice((near, far)), 1))


def _some(chance: Random, *seconds: float) -> timedelta:
    return timedelta(seconds=round(chance.choice(seconds) * chance.uniform(0.5, 1.5), 1))


def _acts(chance: Random, at: datetime, acts: tuple[Act, ...]) -> Iterator[Deed]:
    for _ in range(chance.choice((1, 2, 2, 3))):
        if chance.random() < 0.08:
            yield account(at, chance.choice(_ON_THE_ACCOUNT))
            yield account(at + _some(chance, 60, 600, 3600), Act.RECONNECT)
        else:
            yield do(at, chance.choice(acts), chance.choice((-3.0, 2.0, 5.0)))
        at += _some(chance, 20, 60, 130, 400, 1500, 3000)


def _faults(chance: Random, at: datetime, kinds: tuple[Kind, ...]) -> Iterator[Spell]:
    for _ in range(chance.choice((1, 2, 2, 3))):
        kind = chance.choice(kinds)
        since = max(START + 15 * MINUTE, at + _some(chance, -3000, -100, -20, 0, 10, 40, 200, 1500))
        length = min(_some(chance, 20, 60, 130, 600, 3000, 9000), _LONGEST.get(kind, 9 * HOUR))
        where = chance.choice((LESSONS, LIFE)) if kind is Kind.PART else ""
        size = chance.choice(_SIZES.get(kind, (0.0,)))
        yield spell(kind, since, SECOND if kind in _AT_ONCE else length, size, where)
