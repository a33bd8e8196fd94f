from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from policy.facts import Act, Actor, Side
from policy.life import CalendarState, Session, State
from policy.notice import Outcome, Verdict
from policy.rules import Rules
from providers.base import ETag
from syncd.pictures import Base, Intent, Invite, Op, Route
from syncd.reconcile import Create, Delete, Look, Plan, Rest, Search, Update, Withdraw, plan

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
START = NOW + timedelta(days=2)
BASE = Base(etag=ETag('"1"'), start=START, sequence=0)
MOVED = BASE.model_copy(update={"start": START + timedelta(hours=1)})


def session(state: State = State.BOOKED, **values: object) -> Session:
    made = Session(
        id="s", student=1, mentor=2, start=START, end=START + timedelta(hours=1), agreed_at=NOW, rules=Rules()
    )
    return made.model_copy(update={"state": state, **values})


def ended(act: Act, actor: Actor = Actor.STUDENT, state: State = State.CANCELLED) -> Session:
    verdict = Verdict(
        outcome=Outcome.TIMELY, actor=actor, act=act, deadline=NOW, rules_version=Rules().version
    )
    return session(state, verdict=verdict)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("side", list(Side))
def test_a_write_under_way_is_looked_into_before_anything_else(state: State, side: Side) -> None:
    assert plan(session(state), side, BASE, Intent(op=Op.UPDATE, at=NOW)) == Look()


def test_what_was_never_seen_is_written() -> None:
    assert plan(session(State.PLANNED), Side.STUDENT, None, None) == Create()
    assert plan(session(State.BOOKED), Side.MENTOR, None, None) == Create()


@pytest.mark.parametrize("state", [State.BOOKED, State.NOTICED, State.MOVING, State.INCIDENT, State.SUSPECT])
def test_what_a_student_took_away_is_never_written_again(state: State) -> None:
    assert plan(session(state), Side.STUDENT, None, None) == Rest()


def test_what_was_moved_late_is_put_back_once() -> None:
    late = session(moved_late=True, calendar_state=CalendarState.MOVED)
    assert plan(late, Side.STUDENT, MOVED, None) == Update(MOVED)
    assert plan(late.model_copy(update={"put_back": True}), Side.STUDENT, MOVED, None) == Rest()
    assert plan(late, Side.MENTOR, MOVED, None) == Rest()


@pytest.mark.parametrize("state", [State.NOTICED, State.MOVING, State.INCIDENT, State.SUSPECT, State.ELAPSED])
@pytest.mark.parametrize("side", list(Side))
def test_while_people_are_asked_everything_stays_as_it_is(state: State, side: Side) -> None:
    assert plan(session(state), side, BASE, None) == Rest()


@pytest.mark.parametrize("act", list(Act))
def test_what_is_over_is_taken_out_of_the_other_calendar(act: Act) -> None:
    assert plan(ended(act), Side.MENTOR, BASE, None) == Delete(BASE)
    assert plan(ended(act), Side.MENTOR, None, None) == Rest()


@pytest.mark.parametrize(
    ("act", "base"),
    [(Act.REMOVED, BASE), (Act.DECLINED, BASE), (Act.CANCELLED, BASE), (Act.MOVED, BASE)],
)
def test_what_its_owner_restored_is_left_alone(act: Act, base: Base) -> None:
    assert plan(ended(act), Side.STUDENT, base, None) == Rest()
    assert plan(ended(act, Actor.MENTOR), Side.MENTOR, base, None) == Rest()


@pytest.mark.parametrize(
    ("act", "base"),
    [
        (Act.DECLINED, BASE.model_copy(update={"act": Act.DECLINED})),
        (Act.CANCELLED, BASE.model_copy(update={"act": Act.CANCELLED})),
        (Act.MOVED, MOVED),
        (Act.ASKED, BASE),
        (Act.UNWRITTEN, BASE),
    ],
)
def test_what_still_stands_as_its_owner_left_it_is_taken_away(act: Act, base: Base) -> None:
    assert plan(ended(act), Side.STUDENT, base, None) == Delete(base)


SERVED = BASE.model_copy(update={"served": True})
ASKED = Invite(route=Route.PROVIDER, asked=NOW)


@pytest.mark.parametrize(
    ("invite", "step"),
    [
        (None, Create()),
        (Invite(route=Route.DIRECT), Create()),
        (Invite(route=Route.NONE), Create()),
        (Invite(route=Route.PROVIDER), Rest()),
        (ASKED, Search()),
        (ASKED.model_copy(update={"taken": True}), Rest()),
    ],
)
def test_a_mentor_gets_a_copy_of_ours_unless_a_server_invites(invite: Invite | None, step: Plan) -> None:
    assert plan(session(), Side.MENTOR, None, None, invite) == step
    assert plan(session(), Side.MENTOR, BASE, None, invite) == Rest()


def test_only_a_copy_of_ours_is_withdrawn_from_beside_a_servers() -> None:
    assert plan(session(), Side.MENTOR, BASE, None, ASKED, beside=True) == Withdraw(BASE)
    assert plan(session(), Side.MENTOR, SERVED, None, ASKED, beside=True) == Rest()


def test_an_invite_that_is_called_off_is_left_and_one_that_stands_is_not() -> None:
    off = SERVED.model_copy(update={"act": Act.CANCELLED})
    assert plan(ended(Act.REMOVED), Side.MENTOR, off, None) == Rest()
    assert plan(ended(Act.REMOVED), Side.MENTOR, SERVED, None) == Delete(SERVED)


def test_a_dropped_guest_is_put_back_once_where_the_event_stands_as_agreed() -> None:
    dropped, once = BASE.model_copy(update={"dropped": True}), ASKED.model_copy(update={"returned": True})
    assert plan(session(), Side.STUDENT, dropped, None, ASKED) == Update(dropped)
    assert plan(session(), Side.STUDENT, dropped, None, once) == Rest()
    assert plan(session(State.MOVING), Side.STUDENT, dropped, None, ASKED) == Rest()
    moved = dropped.model_copy(update={"start": MOVED.start})
    assert plan(session(), Side.STUDENT, moved, None, ASKED) == Rest()
