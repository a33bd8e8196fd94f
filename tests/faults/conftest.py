from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping

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
