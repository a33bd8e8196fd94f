"""What people do, and what goes wrong meanwhile: one script for each session, each with its own chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from tests.simulation.plan import Act, Deed, Meeting
from tests.simulation.weather import HOUR, MINUTE, SECOND, Kind, Spell

Told = Iterator[Deed | Spell]


def near_to(chance: Random, moment: datetime) -> datetime:
    """Return a moment that is hard to tell from *moment*, or easy."""
    width = chance.choice((30, 120, 200, 900, 3600, 4 * 3600))
    return moment + timedelta(seconds=round(chance.uniform(-width, width), 1))


def _when(chance: Random, meeting: Meeting) -> datetime:
    """Return a moment at which a student may do something."""
    written = meeting.agreed_at + 10 * MINUTE
    moment = chance.random()
    if moment < 0.55:
        at = near_to(chance, meeting.deadline)
    elif moment < 0.7:
        at = near_to(chance, meeting.start)
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
    home: int
    """On which server the student's calendars are."""
    every: timedelta
    near: timedelta
    at: datetime
    later: datetime
    loss: Act

    @property
    def written(self) -> datetime:
        """When the event stands there at the latest, if nothing is in the way."""
        return self.meeting.agreed_at + 10 * MINUTE

    @property
    def is_short(self) -> bool:
        """Tell whether it is agreed so late that the deadline is soon after it."""
        return self.meeting.deadline - self.meeting.agreed_at <= HOUR

    def do(self, at: datetime, act: Act, size: float = 0.0) -> Deed:
        """Return an act on the session's event."""
        return Deed(max(at, self.written), act, self.meeting.number, size=size)

    def person(self, at: datetime, act: Act) -> Deed:
        """Return an act of the student on their account."""
        return Deed(at, act, person=self.meeting.student)

    def fault(self, kind: Kind, since: datetime, length: timedelta, size: float = 0.0) -> Spell:
        """Return a fault of the student's server."""
        return Spell(kind, since, since + length, f"sim://{self.home}", size)

    def everywhere(self, kind: Kind, since: datetime, length: timedelta, size: float = 0.0) -> Spell:
        """Return a fault of every server, or of the program's own computer."""
        return Spell(kind, since, since + length, "", size)

    def part(self, name: str, since: datetime, length: timedelta) -> Spell:
        """Return a fault of one calendar of the student."""
        where = f"sim://{self.home}/{self.meeting.student}/{name}/"
        return Spell(Kind.PART, since, since + length, where)

    def one(self, *acts: Act) -> Act:
        """Return one of *acts*."""
        return self.chance.choice(acts)

    def maybe(self, share: float) -> bool:
        """Return what a coin of that bias shows."""
        return self.chance.random() < share

    def hours(self) -> float:
        """Return how far something is dragged."""
        return self.chance.choice((-3.0, 2.0, 5.0, 26.0))

    def one_of(self, *moments: datetime) -> datetime:
        """Return one of *moments*."""
        return self.chance.choice(moments)

    def some(self, least: float, most: float) -> timedelta:
        """Return so many minutes."""
        return timedelta(minutes=round(self.chance.uniform(least, most), 2))


def script(
    chance: Random, meeting: Meeting, home: int, every: timedelta, near: timedelta
) -> Iterator[Deed | Spell]:
    """Yield what is done to one session, and what goes wrong just where that hurts most."""
    at = _when(chance, meeting)
    later = at + timedelta(seconds=chance.choice(_LATER))
    given = Chances(chance, meeting, home, every, near, at, later, chance.choice(_LOSSES))
    scripts = (*_SCRIPTS, *_ON_SHORT_NOTICE) if given.is_short else _SCRIPTS
    ((_, chosen),) = chance.choices(scripts, [weight for weight, _ in scripts])
    return chosen(given)


def _peace(_: Chances) -> Told:
    return iter(())


def _loss(given: Chances) -> Told:
    yield given.do(given.at, given.loss)


def _undo(given: Chances) -> Told:
    yield given.do(given.at, given.loss)
    yield given.do(given.later, Act.RESTORE)


