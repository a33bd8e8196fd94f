"""Commands about sessions: ``session``, ``explain``, ``verdicts``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from policy.facts import Actor
from policy.life import State
from syncd.cli import frame, given, opened
from syncd.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy.life import Session
    from policy.notice import Verdict
    from syncd.store.rows import Person, PersonId, SessionRow, VerdictRow
    from syncd.store.tx import Tx

Id = Annotated[str, typer.Argument(metavar="ID", help="Which session.")]


def register(app: typer.Typer) -> None:
    """Add these commands to *app*."""
    session = typer.Typer(help="Sessions of a student and a mentor.")
    session.command()(add)
    session.command("list")(list_)
    session.command()(show)
    session.command()(cancel)
    app.add_typer(session, name="session")
    app.command()(explain)
    app.command()(verdicts)


def add(
    student: Annotated[str, typer.Option(metavar="E", help="The student's e-mail address.")],
    mentor: Annotated[str, typer.Option(metavar="E", help="The mentor's e-mail address.")],
    start: Annotated[str, typer.Option(metavar="T", help="When; a wall time is the student's.")],
    minutes: Annotated[int, typer.Option(min=1, max=24 * 60, help="How long.")] = 60,
    key: Annotated[
        str | None, typer.Option("--id", metavar="KEY", help="The same KEY and values are the same session.")
    ] = None,
    as_json: frame.JsonOption = False,
) -> None:
    """Commit an agreement of both sides; the event is written at the next round."""
    from syncd.sessions import agree

    if key is not None and not key.strip():
        raise Usage("--id is empty; leave it out, or give a key of your own")
    with opened.house() as house:
        zone = opened.zone_of(opened.person(house, student))
        session, _ = agree(
            house,
            given.address(student),
            given.address(mentor),
            given.instant(start, zone),
            timedelta(minutes=minutes),
            key,
        )
        with house.db.read() as tx:
            shown = _session(session, _people(tx))
    if as_json:
        frame.emit(shown)
    else:
        frame.say(session.id)


def list_(
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    *,
    as_json: frame.JsonOption = False,
) -> None:
    """List every session, by its start."""
    with opened.house() as house, house.db.read() as tx:
        people = _people(tx)
        rows = [_row(each, people) for each in tx.sessions.all(state=state)]
    if as_json:
        frame.emit(rows)
        return
    columns = ("id", "student", "mentor", "start", "deadline", "state", "calendar_state")
    frame.table(columns, [[row[name] for name in columns] for row in rows])


def show(session_id: Id, *, as_json: frame.JsonOption = False) -> None:
    """Show one session with its verdict."""
    from syncd.book import current
    from syncd.route import shown
    from syncd.sessions import row_of

    with opened.house() as house, house.db.read() as tx:
        row = row_of(tx, session_id)
        found = {**_row(row, _people(tx)), "invite": shown(current(tx, row.id))}
    if as_json:
        frame.emit(found)
        return
    for name, value in found.items():
        frame.say(f"{name:<14} {_told(value)}")


def _told(value: object) -> str:
    if isinstance(value, dict):
        return f"{value['outcome']}{', with doubt' if value['doubt'] else ''}"
    return "-" if value is None else str(frame.plain(value))


def cancel(
    session_id: Id,
    by: Annotated[Actor, typer.Option(help="Who cancels.")],
    reason: Annotated[str, typer.Option(metavar="R", help="Why.")] = "",
) -> None:
    """Cancel a session in so many words, now."""
    from syncd.sessions import cancel as say_so

    with opened.house() as house:
        session = say_so(house, session_id, by, reason)
    outcome = session.verdict.outcome if session.verdict else "undecided"
    frame.say(f"{session.id}  {session.state}  {outcome}")


def explain(session_id: Id) -> None:
    """Tell the evidence and the arithmetic of a session in plain words."""
    from policy.facts import parse
    from syncd.book import session_in
    from syncd.explain import Told
    from syncd.explain import explain as lines
    from syncd.sessions import row_of

    with opened.house() as house, house.db.read() as tx:
        row = row_of(tx, session_id)
        told = Told(
            session_in(row),
            tx.people.get(row.student_id),
            tx.people.get(row.mentor_id),
            tuple((fact.seq, parse(fact.body)) for fact in tx.ledger.facts(row.id)),
        )
    for line in lines(told):
        frame.say(line)


def verdicts(
    doubt: Annotated[bool, typer.Option("--doubt", help="Only those with doubt.")] = False,
    since: Annotated[str | None, typer.Option(metavar="T", help="Only those given since.")] = None,
    *,
    as_json: frame.JsonOption = False,
) -> None:
    """List the verdicts, oldest first."""
    with opened.house() as house:
        after = given.instant(since, house.config.school.zone) if since else None
        with house.db.read() as tx:
            found = [
                _given(each, tx.sessions.get(each.session_id), _people(tx))
                for each in tx.ledger.verdicts(since=after, doubt=True if doubt else None)
            ]
    if as_json:
        frame.emit(found)
        return
    columns = ("given_at", "session", "student", "outcome", "doubt", "act")
    frame.table(columns, [[row[name] for name in columns] for row in found])


# --- shapes --------------------------------------------------------------------------


def _people(tx: Tx) -> Mapping[int, Person]:
    return {person.id: person for person in tx.people.all()}


def _row(row: SessionRow, people: Mapping[int, Person]) -> dict[str, object]:
    from syncd.book import session_in

    return _session(session_in(row), people)


def _session(session: Session, people: Mapping[int, Person]) -> dict[str, object]:
    return {
        "id": session.id,
        "student": people[session.student].email,
        "mentor": people[session.mentor].email,
        "start": session.start,
        "end": session.end,
        "deadline": session.deadline,
        "state": session.state,
        "calendar_state": session.calendar_state,
        "verdict": _verdict(session.verdict) if session.verdict else None,
    }


def _verdict(verdict: Verdict) -> dict[str, object]:
    return {
        "outcome": verdict.outcome,
        "doubt": verdict.doubt is not None,
        "cause": verdict.doubt,
        "present_at": verdict.present_at,
        "gone_at": verdict.gone_at,
        "stamp": verdict.stamp,
        "actor": verdict.actor,
        "act": verdict.act,
        "reasons": verdict.reasons,
        "evidence": verdict.evidence,
        "rules_version": verdict.rules_version,
    }


def _given(row: VerdictRow, session: SessionRow, people: Mapping[int, Person]) -> dict[str, object]:
    from policy.notice import Verdict

    student: PersonId = session.student_id
    return {
        "given_at": row.given_at,
        "session": row.session_id,
        "student": people[student].email,
        **_verdict(Verdict.model_validate(row.body)),
    }
