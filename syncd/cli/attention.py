"""Commands about what a person must see to or decide: ``incidents``, ``brake``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from policy.facts import Decision
from syncd.cli import frame, opened

if TYPE_CHECKING:
    from policy.life import Session
    from syncd.attention import Matter
    from syncd.decisions import Stopped
    from syncd.store.tx import Tx

Whom = Annotated[
    str | None,
    typer.Argument(metavar="[EMAIL|ID]", help="A student, or one session; the school, if left out."),
]
By = Annotated[str, typer.Option("--by", metavar="A", help="Who decides.")]


def register(app: typer.Typer) -> None:
    """Add these commands to *app*."""
    app.command()(incidents)
    brake = typer.Typer(help="See and decide what was stopped, because too much was gone at once.")
    brake.callback()(_brake)
    brake.command()(show)
    brake.command()(release)
    brake.command()(dismiss)
    app.add_typer(brake, name="brake")


def _brake() -> None:
    """See and decide what was stopped, because too much was gone at once."""


def incidents(
    all_: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
    *,
    as_json: frame.JsonOption = False,
) -> None:
    """List what somebody has to see to, and what to do about it."""
    from syncd.attention import matters

    with opened.house() as house, house.db.read() as tx:
        found = matters(tx, ended=all_)
    if as_json:
        frame.emit(found)
        return
    for one in found:
        _print_matter(one)
    if not found:
        frame.say("nothing has to be seen to")


def _print_matter(one: Matter) -> None:
    until = f", until {frame.rfc3339(one.ended.replace(microsecond=0))}" if one.ended else ""
    frame.say(f"{one.kind}  since {frame.rfc3339(one.since.replace(microsecond=0))}{until}: {one.what}")
    frame.say(f"  whose     {one.person or 'the whole school'}")
    if one.sessions:
        frame.say(f"  sessions  {', '.join(one.sessions)}")
    if one.next:
        frame.say(f"  next      {one.next}")


def show(*, as_json: frame.JsonOption = False) -> None:
    """Show what is stopped, since when and why."""
    from syncd.decisions import stopped

    with opened.house() as house, house.db.read() as tx:
        found = [_stopped(tx, one) for one in stopped(tx)]
    if as_json:
        frame.emit(found)
        return
    for one in found:
        _print_stopped(one)
    if not found:
        frame.say("nothing is stopped")


def _stopped(tx: Tx, one: Stopped) -> dict[str, object]:
    return {
        "scope": one.scope,
        "person": one.person,
        "since": one.since,
        "why": one.why,
        "count": len(one.sessions),
        "mentors": one.mentors,
        "sessions": [_session(tx, each) for each in one.sessions],
    }


def _session(tx: Tx, one: Session) -> dict[str, object]:
    from syncd.store.rows import PersonId

    pending = one.pending
    return {
        "id": one.id,
        "student": tx.people.get(PersonId(one.student)).email,
        "mentor": tx.people.get(PersonId(one.mentor)).email,
        "start": one.start,
        "deadline": one.deadline,
        "state": one.state,
        "actor": pending.actor if pending else None,
        "act": pending.act if pending else None,
        "gone_at": pending.gone.at if pending else None,
        "confirmed": pending is not None and pending.is_confirmed,
    }


def _print_stopped(one: dict[str, object]) -> None:
    whose = f" of {one['person']}" if one["person"] else ""
    frame.say(f"{one['scope']}{whose}, since {frame.plain(one['since'])}: {one['why']}")
    columns = ("id", "student", "mentor", "start", "deadline", "state", "act", "gone_at", "confirmed")
    rows = one["sessions"]
    if isinstance(rows, list):
        frame.table(columns, [[row[name] for name in columns] for row in rows])


def release(whom: Whom = None, by: By = "IT") -> None:
    """Let what was stopped count: each act is judged by its own evidence."""
    _decide(whom, Decision.RELEASE, by)


def dismiss(whom: Whom = None, by: By = "IT") -> None:
    """Make what was stopped void: the sessions stand, and their events are put back."""
    _decide(whom, Decision.DISMISS, by)


def _decide(whom: str | None, decision: Decision, by: str) -> None:
    from syncd.decisions import decide

    with opened.house() as house:
        decided = decide(house, whom, decision, by)
    for one in decided:
        outcome = one.verdict.outcome if one.verdict else "undecided"
        frame.say(f"{one.id}  {one.state}  {outcome}")
