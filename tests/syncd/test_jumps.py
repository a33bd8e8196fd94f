"""Steps of the clock, and ledgers that are older than the world."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policy.facts import Actor
from policy.life import State
from policy.notice import Outcome
from policy.rules import Rules
from syncd import jumps, mark, rollcall, sessions, work
from syncd.census import CENSUS, STRANGERS, census
from syncd.clock import Clock, Step, WatchedClock, proves
from syncd.config import Config
from syncd.config.model import DatabaseSection
from syncd.engine.drain import Drain
from syncd.house import House
from syncd.mark import Mark
from syncd.restored import RESTORED, verified_again
from syncd.store.database import Database
from syncd.store.growth import growth
from syncd.store.rows import Role
from syncd.sync import HANDLERS
from tests.rules.rows import row
from tests.syncd.alive import Stage
from tests.syncd.engine.conftest import school
from tests.syncd.engine.house import HOUR, LAG, MINUTE, START, Play
from tests.syncd.store.grounds import SQLiteGround, file_of

SECOND = timedelta(seconds=1)
BOUND, SETTLE = timedelta(seconds=5), timedelta(minutes=2)
DAWN = datetime(2026, 12, 1, 9, tzinfo=UTC)


@dataclass
class Hands:
    """The two hands of a watched clock, each turned by the test."""

    wall: datetime = DAWN
    since: float = 1000.0
    right: bool = True
    late: float = 0.0

    def now(self) -> datetime:
        self.since += self.late
        return self.wall

    def sleep(self, length: timedelta) -> None:
        self.go(length)

    def disciplined(self) -> bool:
        return self.right

    def elapsed(self) -> float:
        return self.since

    def go(self, length: timedelta) -> None:
        self.wall += length
        self.since += length.total_seconds()

    def watched(self) -> WatchedClock:
        return WatchedClock(self, BOUND, SETTLE, self.elapsed)


# --- steps ---------------------------------------------------------------------------


def test_a_clock_that_goes_with_time_has_no_steps() -> None:
    hands = Hands()
    clock = hands.watched()
    for _ in range(3):
        hands.go(timedelta(hours=7))
        assert clock.steps() == ()
        assert clock.disciplined()
        assert clock.now() == hands.wall


@pytest.mark.parametrize("by", [timedelta(hours=1), -timedelta(hours=1), timedelta(seconds=6)])
def test_a_step_is_told_once_and_for_a_while_the_system_does_not_vouch_for_the_clock(by: timedelta) -> None:
    hands = Hands()
    clock = hands.watched()
    hands.wall += by
    assert clock.steps() == (Step(hands.wall, by),)
    assert clock.steps() == ()
    hands.go(SETTLE - SECOND)
    assert not clock.disciplined()
    hands.go(SECOND)
    assert clock.disciplined()


def test_a_step_between_two_comparisons_is_seen_by_whoever_wants_to_prove_something() -> None:
    hands = Hands()
    clock = hands.watched()
    hands.wall += HOUR
    assert not clock.disciplined()
    assert len(clock.steps()) == 1, "and told all the same"


def test_many_small_steps_are_one_large_one() -> None:
    hands = Hands()
    clock = hands.watched()
    found: list[Step] = []
    for _ in range(4):
        hands.wall += timedelta(seconds=2)
        found += clock.steps()
    assert [step.by for step in found] == [timedelta(seconds=6)]


def test_being_kept_from_running_is_no_step() -> None:
    hands = Hands()
    clock = hands.watched()
    hands.late = 30.0
    assert clock.steps() == ()
    hands.late = 0.0
    hands.wall += timedelta(seconds=30)
    assert clock.steps() == ()


def test_a_computer_that_nobody_vouches_for_is_not_trusted_after_a_step_either() -> None:
    hands = Hands(right=False)
    clock = hands.watched()
    assert not clock.disciplined()


def test_after_a_step_a_sight_proves_only_with_the_date_of_the_server() -> None:
    hands = Hands()
    clock = hands.watched()
    hands.wall += HOUR
    sent = hands.wall
    assert not proves(clock, sent, sent + SECOND, None, Rules())
    assert not proves(clock, sent, sent + SECOND, sent - HOUR, Rules())
    assert proves(clock, sent, sent + SECOND, sent, Rules())
    hands.go(SETTLE)
    assert proves(clock, hands.wall, hands.wall + SECOND, None, Rules())


def test_other_bounds_count_at_once() -> None:
    hands = Hands()
    clock = hands.watched()
    clock.bounds(timedelta(minutes=1), SETTLE)
    hands.wall += timedelta(seconds=30)
    assert clock.steps() == ()


def test_a_clock_is_distrusted_for_as_long_as_lag_and_as_long_as_a_request_may_wait() -> None:
    config = Config.model_construct(rules=Rules())
    assert jumps.settling(config) == LAG
    short = Config.model_construct(rules=Rules(lag=SECOND))
    assert jumps.settling(short) == timedelta(seconds=60)


# --- what a step means for the work ---------------------------------------------------


@dataclass
class Restart:
    """A school on a SQLite file that can be put back, and the life of a daemon on it."""

    play: Play
    url: str
    folder: Path

    @property
    def file(self) -> Path:
        return file_of(self.url)

    def open(self, _: Config, clock: Clock) -> House:
        house = self.play.opened(Database.open(self.url, clock))
        return replace(house, config=self.config)

    @property
    def config(self) -> Config:
        return self.play.house.config.model_copy(update={"database": DatabaseSection(url=self.url)})

    @property
    def stage(self) -> Stage:
        return Stage(self.open, self.folder, self.config)

    def live(self) -> None:
        """Start a daemon, and end it at once."""
        with self.stage.alive(self.play.clock):
            pass

    def backup(self) -> Path:
        copy = self.folder / "backup.db"
        with closing(sqlite3.connect(self.file)) as raw, closing(sqlite3.connect(copy)) as out:
            raw.backup(out)
        return copy

    def restore(self, copy: Path) -> None:
        self.play.db.close()
        for suffix in ("-wal", "-shm"):
            Path(f"{self.file}{suffix}").unlink(missing_ok=True)
        copy.replace(self.file)

    def incidents(self) -> list[str]:
        with self.play.db.read() as tx:
            return [each.kind for each in tx.incidents.open()]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> SQLiteGround:
    return SQLiteGround(tmp_path_factory.mktemp("jumps"))


@pytest.fixture
def restart(ground: SQLiteGround, tmp_path: Path) -> Iterator[Restart]:
    for play in school(ground):
        yield Restart(play, f"sqlite:///{play.db.name}", tmp_path)


def test_after_the_clock_went_back_nothing_waits_for_the_time_that_it_was(restart: Restart) -> None:
    play = restart.play
    session = play.agree()
    play.sync()
    with play.db.write() as tx:  # as a clock that was a day ahead would have left it
        for row in tx.due.all():
            tx.due.set_time(row.kind, row.key, row.due_at + timedelta(days=1), row.prio, row.excl)
    before = play.session(session)
    jumps.note(play.house, Step(play.clock.now(), -timedelta(days=1)))
    with play.db.read() as tx:
        rounds = {row.due_at for row in tx.due.all([work.SYNC])}
        looks = {row.due_at for row in tx.due.all([work.LOOK])}
        said = json.loads(tx.meta.get(jumps.STEP) or "")
    assert rounds == {play.clock.now()}
    assert looks == {before.deadline + LAG}
    assert said["by"] == -86400
    assert play.session(session) == before


def test_a_roll_call_that_finds_everything_there_writes_nothing(
    restart: Restart, ground: SQLiteGround
) -> None:
    play = restart.play
    play.agree()
    play.sync()
    before = ground.versions(restart.url)
    assert rollcall.accounts(play.house) == 2
    assert rollcall.sessions(play.house) == 1
    assert ground.versions(restart.url) == before


def test_a_roll_call_makes_due_what_is_missing(restart: Restart) -> None:
    play = restart.play
    play.agree()
    play.sync()
    with play.db.write() as tx:
        before = tx.due.all()
        for row in before:
            tx.due.set_time(row.kind, row.key, None)
    rollcall.accounts(play.house)
    rollcall.sessions(play.house)
    with play.db.read() as tx:
        after = tx.due.all()
    assert {(row.kind, row.key) for row in after} == {(row.kind, row.key) for row in before}
    assert {row.due_at for row in after if row.kind == work.SYNC} == {play.clock.now()}
    assert {row.due_at for row in after if row.kind == work.LOOK} == {
        row.due_at for row in before if row.kind == work.LOOK
    }


# --- a ledger older than the world ----------------------------------------------------


def proven(restart: Restart, mentor: str = "mo") -> str:
    """Return a session of which a removal would be a forfeit now."""
    play = restart.play
    session = play.agree(mentor=mentor)
    play.sync()
    play.until(play.session(session).deadline + LAG + MINUTE)
    assert play.session(session).proven_at_deadline
    return session


def cancelled_by_the_mentor(restart: Restart, session: str) -> None:
    """Let a session be cancelled by its mentor, and our event be removed by us."""
    play = restart.play
    sessions.cancel(play.house, session, Actor.MENTOR, "")
    play.sync()
    play.until(play.clock.now() + play.rules.hold + HOUR)
    assert play.verdict(session).outcome is Outcome.NOT_STUDENT
    assert not play.standing(session)


@row("2.doubt-restored")
@pytest.mark.parametrize("mentor", ["mo", "mia"])
def test_after_an_old_backup_was_restored_nobody_is_blamed_for_what_we_did(
    restart: Restart, mentor: str
) -> None:
    play = restart.play
    play.person("mia", Role.MENTOR)  # without a calendar: nothing speaks for the student
    session = proven(restart, mentor)
    restart.live()
    backup = restart.backup()
    cancelled_by_the_mentor(restart, session)
    restart.live()

    restart.restore(backup)
    assert play.state(session) is State.BOOKED, "the old ledger knows nothing of it"
    restart.live()
    assert RESTORED in restart.incidents()
    play.until(START + 3 * HOUR)
    verdict = play.session(session).verdict
    assert verdict is None or verdict.outcome is not Outcome.FORFEIT
    assert verdict is None or verdict.doubt is not None or verdict.outcome is Outcome.NOT_STUDENT


def test_with_the_same_acts_and_no_mark_the_student_would_be_blamed(restart: Restart) -> None:
    # Why all of this is there.
    play = restart.play
    play.person("mia", Role.MENTOR)
    session = proven(restart, "mia")
    restart.live()
    backup = restart.backup()
    cancelled_by_the_mentor(restart, session)
    restart.live()
    restart.restore(backup)
    restart.stage.mark.unlink()
    restart.live()
    play.until(START + 3 * HOUR)
    assert play.verdict(session).outcome is Outcome.FORFEIT


def test_an_ordinary_start_takes_nothing_back(restart: Restart) -> None:
    play = restart.play
    session = proven(restart)
    restart.live()
    facts = play.facts(session)
    restart.live()
    assert play.facts(session) == facts
    assert restart.incidents() == []
    with play.db.read() as tx:
        assert all(each.token for person in tx.people.all() for each in tx.calendars.of_person(person.id))


def test_a_restored_ledger_is_taken_back_once(restart: Restart) -> None:
    session = proven(restart)
    restart.live()
    backup = restart.backup()
    restart.play.after(HOUR)
    restart.live()
    restart.restore(backup)
    restart.live()
    restart.live()
    assert restart.play.facts(session).count("restored") == 1


def test_a_backup_from_before_the_first_daemon_is_known_by_its_place(restart: Restart) -> None:
    session = proven(restart)
    backup = restart.backup()
    restart.live()
    restart.play.after(HOUR)
    restart.restore(backup)
    restart.live()
    assert "restored" in restart.play.facts(session)


def test_another_database_is_no_restored_one(restart: Restart) -> None:
    session = proven(restart)
    other = Mark("sqlite:///elsewhere.db", 10**9, 10**9, DAWN.isoformat())
    mark.write([restart.stage.mark], "somebody else", other)
    restart.live()
    assert "restored" not in restart.play.facts(session)
    assert set(mark.read([restart.stage.mark])) > {"somebody else"}


def test_the_incident_ends_when_every_calendar_was_listed_again(restart: Restart) -> None:
    play = restart.play
    session = proven(restart)
    restart.live()
    backup = restart.backup()
    play.after(HOUR)
    restart.live()
    restart.restore(backup)
    restart.live()
    assert not verified_again(play.house)
    play.after(MINUTE)
    assert not verified_again(play.house), "the census is still to come"
    Drain(play.house, {**HANDLERS, CENSUS: census}).run({}, [CENSUS], lambda: None, MINUTE)
    assert verified_again(play.house)
    assert restart.incidents() == []
    assert play.state(session) is State.BOOKED
    assert play.standing(session) == {"lessons": 1, "work": 1}


def test_events_of_ours_that_the_ledger_does_not_know_are_counted_and_left_alone(restart: Restart) -> None:
    play = restart.play
    proven(restart)
    restart.live()
    backup = restart.backup()
    unknown = play.agree(start=START + 24 * HOUR)
    play.sync()
    standing = play.standing(unknown)
    restart.live()
    restart.restore(backup)
    restart.live()
    play.after(MINUTE)
    Drain(play.house, {**HANDLERS, CENSUS: census}).run({}, [CENSUS], lambda: None, MINUTE)
    with play.db.read() as tx:
        told = [each.what for each in tx.incidents.open() if each.kind == STRANGERS]
    assert len(told) == 2
    assert all(what.startswith("1 event that syncd wrote") for what in told)
    assert play.standing(unknown) == standing


def test_the_mark_grows_with_the_database(restart: Restart) -> None:
    restart.live()
    (first,) = mark.read([restart.stage.mark]).values()
    restart.play.agree()
    restart.play.sync()
    restart.live()
    (second,) = mark.read([restart.stage.mark]).values()
    assert (second.turn, second.feed) > (first.turn, first.feed)
    there = growth(restart.url)
    assert (there.turn, there.feed) == (second.turn, second.feed)
    assert restart.stage.mark.stat().st_mode & 0o777 == 0o600


def test_of_two_marks_the_one_that_is_further_on_counts(tmp_path: Path) -> None:
    files = tmp_path / "one", tmp_path / "two"
    old, new = Mark("db", 1, 1, DAWN.isoformat()), Mark("db", 2, 1, DAWN.isoformat())
    mark.write(files, "id", new)
    mark.write(files[1:], "id", old)
    assert mark.read(files) == {"id": new}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"marks": 3}', '{"marks": {"id": {"turn": "x"}}}', "\x00"])
def test_a_mark_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "mark").write_text(text, encoding="utf-8")
    assert mark.read([tmp_path / "mark"]) == {}


def test_a_mark_that_cannot_be_written_is_told_not_raised(tmp_path: Path) -> None:
    (wrong,) = mark.write([tmp_path / "nowhere" / "mark"], "id", Mark("db", 1, 1, DAWN.isoformat()))
    assert "No such file" in wrong


def test_marks_are_kept_where_systemd_says_else_beside_the_key(tmp_path: Path) -> None:
    config = Config().settled(tmp_path / "config.toml")
    assert mark.places(config, {}) == (tmp_path / "ledger.mark",)
    given = {"CACHE_DIRECTORY": "/c/syncd", "STATE_DIRECTORY": "/s/syncd:/s/more"}
    assert mark.places(config, given) == (Path("/c/syncd/ledger.mark"), Path("/s/syncd/ledger.mark"))


def test_a_clock_behind_its_last_word_is_taken_for_one_that_was_set(restart: Restart) -> None:
    restart.live()
    hands = Hands(wall=restart.play.clock.now() - HOUR)
    clock = hands.watched()
    with restart.stage.alive(clock):
        assert not clock.disciplined()
        hands.go(SETTLE)
        assert clock.disciplined()


def test_a_clock_that_went_on_while_we_were_away_is_trusted(restart: Restart) -> None:
    restart.live()
    hands = Hands(wall=restart.play.clock.now() + HOUR)
    clock = hands.watched()
    with restart.stage.alive(clock):
        assert clock.disciplined()
