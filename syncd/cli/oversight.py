"""Commands for whoever watches over it: ``status``, ``doctor``, ``replay``, ``db``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import typer

from syncd.cli import frame, health, opened

if TYPE_CHECKING:
    from syncd.status import Status

_LISTED = 20
"""So many lines of one kind are printed for a person; ``--json`` has all."""


def register(app: typer.Typer) -> None:
    """Add these commands to *app*."""
    app.command()(status)
    health.register(app)
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
        frame.emit(_plain(found))
    else:
        for line in _lines(found):
            frame.say(line)
    if not found.well:
        raise typer.Exit(1)


def _plain(found: Status) -> dict[str, object]:
    age = found.least_recently_verified
    late = {
        kind: {"count": one.count, "seconds": one.lateness.total_seconds()}
        for kind, one in found.late.items()
    }
    seconds = None if age is None else age.total_seconds()
    return {**asdict(found), "least_recently_verified": seconds, "late": late, "well": found.well}


def _lines(found: Status) -> Iterator[str]:
    """Yield first how old the oldest knowledge is, then what needs attention, then the rest."""
    yield from _verified(found)
    yield from _several("attention", found.attention)
    yield from _several("not well", (_trouble(found, number) for number in range(len(found.troubles))))
    for kind, one in found.late.items():
        late = _span(one.lateness)
        yield f"overdue     {one.count} of {kind}, the first for {late}; {_who(found)}"
    yield from _several("unreadable", _unread(found))
    if found.running is not None:
        yield f"daemon      {'runs' if found.running else 'does not run (syncd run)'}"
    yield f"people      {found.people}, with {found.accounts} connected accounts"
    counts = ", ".join(f"{count} {state}" for state, count in sorted(found.sessions.items()))
    yield f"sessions    {counts or 'none'}"
    for doubt in found.doubts:
        yield f"in doubt    {doubt.session}: {doubt.outcome} at {_moment(doubt.given_at)}, for {doubt.cause}"
    if found.well:
        yield "all well"


def _verified(found: Status) -> Iterator[str]:
    if found.least_recently_verified is not None:
        age, which = _span(found.least_recently_verified), found.least_recently_verified_session
        yield f"verified    {age} ago at the longest, of {found.upcoming} upcoming sessions: {which}"
    elif not found.upcoming:
        yield "verified    there is no upcoming session"
    if found.never_verified:
        yield f"not yet     {found.never_verified} upcoming sessions are in no calendar yet"


def _trouble(found: Status, number: int) -> str:
    one = found.troubles[number]
    where = f"'{one.calendar}'" if one.calendar else "the account"
    return f"{one.person}: {where} is {one.health} since {_moment(one.since)}: {one.what}"


def _unread(found: Status) -> Iterator[str]:
    for one in found.limited:
        yield f"{one.person}: {one.what}"
    for email in sorted(set(found.unreadable) - {one.person for one in found.limited}):
        yield f"{email}: some events cannot be read, so their time is unknown"


def _who(found: Status) -> str:
    return "the daemon does not keep up" if found.running else "is syncd running?"


def _several(head: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield *lines* under one word, the first of them in full and the rest as a number."""
    every = iter(lines)
    yield from (f"{head:<11} {line}" for line in islice(every, _LISTED))
    if rest := sum(1 for _ in every):
        yield f"{head:<11} and {rest} more (all of them: --json)"


def _span(length: timedelta) -> str:
    from policy.rules import shown

    return shown(timedelta(seconds=int(length.total_seconds())))


def _moment(moment: datetime) -> str:
    return frame.rfc3339(moment.replace(microsecond=0))
