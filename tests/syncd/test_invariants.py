"""The promises that are checked while the program runs: each breach is found, and nothing is called one that is none."""

# ruff: noqa: S608 - the statements are the test's own

from __future__ import annotations

import json

import pytest

from policy.facts import (
    Actor,
    Decision,
    Stop,
)
from policy.life import Effect, State
from policy.notice import Doubt, Outcome
from syncd import brake, sessions
from syncd.attention import matters
from syncd.decisions import decide, stopped
from syncd.errors import Problem
from syncd.health import readiness
from syncd.invariants import Breach, check
from syncd.invariants.sweep import Sweep
from syncd.life import Resting
from syncd.status import status
from syncd.store.rows import SessionId
from tests.syncd.engine.house import DAY, HOUR, MINUTE, NOW, START
from tests.syncd.ward import Ward, lived

DEADLINE = START - DAY


# --- rows that were changed behind the program's back ----------------------------------


def found(ward: Ward) -> list[tuple[str, str]]:
    with ward.play.db.read() as tx:
        return [(one.rule, one.session) for one in check(tx)]


def test_a_school_that_lived_keeps_every_promise(either: Ward) -> None:
    lived(either.play)
    assert found(either) == []


def changed(ward: Ward, session: str, **values: object) -> None:
    ((text,),) = ward.sql(f"SELECT snapshot FROM sessions WHERE id = '{session}'")
    told = json.dumps(json.loads(text) | values, sort_keys=True, separators=(",", ":")).replace("'", "''")
    ward.sql(f"UPDATE sessions SET snapshot = '{told}' WHERE id = '{session}'")


def test_a_forfeit_whose_proof_was_taken_away_is_named(past: Ward) -> None:
    late = past.named["late"]
    told = f"kind = 'sighted' AND session_id = '{late}'"
    past.tamper(
        "facts", f"UPDATE facts SET body = replace(body, '\"proves\":true', '\"proves\":false') WHERE {told}"
    )
    assert ("I1", late) in found(past)
    assert ("I4", late) in found(past)


def test_a_second_event_in_one_calendar_is_named(past: Ward) -> None:
    kept = past.named["kept"]
    columns = "session_id, side, generation, calendar_id, uid, ref, base"
    past.sql(
        f"INSERT INTO copies ({columns}) SELECT session_id, side, 2, calendar_id, 'u2', 'r2', base FROM copies"
        f" WHERE session_id = '{kept}' AND side = 'student'"
    )
    assert found(past) == [("I2", kept)]


def test_an_event_in_another_persons_calendar_is_named(past: Ward) -> None:
    kept = past.named["kept"]
    of_mo = "SELECT calendar_id FROM copies WHERE side = 'mentor' LIMIT 1"
    past.sql(f"UPDATE copies SET calendar_id = ({of_mo}) WHERE session_id = '{kept}' AND side = 'student'")
    assert found(past) == [("I9", kept)]


def test_a_session_that_nothing_waits_for_is_named(past: Ward) -> None:
    kept = past.named["kept"]
    past.sql(f"DELETE FROM due WHERE key LIKE '{kept}%'")
    assert found(past) == [("I3", kept)]


def test_a_write_that_nobody_follows_up_is_named(past: Ward) -> None:
    kept, play = past.named["kept"], past.play
    intent = json.dumps({"op": "update", "at": (play.clock.now() - 2 * DAY).isoformat()})
    past.sql(f"UPDATE copies SET intent = '{intent}' WHERE session_id = '{kept}' AND side = 'student'")
    assert found(past) == [("I3", kept)]


def test_a_stop_that_nobody_is_asked_about_is_named(ward: Ward) -> None:
    play = ward.play
    four = [play.agree(start=START + 2 * n * HOUR) for n in range(4)]
    play.sync()
    play.after(HOUR)
    for one in four:
        play.delete(one)
    play.sync()
    play.after(MINUTE)
    assert {play.state(one) for one in four} == {State.SUSPECT}
    assert found(ward) == []
    ward.sql("UPDATE incidents SET ended_at = began_at")
    assert found(ward) == [("I3", one) for one in sorted(four)]


def test_a_book_that_differs_from_its_ledger_is_named(past: Ward) -> None:
    changed(past, past.named["timely"], phantoms=3)
    assert found(past) == [("I4", past.named["timely"])]