def _drag(given: Chances) -> Told:
    yield given.do(given.at, given.one(Act.MOVE, Act.MOVE, Act.ALL_DAY), given.hours())
    if given.maybe(0.6):
        yield given.do(given.later, given.one(Act.BACK, given.loss, Act.RESTORE, Act.MOVE), 1.0)


def _dodge(given: Chances) -> Told:
    """Drag it away after the deadline, and then delete it: that dodges nothing."""
    late = given.meeting.deadline + HOUR
    yield given.do(near_to(given.chance, late), Act.MOVE, given.hours())
    yield given.do(max(given.later, late + HOUR), given.loss)


def _edit(given: Chances) -> Told:
    yield given.do(given.at, given.one(Act.EDIT, Act.LENGTHEN, Act.STRIP, Act.BLEACH))
    if given.maybe(0.5):
        yield given.do(given.later, given.one(given.loss, Act.STRIP))


def _carry(given: Chances) -> Told:
    yield given.do(given.at, given.one(Act.CARRY, Act.CARRY, Act.CARRY_OUT))
    if given.maybe(0.5):
        yield given.do(given.later, given.loss)


def _double(given: Chances) -> Told:
    yield given.do(given.at, given.one(Act.MIRROR, Act.IMPORT))
    if given.maybe(0.7):
        yield given.do(given.later, given.loss)


def _word(given: Chances) -> Told:
    yield given.do(given.at, given.one(Act.ASK, Act.MENTOR_ASK, Act.SCHOOL_ASK))


def _mentor(given: Chances) -> Told:
    acts = (Act.MENTOR_REMOVE, Act.MENTOR_DECLINE, Act.MENTOR_GUEST, Act.MENTOR_MOVE)
    yield given.do(given.at, given.one(*acts))
    if given.maybe(0.4):
        yield given.do(given.later, given.one(Act.MENTOR_RESTORE, given.loss, Act.MENTOR_REMOVE))


def _mentor_and_student(given: Chances) -> Told:
    """Have the mentor refuse and the student drag the event away late, in either order, before we have looked."""
    at = given.meeting.deadline + given.some(5, 400)
    refusal = given.one(Act.MENTOR_GUEST, Act.MENTOR_DECLINE, Act.MENTOR_REMOVE)
    first, second = (refusal, Act.MOVE) if given.maybe(0.6) else (Act.MOVE, refusal)
    yield given.do(at, first, given.hours())
    yield given.do(at + given.some(0.3, 60), second, given.hours())


def _refused_and_dragged(given: Chances) -> Told:
    """Have the mentor refuse in the student's event, which is dragged away late within minutes and has to be put back."""
    at = given.meeting.deadline + given.some(5, 400)
    yield given.do(at, Act.MENTOR_GUEST)
    yield given.do(at + given.some(0.3, 12), Act.MOVE, given.hours())


def _revoke(given: Chances) -> Told:
    yield given.person(near_to(given.chance, given.meeting.deadline), Act.REVOKE)
    yield given.do(given.later, given.loss)
    if given.maybe(0.7):
        yield given.person(given.later + given.chance.choice((MINUTE, HOUR, 8 * HOUR)), Act.RECONNECT)


def _drop_calendar(given: Chances) -> Told:
    yield given.person(given.at, Act.DROP_CALENDAR)
    if given.maybe(0.7):
        yield given.person(given.later, Act.RECONNECT)


def _disconnect(given: Chances) -> Told:
    yield given.person(given.at, Act.DISCONNECT)
    if given.maybe(0.5):
        yield given.do(given.later, given.loss)
    yield given.person(given.later + given.chance.choice((MINUTE, 2 * HOUR)), Act.RECONNECT)


# --- faults that strike where it hurts -------------------------------------------------------


def _troubled_birth(given: Chances) -> Told:
    """Let something be wrong with the server just when the event is written."""
    kind, size = given.chance.choice(
        ((Kind.LAG, 119.0), (Kind.DEAF, 0.9), (Kind.OUTAGE, 0.0), (Kind.ERRORS, 0.9), (Kind.REFUSAL, 0.0))
    )
    yield given.fault(kind, given.meeting.agreed_at, given.some(3, 15), size)
    if given.maybe(0.3):
        yield given.do(given.at, given.loss)


