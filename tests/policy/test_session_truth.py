"""The truth is drawn first and the sights of it second: no outage, lag or skew makes a forfeit of a notice in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from policy.facts import (
    Act,
    Actor,
    Agreed,
    Asked,
    Blinded,
    Braked,
    Decision,
    Doubts,
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
    parse,
)
from policy.life import ENDED, Session, State
from policy.notice import Doubt, Outcome, Verdict
from policy.schedule import next_step
from policy.session import advance, begin
from tests.policy.story import DEADLINE, RULES, START, agreed, fold, seen
from tests.rules.rows import row

EXAMPLES = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
SECOND = timedelta(seconds=1)
ELSEWHERE = START + timedelta(hours=5)
HOUR, DAY = 3600, 86400
LAG = int(RULES.lag.total_seconds())


def after(seconds: float) -> datetime:
    return DEADLINE + timedelta(seconds=seconds)


# --- the truth -------------------------------------------------------------------------


@dataclass(frozen=True)
class There:
    """What truly stands in the calendar."""

    act: Act | None
    """How it is missing; ``None`` while it stands."""
    start: datetime
    version: str


CHANGES = ("remove", "remove", "decline", "cancel", "restore", "rewrite", "move", "move back", "edit")
ABOUT = (
    st.integers(-LAG * 2, LAG * 3)  # around the deadline, where it matters
    | st.integers(-LAG * 2, LAG * 3)
    | st.integers(-HOUR, 3 * HOUR)
    | st.integers(-DAY, DAY)
)


@dataclass(frozen=True)
class Truth:
    """What truly happened to the event, by the second after the deadline."""

    created: int
    changes: tuple[tuple[int, There], ...]

    def at(self, seconds: float) -> There | None:
        """Return what stood there at that instant."""
        if seconds < self.created:
            return None
        return [there for when, there in self.changes if when <= seconds][-1]

    def away_since(self) -> int | None:
        """Return from when on it never stood at its time again; ``None`` if it does in the end."""
        since = None
        for when, there in self.changes:
            if there.act is None and there.start == START:
                since = None
            elif since is None:
                since = when
        return since


def changed(there: There, change: str, count: int) -> There:
    version = f"v{count}"
    match change:
        case "remove":
            return replace(there, act=Act.REMOVED)
        case "decline":
            return replace(there, act=Act.DECLINED)
        case "cancel":
            return replace(there, act=Act.CANCELLED)
        case "restore":  # the same bytes, and on many servers the same etag
            return replace(there, act=None)
        case "move":
            return There(None if there.act is None else there.act, ELSEWHERE, version)
        case "move back":
            return There(None if there.act is None else there.act, START, version)
        case _:
            return There(None, there.start, version)


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    created = draw(st.just(-6 * DAY) | st.just(-6 * DAY) | st.integers(-DAY, 20 * HOUR))
    there = There(None, START, "v0")
    changes = [(created, there)]
    for count, when in enumerate(sorted(draw(st.lists(ABOUT, max_size=6))), start=1):
        there = changed(there, draw(st.sampled_from(CHANGES)), count)
        changes.append((max(created, when), there))
    return Truth(created, tuple(changes))


# --- the sights of it ------------------------------------------------------------------


@dataclass(frozen=True)
class Round:
    """One turn of the daemon."""

    gap: int
    asleep: bool
    """The daemon was down for the whole gap: no look that was due was taken."""
    fault: str
    via: Via
    took: int
    which: float
    """Which state of the time between the oldest replica and the answer's arrival is shown."""
    skew: int


GAPS = st.integers(1, 90) | st.integers(1, 90) | st.integers(90, 900) | st.integers(900, 3 * HOUR)
FAULTS = (*[""] * 20, "lost", "down", "access", "unreadable", "cached", "clock")
ROUNDS = st.lists(
    st.builds(
        Round,
        gap=GAPS,
        asleep=st.sampled_from((False, False, False, True)),
        fault=st.sampled_from(FAULTS),
        via=st.sampled_from((Via.LOOK, Via.LOOK, Via.LISTING, Via.CHANGE)),
        took=st.integers(0, 20),
        which=st.sampled_from((0.0, 1.0)) | st.floats(0, 1),
        skew=st.integers(-3 * HOUR, 3 * HOUR),
    ),
    min_size=6,
    max_size=16,
)


