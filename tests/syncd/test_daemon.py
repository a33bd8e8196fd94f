"""The life of the daemon, in this process: what it does when all is well, and when it is not."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from policy.rules import Rules
from syncd import work
from syncd.clock import Clock
from syncd.config import Config, HostPort
from syncd.config.model import DatabaseSection, Poll, Web
from syncd.daemon import Daemon
from syncd.engine.runner import HOLDER, ThreadRunner
from syncd.engine.runs import Handler
from syncd.errors import Misconfigured, Problem
from syncd.health import STUCK, Pulse
from syncd.house import House
from syncd.jumps import STEP
from syncd.life import Resting, Runner
from syncd.notify_socket import NotifySocket
from syncd.store.database import Database
from syncd.store.errors import StoreBusy, StoreUnreachable
from syncd.store.rows import Ticket
from syncd.store.sole import Occupied, take
from tests.syncd.alive import PATIENCE, Idle, Stage
from tests.syncd.engine.conftest import school
from tests.syncd.engine.house import HOUR, Play
from tests.syncd.store.grounds import SQLiteGround, file_of
from tests.syncd.test_jumps import Hands
from tests.system.listener import Listener

SHORT = timedelta(milliseconds=200)


def eventually(true: Callable[[], object]) -> None:
    """Wait until *true*; the guard is for a hang only."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@dataclass
class Scene:
    """A school on a file, and what a daemon on it is made of."""

    play: Play
    url: str
    folder: Path
    dbs: list[Database] = field(default_factory=list)

    def open(self, config: Config, clock: Clock) -> House:
        self.dbs.append(Database.open(self.url, clock, patience=SHORT))
        return replace(self.play.opened(self.dbs[-1]), config=config)

    @property
    def config(self) -> Config:
        given = self.play.house.config.model_copy(
            update={"database": DatabaseSection(url=self.url), "web": Web(), "poll": Poll(every=HOUR)}
        )
        return given.settled(self.folder / "config.toml")

    def stage(self) -> Stage:
        return Stage(self.open, self.folder, self.config)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> SQLiteGround:
    return SQLiteGround(tmp_path_factory.mktemp("daemon"))


@pytest.fixture
def scene(ground: SQLiteGround, tmp_path: Path) -> Iterator[Scene]:
    for play in school(ground):
        yield Scene(play, f"sqlite:///{play.db.name}", tmp_path)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    one = Listener(tmp_path / "notify")
    yield one
    one.close()


# --- the daemon as a whole ---------------------------------------------------------------


@contextmanager
def told_to(act: Callable[[], object], daemon: Daemon) -> Iterator[None]:
    """Do *act* in another thread while the daemon runs in this one, and end it after that."""
    errors: list[BaseException] = []

    def acting() -> None:
        try:
            act()
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            daemon.stop()

    thread = threading.Thread(target=acting)
    thread.start()
    yield
    thread.join(PATIENCE)
    assert not errors


def daemon_of(scene: Scene, stage: Stage, listener: Listener, watchdog: timedelta | None = None) -> Daemon:
    return Daemon(stage.config, stage.parts(), scene.play.clock, NotifySocket(listener.address, watchdog))


def test_it_says_ready_reloads_and_stops(scene: Scene, listener: Listener) -> None:
    stage = scene.stage()
    daemon = daemon_of(scene, stage, listener)

    def act() -> None:
        assert listener.until("READY")["STATUS"] == "looking after 2 accounts"
        stage.config = stage.config.model_copy(update={"poll": Poll(every=2 * HOUR)})
        daemon.reload()
        listener.until("RELOADING")
        listener.until("READY")
        assert stage.runners[0].house.config.poll.every == 2 * HOUR

    with capture_logs() as logs, told_to(act, daemon):
        daemon.run()
    assert listener.hear()["STOPPING"] == "1"
    assert stage.runners[0].heard == ["start", "replace", "stop"]
    assert not daemon.hung
    events = [each["event"] for each in logs]
    assert [each for each in events if each != "daemon.started"] == [
        "daemon.ready",
        "daemon.reloading",
        "daemon.reloaded",
        "daemon.stopping",
        "daemon.stopped",
    ]