def _killed_reader(given: Chances) -> Told:
    """Kill the program as it reads of an act for the first time."""
    near = given.near / MINUTE
    at = given.meeting.deadline - given.some(near + 12, 58)
    yield given.do(at, given.loss)
    yield given.everywhere(Kind.KILL, at + given.some(0.1, near), SECOND)


def _no_second_look(given: Chances) -> Told:
    """Take the server away once an act was seen, and before it can be seen again."""
    at = given.meeting.deadline + given.some(2.2, 5)
    yield given.do(at, given.one(given.loss, given.loss, Act.MOVE), 2.0)
    yield given.fault(Kind.OUTAGE, at + given.some(0.2, given.near / MINUTE * 1.1), given.some(150, 300))


def _cached(given: Chances) -> Told:
    at = given.meeting.deadline - given.some(1, 50)
    yield given.do(at, given.loss)
    yield given.fault(Kind.CACHE, at - MINUTE, given.some(60, 120), 3500.0)


def _wrong_clock(given: Chances) -> Told:
    latest = given.meeting.deadline
    yield given.do(latest - given.some(-3, 8), given.loss)
    yield given.everywhere(
        Kind.CLOCK, latest - given.some(12, 40), given.some(60, 120), given.chance.choice((600.0, -600.0))
    )


def _unreadable(given: Chances) -> Told:
    yield given.fault(Kind.BLUR, given.meeting.deadline - given.some(-1, 30), given.some(40, 200))
    if given.maybe(0.4):
        yield given.do(given.meeting.deadline + given.some(5, 300), given.loss)


def _server_down(given: Chances) -> Told:
    yield given.fault(Kind.OUTAGE, given.at, given.some(150, 300))
    if given.maybe(0.5):
        yield given.do(given.at + given.some(0, 600) + given.every, given.loss)


def _forgetful(given: Chances) -> Told:
    yield given.fault(given.chance.choice((Kind.FORGET, Kind.FORGET, Kind.CHURN)), given.at, SECOND)
    if given.maybe(0.3):
        yield given.do(given.later, given.loss)


def _half_seen(given: Chances) -> Told:
    """Carry it late to a calendar that cannot be read, while the other one is listed anew, and again after the hold."""
    at, near = given.meeting.deadline + given.some(2.2, 4.5), given.near / MINUTE
    yield given.do(at, Act.CARRY)
    yield given.part("life", at - MINUTE, given.some(250, 500))
    yield given.fault(Kind.FORGET, at + given.some(near, near * 1.5), SECOND)
    yield given.fault(Kind.FORGET, at + given.some(near + 32, 110), SECOND)


def _half_seen_behind_a_replica(given: Chances) -> Told:
    """Carry it away about when the deadline is looked at: its new place cannot be read, and a replica shows the old one."""
    at = given.meeting.deadline + given.some(-1, 2)
    yield given.fault(Kind.LAG, at - HOUR, 2 * HOUR, 119.0)
    yield given.do(at, Act.CARRY)
    yield given.fault(Kind.BLUR, at + given.some(0, 0.5), given.some(0.3, 1.7))


def _cascade_in_the_dark(given: Chances) -> Told:
    """Take it away, and with it the mentor's copy, while only that one can be seen."""
    yield given.do(given.at, Act.REMOVE)
    yield given.part("lessons", given.at - given.some(5, 60), given.every * 1.2 + given.some(60, 150))


def _mirror_first(given: Chances) -> Told:
    """Have a mirror for a long time, and then take the original away."""
    last = given.meeting.start - 2 * HOUR - given.every * 1.3
    at = max(given.written, last - given.every * 1.5 - given.some(10, 2000))
    yield given.do(at, Act.MIRROR)
    yield given.do(max(at + given.every * 1.3, last - given.some(0, 120)), Act.REMOVE)


def _second_thoughts(given: Chances) -> Told:
    """Put it back once it was seen gone, and before the hold is over."""
    near = given.near / MINUTE
    at = given.meeting.deadline - given.some(near + 2, 58)
    yield given.do(at, given.loss)
    yield given.do(at + given.some(near * 1.05, near * 1.05 + 8), Act.RESTORE)


