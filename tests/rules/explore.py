"""Every way from one state to another that the policy has, found by trying facts wherever a session can be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import TypeAlias

from policy.facts import Act, Actor, Braked, Decision, Doubts, Fact, Restored, Stop, Unbraked, Via
from policy.life import ENDED, State
from policy.notice import Doubt
from policy.session import advance
from tests.policy.story import (
    DAY,
    HOUR,
    START,
    S,
    agreed,
    blind,
    fold,
    gone,
    mentor_gone,
    mentor_seen,
    passed,
    put_back,
    seen,
    when,
    word,
)

Way: TypeAlias = tuple[State, State]
MOMENTS: tuple[float, ...] = (-5 * DAY, -HOUR, 2, HOUR, 4 * HOUR, S - 5, S + 10, S + HOUR, S + 9 * DAY)
"""Minutes after the deadline: before it, just after, at the limit, around the start, at the end, long after."""
WALKS, STEPS = 4000, 7


_BOOKED = (seen(-5 * DAY), seen(-DAY))
_PROVEN = (*_BOOKED, seen(2))
_BEFORE: tuple[tuple[Fact, ...], ...] = (
    (),
    (Doubts(at=when(-DAY), count=2), blind(-DAY, Doubt.ACCESS_LOST, lost=True)),
    _BOOKED,
    _PROVEN,
    (*_BOOKED, blind(-DAY, Doubt.ACCESS_LOST, lost=True)),
    (*_BOOKED, Doubts(at=when(-DAY), count=2), blind(-DAY, Doubt.ACCESS_LOST, lost=True)),
    (*_PROVEN, blind(3, Doubt.ACCESS_LOST, lost=True)),
    (*_BOOKED, seen(-DAY, start=START + timedelta(hours=2), version="v2")),
)
"""How lives begin: not seen yet, booked, proven, out of sight (and often so) before and after the proof, moved."""


def _braked(at: float, scope: Stop) -> Fact:
    return Braked(at=when(at), scope=scope)


def _unbraked(at: float, scope: Stop, decision: Decision) -> Fact:
    return Unbraked(at=when(at), by="IT", decision=decision, scope=scope)


def ways() -> set[Way]:
    """Return every way that many lives go, each of a few facts in their order of time, and the same ones each time."""
    found: set[Way] = set()
    chance = Random(2)  # noqa: S311 - a walk is no secret
    for _ in range(WALKS):
        before = chance.choice(_BEFORE)
        session, at = fold(agreed(), before), chance.choice(MOMENTS[1:] if before else MOMENTS)
        for _ in range(STEPS):
            at = (
                max(at, chance.choice(MOMENTS))
                if chance.random() < 0.2
                else at + chance.choice((0, 1, 3, 40))
            )
            after = advance(session, chance.choice(_FACTS)(at))[0]
            if after.state is not session.state:
                found.add((session.state, after.state))
            if after.state in ENDED:
                break
            session = after
    return found


_FACTS: tuple[Callable[[float], Fact], ...] = (
    seen,
    lambda at: seen(at, start=START + timedelta(hours=2), version="v2"),
    lambda at: seen(at, proves=False),
    lambda at: seen(at, via=Via.FOLLOW),
    gone,
    gone,
    lambda at: gone(at, Act.DECLINED),
    mentor_gone,
    mentor_gone,
    lambda at: mentor_gone(at, cascades=True),
    lambda at: mentor_seen(at, version="m2"),
    *(partial(word, by=by) for by in Actor),
    lambda at: blind(at, Doubt.ACCESS_LOST, lost=True),
    lambda at: blind(at, Doubt.SERVER_DOWN),
    put_back,
    passed,
    passed,
    *(partial(_braked, scope=scope) for scope in (Stop.PERSON, Stop.SCHOOL)),
    *(partial(_unbraked, scope=scope, decision=one) for scope in Stop for one in Decision),
    lambda at: Doubts(at=when(at), count=2),
    lambda at: Restored(at=when(at)),
)
"""What can become known: a sight, an absence, a word, blindness, time, and what a person decides."""
