"""What will happen in a school: drawn from a seed before anything runs, so that it can be shrunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random

from tests.simulation.weather import DAY, HOUR, MINUTE, SECOND, Kind, Spell

START = datetime(2026, 10, 23, 6, tzinfo=UTC)
"""A Friday: clocks go back in Europe on the Sunday after it, and in America a week later."""


class Act(StrEnum):
    """What somebody does."""

    REMOVE = "remove"
    DECLINE = "decline"
    CANCEL = "cancel"
    RESTORE = "restore"
    MOVE = "move"
    BACK = "move back"
    EDIT = "edit"
    LENGTHEN = "lengthen"
    ALL_DAY = "all day"
    CARRY = "carry"
    CARRY_OUT = "carry out"
    MIRROR = "mirror"
    IMPORT = "import"
    STRIP = "strip"
    BLEACH = "bleach"
    """A tool takes our mark off."""
    ASK = "ask"
    MENTOR_REMOVE = "mentor removes"
    MENTOR_DECLINE = "mentor declines"
    MENTOR_GUEST = "mentor declines in the student's event"
    MENTOR_RESTORE = "mentor restores"
    MENTOR_MOVE = "mentor moves"
    MENTOR_ASK = "mentor asks"
    SCHOOL_ASK = "school asks"
    DROP_CALENDAR = "drop calendar"
    REVOKE = "revoke"
    DISCONNECT = "disconnect"
    RECONNECT = "reconnect"
    RELEASE = "release"
    DISMISS = "dismiss"
    AGREE = "agree"


_ROUNDS = 400
"""So many rounds a play may have that nothing but time brings about."""

COMMANDS = frozenset(
    {
        Act.ASK,
        Act.MENTOR_ASK,
        Act.SCHOOL_ASK,
        Act.DISCONNECT,
        Act.RECONNECT,
        Act.RELEASE,
        Act.DISMISS,
        Act.AGREE,
    }
)
"""What is done by a command of the program, and not in a calendar."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One act of somebody at a moment."""

    at: datetime
    act: Act
    meeting: int = -1
    """The number of the session; -1 if it is about none."""
    person: str = ""
    size: float = 0.0
    """Hours, where something is moved."""

    def __str__(self) -> str:
        """Say it in one line."""
        whom = f"session {self.meeting}" if self.meeting >= 0 else self.person
        return f"{self.at:%m-%d %H:%M:%S} {self.act} {whom} {self.size or ''}".rstrip()


@dataclass(frozen=True, slots=True)
class Meeting:
    """One session as it will be agreed."""

    number: int
    student: str
    mentor: str
    agreed_at: datetime
    start: datetime

    @property
    def deadline(self) -> datetime:
        """When the deadline is, if the event is written without delay."""
        return min(self.start, max(self.start - DAY, self.agreed_at + HOUR))


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole play."""

    seed: int
    students: tuple[str, ...]
    mentors: tuple[str, ...]
    home: tuple[tuple[str, int], ...]
    """On which server everybody's calendars are."""
    schedules: tuple[tuple[bool, bool], ...]
    """What each server does by itself: invite guests, and take their copies away."""
    unconnected: frozenset[str]
    """Mentors who connect nothing."""
    every: timedelta
    near: timedelta
    meetings: tuple[Meeting, ...]
    deeds: tuple[Deed, ...]
    spells: tuple[Spell, ...]

    @property
    def end(self) -> datetime:
        """When all of it is over."""
        return max((each.start for each in self.meetings), default=START) + 26 * HOUR