def answer(truth: Truth, turn: Round, now: float) -> Fact | None:
    """Return what the daemon writes down at *now*, seconds after the deadline."""
    match turn.fault:
        case "lost":
            return None
        case "down":
            return Blinded(at=after(now + turn.took), cause=Doubt.SERVER_DOWN, lost=False)
        case "access":
            return Blinded(at=after(now + turn.took), cause=Doubt.ACCESS_LOST, lost=True)
        case "unreadable":
            return Blinded(at=after(now + turn.took), cause=Doubt.UNREADABLE, lost=False)
        case "cached":
            shown = now - abs(turn.skew)
        case _:
            shown = now - LAG + turn.which * (LAG + turn.took)
    skew = turn.skew if turn.fault == "clock" else 0
    sent, received = after(now + skew), after(now + turn.took + skew)
    there = truth.at(shown)
    if there is None or there.act is not None:
        act = there.act if there is not None and there.act is not None else Act.REMOVED
        return Missing(side=Side.STUDENT, via=turn.via, act=act, sent=sent, received=received)
    return Sighted(
        side=Side.STUDENT,
        via=turn.via,
        sent=sent,
        received=received,
        start=there.start,
        version=there.version,
        proves=not turn.fault,
    )


def watched(founded: Agreed, truth: Truth, turns: list[Round], now: float) -> tuple[Session, list[Fact]]:
    """Return the session as a daemon sees it that takes these turns from *now* on, and its ledger."""
    session, _ = begin(founded)
    ledger: list[Fact] = []
    for turn in turns:
        due = next_step(session, after(now))
        wake = now + turn.gap
        if due is not None and not turn.asleep:
            wake = min(wake, max(now + 1, (due.at - DEADLINE).total_seconds()))
        shown = answer(truth, turn, wake)
        now = wake + turn.took
        for fact in (shown, Passed(at=after(now)) if turn.via is Via.LOOK else None):
            if fact is not None:
                session, _ = advance(session, fact)
                ledger.append(fact)
    return session, ledger


CLEAN = Round(HOUR, asleep=False, fault="", via=Via.LOOK, took=0, which=1.0, skew=0)


def first_shown(ledger: list[Fact]) -> datetime | None:
    return next((fact.received for fact in ledger if isinstance(fact, Sighted) and fact.proves), None)


@given(
    truth=truths(),
    turns=ROUNDS,
    lead=st.integers(0, 3 * HOUR) | st.just(6 * DAY),
    begins=st.integers(-HOUR, LAG * 2),
    early=st.sampled_from((True, True, True, False)),
)
@settings(EXAMPLES, max_examples=300)
def test_no_gap_outage_lag_or_skew_turns_a_timely_act_into_a_forfeit(
    truth: Truth, turns: list[Round], lead: int, begins: int, *, early: bool
) -> None:
    founded = agreed((truth.created - lead) / 60)
    begins = max(begins, truth.created)
    first = [replace(CLEAN, gap=60), replace(CLEAN, gap=begins - truth.created)] if early else []
    turns = [*first, *turns, *[CLEAN] * 6]
    session, ledger = watched(founded, truth, turns, truth.created if early else begins)
    verdict = session.verdict
    event(f"{session.state} {verdict.doubt.name if verdict and verdict.doubt else ''}")
    if verdict is None or verdict.outcome is not Outcome.FORFEIT:
        return
    assert_proven(verdict, ledger)
    shown = first_shown(ledger)
    assert shown is not None
    last_free = min(START, max(DEADLINE, founded.at + RULES.grace, shown + RULES.grace))
    assert verdict.deadline >= last_free
    decided = [there for when, there in truth.changes if after(when) <= ledger[verdict.evidence[-1] - 2].at]
    so_far = Truth(truth.created, truth.changes[: len(decided)])
    away = so_far.away_since()
    if away is not None:
        assert after(away) > verdict.deadline