def test_a_signal_stops_it_and_handlers_are_as_before_afterwards(scene: Scene, listener: Listener) -> None:
    stage = scene.stage()
    before = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE)]
    daemon = daemon_of(scene, stage, listener)

    def act() -> None:
        listener.until("READY")
        os.kill(os.getpid(), signal.SIGTERM)
        listener.until("STOPPING")

    with told_to(act, daemon):
        daemon.run()
    assert [
        signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE)
    ] == before


def test_a_bad_configuration_keeps_the_old_one_and_says_where(scene: Scene, listener: Listener) -> None:
    stage = scene.stage()
    daemon = daemon_of(scene, stage, listener)
    good = stage.config

    class Wrong(Stage):
        def _load(self) -> Config:
            raise Misconfigured("config.toml:3: poll.every: not a length of time")

    wrong = Wrong(stage.open, stage.folder, stage.config, stage.runners)
    daemon = daemon_of(scene, wrong, listener)

    def act() -> None:
        listener.until("READY")
        daemon.reload()
        listener.until("RELOADING")
        assert "config.toml:3: poll.every" in listener.until("READY")["STATUS"]

    with capture_logs() as logs, told_to(act, daemon):
        daemon.run()
    (refused,) = [each for each in logs if each["log_level"] == "error"]
    assert "config.toml:3" in refused["why"]
    assert stage.runners[0].heard == ["start", "stop"]
    assert stage.runners[0].house.config == good


def test_what_cannot_change_while_it_runs_is_said_to_need_a_start(scene: Scene) -> None:
    stage = scene.stage()
    with capture_logs() as logs, stage.alive(scene.play.clock) as life:
        stage.config = stage.config.model_copy(
            update={
                "database": DatabaseSection(url="sqlite:///other.db"),
                "web": Web(listen=HostPort("127.0.0.1", 9)),
                "poll": Poll(every=HOUR, workers=3),
                "rules": Rules(lag=timedelta(seconds=7)),
            }
        )
        life.reload()
        eventually(lambda: "replace" in stage.runners[0].heard)
        assert life.house().config.database.url == scene.url
        assert life.house().config.web == Web()
        assert life.house().config.rules.lag == timedelta(seconds=7)
    told = [each["section"] for each in logs if each["event"] == "config.needs_restart"]
    assert told == ["database", "web", "poll.workers"]


def test_the_watchdog_is_fed_while_work_goes_on_and_not_when_a_piece_of_it_hangs(
    scene: Scene, listener: Listener
) -> None:
    stage = scene.stage()
    daemon = daemon_of(scene, stage, listener, watchdog=timedelta(milliseconds=20))

    def act() -> None:
        listener.until("READY")
        listener.until("WATCHDOG")
        stage.runners[0].pulses = Resting(running=1, oldest=STUCK + HOUR)
        beats = listener.heard.count({"WATCHDOG": "1"})
        daemon.reload()
        listener.until("READY")
        late = listener.heard.count({"WATCHDOG": "1"})
        daemon.reload()
        listener.until("READY")
        assert listener.heard.count({"WATCHDOG": "1"}) == late, f"{beats} before"

    with told_to(act, daemon):
        daemon.run()


def test_what_hangs_is_left_behind_in_time(scene: Scene, listener: Listener) -> None:
    stage = scene.stage()
    stage.runner = lambda house: Idle(house, calm=False)
    daemon = daemon_of(scene, stage, listener)
    with told_to(lambda: listener.until("READY"), daemon):
        daemon.run()
    assert daemon.hung


def test_a_second_daemon_is_refused_and_the_first_named(scene: Scene, listener: Listener) -> None:
    first = take(scene.url)
    stage = scene.stage()
    with pytest.raises(Occupied, match=f"process {os.getpid()}"):
        daemon_of(scene, stage, listener).run()
    first.release()
    assert stage.runners == [], "nothing was begun"


