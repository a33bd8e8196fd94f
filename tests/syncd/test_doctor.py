"""Each planted breach is named by the check that is there for it, and a sound school by none."""

# ruff: noqa: S608 - the statements are the test's own

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from syncd import soundness, work
from syncd.cli import frame, oversight
from syncd.cli.checks import Check, Level
from syncd.config import Config, read
from syncd.doctor import look
from syncd.soundness import Case
from syncd.store.tables import metadata
from syncd.store.types import written
from syncd.vault import CANARY_NAME, Vault
from tests.syncd.engine.house import HOUR, START
from tests.syncd.store.grounds import file_of
from tests.syncd.ward import Ward, lived


def case(ward: Ward, *, everything: bool = True) -> Case:
    return Case(ward.play.house.config, ward.play.db, ward.play.house.vault, "", everything)


def asked(ward: Ward, question: Callable[[Case], soundness.Looked]) -> list[Check]:
    return list(question(case(ward)))


def failed(ward: Ward) -> dict[str, str]:
    every = [one for question in soundness.ALL for one in question(case(ward))]
    assert all(one.remedy for one in every if one.level is not Level.OK)
    return {one.name: one.says for one in every if one.level is Level.FAIL}


def test_a_school_that_lived_is_sound(either: Ward) -> None:
    lived(either.play)
    either.play.sync()
    # The clock of a PostgreSQL server cannot be moved, so it differs from the story's.
    questions = [one for one in soundness.ALL if one is not soundness.time or either.ground.name == "SQLite"]
    before = either.ground.versions(either.url)
    every = [one for question in questions for one in question(case(either))]
    assert [one for one in every if one.level is not Level.OK] == []
    assert len(every) == len(questions)
    assert either.ground.versions(either.url) == before, "a doctor writes nothing"


def test_a_sample_is_taken_from_anywhere_and_goes_round(past: Ward) -> None:
    for start in ("", "s2", "zzz"):
        (one,) = soundness.ledger(Case(past.play.house.config, past.play.db, None, start, everything=False))
        assert (one.level, one.says) == (Level.OK, "3 sessions follow from it (a sample)")


def test_a_tampered_snapshot_is_named(past: Ward) -> None:
    late = past.named["late"]
    past.sql(
        f"UPDATE sessions SET snapshot = replace(snapshot, '\"phantoms\":0', '\"phantoms\":9') WHERE id = '{late}'"
    )
    assert failed(past) == {"ledger": f"the book differs from it: session {late}: the snapshot's phantoms"}


def test_a_missing_due_row_is_named(past: Ward) -> None:
    kept = past.named["kept"]
    past.sql("DELETE FROM due WHERE kind IN ('look', 'time')")
    assert failed(past) == {"due work": f"nothing waits for 1 live session ({kept})"}


def test_a_step_that_comes_too_late_is_named_unless_it_backs_off(past: Ward) -> None:
    kept = past.named["kept"]
    far = written(START + 900 * HOUR)
    past.sql(f"UPDATE due SET due_at = '{far}' WHERE kind IN ('look', 'time')")
    assert failed(past) == {"due work": f"later than the rules have it: 1 live session ({kept})"}
    past.sql("UPDATE due SET attempts = 3 WHERE kind IN ('look', 'time')")
    assert failed(past) == {}


def test_two_sessions_at_one_time_are_named(past: Ward) -> None:
    kept, late = sorted((past.named["kept"], past.named["late"]))
    for act in ("insert", "update"):
        past.sql(f"DROP TRIGGER session_people_overlap_{act}")
    ((starts, ends),) = past.sql(f"SELECT starts, ends FROM sessions WHERE id = '{past.named['kept']}'")
    for table, key in (("session_people", "session_id"), ("sessions", "id")):
        past.sql(
            f"UPDATE {table} SET live = 1, starts = '{starts}', ends = '{ends}' "
            f"WHERE {key} = '{past.named['late']}'"
        )
    assert failed(past)["overlaps"] == f"booked twice at one time: 1 pair ({kept} and {late})"


def test_a_session_that_nothing_guards_is_named(past: Ward) -> None:
    kept = past.named["kept"]
    past.sql(f"UPDATE session_people SET live = 0 WHERE session_id = '{kept}'")
    assert failed(past) == {"overlaps": f"nothing refuses a second booking beside 1 session ({kept})"}


@pytest.mark.parametrize("lost", [True, False])
def test_a_write_that_nobody_follows_up_is_named(past: Ward, *, lost: bool) -> None:
    kept = past.named["kept"]
    old = {"op": "update", "at": (past.play.clock.now() - timedelta(days=2)).isoformat()}
    past.sql(
        f"UPDATE copies SET intent = '{json.dumps(old)}' WHERE session_id = '{kept}' AND side = 'student'"
    )
    if not lost:
        with past.play.db.write() as tx:
            tx.due.want(work.WRITE, f"{kept}/student", at=tx.now - timedelta(hours=30))
    said = f"left more than a day ago and never followed up: writes of 1 session ({kept})"
    assert failed(past) == {"writes": said}
    with past.play.db.write() as tx:
        tx.due.want(work.WRITE, f"{kept}/student")
        tx.due.fail(tx.due.claim(1, work.LEASE, [work.WRITE])[0], "refused")
    (one,) = asked(past, soundness.intents)
    assert one.level is Level.WARN


