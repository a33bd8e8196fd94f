from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests
import responses

from policy.interval import Interval
from providers.base import Attendee, EventDraft, Owner, PartStat
from providers.errors import ProviderError
from providers.google import GoogleProvider
from providers.transport import TransportRules, session
from tests.providers.google.answers import ACCOUNT, ENDPOINT, HOST, PORTAL, Said

STUDENT = "amina@school.example"
MENTOR = "mo@school.example"
BERLIN = ZoneInfo("Europe/Berlin")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass
class Server:
    """A Google that says what it is told to, in order; the last answer stays."""

    script: dict[tuple[str, str], list[Said | Exception]] = field(default_factory=dict)
    always: Said | Exception | None = None
    asked: list[requests.PreparedRequest] = field(default_factory=list)

    def say(self, method: str, path: str, *answers: Said | Exception) -> None:
        self.script[method, path] = list(answers)

    def methods(self) -> list[str]:
        return [str(one.method) for one in self.asked]

    def answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str | bytes]:
        self.asked.append(request)
        left = self.script.get((str(request.method), urlsplit(str(request.url)).path))
        if left is None:
            said = self.always or Said(599, "nothing was prepared for this")
        else:
            said = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(said, Exception):
            raise said
        kind = {"Content-Type": said.kind} if said.kind and said.body != "" else {}
        return said.status, {**kind, **said.headers}, said.text


@dataclass
class Tokens:
    """Where access tokens come from: each fresh one is another."""

    fresh: int = 0
    asked: list[bool] = field(default_factory=list)
    none: ProviderError | None = None
    """Why there is none to be had."""

    def __call__(self, fresh: bool) -> str:
        self.asked.append(fresh)
        if self.none is not None:
            raise self.none
        self.fresh += fresh
        return f"t0ken-{self.fresh}"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in METHODS:
            for host in (HOST, PORTAL):
                mock.add_callback(method, re.compile(rf"{host}/.*"), server.answer, content_type=None)
        yield server


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def pauses() -> list[timedelta]:
    return []


@pytest.fixture
def connect(tokens: Tokens, pauses: list[timedelta]) -> Iterator[Callable[..., GoogleProvider]]:
    opened: list[GoogleProvider] = []

    def make(*, endpoint: str = ENDPOINT, owner: str = STUDENT, max_body: int = 8_000_000) -> GoogleProvider:
        http, who = session(TransportRules(max_body=max_body)), Owner(BERLIN, frozenset({owner}))
        opened.append(GoogleProvider(endpoint, ACCOUNT, who, http, tokens, pause=pauses.append))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def provider(connect: Callable[..., GoogleProvider]) -> GoogleProvider:
    return connect()


@pytest.fixture
def window() -> Interval:
    return Interval(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 12, 23, tzinfo=UTC))


@pytest.fixture
def draft() -> EventDraft:
    me = Attendee(STUDENT, "Amina", PartStat.ACCEPTED)
    return EventDraft(
        uid="syncd-0f0f-1",
        session="0f0f",
        start=datetime(2026, 11, 24, 10, tzinfo=UTC),
        end=datetime(2026, 11, 24, 11, tzinfo=UTC),
        summary="Mentoring: Mo",
        description="text",
        organizer=me,
        attendees=(me, Attendee(MENTOR, "Mo")),
        stamp=datetime(2026, 11, 20, tzinfo=UTC),
        url="https://school.example/s/1",
    )