@row("4.disorder", "2.ledger-replay")
@given(truth=truths(), turns=ROUNDS)
@EXAMPLES
def test_the_same_ledger_makes_the_same_session(truth: Truth, turns: list[Round]) -> None:
    founded = agreed(truth.created / 60 - 1)
    session, ledger = watched(founded, truth, turns, truth.created)
    kept = [parse(fact.model_dump(mode="json")) for fact in ledger]
    assert kept == ledger
    again = parse(founded.model_dump(mode="json"))
    assert isinstance(again, Agreed)
    assert fold(again, kept) == session


@given(
    gone=st.integers(-3 * DAY, 23 * HOUR) | ABOUT,
    act=st.sampled_from(("remove", "decline", "cancel")),
    every=st.integers(1, 600),
    off=st.floats(0, 0.99),
)
@EXAMPLES
def test_who_looks_when_told_to_gives_the_right_verdict(gone: int, act: str, every: int, off: float) -> None:
    gone = min(gone, 23 * HOUR)
    standing = There(None, START, "v0")
    truth = Truth(-6 * DAY, ((-6 * DAY, standing), (gone, changed(standing, act, 1))))
    polls = [-5 * DAY, *(gone + round(every * (number - off)) for number in range(-1, 3)), gone + HOUR]
    session = attended(truth, polls)
    assert session.verdict is not None
    if gone <= 0:
        assert session.verdict.outcome is Outcome.TIMELY
    if gone <= -every:
        assert session.verdict.doubt is None
    if gone > LAG:
        assert (session.verdict.outcome, session.verdict.doubt) == (Outcome.FORFEIT, None)


def attended(truth: Truth, polls: list[int]) -> Session:
    """Return the session after these polls and every look in between that was asked for."""
    session, _ = begin(agreed())
    now = float(polls[0])
    for poll in polls:
        while (due := next_step(session, after(now))) is not None and due.look and due.at <= after(poll):
            now = max(now, (due.at - DEADLINE).total_seconds())
            session = taken(session, truth, now)
        now = max(now, poll)
        session = taken(session, truth, now)
    return session


def taken(session: Session, truth: Truth, now: float) -> Session:
    shown = answer(truth, CLEAN, now)
    assert shown is not None
    session, _ = advance(session, shown)
    return advance(session, Passed(at=after(now)))[0]


# --- any facts at all ------------------------------------------------------------------

WHEN = st.sampled_from(
    [-5 * DAY, -DAY, -HOUR, -1, 0, 1, LAG, LAG + 1, HOUR, 12 * HOUR, DAY - 1, DAY, DAY + 1, DAY + HOUR]
)
INSTANTS = (WHEN | ABOUT | st.integers(-6 * DAY, 10 * DAY)).map(after)
MAYBE_INSTANTS = st.none() | INSTANTS
SIDES = st.sampled_from((Side.STUDENT, Side.STUDENT, Side.MENTOR))
LENGTHS = st.integers(0, 300).map(lambda seconds: seconds * SECOND)


@st.composite
def sighted(draw: st.DrawFn, sent: st.SearchStrategy[datetime] = INSTANTS) -> Fact:
    asked_for = draw(sent)
    return Sighted(
        side=draw(SIDES),
        via=draw(st.sampled_from(Via)),
        sent=asked_for,
        received=asked_for + draw(LENGTHS),
        start=draw(st.sampled_from((START, START, ELSEWHERE, None))),
        version=draw(st.sampled_from(("v1", "v1", "v2", None))),
        proves=draw(st.booleans()),
        stamp=draw(st.none() | MAYBE_INSTANTS),
    )