def test_work_that_is_held_for_too_long_is_named(past: Ward) -> None:
    with past.play.db.write() as tx:
        tx.due.want(work.WRITE, "s9/student")
        assert tx.due.claim(1, work.LEASE, [work.WRITE])
    assert failed(past) == {}
    with past.play.db.write() as tx:
        tx.due.want(work.WRITE, "s8/student")
        tx.due.claim(1, timedelta(hours=9), [work.WRITE])
    assert failed(past) == {"leases": "nobody can take up 1 piece of work (write s8/student) for long"}


def test_a_clock_that_went_back_is_named(past: Ward) -> None:
    with past.play.db.read() as tx:
        latest = tx.inquiry.newest()
    assert latest is not None
    past.sql(
        f"INSERT INTO feed (at, kind, body) VALUES ('{written(past.play.clock.now() + HOUR)}', 'x', '{{}}')"
    )
    assert failed(past) == {"time": "it went back: something was written down 1h from now"}


def test_a_calendar_that_nobody_saw_lately_is_a_warning(past: Ward) -> None:
    past.play.clock.sleep(5 * HOUR)
    (one,) = asked(past, soundness.sight)
    assert one.level is Level.WARN
    assert "of amina@school.example" in one.says
    past.sql("UPDATE calendars SET verified_at = NULL")
    assert "(never)" in asked(past, soundness.sight)[0].says


def test_an_unknown_zone_is_named(past: Ward) -> None:
    past.sql("UPDATE people SET zone = 'Mars/Olympus' WHERE id = 1")
    assert failed(past) == {"zones": "unknown here: 1 zone (Mars/Olympus), by which 1 of the school live"}


def test_a_secret_that_the_key_does_not_open_is_named(past: Ward) -> None:
    past.sql("UPDATE accounts SET sealed = x'00' WHERE id = 1")
    assert failed(past) == {"secrets": "the key does not open 1 account (1)"}


def test_references_to_nothing_are_named(past: Ward) -> None:
    past.sql("DELETE FROM people WHERE id = 2")
    assert "people" in metadata.tables
    assert "refers to nothing" in failed(past)["integrity"]


@pytest.fixture
def config(past: Ward, tmp_path: Path) -> Config:
    """A configuration by which the school is found, with a key that sealed its database."""
    file = tmp_path / "config.toml"
    file.write_text(f'[database]\nurl = "{past.url}"\n', encoding="utf-8")
    tmp_path.chmod(0o700)
    vault = Vault.create(tmp_path / "key")
    file_of(past.url).chmod(0o600)
    with past.play.db.write() as tx:
        tx.meta.put(CANARY_NAME, vault.fingerprint())
    return read(file)


def found(past: Ward, config: Config) -> dict[str, Check]:
    return {one.name: one for one in look(config, past.play.clock)}


def test_a_whole_look(past: Ward, config: Config) -> None:
    every = found(past, config)
    assert {"key", "clock", "files", "disk", "reading", "database", "integrity", "ledger"} <= set(every)
    wrong = {name for name, one in every.items() if one.level is Level.FAIL}
    assert wrong == {"secrets"}, "the accounts were sealed with another key"


def test_a_database_that_others_can_read_is_named(past: Ward, config: Config) -> None:
    file_of(past.url).chmod(0o644)
    one = found(past, config)["files"]
    assert (one.level, one.remedy.startswith("chmod 600 ")) == (Level.FAIL, True)


def test_a_key_that_is_not_the_databases_is_named(past: Ward, config: Config) -> None:
    config.key_file.unlink()
    assert found(past, config)["key"].level is Level.FAIL
    Vault.create(config.key_file)
    assert found(past, config)["key of the database"].level is Level.FAIL


def test_a_database_that_is_none_ends_the_look_without_a_stack(past: Ward, config: Config) -> None:
    past.play.db.close()
    file_of(past.url).write_bytes(b"this is no database, but a long enough text to be looked at as one" * 20)
    every = found(past, config)
    assert every["database"].level is Level.FAIL
    assert "integrity" not in every


def test_a_missing_database_is_not_made(past: Ward, config: Config) -> None:
    past.play.db.close()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{file_of(past.url)}{suffix}").unlink(missing_ok=True)
    one = found(past, config)["database"]
    assert (one.level, one.remedy) == (Level.FAIL, "syncd db upgrade")
    assert not file_of(past.url).exists()


def test_the_commands_end_with_1_and_name_what_differs(
    past: Ward, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["--config", str(config.file)]
    assert frame.run((oversight,), ["replay", "--check", *line]) == 0
    assert "the book agrees with the ledger" in capsys.readouterr().out
    past.sql(f"UPDATE sessions SET state = 'planned' WHERE id = '{past.named['kept']}'")
    assert frame.run((oversight,), ["replay", "--check", *line]) == 1
    assert f"session {past.named['kept']}: state is planned in the book, booked" in capsys.readouterr().out
    assert frame.run((oversight,), ["replay", *line]) == 0
    assert "1 sessions differ" in capsys.readouterr().out
    assert frame.run((oversight,), ["replay", "--check", "--json", *line]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["sessions"], told["different"], told["agrees"]) == (3, 1, False)
    assert told["differences"][0]["what"] == "state"
    assert frame.run((oversight,), ["doctor", "--all", "--json", *line]) == 1
    levels = {one["name"]: one["level"] for one in json.loads(capsys.readouterr().out)}
    assert (levels["ledger"], levels["integrity"]) == ("FAIL", "OK")
