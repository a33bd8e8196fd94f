"""No token, code or secret of Google's is found again: not in logs, in the database, or in what is said."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from syncd.cli import main
from syncd.clock import MovableClock, SystemClock
from syncd.demo.google import CUT, Fault, elsewhere, refusing
from syncd.demo.google.answers import page, saying
from syncd.log import QUIET
from tests.syncd.google.ground import AMINA, Ground, click, ground
from tests.system.test_markers import Desk, Markers, desk

__all__ = ["desk"]


class Pasted(StringIO):
    """Somebody who opens the address that is shown, clicks, and pastes what comes of it."""

    def __init__(self, desk: Desk, codes: set[str], spoiled: str = "") -> None:
        super().__init__()
        self.desk, self.codes, self.spoiled = desk, codes, spoiled

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]  # as in StringIO itself
        out, err = self.desk.capture.readouterr()
        self.desk.said += [out, err]
        address = next(line for line in err.splitlines() if line.startswith("http"))
        back = click(address)
        self.codes |= set(parse_qs(urlsplit(back).query).get("code", []))
        return f"{back}{self.spoiled}\n"


def typing(desk: Desk, stdin: StringIO, *words: str) -> int:
    for name in list(logging.root.manager.loggerDict):
        if name not in QUIET:
            logging.getLogger(name).setLevel(logging.DEBUG)
    desk.monkey.setattr("sys.stdin", stdin)
    code = main([*words, "--config", str(desk.config)])
    desk.said += desk.capture.readouterr()
    return code


@pytest.fixture
def place(desk: Desk, tmp_path: Path) -> Iterator[Ground]:
    with ground(desk.config.parent, MovableClock(SystemClock().now())) as one:
        hidden = tmp_path / "client.json"
        one.folder.joinpath("client.json").rename(hidden)
        one.configure('[log]\nlevel = "debug"')
        text = one.file.read_text(encoding="utf-8").replace('"client.json"', f'"{hidden}"')
        one.file.write_text(text, encoding="utf-8")
        yield one


def faults(mark: Markers) -> Iterator[Fault]:
    """Yield what the token endpoint may say, with something secret in every part of it."""
    for error in ("invalid_grant", "invalid_client", "odd_error", f"<b>{mark('an odd error')}</b>"):
        yield Fault(saying({"error": error, "error_description": mark(f"words about {error}")}, 400))
    yield Fault(saying({"access_token": f"{mark('a token that is none')} \n", "expires_in": mark("a time")}))
    yield Fault(saying({"access_token": "a", "refresh_token": f"{mark('a refresh token that is none')} x"}))
    yield Fault(page(mark("a log-in page")))
    yield Fault(page(mark("a page of a failure"), 500, {"X-Trace": mark("a header")}))
    yield elsewhere(f"https://u:{mark('a password')}@{mark('a host')}.example/?t={mark('a query')}")
    yield CUT


def test_no_token_is_found_again(desk: Desk, place: Ground) -> None:
    mark, codes, tokens = Markers(), set[str](), set[str]()

    def note() -> None:
        known = place.google.tokens
        tokens.update(known._access, *(grant.refresh for grant in known._grants))

    def connect(spoiled: str = "") -> int:
        code = typing(
            desk, Pasted(desk, codes, spoiled), "connect", "google", AMINA, "--no-browser", "--json"
        )
        note()
        return code

    assert desk.syncd("person", "add", AMINA, "--name", "Amina", "--role", "student") == 0
    assert connect(spoiled=f"&state={mark('a second state')}") == 1
    wrong = tuple(faults(mark))
    for fault in wrong:
        place.google.faults.plan(fault, "POST", "/token", times=9)
        assert connect() == 1
        place.google.faults.clear()
    assert connect() == 0
    place.google.manners.rotation = "keeps"
    for number, fault in enumerate(wrong):
        place.google.faults.plan(fault, "POST", "/token", times=9)
        assert desk.syncd("check") in {0, 1}
        desk.syncd("sync", "--json")
        note()
        place.clock.sleep(timedelta(minutes=number))
        place.google.faults.clear()
        desk.syncd("sync")
    place.google.faults.plan(refusing(401, "authError"), "GET", "/calendar/v3", times=2)
    desk.syncd("sync")
    desk.syncd("status")
    desk.syncd("sync")
    note()
    place.google.faults.plan(Fault(page(mark("a page at the end"), 400)), "POST", "/revoke")
    assert desk.syncd("disconnect", AMINA) == 0
    note()

    everything = desk.everything()
    assert place.client.id.encode() in everything
    assert b"Traceback" not in everything
    assert len(codes) >= 2
    assert len(tokens) >= 10
    for secret in (place.client.secret, *codes, *tokens):
        assert secret.encode() not in everything
    assert mark.found_in(everything) == []
