"""Real servers that live for a session; a house on one of them lives for a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.clock import SystemClock
from syncd.demo.servers import Server, radicale, xandikos

USERS = {"student": "right", "stranger": "other"}


@pytest.fixture(scope="session")
def radicale_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # With a clock it stands behind a front, which can be shut: an outage without a restart.
    with radicale(_directory(tmp_path_factory), USERS, clock=SystemClock()) as server:
        server.hand("stranger").make_calendar("theirs")
        yield server


@pytest.fixture(scope="session")
def xandikos_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with xandikos(_directory(tmp_path_factory), USERS, clock=SystemClock()) as server:
        server.hand("stranger").make_calendar("theirs")
        yield server


def _directory(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("server")
