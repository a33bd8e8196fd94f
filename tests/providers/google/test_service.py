"""The library itself: built once for all, only when it is needed, and without a way out of its own."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from providers.errors import Unavailable
from providers.google.api import Api, pause
from providers.transport import TransportRules, session
from tests.providers.google.answers import CALENDAR, ENDPOINT

LOOKS = (
    "import sys, providers.google; sys.exit('googleapiclient' in sys.modules or 'httplib2' in sys.modules)"
)


def api(endpoint: str) -> Api:
    return Api(endpoint, session(TransportRules()), lambda _: "t0ken", pause)


def test_the_library_is_not_loaded_before_it_is_needed() -> None:
    subprocess.run([sys.executable, "-c", LOOKS], check=True)


def test_eight_threads_at_once_get_one_and_the_same() -> None:
    start, endpoint = Barrier(8), f"{ENDPOINT}/once"

    def take(one: Api) -> int:
        start.wait()
        return id(one.on.events)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(take, [api(endpoint) for _ in range(8)]))) == 1


def test_another_endpoint_has_another_one() -> None:
    one, other = api(ENDPOINT), api(f"{ENDPOINT}/elsewhere")
    assert one.on is api(ENDPOINT).on
    assert one.on is not other.on
    assert other.on.events.list(calendarId=CALENDAR).uri.startswith(f"{ENDPOINT}/elsewhere/calendars/")


def test_the_library_has_no_way_out_of_its_own() -> None:
    with pytest.raises(Unavailable):
        api(ENDPOINT).on.events.list(calendarId=CALENDAR).execute()


def test_an_endpoint_is_one_with_or_without_a_slash_at_its_end() -> None:
    uris = {api(f"{ENDPOINT}{end}").on.events.list(calendarId=CALENDAR).uri for end in ("", "/")}
    assert len(uris) == 1


def test_the_environment_does_not_move_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN", "evil.example")
    monkeypatch.setenv("GOOGLE_API_USE_MTLS_ENDPOINT", "always")
    moved = api(f"{ENDPOINT}/moved").on.events.list(calendarId=CALENDAR)
    assert moved.uri.startswith(ENDPOINT)
