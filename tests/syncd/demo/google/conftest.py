from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from googleapiclient.discovery import build

from syncd.clock import MovableClock
from syncd.demo.google import EVERYTHING, GoogleFake, Person
from tests.syncd.demo.google.checker import Checked

NOW = datetime(2026, 10, 12, 8, tzinfo=UTC)
ADA, MAX, EVE = "ada@school.example", "max@school.example", "eve@school.example"
DAY = datetime(2026, 10, 20, 8, tzinfo=UTC)

Service = Any
Connect = Callable[..., Service]


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
def google(clock: MovableClock) -> Iterator[GoogleFake]:
    people = [
        Person(ADA, "Ada"),
        Person(MAX, "Max", "America/New_York"),
        Person(EVE, "Eve", "Asia/Kolkata", takes_invitations=False),
    ]
    with GoogleFake(clock, people) as google:
        yield google


@pytest.fixture
def connect(google: GoogleFake) -> Iterator[Connect]:
    opened: list[Checked] = []

    def connect(email: str, scopes: Iterable[str] = EVERYTHING, *, lenient: bool = False) -> Service:
        http = Checked(
            google.api_endpoint, google.token(email, scopes, life=timedelta(days=365)), lenient=lenient
        )
        opened.append(http)
        options = {"api_endpoint": google.api_endpoint}
        return build("calendar", "v3", static_discovery=True, http=http, client_options=options)

    yield connect
    for one in opened:
        one.close()


@pytest.fixture
def ada(connect: Connect) -> Service:
    return connect(ADA)


@pytest.fixture
def max_(connect: Connect) -> Service:
    return connect(MAX)


def at(start: datetime = DAY, hours: float = 1, zone: str = "UTC") -> dict[str, Any]:
    """Return start and end of an event as the API has them."""
    end = start + timedelta(hours=hours)
    return {
        "start": {"dateTime": start.isoformat(), "timeZone": zone},
        "end": {"dateTime": end.isoformat(), "timeZone": zone},
    }


def session(id: str = "session1", *guests: str, **more: Any) -> dict[str, Any]:  # noqa: A002 - Google's word
    """Return an event as a client may write it."""
    invited = {"attendees": [{"email": one} for one in guests]} if guests else {}
    return {"id": id, "summary": "Mentoring", **at(), **invited, **more}