def test_pages_that_cannot_be_served_end_the_start(scene: Scene, listener: Listener) -> None:
    class Taken:
        def __init__(self, listen: str, house: Callable[[], House], pulse: Callable[[], Pulse]) -> None:
            self.listen = listen

        def start(self) -> None:
            raise Problem(f"{self.listen} is taken")

        def stop(self, grace: timedelta) -> None:
            pass

    stage = scene.stage()
    stage.pages = Taken
    with pytest.raises(Problem, match=r"127.0.0.1:8080 is taken"):
        daemon_of(scene, stage, listener).run()
    assert stage.runners[0].heard == ["start", "stop"]
    take(scene.url).release()


# --- what an earlier daemon left behind ----------------------------------------------------


def test_the_leases_of_an_earlier_daemon_are_void(scene: Scene) -> None:
    scene.play.clock.sleep(2 * HOUR)
    with scene.play.db.write() as tx:
        (ticket, _) = tx.due.claim(2, work.LEASE, [work.SYNC], holder=HOLDER)
    with scene.stage().alive(scene.play.clock), scene.play.db.read() as tx:
        assert all(row.lease_until is None for row in tx.due.all())
    with scene.play.db.write() as tx:
        assert not tx.due.finish(ticket, None), "fenced out"


def test_work_that_an_earlier_daemon_was_in_the_middle_of_is_done(scene: Scene) -> None:
    play = scene.play
    session = play.agree()
    with play.db.write() as tx:
        tx.due.claim(10, work.LEASE, [work.WRITE, work.SYNC], holder=HOLDER)
    stage = scene.stage()
    with stage.alive(play.clock):
        pass
    play.sync()
    assert play.standing(session) == {"lessons": 1, "work": 1}


def test_an_event_of_the_log_has_durations_and_counts(scene: Scene, listener: Listener) -> None:
    daemon = daemon_of(scene, scene.stage(), listener)
    with capture_logs() as logs, told_to(lambda: listener.until("READY"), daemon):
        daemon.run()
    by = {each["event"]: each for each in logs}
    assert by["daemon.started"]["accounts"] == 2
    assert by["daemon.ready"]["seconds"] >= 0
    assert {"seconds", "ran", "failed", "still_running"} <= set(by["daemon.stopped"])


def test_a_step_of_the_clock_is_told_once_written_down_and_wakes_the_runner(
    scene: Scene, listener: Listener
) -> None:
    hands = Hands(wall=scene.play.clock.now())
    stage = scene.stage()
    watchdog = NotifySocket(listener.address, timedelta(milliseconds=20))
    daemon = Daemon(stage.config, stage.parts(), hands.watched(), watchdog)

    def act() -> None:
        listener.until("READY")
        hands.wall -= HOUR
        eventually(lambda: "kick" in stage.runners[0].heard)
        assert not daemon.clock.disciplined()

    with capture_logs() as logs, told_to(act, daemon):
        daemon.run()
    (told,) = [each for each in logs if each["event"] == "clock.stepped"]
    assert told["seconds"] == -3600
    with scene.play.db.read() as tx:
        assert '"by": -3600' in (tx.meta.get(STEP) or "")


# --- a database that cannot be used --------------------------------------------------------


@dataclass
class Working:
    """A real runner that notes what it did."""

    done: SimpleQueue[str] = field(default_factory=SimpleQueue)
    size: int = 0

    def runner(self, house: House) -> Runner:
        duties: dict[str, Handler] = {"test": self.write}
        return ThreadRunner(house, duties, workers=2, per_host=2)

    def write(self, house: House, ticket: Ticket) -> None:
        with house.db.write() as tx:
            tx.meta.put(f"large-{ticket.key}", "x" * self.size)
            work.finish(tx, ticket, None)
        self.done.put(ticket.key)

    def want(self, db: Database, key: str) -> None:
        with db.write() as tx:
            tx.due.want("test", key)


class RealStage(Stage):
    working = Working()

    def _runner(self, house: House) -> Runner:
        return self.working.runner(house)


def real(scene: Scene) -> tuple[RealStage, Working]:
    stage = RealStage(scene.open, scene.folder, scene.config)
    stage.working = Working()
    return stage, stage.working


