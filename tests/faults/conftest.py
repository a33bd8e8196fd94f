from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping

import pytest

from tests.faults.campaign import reached
from tests.syncd.store.conftest import sqlite_ground
from tests.syncd.store.grounds import Ground

__all__ = ["sqlite_ground"]


@pytest.fixture(scope="session")
def where(sqlite_ground: Ground) -> Mapping[str, Counter[str]]:
    """How often each tale comes to each point; each of them has ended as it must."""
    return reached(sqlite_ground)


@pytest.fixture(scope="session")
def seed() -> int:
    """What the sample is drawn by."""
    return int(os.environ.get("SYNCD_SEED", "1"))


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str, int, int | str], None]:
    """Say what a sample left out: what was done, how often, and of how many."""

    def say(what: str, done: int, of: int | str) -> None:
        with capsys.disabled():
            print(f"\nfaults: {done} of {of} {what}", end="")  # noqa: T201 - what the sample left out

    return say
