"""Commands about people's calendars: ``connect``, ``disconnect``, ``sync``."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from providers.errors import AccessLost
from syncd.cli import frame, opened
from syncd.cli.google import google
from syncd.errors import Problem, Usage

if TYPE_CHECKING:
    from providers.base import CalendarEntry
    from syncd.accounts import Connected
    from syncd.sync import Synced


def register(app: typer.Typer) -> None:
    """Add these commands to *app*."""
    connect = typer.Typer(help="Connect a person's calendar account.")
    connect.callback()(_connect)
    connect.command()(caldav)
    connect.command()(google)
    app.add_typer(connect, name="connect")
    app.command()(disconnect)
    app.command()(sync)


def _connect() -> None:
    """Connect a person's calendar account: found, tested, read once, and only then kept."""


def caldav(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Whose account it is.")],
    url: Annotated[str, typer.Option(metavar="U", help="A server, an e-mail address, or a full address.")],
    username: Annotated[str, typer.Option(metavar="N", help="The user name on that server.")],
    busy: Annotated[
        list[str] | None,
        typer.Option("--busy", metavar="NAME", help="A calendar whose events take time; all, if not given."),
    ] = None,
    sessions: Annotated[
        str | None,
        typer.Option("--sessions", metavar="NAME", help="The calendar that sessions are written to."),
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: frame.JsonOption = False,
) -> None:
    """Connect a CalDAV account."""
    from syncd.accounts import Login, connect
    from syncd.wiring import CALDAV

    with opened.house() as house:
        person = opened.person(house, email)
        login = Login(CALDAV, url, username, _password(username, from_stdin=password_stdin))
        try:
            done = connect(house, person, login, busy or [], sessions)
        except AccessLost as error:
            raise Problem(
                f"{error}; nothing was connected: check them, and whether the server wants an app password"
            ) from None
    show(done, as_json=as_json)


def show(done: Connected, account: str | None = None, *, as_json: bool) -> None:
    """Print what was connected; *account* is the address by which Google knows it."""
    if as_json:
        frame.emit(
            {
                "person": done.person,
                "url": done.url,
                **({} if account is None else {"account": account}),
                "busy": done.busy,
                "sessions": done.sessions,
                "others": done.others,
            }
        )
        return
    frame.say(f"connected  {done.person}  {account or done.url}")
    frame.say(f"busy       {_names(done.busy)}")
    frame.say(f"sessions   {done.sessions.name}")
    frame.say(f"left alone {_names(done.others)}")


def _password(username: str, *, from_stdin: bool) -> str:
    if from_stdin:
        # One newline belongs to the pipe, everything else to the password.
        password = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    elif frame.interactive():
        password = getpass.getpass(f"Password of {username}: ")
    else:
        raise Usage("no terminal to ask for the password; give it with --password-stdin")
    if not password:
        raise Usage("the password is empty; nothing was connected")
    return password


def _names(entries: tuple[CalendarEntry, ...]) -> str:
    return ", ".join(entry.name for entry in entries) or "nothing"


def disconnect(email: Annotated[str, typer.Argument(metavar="EMAIL", help="Whose accounts.")]) -> None:
    """Erase a person's passwords and everything read from their calendars; sessions and evidence stay.

    What they permitted at Google is taken back first.
    """
    from syncd.accounts import disconnect as erase
    from syncd.oauth.connecting import take_back

    with opened.house() as house:
        person = opened.person(house, email)
        for trouble in take_back(house, person):
            frame.talk(trouble)
        count = erase(house, person)
    if not count:
        raise Problem(f"{person.email} has no connected account; see: syncd person show {person.email}")
    frame.say(f"disconnected  {person.email}  {count} account{'s' if count > 1 else ''}")


def sync(
    email: Annotated[
        str | None, typer.Argument(metavar="PERSON", help="Only this person's accounts.")
    ] = None,
    *,
    as_json: frame.JsonOption = False,
) -> None:
    """Look at every account now, then act, confirm, and let holds expire."""
    from syncd.status import status
    from syncd.sync import sync_now

    with opened.house() as house:
        person = opened.person(house, email) if email else None
        done = sync_now(house, person.id if person else None)
        troubles = [each for each in status(house).troubles if person is None or each.person == person.email]
    if as_json:
        frame.emit({"ran": done.drained.ran, "events": _events(done), "troubles": troubles})
    else:
        if not done.events:
            frame.talk("nothing new")
        for event in done.events:
            frame.say(
                f"{frame.rfc3339(event.at.replace(microsecond=0))}  {event.kind:<24} {event.session_id or ''}".rstrip()
            )
    for trouble in troubles:
        frame.talk(
            f"{trouble.person}: {trouble.calendar or 'the account'} is {trouble.health}: {trouble.what}"
        )
    if done.drained.waiting:
        raise Problem(
            f"another syncd is still working on account {', '.join(done.drained.waiting)}; try again in a minute"
        )


def _events(done: Synced) -> list[dict[str, object]]:
    return [{"at": each.at, "kind": each.kind, "session": each.session_id} for each in done.events]