@st.composite
def missing(draw: st.DrawFn, sent: st.SearchStrategy[datetime] = INSTANTS) -> Fact:
    asked_for = draw(sent)
    return Missing(
        side=draw(SIDES),
        via=draw(st.sampled_from(Via)),
        act=draw(st.sampled_from((Act.REMOVED, Act.DECLINED, Act.CANCELLED))),
        sent=asked_for,
        received=asked_for + draw(LENGTHS),
        version=draw(st.sampled_from(("v1", None))),
        stamp=draw(st.none() | MAYBE_INSTANTS),
        cascades=draw(st.booleans()),
    )


def others(at: st.SearchStrategy[datetime]) -> st.SearchStrategy[Fact]:
    causes = st.sampled_from((*(str(doubt) for doubt in Doubt), "507"))
    return (
        st.builds(Blinded, at=at, cause=causes, lost=st.booleans())
        | st.builds(Asked, at=at, by=st.sampled_from(Actor))
        | st.builds(PutBack, at=at)
        | st.builds(Passed, at=at)
        | st.builds(Passed, at=at)
        | stopping(at)
    )


def stopping(at: st.SearchStrategy[datetime]) -> st.SearchStrategy[Fact]:
    scopes = st.sampled_from(Stop)
    return (
        st.builds(Braked, at=at, scope=scopes)
        | st.builds(Unbraked, at=at, by=st.just("IT"), decision=st.sampled_from(Decision), scope=scopes)
        | st.builds(Doubts, at=at, count=st.integers(0, 5))
        | st.builds(Restored, at=at)
    )


def some_facts(at: st.SearchStrategy[datetime] = INSTANTS) -> st.SearchStrategy[list[Fact]]:
    return st.lists(sighted(at) | sighted(at) | missing(at) | missing(at) | others(at), max_size=10)


