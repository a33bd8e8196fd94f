"""What is wrong where nothing may ever be wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Breach:
    """One promise that is broken."""

    rule: str
    """Which invariant: ``I1`` to ``I9``."""
    session: str
    """The id of the session it is about."""
    what: str
    """One sentence of ids and codes."""

    def __str__(self) -> str:
        return f"{self.rule}, session {self.session}: {self.what}"