@pytest.mark.parametrize("times", [0, 2])
def test_a_doubt_that_was_not_told_once_is_named(ward: Ward, times: int) -> None:
    play = ward.play
    doubtful = play.agree()
    play.sync()
    play.after(HOUR)
    play.clock.move(DEADLINE + HOUR)
    play.delete(doubtful)
    play.sync()
    play.until(play.clock.now() + HOUR)
    assert play.verdict(doubtful).doubt is Doubt.DAEMON_DOWN
    assert found(ward) == []
    told = f"kind = 'verdict.timely' AND session_id = '{doubtful}'"
    columns = "at, kind, session_id, person_id, body"
    again = f"INSERT INTO feed ({columns}) SELECT {columns} FROM feed WHERE {told}"
    ward.sql(again if times else f"DELETE FROM feed WHERE {told}")
    assert found(ward) == [("I5", doubtful)]


# --- what comes of it ------------------------------------------------------------------


@pytest.fixture
def wronged(ward: Ward) -> tuple[Ward, str, str]:
    """A school in which one session is about to be forfeited without proof, and another one with it."""
    play = ward.play
    victim, other = play.agree(), play.agree(start=START + 2 * HOUR)
    play.sync()
    play.after(HOUR)
    play.clock.move(DEADLINE + HOUR)  # nobody looked at the deadline
    play.delete(victim)
    play.sync()
    proof = {"at": (DEADLINE + MINUTE).isoformat(), "seq": play.session(victim).seq}
    changed(ward, victim, present=proof)  # a picture that lies
    return ward, victim, other


def test_a_forfeit_without_proof_is_withheld_and_told_once(wronged: tuple[Ward, str, str]) -> None:
    ward, victim, _ = wronged
    play = ward.play
    play.until(play.clock.now() + 3 * HOUR)
    session = play.session(victim)
    assert (session.state, session.stops, session.verdict) == (State.SUSPECT, (Stop.BREACH,), None)
    assert play.told(victim, Effect.FORFEIT) == 0
    assert play.feed(victim).count("brake.breach") == 1
    assert "our own check did not find the proof" in play.explained(victim)
    with play.db.read() as tx:
        (matter,) = matters(tx, ended=False)
        (held,) = stopped(tx)
        assert tx.ledger.latest(SessionId(victim)) is None
    assert (matter.kind, matter.sessions) == (brake.BREACH, (victim,))
    assert matter.what.startswith("a forfeit is withheld: no sighting proves")
    assert f"syncd brake dismiss {victim}" in matter.next
    assert (held.scope, [one.id for one in held.sessions]) == (Stop.BREACH, [victim])
    said = status(play.house)
    assert said.brake
    assert "a check of our own failed" in said.attention[0]
    assert not said.well
    ready = readiness(play.house, Resting(), play.clock.now(), passed=True)
    assert "promises" in {one.name for one in ready.checks if not one.ok}
    assert not ready.ready


def test_meanwhile_nothing_is_judged_and_all_is_looked_at(wronged: tuple[Ward, str, str]) -> None:
    ward, victim, other = wronged
    play = ward.play
    play.until(DEADLINE + 4 * HOUR)
    play.delete(other)
    play.sync()
    play.until(play.clock.now() + 2 * HOUR)
    assert play.state(other) is State.SUSPECT, "its deadline look was taken, its act was confirmed"
    assert play.session(other).act.confirmed
    assert play.session(other).proven_at_deadline
    with play.db.read() as tx:
        (held,) = stopped(tx)
    assert {one.id for one in held.sessions} == {victim, other}

    decide(play.house, victim, Decision.DISMISS, "IT")
    assert play.state(other) is State.FORFEITED, "judged by its own evidence"
    assert play.state(victim) is State.PLANNED
    play.sync()
    assert play.state(victim) is State.BOOKED
    assert play.standing(victim)["lessons"] == 1
    with play.db.read() as tx:
        assert tx.incidents.open() == ()
        assert check(tx) == ()
    with pytest.raises(Problem, match="no doubtful case"):
        decide(play.house, victim, Decision.RELEASE, "IT")


