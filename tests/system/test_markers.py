"""Fifty words that must not be found again, wherever they stood: in logs, in the database, in what is said."""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import structlog

from syncd.cli import main
from syncd.clock import SystemClock
from syncd.config import read
from syncd.demo.hand import Hand
from syncd.demo.servers import radicale
from syncd.log import QUIET
from syncd.vault import Vault
from tests.rules.rows import row
from tests.system.crooked import XML, Asked, Crooked, Fault, Said, crooked
from tests.system.test_availability import vcalendar, vevent

AMINA, MO = "amina@school.example", "mo@school.example"
OWN = "Klavierstunden"
"""The name of the chosen calendar: stored and shown on purpose, so that the search finds at least this."""
SPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'


@dataclass
class Markers:
    planted: dict[str, str] = field(default_factory=dict)

    def __call__(self, where: str) -> str:
        """Return a word that stands nowhere else."""
        word = f"zq{len(self.planted):02}mark{sum(map(ord, where)):x}"
        self.planted[where] = word
        return word

    def found_in(self, content: bytes) -> list[str]:
        low = content.lower()
        return [where for where, word in self.planted.items() if word.encode() in low]


@dataclass
class Desk:
    """Where somebody of IT sits: the program's own folder, and all that it has said."""

    config: Path
    capture: pytest.CaptureFixture[str]
    monkey: pytest.MonkeyPatch
    said: list[str] = field(default_factory=list)

    def syncd(self, *words: str, typed: str = "") -> int:
        """Run a command with every library at its most talkative."""
        for name in (*QUIET, *list(logging.root.manager.loggerDict)):
            if name not in QUIET:
                logging.getLogger(name).setLevel(logging.DEBUG)
        self.monkey.setattr("sys.stdin", StringIO(typed))
        code = main([*words, "--config", str(self.config)])
        self.said += self.capture.readouterr()
        return code

    def everything(self) -> bytes:
        files = [file.read_bytes() for file in self.config.parent.rglob("*") if file.is_file()]
        return b"\n".join((*files, *(text.encode() for text in self.said)))


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in list(root.manager.loggerDict)}
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield Desk(folder / "config.toml", capsys, monkeypatch)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in list(root.manager.loggerDict):
        logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def life(mark: Markers, days: int) -> dict[str, str]:
    """Return a person's own events, good and bad, with something secret in every place there is."""
    day = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=days)
    start, end = f"DTSTART:{day:%Y%m%dT%H%M%SZ}", f"DTEND:{day + timedelta(hours=1):%Y%m%dT%H%M%SZ}"
    local = f"{day:%Y%m%dT%H%M%S}"
    good = vevent(
        mark("a UID"), start, end,
        f"SUMMARY:{mark('a title')}", f"LOCATION:{mark('a place')}", f"DESCRIPTION:{mark('a description')}",
        f"ATTENDEE;CN={mark('the name of a guest')}:mailto:{mark('the address of a guest')}@else.example",
        f"ORGANIZER;CN={mark('the name of an organizer')}:mailto:{mark('an organizer')}@else.example",
        f"COMMENT:{mark('a comment')}", f"CATEGORIES:{mark('a category')}", f"CONTACT:{mark('a contact')}",
        f"URL:https://u:{mark('a password in the address of a call')}@call.example/{mark('a call')}",
        f"X-ALT-DESC;FMTTYPE=text/html:<b>{mark('a description in HTML')}</b>",
        f"ATTACH:https://files.example/{mark('an attachment')}", f"X-{mark('the name of a property').upper()}:1",
    )  # fmt: skip
    bad = {
        "rule": (start, end, f"RRULE:FREQ={mark('a frequency').upper()};INTERVAL=1"),
        "fast": (start, end, f"RRULE:FREQ=SECONDLY;X-{mark('a part of a rule').upper()}=1"),
        "zone": (f"DTSTART;TZID={mark('a zone')}:{local}", f"DURATION:P{mark('a length')}"),
        "date": (f"DTSTART:{local}{mark('a date')}", end),
        "twice": (start, start, f"SUMMARY:{mark('a title of what is said twice')}"),
    }
    named = {f"{mark('an href')}.ics": vcalendar(good)}
    for name, lines in bad.items():
        named[f"{mark(f'an href of {name}')}.ics"] = vcalendar(
            vevent(mark(f"a UID of {name}"), *lines, f"SUMMARY:{mark(f'a title of {name}')}")
        )
    return named


