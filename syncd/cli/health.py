"""Commands that look deeper and never write: ``doctor``, ``replay``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli import frame
from syncd.errors import Problem

if TYPE_CHECKING:
    from syncd.replay import Difference
    from syncd.store.database import Database

_LISTED = 1000
"""So many differences are listed; more would only fill the memory, and all are counted."""


def register(app: typer.Typer) -> None:
    """Add these commands to *app*."""
    app.command()(doctor)
    app.command()(replay)


def doctor(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Replay every session, not only a sample.")
    ] = False,
    as_json: frame.JsonOption = False,
) -> None:
    """Look deep when something seems wrong, one line a check with what to do; nothing is written."""
    from syncd.cli.checks import Level
    from syncd.clock import SystemClock
    from syncd.doctor import look
    from syncd.wiring import new_id

    done = []
    for one in look(frame.configuration(), SystemClock(), new_id(), everything=everything):
        done.append(one)
        if not as_json:
            frame.say(f"{one.level:<4} {one.name}: {one.says}{f' -> {one.remedy}' if one.remedy else ''}")
    if as_json:
        frame.emit(done)
    if any(one.level is Level.FAIL for one in done):
        raise typer.Exit(1)


def replay(
    *,
    check: Annotated[bool, typer.Option("--check", help="End with 1 if anything differs.")] = False,
    as_json: frame.JsonOption = False,
) -> None:
    """Fold every session's ledger anew and compare it with the book; nothing is written."""
    from syncd.replay import replay as fold

    counts = {"sessions": 0, "facts": 0, "verdicts": 0, "different": 0}
    listed: list[Difference] = []
    with _database() as db:
        for one in fold(db):
            found = one.differences
            for name, number in (("sessions", 1), ("facts", one.facts), ("verdicts", one.verdicts)):
                counts[name] += number
            counts["different"] += bool(found)
            if as_json:
                listed += found[: max(0, _LISTED - len(listed))]
            elif check:
                for each in found:
                    frame.say(str(each))
    if as_json:
        frame.emit({**counts, "agrees": not counts["different"], "differences": listed})
    else:
        frame.say(_told(counts))
    if check and counts["different"]:
        raise typer.Exit(1)


def _told(counts: dict[str, int]) -> str:
    said = f"{counts['sessions']} sessions, {counts['facts']} facts, {counts['verdicts']} verdicts"
    if not counts["different"]:
        return f"{said}: the book agrees with the ledger"
    return f"{said}: {counts['different']} sessions differ (each by name: syncd replay --check)"


@contextmanager
def _database() -> Iterator[Database]:
    """Open the database as it is: it is neither made nor brought up to date.

    :raises Problem: if it is not there, or older than this program.
    :raises StoreError: if it cannot be used.
    """
    from syncd.clock import SystemClock
    from syncd.store.database import Database

    db = Database.open(frame.configuration().database.url, SystemClock())
    try:
        if not db.ready():
            raise Problem(
                f"{db.name}: its tables are not there, or older than this program; syncd db upgrade"
            )
        yield db
    finally:
        db.close()
