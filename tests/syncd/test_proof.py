"""The second opinion on a forfeit, by itself: what lacks anything is unproven, what the rules forfeit is proven."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from policy.facts import (
    Act,
    Actor,
    Agreed,
    Asked,
    Braked,
    Decision,
    Fact,
    Missing,
    Passed,
    Restored,
    Side,
    Sighted,
    Stop,
    Unbraked,
    Via,
)
from policy.life import Session, State
from policy.notice import Outcome, judge
from policy.rules import Rules
from policy.session import advance, begin
from syncd.invariants.proof import unproven
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE

SECOND = timedelta(seconds=1)
S = datetime(2026, 12, 3, 9, tzinfo=UTC)
D = S - DAY
AGREED = Agreed(at=S - 5 * DAY, id="s1", student=1, mentor=2, start=S, end=S + HOUR, rules=Rules())


def stands(
    sent: datetime,
    *,
    proves: bool = True,
    start: datetime | None = S,
    version: str | None = "1",
    side: Side = Side.STUDENT,
    via: Via = Via.LOOK,
    stamp: datetime | None = None,
) -> Sighted:
    return Sighted(
        side=side,
        via=via,
        sent=sent,
        received=sent + SECOND,
        start=start,
        version=version,
        proves=proves,
        stamp=stamp,
    )


def gone(
    sent: datetime, *, via: Via = Via.LOOK, side: Side = Side.STUDENT, stamp: datetime | None = None
) -> Missing:
    return Missing(side=side, via=via, act=Act.REMOVED, sent=sent, received=sent + SECOND, stamp=stamp)


FIRST = stands(S - 4 * DAY)
PROOF = stands(D + LAG)
LATE = D + 3 * HOUR
ACT = (gone(LATE, via=Via.CHANGE), gone(LATE + 30 * SECOND + SECOND), gone(LATE + HOUR))
PROVEN: tuple[Fact, ...] = (AGREED, FIRST, PROOF, *ACT)


def test_the_plain_forfeit_is_proven() -> None:
    assert unproven(PROVEN, D) is None
    assert folded(PROVEN).state is State.FORFEITED


def folded(facts: Sequence[Fact]) -> Session:
    assert isinstance(facts[0], Agreed)
    session, _ = begin(facts[0])
    for fact in facts[1:]:
        session, _ = advance(session, fact)
    return session


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        pytest.param((FIRST, PROOF, *ACT), "agreement", id="no agreement"),
        pytest.param((AGREED,), "nothing was seen", id="nothing else"),
        pytest.param((AGREED, FIRST, *ACT), "no sighting proves", id="no deadline look"),
        pytest.param(
            (AGREED, FIRST, stands(D + LAG - SECOND), *ACT), "no sighting proves", id="a second too early"
        ),
        pytest.param(
            (AGREED, FIRST, stands(D + LAG, proves=False), *ACT), "no sighting proves", id="a cached look"
        ),
        pytest.param(
            (AGREED, FIRST, stands(D + LAG, side=Side.MENTOR), *ACT), "no sighting", id="the mentor's copy"
        ),
        pytest.param((AGREED, FIRST, *ACT, PROOF), "no sighting", id="proof after the act"),
        pytest.param(
            (AGREED, FIRST, PROOF, Restored(at=D + HOUR), *ACT),
            "no sighting",
            id="proof before a restoration",
        ),
        pytest.param((AGREED, FIRST, PROOF), "no sighting", id="no act"),
        pytest.param((AGREED, FIRST, PROOF, Passed(at=S)), "no act", id="only time has passed"),
        pytest.param(
            (AGREED, FIRST, PROOF, *(gone(LATE + n * MINUTE, side=Side.MENTOR) for n in (0, 2, 60))),
            "no act",
            id="the mentor's act",
        ),
        pytest.param((AGREED, FIRST, PROOF, gone(D - SECOND), *ACT[1:]), "by the deadline", id="gone at D"),
        pytest.param((AGREED, FIRST, PROOF, ACT[0], Passed(at=S)), "no second look", id="one look"),
        pytest.param(
            (AGREED, FIRST, PROOF, ACT[0], gone(LATE + 30 * SECOND), Passed(at=S)),
            "no second look",
            id="a second look a second too soon",
        ),
        pytest.param(
            (AGREED, FIRST, PROOF, ACT[0], gone(LATE + MINUTE, via=Via.LISTING), Passed(at=S)),
            "no second look",
            id="a second look that was none",
        ),
        pytest.param(
            (AGREED, FIRST, PROOF, ACT[0], stands(LATE + HOUR), gone(LATE + 2 * HOUR)),
            "no second look",
            id="it stood in between",
        ),
        pytest.param(
            (AGREED, FIRST, PROOF, ACT[0], stands(LATE + 9 * SECOND, version="2"), gone(LATE + 2 * HOUR)),
            "no second look",
            id="another version stood in between",
        ),
        pytest.param(PROVEN[:-1], "after its hold", id="within the hold"),
        pytest.param((*PROVEN[:-1], Passed(at=S)), "after its hold", id="nobody looked after the hold"),
        pytest.param(
            (*PROVEN[:-1], gone(LATE + HOUR, via=Via.LISTING)),
            "after its hold",
            id="one calendar was listed after it",
        ),
        pytest.param(
            (*PROVEN, gone(LATE + HOUR + MINUTE, via=Via.CHANGE)),
            "after its hold",
            id="it may be back elsewhere",
        ),
        pytest.param(
            (
                *PROVEN[:5],
                Braked(at=LATE + 2 * MINUTE, scope=Stop.SCHOOL),
                *(gone(LATE + n * HOUR) for n in (1, 2, 3)),
            ),
            "stopped",
            id="stopped, and looked at",
        ),
        pytest.param(
            (*PROVEN[:-1], Braked(at=LATE + 2 * MINUTE, scope=Stop.SCHOOL), ACT[-1]), "stopped", id="stopped"
        ),
        pytest.param(
            (AGREED, FIRST, PROOF, gone(LATE, stamp=D), *ACT[1:]),
            "by the deadline",
            id="the provider's stamp acquits",
        ),
        pytest.param(
            (AGREED, FIRST, stands(D - HOUR, start=S + HOUR), stands(D + LAG, start=S + HOUR), *ACT),
            "moved by the deadline",
            id="moved in time",
        ),
        pytest.param(
            (AGREED, FIRST, PROOF, Asked(at=D + HOUR, by=Actor.SCHOOL)), "no act", id="the school's word"
        ),
    ],
)
def test_a_forfeit_that_lacks_anything_is_unproven(facts: tuple[Fact, ...], why: str) -> None:
    assert why in (unproven(facts, D) or "proven")


def test_the_deadline_is_the_latest_that_anybody_names() -> None:
    assert unproven(PROVEN, D + HOUR) == "no sighting proves that its event stood at the deadline"
    young = AGREED.model_copy(update={"at": D + HOUR / 2})
    seen = stands(D + HOUR)
    facts = (young, seen, stands(D + LAG + HOUR), *ACT)
    assert "no sighting" in (unproven(facts, D) or ""), "an hour from the first sight"
    assert unproven((young, seen, stands(seen.received + HOUR + LAG), *ACT), D) is None
    assert "no sighting" in (unproven((young, stands(D + HOUR, proves=False), *facts[1:]), D) or "")


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(
            (AGREED, stands(S - 4 * DAY, stamp=S - 4 * DAY), PROOF, gone(LATE, stamp=S - 4 * DAY), *ACT[1:]),
            id="the stamp that it bore while it stood",
        ),
        pytest.param((*PROVEN[:3], Asked(at=D + HOUR, by=Actor.STUDENT)), id="a word"),
        pytest.param((*PROVEN[:4], Asked(at=LATE + 9 * SECOND, by=Actor.STUDENT)), id="a word confirms"),
        pytest.param((*PROVEN[:5], Asked(at=LATE + MINUTE, by=Actor.MENTOR)), id="another's word decides"),
        pytest.param(
            (*PROVEN[:4], stands(LATE + MINUTE, proves=False), gone(LATE + 5 * MINUTE), gone(LATE + HOUR)),
            id="an answer that may be old",
        ),
        pytest.param(
            (*PROVEN[:5], Braked(at=LATE + 2 * MINUTE, scope=Stop.SCHOOL), gone(LATE + HOUR),
             Unbraked(at=LATE + 2 * HOUR, by="IT", decision=Decision.RELEASE, scope=Stop.SCHOOL)),
            id="released",
        ),
        pytest.param(
            (AGREED, FIRST, gone(D - HOUR), stands(D - HOUR / 2), PROOF, *ACT), id="an act in time was undone"
        ),
        pytest.param(
            (AGREED, FIRST, stands(D - HOUR, start=S + HOUR), stands(D - HOUR / 2), PROOF, *ACT),
            id="moved back",
        ),
        pytest.param(
            (AGREED, FIRST, PROOF, Restored(at=D + HOUR), stands(D + 2 * HOUR), *ACT), id="seen after a restoration"
        ),
    ],
)  # fmt: skip
def test_what_the_rules_forfeit_is_proven(facts: tuple[Fact, ...]) -> None:
    assert folded(facts).state is State.FORFEITED
    assert unproven(facts, folded(facts).deadline) is None


def test_what_a_dismissal_has_written_anew_needs_a_proof_of_its_own() -> None:
    dismissed = Unbraked(at=LATE + 2 * HOUR, by="IT", decision=Decision.DISMISS, scope=Stop.SCHOOL)
    void = (*PROVEN[:5], Braked(at=LATE + 2 * MINUTE, scope=Stop.SCHOOL), dismissed)
    later = LATE + 5 * HOUR
    again = (gone(later), gone(later + MINUTE), gone(later + HOUR))
    assert "no sighting" in (unproven((*void, *again), D) or "")
    seen = stands(dismissed.at + MINUTE)
    assert "no sighting" in (unproven((*void, seen, *again), D) or ""), "there is grace again"
    facts = (*void, seen, stands(seen.received + HOUR + LAG), *again)
    assert folded(facts).state is State.FORFEITED
    assert unproven(facts, folded(facts).deadline) is None


Judge = Callable[..., tuple[Outcome, bool, str]]


def blind(at_latest: datetime, **seen: datetime | None) -> tuple[Outcome, bool, str]:
    """Forfeit whatever was gone late, seen standing or not."""
    late = seen["gone_at"] is not None and seen["gone_at"] > at_latest
    return (Outcome.FORFEIT if late else Outcome.TIMELY), False, "wrong"


def eager(at_latest: datetime, **seen: datetime | None) -> tuple[Outcome, bool, str]:
    """Forfeit what was proven at the deadline, whenever it went."""
    proven = seen["present_at"] is not None and seen["present_at"] >= at_latest - LAG
    return (Outcome.FORFEIT if proven else Outcome.TIMELY), False, "wrong"


@pytest.mark.parametrize("wrong", [blind, eager])
def test_where_a_wrong_judge_differs_from_the_right_one_nothing_is_proven(wrong: Judge) -> None:
    differed = 0
    for sent in (D - 2 * MINUTE, D, D + MINUTE, D + LAG, D + HOUR):
        for act in (D - 90 * SECOND, D - SECOND, D, D + 2 * MINUTE, D + 2 * HOUR):
            facts = (AGREED, FIRST, stands(sent), gone(act), gone(act + MINUTE), gone(act + HOUR))
            present, late = sent - LAG, act + SECOND
            told = wrong(D, present_at=present, gone_at=late, stamp=None)[0]
            right = judge(D, present_at=present, gone_at=late, stamp=None)[0]
            if told is Outcome.FORFEIT:
                assert (unproven(facts, D) is None) == (right is Outcome.FORFEIT)
                differed += told is not right
    assert differed > 3