def put(hand: Hand, calendar: str, resources: dict[str, str]) -> int:
    """Store what the server takes, and return how many it took."""
    calm = {"Content-Type": "text/calendar"}
    return sum(hand.ask("PUT", calendar + name, text, calm).status == 201 for name, text in resources.items())


def bad_documents(path: str, events: dict[str, str]) -> Fault:
    """Let the calendar hold *events*, whatever the server itself would have said to them."""

    def row(name: str, data: str) -> str:
        prop = f"<prop><getetag>&quot;7&quot;</getetag>{data}</prop><status>HTTP/1.1 200 OK</status>"
        return f"<response><href>{path}{name}</href><propstat>{prop}</propstat></response>"

    def fault(asked: Asked) -> Said | None:
        if asked.method != "REPORT":
            return None
        whole = b"multiget" in asked.body
        rows = "".join(
            row(name, f"<C:calendar-data>{escape(text)}</C:calendar-data>" if whole else "")
            for name, text in events.items()
        )
        text = f"<multistatus {SPACES}>{rows}<sync-token>http://x/t</sync-token></multistatus>"
        return Said(207, text.encode(), {"Content-Type": XML})

    return fault


def faults(mark: Markers) -> Iterator[tuple[str, Fault]]:
    """Yield every fault of a server, with something secret in every part of its answers."""
    xml = {"Content-Type": XML}

    def rows(inner: str, end: str = "<sync-token>http://x/t</sync-token>") -> Said:
        return Said(207, f"<multistatus {SPACES}>{inner}{end}</multistatus>".encode(), xml)

    def row(href: str, status: str = "404 Not Found") -> str:
        return f"<response><href>{href}</href><status>HTTP/1.1 {status}</status></response>"

    page = f"<!DOCTYPE html><html><title>{mark('a log-in page')}</title></html>".encode()
    yield "a log-in page", lambda _: Said(200, page, {"Content-Type": "text/html", "ETag": '"1"'})
    yield "a page called a calendar", lambda _: Said(200, mark.planted["a log-in page"].encode(), {
        "Content-Type": "text/calendar", "Set-Cookie": f"session={mark('a cookie')}"})  # fmt: skip
    yield (
        "a failure",
        lambda _: Said(
            500,
            mark("the body of a failure").encode(),
            {"X-Trace": mark("a header"), "Server": mark("a server")},
        ),
    )
    yield (
        "an odd 401",
        lambda _: Said(
            401, mark("the body of a 401").encode(), {"WWW-Authenticate": f'Basic realm="{mark("a realm")}"'}
        ),
    )
    refused = f'<error xmlns="DAV:" xmlns:x="x"><x:{mark("a condition")}>{mark("its text")}</x:y></error>'
    refused = refused.replace("</x:y>", f"</x:{mark.planted['a condition']}>")
    for code in (403, 409, 412, 507):
        said = Said(code, refused.encode(), xml)
        yield f"a {code} with a condition", lambda _, said=said: said  # type: ignore[misc]
        yield f"a {code} of a write", lambda asked, said=said: said if asked.method == "PUT" else None  # type: ignore[misc]
    there = f"https://{mark('a user in a redirect')}:{mark('a password in a redirect')}@other.example/"
    there += f"{mark('the path of a redirect')}?token={mark('a token in a redirect')}"
    yield "a redirect", lambda _: Said(302, b"", {"Location": there})
    yield (
        "a redirect to nowhere",
        lambda _: Said(301, b"", {"Location": f"http://[{mark('a broken address')}"}),
    )
    yield (
        "a wish for peace",
        lambda _: Said(429, mark("the body of a 429").encode(), {"Retry-After": mark("a time to wait")}),
    )
    yield "an odd type", lambda _: Said(207, b"<x/>", {"Content-Type": f"text/{mark('a media type')}"})
    yield "an odd coding", lambda _: Said(207, b"x", {**xml, "Content-Encoding": mark("a coding")})
    yield "cut XML", lambda _: Said(207, rows(row(f"/{mark('an href in cut XML')}")).body[:-9], xml)
    yield (
        "an entity",
        lambda _: Said(207, f"<!DOCTYPE x [<!ENTITY a '{mark('an entity')}'>]><x/>".encode(), xml),
    )
    yield "another root", lambda _: Said(207, f"<{mark('a root')}/>".encode(), xml)
    yield "an odd status", lambda asked: rows(row(asked.path, mark("a status")))
    yield "no token", lambda asked: rows(row(f"{asked.path}{mark('an href without a token')}.ics"), "")
    odd = '<propstat><prop><getetag>"1"</getetag></prop><status>HTTP/1.1 200 OK</status></propstat>'
    for where, href in (
        ("another server", f"https://{mark('a foreign host')}.example/{mark('a foreign path')}.ics"),
        ("a line break", f"/amina/x%0D%0A{mark('an href with a line break')}.ics"),
        ("userinfo", f"http://u:{mark('a password in an href')}@h.example/x.ics"),
        ("a query", f"/amina/x.ics?{mark('a query in an href')}"),
    ):
        body = f"<response><href>{href}</href>{odd}</response>"
        yield f"an href of {where}", lambda asked, body=body: _only_reports(asked, rows(body))  # type: ignore[misc]


