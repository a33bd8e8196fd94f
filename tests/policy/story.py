"""Sessions told fact by fact, in minutes around the deadline; and a calendar whose truth is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from policy.facts import (
    Act,
    Actor,
    Agreed,
    Asked,
    Blinded,
    Fact,
    Missing,
    Passed,
    PutBack,
    Side,
    Sighted,
    Via,
)
from policy.life import Effect, Session, State
from policy.notice import Verdict
from policy.rules import Rules
from policy.session import advance, begin

MINUTE = timedelta(minutes=1)
HOUR = 60
DAY = 24 * HOUR
START = datetime(2026, 11, 25, 15, tzinfo=UTC)
"""When the session of the stories starts."""
END = START + timedelta(hours=1)
DEADLINE = START - timedelta(hours=24)
S = DAY
"""The start, in minutes after the deadline."""
RULES = Rules()
STANDS = "standing"


def when(minutes: float) -> datetime:
    """Return the instant so many minutes after the deadline."""
    return DEADLINE + timedelta(seconds=round(minutes * 60))


def agreed(at: float = -6 * DAY, rules: Rules = RULES) -> Agreed:
    """Return the agreement that founds the session of the stories."""
    return Agreed(at=when(at), id="s1", student=1, mentor=2, start=START, end=END, rules=rules)


def seen(
    at: float,
    *,
    start: datetime | None = START,
    version: str | None = "v1",
    proves: bool = True,
    via: Via = Via.LOOK,
    side: Side = Side.STUDENT,
    stamp: float | None = None,
    took: float = 0,
) -> Sighted:
    """Return a sight of the event, asked for at *at*."""
    return Sighted(
        side=side,
        via=via,
        sent=when(at),
        received=when(at + took),
        start=start,
        version=version,
        proves=proves,
        stamp=None if stamp is None else when(stamp),
    )


def gone(
    at: float,
    act: Act = Act.REMOVED,
    *,
    via: Via = Via.LOOK,
    side: Side = Side.STUDENT,
    stamp: float | None = None,
    cascades: bool = False,
) -> Missing:
    """Return an answer that shows the event gone."""
    return Missing(
        side=side,
        via=via,
        act=act,
        sent=when(at),
        received=when(at),
        version=None,
        stamp=None if stamp is None else when(stamp),
        cascades=cascades,
    )


def mentor_seen(at: float, *, version: str | None = "m1", proves: bool = True) -> Sighted:
    """Return a sight of the mentor's copy."""
    return seen(at, side=Side.MENTOR, version=version, proves=proves)


def mentor_gone(at: float, act: Act = Act.REMOVED, *, cascades: bool = False) -> Missing:
    """Return an answer that shows the mentor's copy gone."""
    return gone(at, act, side=Side.MENTOR, cascades=cascades)


def word(at: float, by: Actor = Actor.STUDENT) -> Asked:
    """Return a cancellation in so many words."""
    return Asked(at=when(at), by=by)


def blind(at: float, cause: str, *, lost: bool = False) -> Blinded:
    """Return the fact that the calendar cannot be seen."""
    return Blinded(at=when(at), cause=cause, lost=lost)


def passed(at: float) -> Passed:
    """Return the fact that it is now this late."""
    return Passed(at=when(at))


def put_back(at: float) -> PutBack:
    """Return the fact that the event was put back."""
    return PutBack(at=when(at))


@dataclass
class Story:
    """What came of a session, fact by fact."""

    session: Session
    effects: list[Effect] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    def then(self, *facts: Fact) -> Story:
        """Let *facts* follow."""
        for fact in facts:
            self.session, effects = advance(self.session, fact)
            self.effects.extend(effects)
            self.states.append(self.session.state)
        return self

    @property
    def state(self) -> State:
        """The state it is in."""
        return self.session.state

    @property
    def verdict(self) -> Verdict:
        """The verdict, which there must be."""
        assert self.session.verdict is not None, f"undecided: {self.session.state}"
        return self.session.verdict


def told(*facts: Fact, founded: Agreed | None = None) -> Story:
    """Tell the story of a session from its agreement on."""
    session, effects = begin(founded or agreed())
    return Story(session, list(effects), [session.state]).then(*facts)


def booked(*facts: Fact) -> Story:
    """Tell the story of a session that was booked long ago and seen standing a day before its deadline."""
    return told(seen(-5 * DAY), seen(-DAY), *facts)


def proven(*facts: Fact) -> Story:
    """Tell the story of a session that was seen standing by the deadline look."""
    return booked(seen(2), *facts)


def fold(founded: Agreed, facts: Iterable[Fact]) -> Session:
    """Return the session that the facts make."""
    session, _ = begin(founded)
    for fact in facts:
        session, _ = advance(session, fact)
    return session
