"""Two ways of thinking, the same forfeits: whatever the rules forfeit is proven, on ledgers drawn at random."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from policy.facts import (
    Act,
    Actor,
    Agreed,
    Asked,
    Blinded,
    Braked,
    Decision,
    Fact,
    Missing,
    Passed,
    PutBack,
    Restored,
    Side,
    Sighted,
    Stop,
    Unbraked,
    Via,
)
from policy.life import ENDED, Session
from policy.notice import Outcome
from policy.rules import Rules
from policy.session import advance, begin
from syncd.invariants.proof import unproven
from tests.syncd.engine.house import DAY, HOUR, MINUTE

SECOND = timedelta(seconds=1)
S = datetime(2026, 12, 3, 9, tzinfo=UTC)
PAUSES = (
    SECOND,
    10 * SECOND,
    31 * SECOND,
    MINUTE,
    3 * MINUTE,
    20 * MINUTE,
    35 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
)
ACTS = (*(Act.REMOVED,) * 4, Act.DECLINED, Act.CANCELLED)
WAYS = (Via.LOOK, Via.LOOK, Via.LISTING, Via.CHANGE)


class Ledger:
    """The facts of one session, drawn one after the other."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311 - chance is no secret here
        lead = self.chance.choice((30.0, 50.0, 100.0, 26.0, 25.0, 24.5, 10.0))
        self.at = S - lead * HOUR
        agreed = Agreed(at=self.at, id="s", student=1, mentor=2, start=S, end=S + HOUR, rules=Rules())
        self.session, _ = begin(agreed)
        self.facts: list[Fact] = [agreed]
        self.version = 0

    def live(self) -> Session:
        """Let the session live until its end, or for as many facts as chance gives it."""
        for _ in range(self.chance.randint(4, 40)):
            if self.session.state in ENDED:
                break
            self._pause()
            fact = self._fact()
            after, told = advance(self.session, fact)
            if told or after.model_copy(update={"seq": self.session.seq}) != self.session:
                self.facts.append(fact)
                self.session = after
        return self.session

    def _pause(self) -> None:
        self.at += self.chance.choice(PAUSES)
        if self.at < self.session.deadline and self.chance.random() < 0.15:
            nearly = self.chance.choice((-SECOND, 0 * SECOND, SECOND, MINUTE))
            self.at = self.session.deadline + self.session.rules.lag + nearly

    def _fact(self) -> Fact:
        sent, self.at = self.at, self.at + self.chance.choice((SECOND, SECOND, 20 * SECOND))
        side = Side.STUDENT if self.chance.random() < 0.85 else Side.MENTOR
        drawn = self.chance.random()
        if drawn < 0.4:
            return self._sighted(side, sent)
        return self._missing(side, sent) if drawn < 0.75 else self._other()

    def _sighted(self, side: Side, sent: datetime) -> Sighted:
        self.version += self.chance.random() < 0.2
        followed = self.chance.random() < 0.04
        versions = (*(str(self.version),) * 5, str(max(0, self.version - 1)), None)
        return Sighted(
            side=side,
            via=Via.FOLLOW if followed else self.chance.choice(WAYS),
            sent=sent,
            received=self.at,
            start=self.chance.choice((*(S,) * 9, S + HOUR)),
            version=self.chance.choice(versions),
            proves=self.chance.random() < 0.85,
            stamp=sent - self.chance.choice((-1, 0, 1, 5)) * HOUR if self.chance.random() < 0.2 else None,
        )

    def _missing(self, side: Side, sent: datetime) -> Missing:
        stamped, cascades = self.chance.random() < 0.1, self.chance.random() < 0.3
        return Missing(
            side=side,
            via=self.chance.choice(WAYS),
            act=self.chance.choice(ACTS),
            sent=sent,
            received=self.at,
            stamp=sent - self.chance.choice((-1, 0, 1, 5)) * HOUR if stamped else None,
            cascades=cascades and side is Side.MENTOR,
        )

    def _other(self) -> Fact:
        stop = self.chance.choice(self.session.stops or (Stop.SCHOOL,))
        decision = self.chance.choice(list(Decision))
        return self.chance.choice(
            (
                Blinded(at=self.at, cause="x", lost=self.chance.random() < 0.5),
                Asked(at=self.at, by=self.chance.choice(list(Actor))),
                Passed(at=self.at),
                Passed(at=self.at),
                Braked(at=self.at, scope=self.chance.choice(list(Stop))),
                Unbraked(at=self.at, by="IT", decision=decision, scope=stop),
                Unbraked(at=self.at, by="IT", decision=decision, scope=stop),
                Restored(at=self.at),
                PutBack(at=self.at),
            )
        )


def forfeited(seeds: range) -> Iterator[Ledger]:
    for seed in seeds:
        ledger = Ledger(seed)
        verdict = ledger.live().verdict
        if verdict is not None and verdict.outcome is Outcome.FORFEIT:
            yield ledger


def test_what_the_rules_forfeit_is_proven_by_looking_back() -> None:
    count = 0
    for ledger in forfeited(range(1500)):
        assert ledger.session.verdict is not None
        assert unproven(ledger.facts, ledger.session.verdict.deadline) is None
        count += 1
    assert count > 100


def test_without_a_sighting_that_proves_no_forfeit_is() -> None:
    for ledger in forfeited(range(500)):
        assert ledger.session.verdict is not None
        facts = [
            fact.model_copy(update={"proves": False}) if isinstance(fact, Sighted) else fact
            for fact in ledger.facts
        ]
        assert unproven(facts, ledger.session.verdict.deadline) is not None


def test_what_is_written_anew_after_a_restoration_has_its_grace_from_the_first_sight_of_it() -> None:
    agreed = Agreed(at=S - 5 * DAY, id="s", student=1, mentor=2, start=S, end=S + HOUR, rules=Rules())
    gone, shown = S - 22 * HOUR, S - 20 * HOUR
    look: dict[str, Any] = {"side": Side.STUDENT, "via": Via.LOOK}
    facts = (
        Sighted(sent=S - 4 * DAY, received=S - 4 * DAY, start=S, proves=True, **look),
        Restored(at=gone - HOUR),
        Missing(act=Act.REMOVED, sent=gone, received=gone, **look),
        Braked(at=gone, scope=Stop.SCHOOL),
        Unbraked(at=gone + HOUR, by="IT", decision=Decision.DISMISS, scope=Stop.SCHOOL),
        Sighted(sent=shown, received=shown, start=S, proves=True, **look),
    )
    session, _ = begin(agreed)
    for fact in facts:
        session, _ = advance(session, fact)
    assert session.deadline == shown + HOUR