def drawn(seed: int, students: int = 5, weeks: int = 3, mentors: int = 2) -> Plan:
    """Return the play of *seed*."""
    chance = Random(f"school {seed}")  # noqa: S311 - a story is no secret
    every = timedelta(minutes=chance.choice((30, 60, 120, 180, 240, 360)))
    if every <= HOUR:  # every round is work: fewer people, where they are looked at more often
        students, mentors = max(2, students * 2 // 5), max(1, mentors // 2)
    names = tuple(f"s{number}" for number in range(students))
    teachers = tuple(f"m{number}" for number in range(mentors))
    servers = chance.choice((1, 2, 2))
    days = _days(every, students + mentors, weeks)
    meetings = tuple(_meetings(chance, names, teachers, weeks, days))
    deeds = [deed for each in meetings for deed in _script(Random(f"{seed} acts {each.number}"), each)]  # noqa: S311
    deeds += [Deed(each.agreed_at, Act.AGREE, each.number) for each in meetings]
    deeds += _office(chance, meetings)
    return Plan(
        seed=seed,
        students=names,
        mentors=teachers,
        home=tuple((name, chance.randrange(servers)) for name in (*names, *teachers)),
        schedules=tuple((chance.random() < 0.4, chance.random() < 0.5) for _ in range(servers)),
        unconnected=frozenset(name for name in teachers if chance.random() < 0.25),
        every=every,
        near=timedelta(minutes=chance.choice((15, 20, 30))),
        meetings=meetings,
        deeds=tuple(sorted(deeds, key=lambda deed: (deed.at, deed.act, deed.meeting))),
        spells=tuple(_weather(Random(f"{seed} weather"), meetings, servers)),  # noqa: S311
    )


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
        start = START + chance.randrange(1, days) * DAY + chance.randrange(2, 13) * HOUR
        start += chance.choice((0, 0, 30)) * MINUTE
        while any(
            (who, start + step * 30 * MINUTE) in taken for who in (name, mentor) for step in (-1, 0, 1)
        ):
            start += HOUR
        taken |= {(name, start), (mentor, start)}
        agreed = max(START + HOUR, start - chance.choice(_AHEAD) - timedelta(seconds=chance.randrange(3600)))
        yield Meeting(number, name, mentor, agreed, start)


def _near(chance: Random, moment: datetime) -> datetime:
    """Return a moment that is hard to tell from *moment*, or easy."""
    width = chance.choice((30, 120, 200, 900, 3600, 4 * 3600))
    return moment + timedelta(seconds=round(chance.uniform(-width, width), 1))


def _when(chance: Random, meeting: Meeting) -> datetime:
    """Return a moment at which a student may do something."""
    written = meeting.agreed_at + 10 * MINUTE
    moment = chance.random()
    if moment < 0.55:
        at = _near(chance, meeting.deadline)
    elif moment < 0.7:
        at = _near(chance, meeting.start)
    else:
        at = written + (meeting.start - written) * chance.random()
    return max(at, written)


_LOSSES = (Act.REMOVE, Act.REMOVE, Act.REMOVE, Act.DECLINE, Act.CANCEL)
_LATER = (20, 40, 90, 600, 1500, 2400, 7200, 40000)


@dataclass(frozen=True, slots=True)
class Chances:
    """What chance has given one session: a moment, one after it, and a way to take an event away."""

    chance: Random
    meeting: Meeting
    at: datetime
    later: datetime
    loss: Act

    def do(self, at: datetime, act: Act, size: float = 0.0) -> Deed:
        """Return an act on the session's event."""
        return Deed(at, act, self.meeting.number, size=size)

    def person(self, at: datetime, act: Act) -> Deed:
        """Return an act of the student on their account."""
        return Deed(at, act, person=self.meeting.student)

    def one(self, *acts: Act) -> Act:
        """Return one of *acts*."""
        return self.chance.choice(acts)

    def maybe(self, share: float) -> bool:
        """Return what a coin of that bias shows."""
        return self.chance.random() < share

    def hours(self) -> float:
        """Return how far something is dragged."""
        return self.chance.choice((-3.0, 2.0, 5.0, 26.0))


def _script(chance: Random, meeting: Meeting) -> Iterator[Deed]:
    """Yield what is done to one session."""
    at = _when(chance, meeting)
    later = at + timedelta(seconds=chance.choice(_LATER))
    given = Chances(chance, meeting, at, later, chance.choice(_LOSSES))
    weights = [weight for weight, _ in _SCRIPTS]
    ((_, script),) = chance.choices(_SCRIPTS, weights)
    return script(given)


def _peace(_: Chances) -> Iterator[Deed]:
    return iter(())


def _loss(given: Chances) -> Iterator[Deed]:
    yield given.do(given.at, given.loss)


def _undo(given: Chances) -> Iterator[Deed]:
    yield given.do(given.at, given.loss)
    yield given.do(given.later, Act.RESTORE)


def _drag(given: Chances) -> Iterator[Deed]:
    yield given.do(given.at, given.one(Act.MOVE, Act.MOVE, Act.ALL_DAY), given.hours())
    if given.maybe(0.6):
        yield given.do(given.later, given.one(Act.BACK, given.loss, Act.RESTORE, Act.MOVE), 1.0)


def _dodge(given: Chances) -> Iterator[Deed]:
    """Drag it away after the deadline, and then delete it: that dodges nothing."""
    late = given.meeting.deadline + HOUR
    yield given.do(_near(given.chance, late), Act.MOVE, given.hours())
    yield given.do(max(given.later, late + HOUR), given.loss)


def _edit(given: Chances) -> Iterator[Deed]:
    yield given.do(given.at, given.one(Act.EDIT, Act.LENGTHEN, Act.STRIP, Act.BLEACH))
    if given.maybe(0.5):
        yield given.do(given.later, given.one(given.loss, Act.STRIP))


def _carry(given: Chances) -> Iterator[Deed]:
    yield given.do(given.at, given.one(Act.CARRY, Act.CARRY, Act.CARRY_OUT))
    if given.maybe(0.5):
        yield given.do(given.later, given.loss)


def _double(given: Chances) -> Iterator[Deed]:
    yield given.do(given.at, given.one(Act.MIRROR, Act.IMPORT))
    if given.maybe(0.7):
        yield given.do(given.later, given.loss)


def _word(given: Chances) -> Iterator[Deed]:
    yield given.do(given.at, given.one(Act.ASK, Act.MENTOR_ASK, Act.SCHOOL_ASK))


def _mentor(given: Chances) -> Iterator[Deed]:
    acts = (Act.MENTOR_REMOVE, Act.MENTOR_DECLINE, Act.MENTOR_GUEST, Act.MENTOR_MOVE)
    yield given.do(given.at, given.one(*acts))
    if given.maybe(0.4):
        yield given.do(given.later, given.one(Act.MENTOR_RESTORE, given.loss, Act.MENTOR_REMOVE))


def _revoke(given: Chances) -> Iterator[Deed]:
    yield given.person(_near(given.chance, given.meeting.deadline), Act.REVOKE)
    yield given.do(given.later, given.loss)
    if given.maybe(0.7):
        yield given.person(given.later + given.chance.choice((MINUTE, HOUR, 8 * HOUR)), Act.RECONNECT)


def _drop_calendar(given: Chances) -> Iterator[Deed]:
    yield given.person(given.at, Act.DROP_CALENDAR)
    if given.maybe(0.7):
        yield given.person(given.later, Act.RECONNECT)


def _disconnect(given: Chances) -> Iterator[Deed]:
    yield given.person(given.at, Act.DISCONNECT)
    if given.maybe(0.5):
        yield given.do(given.later, given.loss)
    yield given.person(given.later + given.chance.choice((MINUTE, 2 * HOUR)), Act.RECONNECT)


_SCRIPTS: tuple[tuple[int, Callable[[Chances], Iterator[Deed]]], ...] = (
    (6, _peace),
    (8, _loss),
    (3, _undo),
    (2, _drag),
    (1, _dodge),
    (1, _edit),
    (2, _carry),
    (1, _double),
    (1, _word),
    (3, _mentor),
    (1, _revoke),
    (1, _drop_calendar),
    (1, _disconnect),
)


def _office(chance: Random, meetings: tuple[Meeting, ...]) -> Iterator[Deed]:
    """Yield when somebody looks at what is stopped, and decides."""
    last = max(each.start for each in meetings)
    at = START + chance.uniform(4, 30) * HOUR
    while at < last:
        yield Deed(at, chance.choice((Act.RELEASE, Act.RELEASE, Act.DISMISS)))
        at += chance.uniform(4, 60) * HOUR


_LENGTHS = (60.0, 600.0, 3600.0, 4 * 3600.0, 24 * 3600.0, 72 * 3600.0)


def _weather(chance: Random, meetings: tuple[Meeting, ...], servers: int) -> Iterator[Spell]:
    """Yield what goes wrong; often just when it hurts most."""
    for _ in range(chance.choice((0, 1, 2, 3, 5, 8))):
        kind = chance.choice(tuple(Kind))
        about = chance.choice(meetings)
        anchor = chance.choice((about.deadline, about.deadline, about.start, about.agreed_at))
        since = _near(chance, anchor)
        if chance.random() < 0.3:
            since = START + (meetings[-1].start - START) * chance.random()
        where = chance.choice(("", *(f"sim://{number}" for number in range(servers))))
        yield _spell(chance, kind, since, where)


_LONGEST = {
    Kind.PHANTOM: 20 * SECOND,
    Kind.BLUR: 4 * HOUR,
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
    return Spell(kind, since, since + length, "" if kind in _EVERYWHERE else where, size)
