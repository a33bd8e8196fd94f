"""The smallest schools: one student, one mentor, and what is done is written out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.simulation.plan import START, Act, Deed, Meeting, Plan
from tests.simulation.weather import DAY, HOUR, MINUTE, Kind, Spell

BEGIN = START + 2 * DAY + 4 * HOUR
"""A Sunday, the day on which clocks go back."""
LATEST = BEGIN - DAY
"""Its deadline."""
AGREED = START + HOUR
SHORT = BEGIN - 20 * HOUR
"""An agreement on short notice."""
HOME = "sim://0"
LESSONS, LIFE = f"{HOME}/s0/lessons/", f"{HOME}/s0/life/"


@dataclass(frozen=True, slots=True)
class Small:
    """A school of one student, and of one mentor who has connected nothing unless it says so."""

    what: tuple[Deed | Spell, ...] = ()
    every: timedelta = 6 * HOUR
    near: timedelta = 20 * MINUTE
    seed: int = 1
    agreed: datetime = AGREED
    also: tuple[datetime, ...] = ()
    """When more sessions begin."""
    then: datetime | None = None
    """When those are agreed, if not with the first one."""
    mentor: bool = False
    """The mentor is connected."""
    schedules: bool = False
    """The server invites the mentor, and takes the copy away again."""
    wired: bool = False
    """The server speaks CalDAV."""
    google: bool = False
    """It is like Google, which invites the mentor by itself, too."""

    def plan(self) -> Plan:
        """Return it as a play."""
        starts = (BEGIN, *self.also)
        agreed = (self.agreed, *(self.then or self.agreed for _ in self.also))
        meetings = tuple(
            Meeting(each, "s0", "m0", *two) for each, two in enumerate(zip(agreed, starts, strict=True))
        )
        deeds = [one for one in self.what if isinstance(one, Deed)]
        deeds += [Deed(each.agreed_at, Act.AGREE, each.number) for each in meetings]
        return Plan(
            seed=self.seed,
            students=("s0",),
            mentors=("m0",),
            home=(("s0", 0), ("m0", 0)),
            schedules=((True, True) if self.google else (self.schedules, self.schedules),),
            unconnected=frozenset(() if self.mentor else ("m0",)),
            every=self.every,
            near=self.near,
            meetings=meetings,
            deeds=tuple(sorted(deeds, key=lambda deed: deed.at)),
            spells=tuple(one for one in self.what if isinstance(one, Spell)),
            wired=self.wired,
            google=frozenset({0} if self.google else ()),
        )


def do(at: datetime, act: Act, size: float = 0.0) -> Deed:
    """Return something that is done to the first session."""
    return Deed(at, act, 0, size=size)


def account(at: datetime, act: Act) -> Deed:
    """Return something that the student does with their account."""
    return Deed(at, act, person="s0")


def spell(kind: Kind, since: datetime, length: timedelta, size: float = 0.0, where: str = "") -> Spell:
    """Return something that goes wrong for a while."""
    return Spell(kind, since, since + length, where, size)
