"""One calendar at Google, on a small Google of our own: what a look at it costs, and what an account weighs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import requests

from benchmarks.contest import Entry, Score, fresh, warm
from benchmarks.contestant import Facts, Turn
from benchmarks.cpu import resident
from benchmarks.ground import USER, all_due, copies, house_in, person
from benchmarks.idle import line
from benchmarks.relay import Relay, relay
from benchmarks.report import Line, Result
from benchmarks.rounders import AT_ONCE, Changed, turn_of
from benchmarks.scale import Scale
from syncd.clock import SystemClock
from syncd.config import read
from syncd.demo.google import GoogleFake
from syncd.house import House, identity
from syncd.oauth import consent
from syncd.oauth.connecting import connect
from syncd.vault import Vault

_EMAIL = f"{USER}@school.example"
_PATH = "/calendar/v3"
_BACK = "http://127.0.0.1:9/"
_KEPT = 100
_HANG = 600.0
_REMARK = "Google is a fake on loopback. CPU is the client's; wall time includes the fake's own and that of a counting relay."
_WEIGHT = "Each account has had one round, or one answer: what it leaves in memory, shared things such as the library left out."


def google(scale: Scale, folder: Path) -> Iterator[Result]:
    """Compare an idle round of one calendar at Google, and what an account leaves in memory."""
    with GoogleFake(SystemClock(), [_EMAIL]) as server, ExitStack() as ends:
        _fill(server, scale.resources)
        relays = [ends.enter_context(relay(urlsplit(server.url).port or 0)) for _ in range(4)]
        given = {"token": server.token(_EMAIL)}
        peers = (("built once", True), ("built for each round", False))
        entries = [
            _ours(server, relays[0], folder / "one", 1, "syncd, the whole round", "google:ours"),
            *(
                _entry(one, f"Google's client, {words}", "google:client", {**given, "keep": keep})
                for one, (words, keep) in zip(relays[1:], peers, strict=False)
            ),
            _entry(relays[3], "requests, the bare GET", "google:raw", given),
        ]
        title = f"An idle round of one calendar with {scale.resources:,} events at Google"
        lines = tuple(line(score) for score in warm(entries, scale.rounds))
        yield Result(title, "CPU ms", lines, scale.rounds, _REMARK)
        many = "syncd, its accounts in the database"
        kept = _entry(relays[1], "Google's client, one kept for each", "google:kept", given)
        scores = fresh(
            [_ours(server, relays[0], folder / "many", scale.accounts, many, "google:crowd"), kept], scale.few
        )
        lines = tuple(_weighed(score) for score in scores)
        yield Result("Memory of a Google account after a round", "KiB", lines, scale.few, _WEIGHT)


def _weighed(score: Score) -> Line:
    if not score.rounds:
        return Line(score.entry.who, None, score.why)
    found = median(one.facts["KiB"] for one in score.rounds)
    return Line(score.entry.who, found, {"accounts": f"{score.facts['accounts']:,}"})


def _fill(server: GoogleFake, size: int) -> None:
    hand, first = server.hand(_EMAIL), datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for number in range(size):
        start = first + number * timedelta(hours=1)
        hand.add("Lesson", start, start + timedelta(minutes=30))


def _ours(server: GoogleFake, counting: Relay, folder: Path, size: int, who: str, function: str) -> Entry:
    """Lay out a house in which *size* accounts are connected, and enter it."""
    folder.mkdir()
    client = server.register(installed=True)
    (folder / "secret").write_text(client.secret, encoding="utf-8")
    (folder / "secret").chmod(0o600)
    (folder / "config.toml").write_text(
        f'[school]\nzone = "Europe/Berlin"\n[google]\nclient_id = "{client.id}"\nclient_secret_file = "secret"\n'
        f'api_endpoint = "{_endpoint(counting)}"\nauth_uri = "{server.auth_uri}"\n'
        f'token_uri = "{server.token_uri}"\nrevoke_uri = "{server.revoke_uri}"\n',
        encoding="utf-8",
    )
    Vault.create(read(folder / "config.toml").keys.file)
    with house_in(folder) as house:
        _connect(house, server, size)
    return Entry(who, f"benchmarks.{function}", {"folder": str(folder)}, counting.read)


def _endpoint(counting: Relay) -> str:
    return f"{counting.url.rstrip('/')}{_PATH}"


def _connect(house: House, server: GoogleFake, size: int) -> None:
    asked, pending = consent.begin(house.config, _BACK, house.clock.now(), hint=_EMAIL)
    server.consent.at_once(_EMAIL)
    said = requests.get(asked, allow_redirects=False, timeout=_HANG)
    back = urlsplit(said.headers["Location"]).query
    given = consent.finish(house.config, pending, back, house.clock.now())
    who = person(house)
    connect(house, who, given.grant, given.first, (), _EMAIL)
    turn_of(house).run()
    with house.db.read() as tx:
        (account,) = tx.accounts.of(who.id)
    copies(house, account, size, house.vault.open(account.grant, identity(account.id, who.id)))


# --- the contestants -------------------------------------------------------------------------


@contextmanager
def ours(folder: str) -> Iterator[Turn]:
    """Run our round as the daemon does."""
    with house_in(Path(folder)) as house:
        yield turn_of(house)


@contextmanager
def client(endpoint: str, token: str, keep: bool) -> Iterator[Turn]:
    """Ask for changes with Google's own client, one kept or one a round, and keep nothing."""
    kept = _service(endpoint, token)
    since = _changes(kept, None)

    def run() -> None:
        for _ in range(AT_ONCE):
            _changes(kept if keep else _service(endpoint, token), since)

    yield Turn(run, per=AT_ONCE)