def _only_reports(asked: Asked, said: Said) -> Said | None:
    return said if asked.method == "REPORT" and b"multiget" not in asked.body else None


def a_week_at_the_desk(desk: Desk, server: Crooked, mark: Markers, session: str) -> None:
    for number, (name, fault) in enumerate(faults(mark)):
        agree(desk, days=6 + number)  # so that something is to be written, too
        with server.being(fault):
            before = len(server.said)
            desk.syncd("sync", "--json")
            assert len(server.said) > before, name
            if name in {"a 403 of a write", "a 409 of a write"}:
                assert b"another-condition" in desk.everything()
            if name in {"a failure", "a redirect", "a 403 with a condition"}:
                desk.syncd("check")
                desk.syncd("connect", "caldav", AMINA, "--url", server_url(desk), "--username", "amina",
                           "--password-stdin", typed=mark(f"a password typed into {name}"))  # fmt: skip
        for words in (("status",), ("person", "show", AMINA), ("explain", session)):
            desk.syncd(*words)
    desk.syncd("sync")
    for words in (("status", "--json"), ("availability", AMINA), ("verdicts",), ("session", "list")):
        desk.syncd(*words)


def agree(desk: Desk, days: int) -> str:
    """Agree on a session, and return its id."""
    start = f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:00:00Z}"
    assert desk.syncd("session", "add", "--student", AMINA, "--mentor", MO, "--start", start) == 0
    return desk.said[-2].split()[0]


def server_url(desk: Desk) -> str:
    found = re.search(r'allow = \["(.*)"\]', desk.config.read_text())
    assert found
    return f"http://{found[1]}/"


@row("8.intervals")
def test_nothing_secret_is_found_again(tmp_path: Path, desk: Desk) -> None:
    mark = Markers()
    password = mark("the right password")
    with radicale(tmp_path / "server", {"amina": password}, clock=SystemClock()) as server:
        host = server.url.removeprefix("http://").rstrip("/")
        desk.config.write_text(
            f'[school]\nzone = "Europe/Berlin"\n[caldav]\nallow = ["{host}"]\n[log]\nlevel = "debug"\n'
        )
        Vault.create(read(desk.config).keys.file)
        hand = server.hand("amina")
        calendar = hand.make_calendar("own", OWN)
        events = life(mark, 2)
        assert put(hand, calendar, events) >= 1
        assert server.front is not None
        with crooked(server.front) as behind:
            for email, role in ((AMINA, "student"), (MO, "mentor")):
                assert desk.syncd("person", "add", email, "--name", "Somebody", "--role", role) == 0
            login = ("connect", "caldav", AMINA, "--username", "amina", "--password-stdin", "--url")
            asked = f"http://{mark('a user in an address')}:{mark('a password in an address')}@{host}/"
            asked += f"?{mark('a token in an address')}#{mark('a fragment')}"
            assert desk.syncd(*login, asked, typed=mark("a wrong password")) == 1
            assert desk.syncd(*login, asked, typed=password) == 0
            session = agree(desk, days=5)
            desk.syncd("sync")
            with behind.being(bad_documents(urlsplit(calendar).path, events)):
                desk.syncd("sync")
                desk.syncd("status")
                desk.syncd("person", "show", AMINA)
                desk.syncd("availability", AMINA)
            a_week_at_the_desk(desk, behind, mark, session)

    assert len(mark.planted) >= 50
    everything = desk.everything()
    assert OWN.encode() in everything
    assert b"cannot be read" in everything
    assert b"Traceback" not in everything
    assert b64encode(f"amina:{password}".encode()) not in everything
    assert mark.found_in(everything) == []
    assert mark.found_in(mark.planted["a title"].upper().encode()) == ["a title"]
