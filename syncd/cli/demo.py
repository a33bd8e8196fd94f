"""``syncd demo``: a school on this computer, told as a story or open to be played with."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli import frame, given, opened
from syncd.errors import Problem, Usage

if TYPE_CHECKING:
    from datetime import datetime

    from syncd.demo.moving import Moved
    from syncd.demo.open_day import OpenDay
    from syncd.house import House


def register(app: typer.Typer) -> None:
    """Add these commands to *app*."""
    group = typer.Typer(invoke_without_command=True)
    group.callback()(demo)
    group.command()(move)
    group.command()(decline)
    group.command()(delete)
    app.add_typer(group, name="demo")


def demo(
    context: typer.Context,
    *,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="P", min=1, max=65535, help="Where most calendars are; any free port, if not given."
        ),
    ] = None,
    story: Annotated[
        bool, typer.Option("--story", help="Play a whole week through, and end; the clock is moved.")
    ] = False,
    google: Annotated[
        bool,
        typer.Option("--google", help="Some people have their calendars with Google: a small one of ours."),
    ] = False,
    as_json: frame.JsonOption = False,
) -> None:
    """Open a school on this computer, with calendar servers and people, to play with until Ctrl-C."""
    if context.invoked_subcommand is not None:
        if story or google or port is not None or as_json:
            raise Usage(
                f"options of the demo itself do not go with demo {context.invoked_subcommand}; leave them out"
            )
        return
    from syncd import log
    from syncd.demo.servers import NoServer
    from syncd.demo.signals import Stopped, stoppable

    if story and port is not None:
        raise Usage("--story ends by itself and needs no --port; leave one of them out")
    log.configure("error")
    try:
        with stoppable():
            _tell(google=google, as_json=as_json) if story else _stay(port, google=google, as_json=as_json)
    except NoServer as missing:
        raise Problem(f"{missing}{'; choose another --port' if 'taken' in str(missing) else ''}") from None
    except Stopped as stopped:
        # Without the story there is no other end than this.
        raise typer.Exit(stopped.exit_code if story else 0) from None


def _tell(*, google: bool, as_json: bool) -> None:
    from syncd.demo.people import AT_GOOGLE
    from syncd.demo.story import tell

    tell(sys.stdout, json=as_json, google=AT_GOOGLE if google else ())


def _stay(port: int | None, *, google: bool, as_json: bool) -> None:
    import signal

    from syncd.demo.open_day import open_day
    from syncd.demo.people import AT_GOOGLE

    if not as_json:
        count = "three" if google else "two"
        frame.talk(f"Starting {count} calendar servers and filling five people's calendars ...")
    with open_day(port, AT_GOOGLE if google else ()) as school:
        if as_json:
            frame.emit(_for_a_program(school))
        else:
            _print(school)
        sys.stdout.flush()
        while True:
            signal.pause()


def _for_a_program(school: OpenDay) -> dict[str, object]:
    from dataclasses import fields

    from syncd.demo.visit import commands

    told: dict[str, object] = {one.name: getattr(school, one.name) for one in fields(school)}
    return {**told, "commands": commands(school)}


def _print(school: OpenDay) -> None:
    from syncd.demo.visit import guide

    for line in guide(school):
        frame.say(line)


# --- an open demo, from another terminal ----------------------------------------------


def move(
    length: Annotated[
        str | None, typer.Argument(metavar="LENGTH", help="How far, such as 45m or 23h.", show_default=False)
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="T", help="Until when, such as 2026-12-01T15:00Z.")
    ] = None,
    *,
    as_json: frame.JsonOption = False,
) -> None:
    """Move the clock of a running demo forward, and tell what happens on the way."""
    from syncd.demo.moving import clock_of
    from syncd.demo.moving import move as go

    if (length is None) == (to is None):
        raise Usage(
            "say how far, or until when: syncd demo move 23h, or syncd demo move --to 2026-12-01T15:00Z"
        )
    with opened.house() as house:
        clock_of(house)
        moved = go(house, _until(house, length, to))
        if as_json:
            frame.emit(moved)
        else:
            _print_moved(house, moved)


def _until(house: House, length: str | None, to: str | None) -> datetime:
    zone = house.config.school.zone
    if to is not None:
        return given.instant(to, zone)
    return house.clock.now() + given.length(length or "")


def _print_moved(house: House, moved: Moved) -> None:
    zone = house.config.school.zone
    for each in moved.events:
        frame.say(
            f"{each.at.astimezone(zone):%a %d %b %H:%M:%S}  {each.session or '':<8}  {each.who}: {each.what}"
        )
    if not moved.events:
        frame.say("nothing happened")
    frame.say(f"It is now {moved.at.astimezone(zone):%a %d %b %Y %H:%M} ({zone.key}).")


def decline(
    session: Annotated[str, typer.Argument(metavar="ID", help="The session.")],
) -> None:
    """Decline a session of a running demo as its mentor, in the mentor's own calendar."""
    from syncd.demo.moving import clock_of
    from syncd.demo.visitor import decline as answer

    with opened.house() as house:
        clock_of(house)
        frame.say(answer(house, session))


def delete(
    session: Annotated[str, typer.Argument(metavar="ID", help="The session.")],
) -> None:
    """Delete a session of a running demo as its student, in the student's own calendar."""
    from syncd.demo.moving import clock_of
    from syncd.demo.visitor import delete as take_away

    with opened.house() as house:
        clock_of(house)
        frame.say(take_away(house, session))
