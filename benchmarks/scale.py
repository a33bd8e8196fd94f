"""How large a run is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """The sizes of one run."""

    rounds: int
    few: int
    """Rounds of what takes long."""
    events: tuple[int, ...]
    """Sizes of calendars."""
    resources: int
    """Events in the calendar on the server."""
    idle_accounts: int
    accounts: int
    """Accounts on one server."""
    workers: int
    looks: int
    polls: int
    spreads: tuple[float, ...]
    """Seconds over which the looks are due."""
    small: int
    """Round trips of a small document in one round."""


FULL = Scale(
    rounds=7,
    few=3,
    events=(1_000, 10_000),
    resources=1_000,
    idle_accounts=10_000,
    accounts=1_000,
    workers=16,
    looks=1_000,
    polls=5_000,
    spreads=(0.0, 60.0),
    small=500,
)
QUICK = Scale(
    rounds=3,
    few=1,
    events=(200,),
    resources=100,
    idle_accounts=1_000,
    accounts=100,
    workers=16,
    looks=50,
    polls=200,
    spreads=(5.0,),
    small=100,
)