def test_a_locked_database_is_waited_for_and_work_goes_on_by_itself(scene: Scene) -> None:
    stage, working = real(scene)
    with capture_logs() as logs, stage.alive(scene.play.clock) as life:
        working.want(scene.play.db, "before")
        assert working.done.get(timeout=PATIENCE) == "before"
        with scene.play.db.write() as tx:
            tx.due.want("test", "during", tx.now + HOUR)
        with closing(sqlite3.connect(file_of(scene.url), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            scene.play.clock.sleep(HOUR)
            eventually(lambda: "locked" in (life.pulse().trouble or ""))
            assert working.done.empty()
            other.execute("COMMIT")
        assert working.done.get(timeout=PATIENCE) == "during"
        eventually(lambda: life.pulse().trouble is None)
    assert sum(each["event"] == "database.trouble" for each in logs) == 1, "the edge, not the level"


def test_a_full_disk_is_told_and_work_goes_on_once_there_is_room(scene: Scene) -> None:
    stage, working = real(scene)
    room = [1_000_000]
    with capture_logs() as logs, stage.alive(scene.play.clock):
        db = scene.dbs[-1]
        event.listen(
            db._engine, "checkout", lambda raw, *_: raw.execute(f"PRAGMA max_page_count = {room[0]}").close()
        )
        working.size, room[0] = 1_000_000, 1
        working.want(scene.play.db, "large")
        eventually(lambda: any("the disk is full" in each.get("why", "") for each in logs))
        assert working.done.empty()
        room[0] = 1_000_000

        def later() -> bool:
            scene.play.clock.sleep(timedelta(minutes=1))
            return not working.done.empty()

        eventually(later)
        assert working.done.get() == "large"


def test_a_start_waits_for_a_locked_database(scene: Scene) -> None:
    stage = scene.stage()
    tries: list[int] = []
    opened = stage.open

    def busy_twice(config: Config, clock: Clock) -> House:
        tries.append(1)
        if len(tries) < 2:
            raise StoreBusy("school.db is locked by another process; try again")
        return opened(config, clock)

    stage.open = busy_twice
    with capture_logs() as logs, stage.alive(scene.play.clock) as life:
        assert life.pulse().trouble is None
    assert [each["why"] for each in logs if each["event"] == "daemon.resting"] == [
        "waiting for the database: school.db is locked by another process; try again"
    ]


def test_a_stop_that_comes_while_a_start_waits_is_a_stop(scene: Scene, listener: Listener) -> None:
    stage = scene.stage()

    def busy(_: Config, __: Clock) -> House:
        raise StoreBusy("school.db is locked by another process; try again")

    stage.open = busy
    daemon = daemon_of(scene, stage, listener)
    with told_to(lambda: listener.until("STATUS", "not working: waiting for the database"), daemon):
        daemon.run()
    assert stage.runners == []


def test_a_database_that_is_not_there_ends_the_start(scene: Scene, listener: Listener) -> None:
    stage = scene.stage()
    stage.config = stage.config.model_copy(
        update={"database": DatabaseSection(url="sqlite:////nowhere/x.db")}
    )
    with pytest.raises(StoreUnreachable, match="nowhere"):
        daemon_of(scene, stage, listener).run()


def test_without_the_claim_to_be_the_only_one_nothing_is_worked_on(scene: Scene) -> None:
    stage = scene.stage()
    with capture_logs() as logs, stage.alive(scene.play.clock) as life:
        lock = file_of(scene.url).with_name(f"{file_of(scene.url).name}.daemon")
        lock.unlink()
        other = take(scene.url)
        eventually(lambda: stage.runners[0].heard == ["start", "stop"])
        assert "only daemon" in (life.pulse().trouble or "")
        other.release()
        eventually(lambda: len(stage.runners) == 2 and stage.runners[1].heard == ["start"])
        assert life.pulse().trouble is None
    assert [each["event"] for each in logs if each["event"] in {"daemon.resting", "daemon.working"}] == [
        "daemon.resting",
        "daemon.working",
    ]
