"""The ledger folded anew: it agrees with the book, and names whatever was tampered with."""

# ruff: noqa: S608 - the statements are the test's own

from __future__ import annotations

import json
import tracemalloc
from datetime import timedelta
from typing import Any

from policy.facts import Agreed
from policy.rules import Rules
from policy.session import begin
from syncd.book import found
from syncd.replay import Difference, replay
from tests.rules.rows import row
from tests.syncd.engine.house import START
from tests.syncd.ward import Ward, lived


def differences(ward: Ward) -> list[Difference]:
    return [one for each in replay(ward.play.db) for one in each.differences]


def changed(ward: Ward, session: str, **values: Any) -> None:
    ((text,),) = ward.sql(f"SELECT snapshot FROM sessions WHERE id = '{session}'")
    told = json.dumps(json.loads(text) | values, sort_keys=True, separators=(",", ":")).replace("'", "''")
    ward.sql(f"UPDATE sessions SET snapshot = '{told}' WHERE id = '{session}'")


@row("2.ledger-replay")
def test_a_school_that_lived_agrees_with_its_ledger(either: Ward) -> None:
    lived(either.play)
    done = list(replay(either.play.db))
    assert [one.differences for one in done] == [()] * 3
    assert sum(one.verdicts for one in done) == 2
    assert all(one.facts > 2 for one in done)


def test_nothing_is_written(either: Ward) -> None:
    lived(either.play)
    before = either.ground.versions(either.url)
    assert len(list(replay(either.play.db))) == 3
    assert either.ground.versions(either.url) == before


@row("2.ledger-replay")
def test_a_tampered_snapshot_is_named(either: Ward) -> None:
    late = lived(either.play)["late"]
    changed(either, late, phantoms=7)
    assert differences(either) == [Difference(late, "the snapshot's phantoms", 7, 0)]  # type: ignore[arg-type]


def test_tampered_columns_are_named(past: Ward) -> None:
    kept = past.named["kept"]
    past.sql(
        f"UPDATE sessions SET state = 'planned', deadline = '2026-12-01T00:00:00.000000Z' WHERE id = '{kept}'"
    )
    assert [(one.session, one.what, one.stored) for one in differences(past) if one.what == "state"] == [
        (kept, "state", "planned")
    ]
    assert {one.what for one in differences(past)} == {"state", "deadline"}


def test_a_verdict_that_was_made_up_changed_or_taken_away_is_named(past: Ward) -> None:
    named = past.named
    past.tamper("verdicts", f"UPDATE verdicts SET outcome = 'timely' WHERE session_id = '{named['late']}'")
    past.sql(f"DELETE FROM verdicts WHERE session_id = '{named['timely']}'")
    kept = named["kept"]
    past.sql(
        "INSERT INTO verdicts SELECT session_id, seq, recorded_at, 'forfeit', 0, '{}' FROM facts "
        f"WHERE session_id = '{kept}' AND seq = 1"
    )
    said = {(one.session, one.stored == "given", one.replayed == "given") for one in differences(past)}
    assert said == {(kept, True, False), (named["timely"], False, True), (named["late"], False, False)}


def test_a_fact_that_was_taken_away_or_cannot_be_read_is_named(past: Ward) -> None:
    named = past.named
    past.tamper("facts", f"DELETE FROM facts WHERE session_id = '{named['kept']}' AND seq = 2")
    past.sql(f"UPDATE facts SET body = '{{\"MARK\":1}}' WHERE session_id = '{named['late']}' AND seq = 3")
    said = {one.session: str(one) for one in differences(past)}
    assert said == {
        named["kept"]: f"session {named['kept']}: the next fact is 3 in the book, 2 by the ledger",
        named["late"]: f"session {named['late']}: fact 3 is {_of(past, named['late'])}"
        " that cannot follow in the book, one that can by the ledger",
    }


def _of(ward: Ward, session: str) -> str:
    ((kind,),) = ward.sql(f"SELECT kind FROM facts WHERE session_id = '{session}' AND seq = 3")
    return f"a {kind}"


def test_what_a_later_version_adds_to_a_session_is_no_difference(past: Ward) -> None:
    kept = past.named["kept"]
    ((text,),) = past.sql(f"SELECT snapshot FROM sessions WHERE id = '{kept}'")
    told = {name: value for name, value in json.loads(text).items() if name not in {"phantoms", "moved_late"}}
    past.sql(f"UPDATE sessions SET snapshot = '{json.dumps(told)}' WHERE id = '{kept}'")
    assert differences(past) == []


def test_a_part_of_it_can_be_replayed(past: Ward) -> None:
    named = sorted(past.named.values())
    assert [one.session for one in replay(past.play.db, limit=2)] == named[:2]
    assert [one.session for one in replay(past.play.db, named[0])] == named[1:]


def test_the_memory_is_that_of_a_page_however_many_sessions_there_are(ward: Ward) -> None:
    _many(ward, 200)
    _peak(ward, 40)
    assert _peak(ward, 200) < 1.5 * _peak(ward, 40)


def _many(ward: Ward, count: int) -> None:
    two = ward.play.people["amina"].id, ward.play.people["mo"].id
    with ward.play.db.write() as tx:
        for number in range(count):
            start = START + timedelta(hours=number)
            agreed = Agreed(
                at=tx.now,
                id=f"n{number:05}",
                student=two[0],
                mentor=two[1],
                start=start,
                end=start + timedelta(hours=1),
                rules=Rules(),
            )
            assert begin(agreed)[0] == found(tx, agreed, None)


def _peak(ward: Ward, limit: int) -> int:
    tracemalloc.start()
    try:
        assert sum(1 for _ in replay(ward.play.db, limit=limit, page=20)) == limit
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
