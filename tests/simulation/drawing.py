"""What happens in a school, drawn from a seed alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from tests.simulation.plan import START, Act, Deed, Meeting, Plan
from tests.simulation.scripts import near_to, script
from tests.simulation.weather import DAY, HOUR, MINUTE, SECOND, Kind, Spell

_FEW = 3
"""So many students has a small school at most."""
_ROUNDS = 200
"""So many rounds a small play may have that nothing but time brings about."""


def drawn(seed: int) -> Plan:
    """Return the play of *seed*: a few people, and a few sessions of each student."""
    chance = Random(f"size {seed}")  # noqa: S311 - a story is no secret
    students, weeks, mentors = chance.randint(1, _FEW), chance.randint(2, 3), chance.randint(1, 2)
    return _school(seed, students, weeks, mentors, sessions=weeks)


def googled(seed: int) -> Plan:
    """Return the play of *seed* where one server or both are like Google."""
    plan, chance = drawn(seed), Random(f"{seed} google")  # noqa: S311 - a story is no secret
    servers = range(len(plan.schedules))
    google = frozenset(chance.sample(servers, chance.randint(1, len(servers))))
    schedules = tuple((True, True) if each in google else plan.schedules[each] for each in servers)
    return replace(plan, google=google, schedules=schedules)


def wired(draw: Callable[[int], Plan], seed: int) -> Plan:
    """Return what *draw* makes of *seed*, with servers that speak CalDAV."""
    return replace(draw(seed), wired=True)


def large(seed: int) -> Plan:
    """Return the play of *seed* in a school of 200 people, for 14 weeks; they meet every second week."""
    return _school(seed, students=160, weeks=14, mentors=40, sessions=7)


def _school(seed: int, students: int, weeks: int, mentors: int, sessions: int) -> Plan:
    chance = Random(f"school {seed}")  # noqa: S311 - a story is no secret
    small = students <= _FEW
    every = timedelta(minutes=chance.choice((30, 60, 120, 180, 240, 360) if small else (360,)))
    if every <= HOUR:  # every round is work: fewer people, where they are looked at more often
        students, mentors = 1, 1
    names = tuple(f"s{number}" for number in range(students))
    teachers = tuple(f"m{number}" for number in range(mentors))
    servers = chance.choice((1, 2, 2))
    days = _days(every, students + mentors, weeks) if small else 7 * weeks
    meetings = tuple(_meetings(chance, names, teachers, sessions, days))
    home = tuple((name, chance.randrange(servers)) for name in (*names, *teachers))
    near = timedelta(minutes=chance.choice((15, 20, 30)))
    told = [
        one
        for each in meetings
        for one in script(Random(f"{seed} acts {each.number}"), each, dict(home)[each.student], every, near)  # noqa: S311
    ]
    deeds = [replace(one, at=max(one.at, _FURNISHED)) for one in told if isinstance(one, Deed)]
    deeds += [Deed(each.agreed_at, Act.AGREE, each.number) for each in meetings]
    deeds += _office(chance, meetings)
    return Plan(
        seed=seed,
        students=names,
        mentors=teachers,
        home=home,
        schedules=tuple((chance.random() < 0.5, chance.random() < 0.6) for _ in range(servers)),
        unconnected=frozenset(name for name in teachers if chance.random() < 0.25),
        every=every,
        near=near,
        meetings=meetings,
        deeds=tuple(sorted(deeds, key=lambda deed: (deed.at, deed.act, deed.meeting))),
        spells=(
            *(_furnished(one) for one in told if isinstance(one, Spell) and one.until > _FURNISHED),
            *_weather(Random(f"{seed} weather"), meetings, servers),  # noqa: S311
        ),
    )


def _furnished(spell: Spell) -> Spell:
    return replace(spell, since=max(spell.since, _FURNISHED))


def _days(every: timedelta, accounts: int, weeks: int) -> int:
    """Return over how many days the sessions are spread: short intervals over few, for every round is work."""
    most = _ROUNDS * every / (accounts * DAY) - 1
    return max(3, min(7 * weeks, int(most)))


_AHEAD = (9 * DAY, 6 * DAY, 4 * DAY, 2 * DAY, 30 * HOUR, 26 * HOUR, 20 * HOUR, 3 * HOUR)


def _meetings(
    chance: Random, names: tuple[str, ...], teachers: tuple[str, ...], each: int, days: int
) -> Iterator[Meeting]:
    taken: set[tuple[str, datetime]] = set()
    for number in range(each * len(names)):
        name, mentor = names[number % len(names)], chance.choice(teachers)
        day = 2 if chance.random() < 0.15 else chance.randrange(1, days)  # clocks go back then
        start = START + day * DAY + chance.randrange(2, 13) * HOUR
        start += chance.choice((0, 0, 30)) * MINUTE
        while any(
            (who, start + step * 30 * MINUTE) in taken for who in (name, mentor) for step in (-1, 0, 1)
        ):
            start += HOUR
        taken |= {(name, start), (mentor, start)}
        agreed = max(START + HOUR, start - chance.choice(_AHEAD) - timedelta(seconds=chance.randrange(3600)))
        yield Meeting(number, name, mentor, agreed, start)


def _office(chance: Random, meetings: tuple[Meeting, ...]) -> Iterator[Deed]:
    """Yield when somebody looks at what is stopped, and decides."""
    last = max(each.start for each in meetings)
    at = START + chance.uniform(4, 30) * HOUR
    while at < last:
        yield Deed(at, chance.choice((Act.RELEASE, Act.RELEASE, Act.DISMISS)))
        at += chance.uniform(4, 60) * HOUR


_ANY = tuple(kind for kind in Kind if kind not in {Kind.PART, Kind.CROSSING})
_LENGTHS = (60.0, 600.0, 3600.0, 4 * 3600.0, 24 * 3600.0, 72 * 3600.0)


def _weather(chance: Random, meetings: tuple[Meeting, ...], servers: int) -> Iterator[Spell]:
    """Yield what goes wrong; often just when it hurts most."""
    for _ in range(chance.choice((0, 0, 1, 2, 3, 5))):
        kind = chance.choice(_ANY)
        about = chance.choice(meetings)
        anchor = chance.choice((about.deadline, about.deadline, about.start, about.agreed_at))
        since = near_to(chance, anchor)
        if chance.random() < 0.3:
            since = START + (meetings[-1].start - START) * chance.random()
        where = chance.choice(("", *(f"sim://{number}" for number in range(servers))))
        yield _spell(chance, kind, since, where)


_FURNISHED = START + 10 * MINUTE
"""When everybody has connected, if nothing goes wrong before."""
_LONGEST = {
    Kind.PHANTOM: 20 * SECOND,
    Kind.BLUR: 4 * HOUR,
    Kind.REFUSAL: 4 * HOUR,
    Kind.FULL: HOUR,
    Kind.LOCKED: HOUR,
    Kind.FORGET: SECOND,
    Kind.CHURN: SECOND,
    Kind.KILL: SECOND,
}
"""What lasts no longer, by what the rules take for possible or by its nature."""
_SIZES: dict[Kind, tuple[float, ...]] = {
    Kind.ERRORS: (0.2, 0.5, 0.9),
    Kind.DEAF: (0.2, 0.5, 0.9),
    Kind.SLOW: (5.0, 28.0),
    Kind.LAG: (20.0, 119.0, 119.0),
    Kind.CACHE: (200.0, 3500.0),
    Kind.CLOCK: (-600.0, -60.0, 45.0, 600.0),
}
_EVERYWHERE = frozenset({Kind.CLOCK, Kind.FULL, Kind.LOCKED, Kind.KILL, Kind.DOWN})


def _spell(chance: Random, kind: Kind, since: datetime, where: str) -> Spell:
    length = min(timedelta(seconds=chance.choice(_LENGTHS)), _LONGEST.get(kind, 30 * DAY))
    if kind is Kind.PHANTOM:
        length *= chance.random()
    size = chance.choice(_SIZES.get(kind, (0.0,)))
    since = max(since, _FURNISHED)
    return Spell(kind, since, since + length, "" if kind in _EVERYWHERE else where, size)
