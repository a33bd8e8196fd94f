"""Commands for whoever watches over it: ``status``, ``db``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from syncd.cli import frame, opened

if TYPE_CHECKING:
    from syncd.status import Status


def register(app: typer.Typer) -> None:
    """Add these commands to *app*."""
    app.command()(status)
    db = typer.Typer(help="Look after the database.")
    db.callback()(_db)
    db.command()(upgrade)
    app.add_typer(db, name="db")


def _db() -> None:
    """Look after the database."""


def upgrade() -> None:
    """Make the tables, or bring them up to this program's; every command does so by itself."""
    with opened.house() as house:
        frame.say(f"up to date  {house.db.name}")


def status(*, as_json: frame.JsonOption = False) -> None:
    """Tell how the school stands; ends with 1 if somebody has to do something."""
    from syncd.status import status as look

    with opened.house() as house:
        found = look(house)
    if as_json:
        age = found.least_recently_verified
        seconds = None if age is None else age.total_seconds()
        frame.emit({**asdict(found), "least_recently_verified": seconds, "well": found.well})
    else:
        _print(found)
    if not found.well:
        raise typer.Exit(1)


def _print(found: Status) -> None:
    counts = ", ".join(f"{count} {state}" for state, count in sorted(found.sessions.items()))
    frame.say(f"people      {found.people}, with {found.accounts} connected accounts")
    frame.say(f"sessions    {counts or 'none'}")
    age = found.least_recently_verified
    if age is not None:
        which = found.least_recently_verified_session
        frame.say(
            f"verified    {int(age.total_seconds())}s ago at the longest, of an upcoming session: {which}"
        )
    if found.never_verified:
        frame.say(f"not yet     {found.never_verified} upcoming sessions are in no calendar yet")
    if found.overdue:
        frame.say(f"overdue     {found.overdue} pieces of work; is syncd running?")
    for one in found.limited:
        frame.say(f"unreadable  {one.person}: {one.what}")
    for email in sorted(set(found.unreadable) - {one.person for one in found.limited}):
        frame.say(f"unreadable  {email}: some events cannot be read, so their time is unknown")
    for each in found.troubles:
        where = each.calendar or "the account"
        frame.say(
            f"{each.health:<11} {each.person}: {where}, since {frame.rfc3339(each.since.replace(microsecond=0))}: {each.what}"
        )
    for incident in found.incidents:
        frame.say(
            f"incident    {incident.kind}, since {frame.rfc3339(incident.began_at.replace(microsecond=0))}: {incident.what}"
        )
    if found.well:
        frame.say("all well")
