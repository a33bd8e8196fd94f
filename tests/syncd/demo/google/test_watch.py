from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from syncd.clock import MovableClock
from syncd.demo.google import GoogleFake
from tests.syncd.demo.google.checker import Checked
from tests.syncd.demo.google.conftest import ADA, DAY, MAX, NOW, Service, session
from tests.syncd.demo.google.refused import refused

HOUR = timedelta(hours=1)


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        got: list[Mapping[str, str]] = self.server.got  # type: ignore[attr-defined]
        assert self.rfile.read(int(self.headers.get("Content-Length") or 0)) == b""
        got.append(dict(self.headers.items()))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""


class Hook:
    """Where messages are posted to."""

    def __init__(self, server: HTTPServer) -> None:
        self.address = f"http://127.0.0.1:{server.server_address[1]}/hooks/google"
        self.got: list[Mapping[str, str]] = []
        server.got = self.got  # type: ignore[attr-defined]

    def states(self) -> list[str]:
        return [one["X-Goog-Resource-State"] for one in self.got]


@pytest.fixture
def hook() -> Iterator[Hook]:
    with HTTPServer(("127.0.0.1", 0), _Hook) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Hook(server)
        server.shutdown()
        thread.join()


def watch(
    service: Service, hook: Hook, name: str = "channel-1", calendar: str = "primary", **more: Any
) -> Any:
    body = {"id": name, "type": "web_hook", "address": hook.address, "token": "s3cret", **more}
    return service.events().watch(calendarId=calendar, body=body).execute()


def test_a_channel_tells_that_something_changed(google: GoogleFake, ada: Service, hook: Hook) -> None:
    channel = watch(ada, hook)
    assert (channel["id"], channel["token"], channel["kind"]) == ("channel-1", "s3cret", "api#channel")
    assert int(channel["expiration"]) == (NOW + timedelta(days=7)).timestamp() * 1000
    (first,) = hook.got
    assert first["X-Goog-Resource-State"] == "sync"
    ada.events().insert(calendarId="primary", body=session()).execute()
    google.hand(ADA).retitle("session1", "Chess")
    assert hook.states() == ["sync", "exists", "exists"]
    last = hook.got[-1]
    assert last["X-Goog-Channel-ID"] == "channel-1"
    assert last["X-Goog-Channel-Token"] == "s3cret"
    assert last["X-Goog-Channel-Expiration"] == "Mon, 19 Oct 2026 08:00:00 GMT"
    assert last["X-Goog-Resource-ID"] == channel["resourceId"]
    assert last["X-Goog-Resource-URI"] == channel["resourceUri"]
    assert [one["X-Goog-Message-Number"] for one in hook.got] == ["1", "2", "3"]


def test_what_reads_changes_nothing_and_tells_nobody(ada: Service, max_: Service, hook: Hook) -> None:
    watch(ada, hook)
    ada.events().list(calendarId="primary").execute()
    max_.events().insert(calendarId="primary", body=session()).execute()
    assert hook.states() == ["sync"]


def test_an_invitation_tells_the_guests_channel(ada: Service, max_: Service, hook: Hook) -> None:
    watch(max_, hook)
    ada.events().insert(calendarId="primary", body=session("session1", MAX)).execute()
    assert hook.states() == ["sync", "exists"]


def test_a_channel_is_stopped_by_who_opened_it(
    google: GoogleFake, ada: Service, max_: Service, hook: Hook
) -> None:
    channel = watch(ada, hook)
    body = {"id": channel["id"], "resourceId": channel["resourceId"]}
    for service, wrong in ((max_, body), (ada, {**body, "resourceId": "x"}), (ada, {**body, "id": "x"})):
        with refused(404, "notFound"):
            service.channels().stop(body=wrong).execute()
    ada.channels().stop(body=body).execute()
    google.hand(ADA).add("Chess", DAY, DAY + HOUR)
    assert hook.states() == ["sync"]
    with refused(404, "notFound"):
        ada.channels().stop(body=body).execute()


def test_the_id_of_a_channel_is_used_once(ada: Service, max_: Service, hook: Hook) -> None:
    channel = watch(ada, hook)
    with refused(400, "channelIdNotUnique"):
        watch(ada, hook)
    ada.channels().stop(body={"id": channel["id"], "resourceId": channel["resourceId"]}).execute()
    with refused(400, "channelIdNotUnique"):
        watch(max_, hook)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"name": "x" * 65}, "invalid"),
        ({"name": "two words"}, "invalid"),
        ({"name": ""}, "required"),
        ({"address": ""}, "required"),
        ({"type": "pigeon"}, "invalid"),
        ({"token": "t" * 257}, "invalid"),
    ],
)
def test_a_channel_must_be_well_formed(ada: Service, hook: Hook, body: dict[str, str], reason: str) -> None:
    with refused(400, reason):
        watch(ada, hook, **body)
    assert hook.got == []


def test_a_channel_ends_by_itself(google: GoogleFake, ada: Service, hook: Hook, clock: MovableClock) -> None:
    soon = str(int((NOW + HOUR).timestamp() * 1000))
    late = str(int((NOW + timedelta(days=30)).timestamp() * 1000))
    assert watch(ada, hook, expiration=soon)["expiration"] == soon
    assert watch(ada, hook, "channel-2", params={"ttl": "3600"})["expiration"] == soon
    assert watch(ada, hook, "channel-3", expiration=late)["expiration"] < late
    clock.move(NOW + HOUR)
    google.hand(ADA).add("Chess", DAY, DAY + HOUR)
    assert [one["X-Goog-Channel-ID"] for one in hook.got[3:]] == ["channel-3"]


def test_nobody_at_home_is_no_harm(google: GoogleFake, ada: Service, hook: Hook) -> None:
    watch(ada, hook, address="http://127.0.0.1:9/hooks")
    google.hand(ADA).add("Chess", DAY, DAY + HOUR)
    assert [one.status for one in google.channels.messages] == [None, None]


def test_messages_get_lost(google: GoogleFake, ada: Service, hook: Hook) -> None:
    watch(ada, hook)
    google.channels.dropped = 1
    for _ in range(2):
        google.hand(ADA).add("Chess", DAY, DAY + HOUR)
    assert hook.states() == ["sync", "exists"]
    assert hook.got[-1]["X-Goog-Message-Number"] == "3"


def test_who_delivers_can_be_chosen(clock: MovableClock) -> None:
    got: list[str] = []

    def deliver(address: str, headers: Mapping[str, str]) -> int:
        got.append(f"{address} {headers['X-Goog-Resource-State']}")
        return 200

    with GoogleFake(clock, [ADA], deliver=deliver) as google:
        http = Checked(google.api_endpoint, google.token(ADA))
        body = {"id": "c", "type": "web_hook", "address": "https://syncd.example/"}
        at = f"{google.api_endpoint}/calendars/primary/events/watch"
        response, _ = http.request(at, "POST", json.dumps(body))
        http.close()
    assert response.status == 200
    assert got == ["https://syncd.example/ sync"]
