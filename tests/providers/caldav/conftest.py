from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests
import responses

from policy.interval import Interval
from providers.base import Attendee, EventDraft, Owner
from providers.caldav import CalDavProvider
from providers.caldav.dav import ROWS
from providers.transport import TransportRules, session
from tests.providers.caldav.answers import HOST, Said

Key = tuple[str, str]


@dataclass
class Server:
    """A CalDAV server that says what it is told to, in order; the last answer stays."""

    script: dict[Key, list[Said]] = field(default_factory=dict)
    always: Said | None = None
    chooses: Callable[[requests.PreparedRequest], Said] | None = None
    """Finds the answer to a request for which nothing was prepared."""
    asked: list[requests.PreparedRequest] = field(default_factory=list)

    def say(self, method: str, path: str, *answers: Said) -> None:
        self.script[method, path] = list(answers)

    def methods(self) -> list[str]:
        return [str(one.method) for one in self.asked]

    def answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str | bytes]:
        self.asked.append(request)
        left = self.script.get((str(request.method), urlsplit(str(request.url)).path))
        if left is None and self.chooses is not None:
            said = self.chooses(request)
        elif left is None:
            said = self.always or Said(599, "nothing was prepared for this")
        else:
            said = left.pop(0) if len(left) > 1 else left[0]
        kind = {"Content-Type": said.kind} if said.kind and said.body else {}
        return said.status, {**kind, **said.headers}, said.body


METHODS = ("GET", "PUT", "DELETE", "OPTIONS", "PROPFIND", "REPORT")


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in METHODS:
            mock.add_callback(method, re.compile(rf"{HOST}(:\d+)?/.*"), server.answer, content_type=None)
        yield server


@pytest.fixture
def connect() -> Iterator[Callable[..., CalDavProvider]]:
    opened: list[CalDavProvider] = []

    def make(url: str = HOST + "/me/", password: str = "s3cret", max_rows: int = ROWS) -> CalDavProvider:  # noqa: S107
        owner = Owner(ZoneInfo("Europe/Berlin"), frozenset({"student@school.example"}))
        opened.append(
            CalDavProvider(url, "student", password, owner, session(TransportRules()), max_rows=max_rows)
        )
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def provider(connect: Callable[..., CalDavProvider]) -> CalDavProvider:
    return connect()


@pytest.fixture
def window() -> Interval:
    return Interval(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 12, 23, tzinfo=UTC))


@pytest.fixture
def draft() -> EventDraft:
    me = Attendee("student@school.example", "Student")
    return EventDraft(
        uid="0f0f",
        session="s1",
        start=datetime(2026, 11, 24, 10, tzinfo=UTC),
        end=datetime(2026, 11, 24, 11, tzinfo=UTC),
        summary="Mentoring",
        description="text",
        organizer=me,
        attendees=(me,),
        stamp=datetime(2026, 11, 20, tzinfo=UTC),
    )
