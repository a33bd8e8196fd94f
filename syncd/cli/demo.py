"""``syncd demo``: a school on this computer, told as a story or open to be played with."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli import frame
from syncd.errors import Problem, Usage

if TYPE_CHECKING:
    from syncd.demo.open_day import OpenDay


def register(app: typer.Typer) -> None:
    """Add these commands to *app*."""
    app.command()(demo)


def demo(
    *,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="P", min=1, max=65535, help="Where the calendars are; any free port, if not given."
        ),
    ] = None,
    story: Annotated[
        bool, typer.Option("--story", help="Play a whole week through, and end; the clock is moved.")
    ] = False,
    as_json: frame.JsonOption = False,
) -> None:
    """Start a calendar server with five people and their sessions, to play with until Ctrl-C."""
    from syncd import log
    from syncd.demo.servers import NoServer
    from syncd.demo.signals import Stopped, stoppable

    if story and port is not None:
        raise Usage("--story ends by itself and needs no --port; leave one of them out")
    log.configure("error")
    try:
        with stoppable():
            _tell(as_json=as_json) if story else _stay(port, as_json=as_json)
    except NoServer as missing:
        raise Problem(f"{missing}{'; choose another --port' if 'taken' in str(missing) else ''}") from None
    except Stopped as stopped:
        # Without the story there is no other end than this.
        raise typer.Exit(stopped.exit_code if story else 0) from None


def _tell(*, as_json: bool) -> None:
    from syncd.demo.story import tell

    tell(sys.stdout, json=as_json)


def _stay(port: int | None, *, as_json: bool) -> None:
    import signal

    from syncd.demo.open_day import open_day

    if not as_json:
        frame.talk("Starting a calendar server and filling five people's calendars ...")
    with open_day(port) as school:
        if as_json:
            frame.emit(school)
        else:
            _print(school)
        sys.stdout.flush()
        while True:
            signal.pause()


def _print(school: OpenDay) -> None:
    from syncd.demo.visit import guide

    for line in guide(school):
        frame.say(line)
