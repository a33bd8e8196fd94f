"""``syncd run`` as a process: started, told to reload, to stop, and killed."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from providers.base import CalendarId
from syncd.clock import SystemClock
from syncd.config import read
from syncd.house import identity
from syncd.store.database import Database
from syncd.store.rows import AccountId, Role
from syncd.vault import Vault
from tests.system.listener import Listener

SOON = 60
"""A hang guard, nothing else."""
STOPS_WITHIN = 10
"""A promise, and a hang guard too."""
ROOT = Path(__file__).parents[2]


class Place:
    """A configuration in a directory, and the daemons that were started on it."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        self.folder = folder
        self.listener = Listener(folder / "notify")
        self.file = folder / "config.toml"
        self.log = folder / "log"
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        self.write(settings)
        Vault.create(folder / "key")
        self.running: list[subprocess.Popen[bytes]] = []

    def write(self, settings: str) -> None:
        self.file.write_text(f'[web]\nlisten = "127.0.0.1:{self.port}"\n{settings}\n', encoding="utf-8")

    def start(self, *more: str, watchdog: int = 0) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "NOTIFY_SOCKET": self.listener.address,
            **({"WATCHDOG_USEC": str(watchdog)} if watchdog else {}),
        }
        with self.log.open("ab") as log:
            one = subprocess.Popen(
                [sys.executable, "-m", "syncd", "run", "--config", str(self.file), *more],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.running.append(one)
        return one

    def ready(self, *more: str, watchdog: int = 0) -> subprocess.Popen[bytes]:
        one = self.start(*more, watchdog=watchdog)
        self.listener.until("READY", alive=lambda: one.poll() is None)
        return one

    def stop(self, one: subprocess.Popen[bytes], how: int = signal.SIGTERM) -> int:
        one.send_signal(how)
        return one.wait(STOPS_WITHIN)

    def said(self) -> list[dict[str, object]]:
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def events(self) -> list[str]:
        return [str(each["event"]) for each in self.said()]

    def close(self) -> None:
        for one in self.running:
            if one.poll() is None:
                one.kill()
                one.wait(SOON)
        self.listener.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    one = Place(tmp_path)
    yield one
    one.close()


def many_accounts(place: Place, number: int, url: str = "http://127.0.0.1:9/") -> None:
    """Put accounts with a calendar each into the database."""
    config = read(place.file)
    vault = Vault.load(config)
    db = Database.open(config.database.url, SystemClock(), chance=Random(1))  # noqa: S311
    db.upgrade()
    with db.write() as tx:
        for each in range(number):
            person = tx.people.add(f"p{each}@school.example", f"P {each}", Role.STUDENT, "UTC")
            account = tx.accounts.add(person.id, "caldav", url, f"p{each}", b"", 0)
            sealed = vault.seal(b"secret", identity(AccountId(account.id), person.id))
            tx.accounts.put_grant(account.id, sealed)
            tx.calendars.add(account.id, CalendarId(f"{url}cal/"), "Calendar", busy=True, sessions=False)
    db.close()


def test_it_starts_reloads_refuses_a_second_and_stops(place: Place) -> None:
    first = place.ready()
    second = place.start()
    assert second.wait(SOON) == 1
    host = re.escape(socket.gethostname())
    (sentence,) = [line for line in place.log.read_text().splitlines() if not line.startswith("{")]
    assert re.search(rf"already, process {first.pid} on {host}; stop that one first", sentence)

    place.write('[poll]\nevery = "7m"')
    first.send_signal(signal.SIGHUP)
    place.listener.until("RELOADING")
    assert "looking after 0 accounts" in place.listener.until("READY")["STATUS"]

    place.write('[poll]\nevery = "soon"')
    first.send_signal(signal.SIGHUP)
    place.listener.until("RELOADING")
    assert "config.toml:4" in place.listener.until("READY")["STATUS"], "with file and line"
    assert first.poll() is None

    assert place.stop(first) == 0
    assert place.listener.until("STOPPING")
    events = place.events()
    for one in (
        "daemon.started",
        "daemon.ready",
        "daemon.reloading",
        "daemon.reloaded",
        "daemon.stopping",
        "daemon.stopped",
    ):
        assert one in events
    assert "Traceback" not in place.log.read_text()


@pytest.mark.long
def test_killed_with_a_thousand_accounts_it_is_back_at_once(place: Place) -> None:
    many_accounts(place, 1000)
    first = place.ready("--no-web")
    first.kill()
    first.wait(SOON)
    second = place.ready("--no-web")
    (_, ready) = [each for each in place.said() if each["event"] == "daemon.ready"]
    assert ready["accounts"] == 1000
    assert place.stop(second, signal.SIGINT) == 0


def test_a_server_that_never_answers_delays_no_end(place: Place) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        place.write(f'[caldav]\nallow = ["127.0.0.1:{port}"]\n[limits]\nrequest = 300.0\nsilence = 300.0')
        many_accounts(place, 1, f"http://127.0.0.1:{port}/")
        silent.settimeout(SOON)
        one = place.ready("--no-web")
        with closing(silent.accept()[0]):
            assert place.stop(one) == 0
    assert place.said()[-1]["still_running"] == 1

    with closing(socket.create_server(("127.0.0.1", port))) as silent:
        silent.settimeout(SOON)
        one = place.ready("--no-web")
        with closing(silent.accept()[0]):
            assert place.stop(one) == 0, "its round was taken up again at once"


def test_without_pages_nothing_listens(place: Place) -> None:
    one = place.ready("--no-web")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", place.port), timeout=SOON)
    assert place.stop(one) == 0


def test_an_address_that_is_taken_is_named(place: Place) -> None:
    with closing(socket.create_server(("127.0.0.1", place.port))):
        assert place.start().wait(SOON) == 1
    last = place.log.read_text().splitlines()[-1]
    assert f"127.0.0.1:{place.port}" in last
    assert "Traceback" not in place.log.read_text()


def test_a_second_signal_ends_it_at_once(place: Place) -> None:
    one = place.start("--no-web")
    place.listener.until("READY", alive=lambda: one.poll() is None)
    with closing(sqlite3.connect(place.folder / "syncd.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        one.send_signal(signal.SIGTERM)
        place.listener.until("STOPPING")
        one.send_signal(signal.SIGTERM)
        assert one.wait(SOON) in {0, 128 + signal.SIGTERM}


def test_a_wrong_configuration_is_told_before_anything_begins(place: Place) -> None:
    place.write('[poll]\nevery = "soon"')
    assert place.start().wait(SOON) == 3
    assert place.log.read_text().startswith("config.toml:4: ")


def test_the_watchdog_is_fed_by_a_daemon_that_works(place: Place) -> None:
    one = place.ready("--no-web", watchdog=1_000_000)
    place.listener.until("WATCHDOG")
    assert place.stop(one) == 0


def test_everything_that_it_makes_is_for_its_owner_only(place: Place) -> None:
    one = place.ready("--no-web")
    assert place.stop(one) == 0
    made = {file.name: file.stat().st_mode & 0o777 for file in place.folder.iterdir()}
    for name in ("syncd.db", "syncd.db.daemon", "ledger.mark"):
        assert made[name] == 0o600, name
