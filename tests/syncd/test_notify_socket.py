from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.notify_socket import NotifySocket
from tests.system.listener import PATIENCE, Listener


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    one = Listener(tmp_path / "notify")
    yield one
    one.close()


def test_systemd_is_told_each_thing_in_its_own_words(listener: Listener) -> None:
    told = NotifySocket(listener.address)
    told.ready("looking after 3 accounts")
    assert listener.hear() == {"READY": "1", "STATUS": "looking after 3 accounts"}
    told.reloading()
    said = listener.hear()
    assert said["RELOADING"] == "1"
    now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert 0 <= now - int(said["MONOTONIC_USEC"]) < 60_000_000
    told.alive()
    assert listener.hear() == {"WATCHDOG": "1"}
    told.stopping()
    assert listener.hear() == {"STOPPING": "1", "STATUS": "stopping"}


def test_a_status_is_told_once_and_on_one_line(listener: Listener) -> None:
    told = NotifySocket(listener.address)
    told.status("one\nREADY=1")
    told.status("one\nREADY=1")
    told.status("two")
    assert listener.hear() == {"STATUS": "one READY=1"}
    assert listener.hear() == {"STATUS": "two"}


@pytest.mark.parametrize("address", [None, "/nowhere/at/all", "@nobody-listens"])
def test_a_service_manager_that_is_not_there_disturbs_nobody(address: str | None) -> None:
    NotifySocket(address).ready("well")


@pytest.mark.parametrize(
    ("environment", "watchdog"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "120000000"}, timedelta(minutes=2)),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "7"}, timedelta(minutes=2)),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_is_the_one_that_is_meant_for_us(
    environment: Mapping[str, str], watchdog: timedelta | None
) -> None:
    assert NotifySocket.named_in(environment, 7).watchdog == watchdog


def test_a_socket_without_a_file_is_found(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        name = f"syncd-test-{os.getpid()}"
        manager.bind(f"\0{name}")
        manager.settimeout(PATIENCE)
        NotifySocket(f"@{name}").alive()
        assert manager.recv(100) == b"WATCHDOG=1"