@contextmanager
def raw(endpoint: str, token: str) -> Iterator[Turn]:
    """Do the least that a client can: one kept session, one GET with the token, nothing kept."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        place = f"{endpoint}/calendars/{_EMAIL}/events"
        since = _changes(_service(endpoint, token), None)

        def run() -> None:
            for _ in range(AT_ONCE):
                found = session.get(
                    place, params={"syncToken": since, "showDeleted": "true"}, timeout=_HANG
                ).json()
                if found["items"]:
                    raise Changed

        yield Turn(run, per=AT_ONCE)


@contextmanager
def crowd(folder: str) -> Iterator[Turn]:
    """Run one round of every account, and weigh what is left of it."""
    from syncd import work  # noqa: PLC0415 - a contestant imports what it needs
    from syncd.sync import HANDLERS  # noqa: PLC0415

    with house_in(Path(folder)) as house:

        def rounds(most: int) -> int:
            with house.db.write() as tx:
                tickets = tx.due.claim(most, work.LEASE, [work.SYNC])
            for ticket in tickets:
                HANDLERS[work.SYNC](house, ticket)
            return len(tickets)

        all_due(house, house.clock.now())
        rounds(1)  # what the first one loads, it loads for all
        before, done = resident(), 0

        def run() -> int:
            nonlocal done
            while found := rounds(1):
                done += found
            return done

        yield Turn(run, lambda done: _weight(before, done))


@contextmanager
def kept(endpoint: str, token: str) -> Iterator[Turn]:
    """Keep a client of Google's for each account, which has had one answer."""
    since = _changes(made := _service(endpoint, token), None)
    all_of_them, before = [made], resident()

    def run() -> int:
        for _ in range(_KEPT):
            all_of_them.append(_service(endpoint, token))
            _changes(all_of_them[-1], since)
        return _KEPT

    yield Turn(run, lambda done: _weight(before, done))


def _weight(before: float, accounts: int) -> Facts:
    return {"KiB": (resident() - before) * 1024 / max(accounts, 1), "accounts": accounts}


def _service(endpoint: str, token: str) -> Any:
    from google.oauth2.credentials import Credentials  # noqa: PLC0415
    from googleapiclient.discovery import build  # noqa: PLC0415

    credentials = Credentials(token)  # type: ignore[no-untyped-call]
    options: dict[str, Any] = {"api_endpoint": endpoint, "universe_domain": "googleapis.com"}
    return build("calendar", "v3", credentials=credentials, static_discovery=True, client_options=options)


def _changes(service: Any, since: str | None) -> str:
    """Return the token after all pages.

    :raises Changed: if there was anything since the token.
    """
    page = None
    while True:
        asked = service.events().list(
            calendarId=_EMAIL, syncToken=since, pageToken=page, maxResults=2500, showDeleted=True
        )
        found = asked.execute()
        if since is not None and found["items"]:
            raise Changed
        page = found.get("nextPageToken")
        if page is None:
            return str(found["nextSyncToken"])


def _entry(counting: Relay, who: str, function: str, given: dict[str, Any]) -> Entry:
    return Entry(who, f"benchmarks.{function}", {"endpoint": _endpoint(counting), **given}, counting.read)
