"""``connect google``: a person permits it in the browser, or their administrator has permitted it for all."""

from __future__ import annotations

import select
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli import frame, opened
from syncd.errors import Problem, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.house import House
    from syncd.oauth.consent import Consent
    from syncd.store.rows import Person


_IN_THE_TERMINAL = frozenset({"elinks", "links", "lynx", "w3m", "www-browser"})
"""Browsers that would take the terminal from us, and cannot show Google's page."""
_GLANCE = 0.2  # seconds between two looks at whether the browser came back by itself


def google(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Whose account it is.")],
    busy: Annotated[
        list[str] | None,
        typer.Option("--busy", metavar="ID", help="A calendar whose events take time; all, if not given."),
    ] = None,
    sessions: Annotated[
        str | None,
        typer.Option("--sessions", metavar="ID", help="The calendar that sessions are written to."),
    ] = None,
    no_browser: Annotated[
        bool,
        typer.Option("--no-browser", help="Print the address, and read the answer from standard input."),
    ] = False,
    delegated: Annotated[
        bool, typer.Option("--delegated", help="Go in by the service account of the school's domain.")
    ] = False,
    as_json: frame.JsonOption = False,
) -> None:
    """Connect a Google account: its owner permits it in the browser, or the domain's administrator has."""
    from providers.oauth import Delegation
    from syncd.cli.calendars import show
    from syncd.oauth.connecting import connect
    from syncd.oauth.files import service_key_of

    if delegated and no_browser:
        raise Usage(
            "--delegated asks nobody, so there is nothing to do without a browser; leave one of them out"
        )
    with opened.house() as house:
        person = opened.person(house, email)
        if delegated:
            service_key_of(house.config)  # said now, and by its file and line
            done = connect(house, person, Delegation(person.email), None, busy or [], sessions)
        else:
            consent = _asked(house, person, no_browser=no_browser, as_json=as_json)
            done = connect(house, person, consent.grant, consent.first, busy or [], sessions)
    if done.address.casefold() != person.email:
        frame.talk(
            f"note: this is the Google account {done.address}, not {person.email}: invitations will come from"
            f" {done.address}"
        )
    show(done.connected, done.address, as_json=as_json)


def _asked(house: House, person: Person, *, no_browser: bool, as_json: bool) -> Consent:
    """Return what the person permits on Google's page."""
    from syncd.oauth.consent import begin, finish, finish_typed
    from syncd.oauth.files import client_of
    from syncd.oauth.loopback import Loopback, on_this_computer

    config, now = house.config, house.clock.now
    registered = client_of(config)
    fixed = on_this_computer(registered.redirects) if registered.web else None
    if registered.web and registered.redirects and fixed is None:
        raise Problem(
            "the school's client at Google is one for web pages, and none of its redirect addresses is on this"
            " computer; add http://127.0.0.1:8765/ to them in Google's console, and load the file down anew"
        )
    with Loopback(fixed) as ear:
        address, pending = begin(config, ear.redirect_uri, now(), hint=person.email)
        if no_browser:
            _show_address(address, ear.redirect_uri, as_json=as_json)
            return finish_typed(config, pending, _pasted(ear.wait), now())
        return finish(config, pending, _heard(address, ear.wait), now())


def _heard(address: str, wait: Callable[[float], str | None]) -> str:
    from syncd.oauth.consent import LASTS

    frame.talk(f"Google asks in the browser. If none opens, open this on this computer:\n{address}")
    _browse(address)
    answer = wait(LASTS.total_seconds())
    if answer is None:
        raise Problem("nobody answered Google within 10 minutes; nothing was connected; begin again")
    return answer


def _browse(address: str) -> None:
    import webbrowser

    with suppress(webbrowser.Error):  # there is none
        browser = webbrowser.get()
        if getattr(browser, "name", "") not in _IN_THE_TERMINAL:
            browser.open(address)


def _show_address(address: str, redirect_uri: str, *, as_json: bool) -> None:
    frame.talk(
        f"Open this in a browser, on any computer:\n{address}\n"
        f"Then the browser is sent to an address that begins with {redirect_uri} and perhaps cannot show it: paste"
        " that address here."
    )
    if not as_json and not sys.stdout.isatty():
        frame.say(address)  # for a program that reads it; a person has it on the screen already
        sys.stdout.flush()


def _pasted(heard: Callable[[float], str | None]) -> str:
    """Return the line that was pasted, or piped in, within ten minutes, or what this computer heard meanwhile."""
    from syncd.oauth.consent import LASTS

    end = time.monotonic() + LASTS.total_seconds()
    while time.monotonic() < end:
        if _comes(_GLANCE):
            if not (line := sys.stdin.readline().strip()):
                raise Usage("there is no answer of Google's on standard input; nothing was connected")
            return line
        if (query := heard(0)) is not None:
            return f"?{query}"  # the browser was on this computer after all
    raise Problem("nothing came within 10 minutes; nothing was connected; begin again")


def _comes(seconds: float) -> bool:
    """Tell whether there is something to be read on standard input."""
    try:
        return bool(select.select([sys.stdin], [], [], seconds)[0])
    except (OSError, ValueError):  # not something that can be waited for
        return True
