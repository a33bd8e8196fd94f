"""What ``syncd status`` says, what it says first, and that it counts instead of listing."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from policy.interval import Interval
from policy.notice import Outcome
from providers.base import CalendarId
from syncd import accounts
from syncd.cli import frame, oversight
from syncd.status import BRAKE, Late, status
from syncd.store import sole
from syncd.store.rows import Health, Role, SessionId
from syncd.vault import Vault
from tests.syncd.engine.house import HOUR, MINUTE, NOW, ONE
from tests.syncd.store.heard import listen
from tests.syncd.ward import Ward, lived


def test_a_school_that_lived_is_well(either: Ward) -> None:
    kept = lived(either.play)["kept"]
    either.play.clock.sleep(5 * MINUTE)
    found = status(either.play.house)
    assert found.well
    assert found.least_recently_verified_session == kept
    assert found.least_recently_verified is not None
    assert found.least_recently_verified >= 5 * MINUTE
    assert (found.upcoming, found.never_verified) == (1, 0)
    assert (found.people, found.accounts) == (2, 2)
    assert found.sessions == {"booked": 1, "cancelled": 1, "forfeited": 1}
    assert (found.attention, found.troubles, found.doubts, found.late) == ((), (), (), {})


def test_the_oldest_knowledge_is_that_of_the_students_newest_copy(either: Ward) -> None:
    play = either.play
    first = play.agree()
    play.sync()
    play.clock.sleep(HOUR)
    assert status(play.house).least_recently_verified == HOUR
    second = play.agree(start=play.session(first).start + 3 * HOUR)
    found = status(play.house)
    assert (found.least_recently_verified, found.least_recently_verified_session) == (HOUR, first)
    assert (found.upcoming, found.never_verified) == (2, 1)
    play.clock.move(play.session(second).end)
    assert status(play.house).least_recently_verified is None


def test_a_session_whose_event_was_not_seen_yet_is_not_verified_by_its_calendar(ward: Ward) -> None:
    session = ward.play.agree()
    ward.play.sync()
    assert status(ward.play.house).never_verified == 0
    ward.sql("UPDATE sessions SET calendar_state = 'unwritten'")
    found = status(ward.play.house)
    assert (found.never_verified, found.least_recently_verified) == (1, None)
    assert ward.play.copy(session).calendar_id


def test_what_is_not_well_is_named_with_whom_it_concerns(either: Ward) -> None:
    play = either.play
    session = play.agree()
    play.sync()
    play.servers[ONE].change_password("amina", "another one")
    play.after(HOUR)
    found = status(play.house)
    assert not found.well
    assert [(one.person, one.calendar, one.health) for one in found.troubles] == [
        ("amina@school.example", None, Health.LOST)
    ]
    assert all(one.startswith("amina@school.example: a calendar cannot be seen") for one in found.attention)
    accounts.disconnect(play.house, play.people["amina"])
    (said,) = status(play.house).attention
    assert said.startswith("amina@school.example: a session's calendar was taken from us")
    assert f"(session {session})" in said


def test_a_calendar_that_is_not_well_is_named_in_an_account_that_is(either: Ward) -> None:
    with either.play.db.write() as tx:
        calendar = tx.calendars.of_person(either.play.people["amina"].id)[0]
        tx.calendars.set_health(calendar.id, Health.FAILING, "it does not answer", "Unavailable")
    (one,) = status(either.play.house).troubles
    assert (one.calendar, one.health, one.what) == (calendar.name, Health.FAILING, "it does not answer")


def test_the_brake_comes_first(ward: Ward) -> None:
    session = ward.play.agree()
    with ward.play.db.write() as tx:
        tx.incidents.begin("doubt", session_id=SessionId(session), what="twice")
        tx.incidents.begin(BRAKE, what="6 of 10 sessions went within an hour")
    found = status(ward.play.house)
    assert found.brake
    assert found.attention[0].startswith("the school's brake is on")
    assert found.attention[1].startswith("amina@school.example: doubt has repeated")


def test_overdue_work_is_counted_by_kind_unless_somebody_does_it(either: Ward) -> None:
    play = either.play
    play.sync()
    play.clock.sleep(4 * HOUR)
    with play.db.read() as tx:
        latest = tx.now - min(row.due_at for row in tx.due.all())
    found = status(play.house)
    assert (found.overdue, found.late, found.well) == (2, {"sync": Late(2, latest)}, False)
    with play.db.write() as tx:
        tx.due.claim(1, timedelta(seconds=60))
    assert status(play.house).overdue == 1


def test_the_last_verdicts_in_doubt_are_shown_and_superseded_ones_are_not(past: Ward) -> None:
    named = past.named
    with past.play.db.write() as tx:
        for number, session in enumerate((named["kept"], named["late"])):
            fact = tx.ledger.facts(SessionId(session))[-1]
            seq = fact.seq + 1
            tx.ledger.append(SessionId(session), seq, "passed", fact.body)
            tx.ledger.give(
                SessionId(session), seq, Outcome.TIMELY, doubt=True, body={"doubt": f"cause {number}"}
            )
    found = status(past.play.house)
    assert {(one.session, one.cause) for one in found.doubts} == {
        (named["kept"], "cause 0"),
        (named["late"], "cause 1"),
    }
    with past.play.db.write() as tx:
        last = tx.ledger.facts(SessionId(named["late"]))[-1]
        tx.ledger.append(SessionId(named["late"]), last.seq + 1, "passed", last.body)
        tx.ledger.give(SessionId(named["late"]), last.seq + 1, Outcome.FORFEIT, doubt=False, body={})
    assert [one.session for one in status(past.play.house).doubts] == [named["kept"]]


def test_a_daemon_is_seen_without_standing_in_its_way(either: Ward) -> None:
    assert status(either.play.house).running is False
    daemon = sole.take(either.url)
    try:
        assert status(either.play.house).running is True
        assert daemon.hold()
    finally:
        daemon.release()
    assert status(either.play.house).running is False


def test_the_size_of_the_school_does_not_change_how_often_it_asks(ward: Ward) -> None:
    _grow(ward, 1, 40)
    few = _asked(ward)
    _grow(ward, 41, 400)
    assert _asked(ward) == few < 30
    assert status(ward.play.house).accounts == 402


def _grow(ward: Ward, first: int, last: int) -> None:
    with ward.play.db.write() as tx:
        for number in range(first, last + 1):
            person = tx.people.add(f"n{number}@school.example", "N", Role.STUDENT, "UTC")
            account = tx.accounts.add(person.id, "memory", ONE, f"n{number}", b"sealed", 0)
            calendar = tx.calendars.add(account.id, CalendarId(f"c{number}"), "C", busy=True, sessions=True)
            window = Interval(NOW, NOW + 48 * HOUR)
            tx.calendars.saw(calendar.id, token=None, verified_at=NOW, full_at=NOW, window=window)
            if number % 2:
                tx.incidents.begin("calendar", account.id, calendar.id, what="gone")


def _asked(ward: Ward) -> int:
    """Return how many statements a status takes."""
    said: list[str] = []
    listen(ward.play.db, lambda _, statement: said.append(statement))
    status(ward.play.house)
    return len(said)


@pytest.fixture
def line(ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration for the command line, by which it finds the school."""
    file = tmp_path / "config.toml"
    file.write_text(f'[database]\nurl = "{ward.url}"\n', encoding="utf-8")
    Vault.create(tmp_path / "key")
    monkeypatch.chdir(tmp_path)
    return file


def test_the_command_says_the_age_first_and_ends_with_1_when_something_is_to_be_done(
    ward: Ward, line: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ward.play.agree()
    ward.play.sync()
    with ward.play.db.write() as tx:
        tx.incidents.begin("calendar", tx.accounts.all()[0].id, what="the calendar is gone")
    assert frame.run((oversight,), ["status", "--config", str(line)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("verified    ") or said[0].startswith("not yet     ")
    assert "amina@school.example: a calendar cannot be seen" in said[1]
    assert "all well" not in said
    assert frame.run((oversight,), ["status", "--json", "--config", str(line)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert list(told)[:2] == ["at", "least_recently_verified"]
    assert told["well"] is False
    assert told["incidents"][0]["what"] == "the calendar is gone"
