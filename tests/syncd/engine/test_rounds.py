"""Rounds: what they cost, what they keep together, and that nothing is lost wherever one of them stops."""

from __future__ import annotations

import pytest

from policy.life import Effect, State
from policy.notice import Outcome
from syncd import seen, work
from syncd.engine.drain import Drain
from syncd.poll import sync
from syncd.store.rows import Ticket
from syncd.store.tables import metadata
from syncd.sync import HANDLERS
from tests.syncd.engine.faults import Crash
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, ONE, START, Play
from tests.syncd.engine.story import doom
from tests.syncd.engine.test_acts import booked, settle
from tests.syncd.store.grounds import Ground
from tests.syncd.store.heard import listen

EVERYTHING = sorted(metadata.tables)
BOOKKEEPING = {"due", "due_turn", "calendars", "alembic_version"}


def rows(ground: Ground, play: Play) -> dict[str, list[tuple[object, ...]]]:
    url = f"sqlite:///{play.db.name}"
    return {
        table: sorted(ground.sql(url, f"SELECT * FROM {table}"), key=repr)  # noqa: S608 - our own names
        for table in EVERYTHING
        if table not in BOOKKEEPING
    }


def test_a_quiet_second_round_is_one_request_a_calendar_and_changes_no_row(
    ground: Ground, play: Play
) -> None:
    session = booked(play)
    play.after(MINUTE)
    before, calls = rows(ground, play), len(play.faults.calls)
    play.after(5 * MINUTE)
    assert play.faults.calls[calls:] == ["changes"] * 3
    assert rows(ground, play) == before
    assert play.state(session) is State.BOOKED


def test_a_quiet_round_asks_the_database_a_few_things_however_many_sessions_live(play: Play) -> None:
    for number in range(5):
        play.agree(start=START + number * 2 * HOUR)
    play.sync()
    play.after(HOUR)
    play.after(MINUTE)
    asked: list[str] = []
    listen(play.db, lambda _, statement: asked.append(statement))
    play.clock.sleep(2 * HOUR)
    ran = Drain(play.house, HANDLERS).run({}, [work.SYNC], lambda: None, HOUR).ran
    assert ran == 2
    assert len(asked) <= 25 * ran, asked


def test_a_session_that_is_over_costs_nothing_any_more(play: Play) -> None:
    ended = [play.agree(start=START + number * HOUR) for number in range(3)]
    play.sync()
    play.at(START - DAY + LAG + 3 * HOUR)
    play.at(START + 5 * HOUR)
    assert [play.state(each) for each in ended] == [State.ELAPSED] * 3
    play.at(START + 2 * DAY)
    with play.house.db.read() as tx:
        assert tx.due.all([work.LOOK, work.TIME, work.WRITE]) == ()
        for calendar in tx.calendars.of_person(play.people["amina"].id):
            assert seen.copies_in(tx, calendar.id, play.people["amina"].id) == ()
    facts = [len(play.facts(each)) for each in ended]
    play.delete(ended[0])
    play.at(START + 3 * DAY)
    assert [len(play.facts(each)) for each in ended] == facts


def test_a_lost_token_is_a_full_listing_and_proves_what_stands(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    for title in ("life", "lessons"):
        play.servers[ONE].forget_tokens(play.calendars[title])
    play.delete(session)
    play.sync()
    assert play.state(session) is State.NOTICED
    settle(play)
    assert play.verdict(session).outcome is Outcome.TIMELY


def test_a_round_that_sees_nothing_of_an_event_says_nothing_of_it(play: Play) -> None:
    session = booked(play)
    other = play.agree(start=START + 4 * HOUR)
    play.sync()
    play.after(HOUR)
    play.delete(other)
    play.sync()
    assert play.state(session) is State.BOOKED


@pytest.mark.parametrize("where", ["inside", "after"])
def test_token_and_evidence_are_kept_together_or_not_at_all(fragile: Play, where: str) -> None:
    session = booked(fragile)
    fragile.clock.sleep(HOUR)
    fragile.delete(session)
    ticket = _sync_ticket(fragile)
    doom(fragile, where, 0)
    with pytest.raises(Crash):
        sync(fragile.house, ticket)
    doom(fragile, where, None)
    assert fragile.state(session) is (State.NOTICED if where == "after" else State.BOOKED)
    fragile.restart()
    fragile.sync()
    assert fragile.state(session) is State.NOTICED
    assert fragile.told(session, Effect.NOTICED) == 1
    fragile.check()


def _sync_ticket(play: Play) -> Ticket:
    with play.house.db.write() as tx:
        tx.due.want(work.SYNC, "1", at=tx.now, excl="1")
        (ticket,) = tx.due.claim(1, work.LEASE, [work.SYNC], ["1"])
    return ticket