def in_order(facts: list[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: fact.at)


BEFORE = st.sampled_from(([], [seen(-5 * DAY / 60)], [seen(-5 * DAY / 60), seen(2)]))
LATER = st.integers(LAG, 23 * HOUR).map(after)
FACTS = (
    some_facts()
    | some_facts().map(in_order)
    | st.builds(lambda before, facts: [*before, *in_order(facts)], BEFORE, some_facts(LATER))
)
FOUNDED = st.sampled_from((agreed(), agreed(-60), agreed(60), agreed(23 * 60 + 30)))


def steps(founded: Agreed, facts: list[Fact]) -> Iterator[tuple[Session, Fact, Session]]:
    session, _ = begin(founded)
    for fact in facts:
        before = session
        session, _ = advance(session, fact)
        yield before, fact, session


P, B, M, N, I, S, C, R, F, E = (  # noqa: E741 - read as a table
    State.PLANNED,
    State.BOOKED,
    State.MOVING,
    State.NOTICED,
    State.INCIDENT,
    State.SUSPECT,
    State.CANCELLED,
    State.RELEASED,
    State.FORFEITED,
    State.ELAPSED,
)
WAYS = {
    P: {B, C, R} | {N, M, S},  # booked on the way: declined, or elsewhere, when first seen
    B: {N, M, I, S, R, E} | {C, F},  # a word is exact, and is not noticed first
    M: {B, C, E} | {N, R, S},  # a removal is confirmed first; the mentor's or the school's word; doubt
    N: {B, C, F, R, S} | {M},  # undone while a request is open
    I: {B, N, C, E} | {M, F, R, S},  # seen again elsewhere; words; doubt
    S: {B, C, F, R} | {P, N, M, E},  # put back; looked at again; undone; dismissed after its start
}
"""Section 7 of the rules, and after the bar what its words imply."""


@row("7.only", "4.disorder")
@given(founded=FOUNDED, facts=FACTS)
@EXAMPLES
def test_any_fact_can_follow_any_other_and_only_the_ways_of_the_table_are_gone(
    founded: Agreed, facts: list[Fact]
) -> None:
    count = 1
    for before, fact, after_it in steps(founded, facts):
        count += 1
        assert after_it.seq == count
        if before.state is not after_it.state:
            assert after_it.state in WAYS.get(before.state, set()), (
                f"{fact.kind}: {before.state} -> {after_it.state}"
            )
        assert (after_it.state in {N, S}) == (after_it.pending is not None)
        assert (after_it.state is S) == bool(after_it.stops)
        assert (after_it.verdict is not None) == (after_it.state in {C, F, R})
        if after_it.state is M:
            assert after_it.request is not None
        if before.state in ENDED:
            assert (after_it.state, after_it.verdict) == (before.state, before.verdict)
        assert parse(fact.model_dump(mode="json")) == fact
    event(str(after_it.state) if facts else "nothing")


@given(founded=FOUNDED, facts=FACTS)
@EXAMPLES
def test_a_session_is_the_same_after_it_was_kept(founded: Agreed, facts: list[Fact]) -> None:
    session = fold(founded, facts)
    assert Session.model_validate(session.model_dump(mode="json")) == session
    assert Session.model_validate_json(session.model_dump_json()) == session
    assert fold(founded, facts) == session


@given(founded=FOUNDED, facts=FACTS)
@settings(EXAMPLES, max_examples=400)
def test_a_forfeit_rests_on_proof(founded: Agreed, facts: list[Fact]) -> None:
    session = fold(founded, facts)
    verdict = session.verdict
    if verdict is None or verdict.outcome is not Outcome.FORFEIT:
        return
    event("a forfeit")
    assert_proven(verdict, facts)


def assert_proven(verdict: Verdict, facts: list[Fact]) -> None:
    """Check the promise in the facts themselves: proven standing at the deadline, gone later, twice."""
    assert verdict.present_at is not None
    assert verdict.gone_at is not None
    assert verdict.present_at >= verdict.deadline
    assert verdict.gone_at > verdict.deadline
    assert verdict.doubt is None
    assert verdict.stamp is None or verdict.stamp > verdict.deadline
    evidence = [facts[number - 2] for number in verdict.evidence if number > 1]
    assert any(
        isinstance(fact, Sighted) and fact.proves and fact.sent - RULES.lag >= verdict.deadline
        for fact in evidence
    )
    assert any(isinstance(fact, Missing | Asked) and fact.at == verdict.gone_at for fact in evidence)
    assert any(
        isinstance(fact, Asked)
        or (
            isinstance(fact, Missing)
            and fact.via is Via.LOOK
            and fact.sent >= verdict.gone_at + RULES.confirm_after
        )
        for fact in evidence
    )


@given(
    founded=FOUNDED,
    facts=some_facts().map(in_order),
    stands=st.lists(st.booleans(), min_size=12, max_size=12),
    proves=st.sampled_from((True, True, False)),
)
@EXAMPLES
def test_looking_when_told_to_never_spins(
    founded: Agreed, facts: list[Fact], stands: list[bool], proves: bool
) -> None:
    session = fold(founded, facts)
    now = max([founded.at, *(fact.at for fact in facts)])
    for there in stands:
        due = next_step(session, now)
        if due is None:
            return
        now = max(now, due.at)
        before, session = session, looked(session, now, there=there, proves=proves) if due.look else session
        session, _ = advance(session, Passed(at=now))
        then = next_step(session, now)
        assert then is None or then.at > due.at or session.state is not before.state, f"{before.state} spins"


def looked(session: Session, now: datetime, *, there: bool, proves: bool) -> Session:
    """Return the session after a look at both copies, which stand as they last stood, or are gone."""
    for side in Side:
        shown: Fact = Missing(side=side, via=Via.LOOK, act=Act.REMOVED, sent=now, received=now)
        if there or (side is Side.MENTOR and session.state is not State.NOTICED):
            version = session.version if side is Side.STUDENT else "m1"
            shown = Sighted(
                side=side, via=Via.LOOK, sent=now, received=now, start=START, version=version, proves=proves
            )
        session, _ = advance(session, shown)
    return session