@pytest.mark.parametrize("whole", [True, False])
def test_a_release_acquits_what_was_withheld(wronged: tuple[Ward, str, str], whole: bool) -> None:
    ward, victim, other = wronged
    play = ward.play
    play.until(DEADLINE + 4 * HOUR)
    play.delete(other)
    play.sync()
    play.until(play.clock.now() + 2 * HOUR)
    decided = decide(play.house, None if whole else victim, Decision.RELEASE, "IT")
    assert {one.id: one.state for one in decided} == {victim: State.CANCELLED, other: State.FORFEITED}
    verdict = play.verdict(victim)
    assert (verdict.outcome, verdict.doubt) == (Outcome.TIMELY, Doubt.UNPROVEN)
    assert verdict.reasons[-1] == "a person decided"
    assert play.told(victim, Effect.TIMELY) == 1
    with play.db.read() as tx:
        assert tx.incidents.open() == ()


def test_a_word_forfeits_nothing_without_proof_either(wronged: tuple[Ward, str, str]) -> None:
    ward, victim, other = wronged
    play = ward.play
    sessions.cancel(play.house, victim, Actor.STUDENT, "")
    assert (play.state(victim), play.session(victim).stops) == (State.SUSPECT, (Stop.BREACH,))
    decide(play.house, None, Decision.RELEASE, "IT")
    assert play.verdict(victim).doubt is Doubt.UNPROVEN

    proof = {"at": (DEADLINE + 3 * HOUR).isoformat(), "seq": 1}
    changed(ward, other, present=proof)
    play.clock.move(DEADLINE + 4 * HOUR)
    sessions.cancel(play.house, other, Actor.STUDENT, "")
    assert (play.state(other), play.session(other).stops) == (State.SUSPECT, (Stop.BREACH,))
    decide(play.house, other, Decision.RELEASE, "IT")
    assert (play.state(other), play.verdict(other).doubt) == (State.CANCELLED, Doubt.UNPROVEN)


def test_what_comes_back_by_itself_is_an_undo_and_it_still_has_to_see_to_it(
    wronged: tuple[Ward, str, str],
) -> None:
    ward, victim, _ = wronged
    play = ward.play
    play.until(DEADLINE + 4 * HOUR)
    play.restore(victim)
    play.sync()
    play.until(play.clock.now() + HOUR)
    assert play.state(victim) is State.BOOKED
    with play.db.read() as tx:
        assert [one.kind for one in tx.incidents.open()] == [brake.BREACH]
    assert decide(play.house, victim, Decision.RELEASE, "IT") == ()
    assert status(play.house).well


# --- the sweep -------------------------------------------------------------------------


def test_the_sweep_finds_a_breach_in_its_turn_and_tells_it_once(past: Ward) -> None:
    play, sweep = past.play, Sweep()
    last = max(past.named.values())
    changed(past, last, phantoms=3)
    turns = [sweep.step(play.house, 1) for _ in range(9)]
    assert turns == [0, 0, 1, 0, 0, 0, 0, 0, 0]
    with play.db.read() as tx:
        (one,) = tx.incidents.open()
    assert (one.kind, one.session_id) == (brake.BREACH, last)
    assert one.what == "the ledger tells the snapshot's phantoms otherwise than the book (I4)"
    assert status(play.house).brake


def test_what_it_has_seen_to_does_not_stop_the_school_again(past: Ward) -> None:
    play, sweep, last = past.play, Sweep(), max(past.named.values())
    changed(past, last, phantoms=3)
    assert sweep.step(play.house) == 1
    decide(play.house, last, Decision.RELEASE, "IT")
    assert [sweep.step(play.house) for _ in range(3)] == [0, 0, 0]
    changed(past, last, seq=77)
    assert sum(sweep.step(play.house) for _ in range(3)) == 0, "one thing of a session at a time"
    changed(past, last, phantoms=0)
    assert sum(sweep.step(play.house) for _ in range(3)) == 1, "another one is news"


def test_a_sound_school_is_swept_without_a_write(past: Ward) -> None:
    before = past.ground.versions(past.url)
    sweep = Sweep()
    assert [sweep.step(past.play.house) for _ in range(3)] == [0, 0, 0]
    assert past.ground.versions(past.url) == before


def test_a_breach_reads_as_a_sentence() -> None:
    assert str(Breach("I2", "s1", "two stand")) == "I2, session s1: two stand"
    assert NOW < DEADLINE
