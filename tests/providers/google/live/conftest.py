from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from providers.base import CalendarId, EventDraft
from providers.google import GoogleProvider
from syncd.demo.google import GoogleFake
from tests.providers import house
from tests.providers.google_house import ACCOUNT, SCOPES, GoogleHand, google_of, provider_on

HOME = CalendarId(ACCOUNT)
Connect = Callable[..., GoogleProvider]


@pytest.fixture
def google() -> Iterator[GoogleFake]:
    with google_of() as google:
        yield google


@pytest.fixture
def connect(google: GoogleFake) -> Iterator[Connect]:
    opened: list[GoogleProvider] = []

    def make(scopes: tuple[str, ...] = SCOPES) -> GoogleProvider:
        token = google.token(ACCOUNT, scopes)
        opened.append(provider_on(google, lambda _: token))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def provider(connect: Connect) -> GoogleProvider:
    return connect()


@pytest.fixture
def hand(google: GoogleFake) -> GoogleHand:
    return GoogleHand(google)


def draft(uid: str | None = None, **other: Any) -> EventDraft:
    """Return a session of which its guests are told."""
    return house.draft(uid, silent=False, **other)