def _on_the_brink(given: Chances) -> Told:
    """Take it away so late that it is seen, or seen again, only just about the deadline."""
    near = given.near / MINUTE
    yield given.do(given.meeting.deadline - given.some(near * 0.8, near + 25), given.loss)


def _drag_and_drag(given: Chances) -> Told:
    """Drag it away late, and again once it was put back; and then delete it."""
    pace, at = given.every * 1.25, given.meeting.deadline + given.some(5, 30)
    yield given.do(at, Act.MOVE, given.hours())
    yield given.do(at + pace, Act.MOVE, given.hours())
    if at + 2 * pace < given.meeting.start - HOUR:
        yield given.do(at + 2 * pace, given.loss)


def _crossed(given: Chances) -> Told:
    """Do something while the program writes to the same event."""
    pace = given.every * 1.3
    at = given.one_of(given.written + given.some(60, 600), given.meeting.deadline + given.some(5, 60))
    yield given.do(at, Act.STRIP if at < given.meeting.deadline else Act.MOVE, 2.0)
    yield given.fault(Kind.CROSSING, at, pace, 86400.0)
    if at + pace < given.meeting.start - HOUR:
        yield given.do(at + pace, given.one(Act.DECLINE, Act.CANCEL))


def _after_the_outage(given: Chances) -> Told:
    """Take it away once a fault is over, whose end has to be found out about."""
    last = given.meeting.start - 2 * HOUR - given.every * 1.3
    at = max(given.written + HOUR, last - given.some(30, 600))
    kind, size = given.chance.choice(((Kind.OUTAGE, 0.0), (Kind.ERRORS, 0.9)))
    yield given.fault(kind, at - given.every - given.some(90, 120), given.every, size)
    yield given.do(at, given.loss)


def _younger_than_the_cache(given: Chances) -> Told:
    """Have nobody answer but a cache that is older than the event."""
    at = given.meeting.agreed_at + given.some(3, 20)
    yield given.everywhere(Kind.CACHE, at, given.some(70, 100), 3500.0)
    yield given.do(at + given.some(0.5, 10), given.one(Act.DECLINE, Act.CANCEL, given.loss))


def _another_behind_the_outage(given: Chances) -> Told:
    """Have the calendar made anew while its server is down, and the session agreed before anybody has looked."""
    since = given.meeting.agreed_at - given.some(120, 300)
    made = given.meeting.agreed_at - given.some(20, 100)
    if given.maybe(0.4):  # nor was it seen well before
        blind = given.some(30, 200)
        yield given.fault(Kind.FORGET, since - blind, SECOND)
        yield given.fault(Kind.CACHE, since - blind, blind, 3500.0)
    yield given.fault(Kind.OUTAGE, since, given.meeting.agreed_at - since + given.some(15, 90))
    yield given.person(made, Act.DROP_CALENDAR)
    yield given.person(made + MINUTE, Act.RECONNECT)


Script = Callable[[Chances], Told]
_SCRIPTS: tuple[tuple[float, Script], ...] = (
    (8, _peace),
    (10, _loss),
    (3, _undo),
    (2, _drag),
    (1, _dodge),
    (1, _edit),
    (2, _carry),
    (1, _double),
    (1, _word),
    (3, _mentor),
    (1, _mentor_and_student),
    (1.5, _refused_and_dragged),
    (1, _revoke),
    (1.5, _drop_calendar),
    (1, _disconnect),
    (1.5, _troubled_birth),
    (4, _killed_reader),
    (1.5, _no_second_look),
    (1, _cached),
    (1, _wrong_clock),
    (1, _unreadable),
    (0.7, _server_down),
    (1, _forgetful),
    (1.5, _half_seen),
    (1, _half_seen_behind_a_replica),
    (1.5, _cascade_in_the_dark),
    (1.5, _mirror_first),
    (1.5, _second_thoughts),
    (2, _on_the_brink),
    (1.5, _drag_and_drag),
    (1.5, _crossed),
    (1, _after_the_outage),
    (1, _another_behind_the_outage),
)
_ON_SHORT_NOTICE: tuple[tuple[float, Script], ...] = ((15, _younger_than_the_cache),)
