"""Channels over which Google calls us."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from providers.base import CalendarId
from providers.errors import AccessLost, Loss, ProviderError, Unavailable, Unsupported
from providers.google import GoogleProvider
from providers.push import Channel, Hook, PushProvider
from tests.providers.google.answers import CALENDAR, EVENTS, Said, refused
from tests.providers.google.conftest import Server
from tests.providers.google_house import ACCOUNT, SCOPES, GoogleHand, google_of, provider_on
from tests.providers.house import entry

WATCH, STOP = f"{EVENTS}/watch", "/calendar/v3/channels/stop"
HOOK = Hook("https://school.example/hooks/google", "s3cret", timedelta(days=7))
OLD = Channel("old", "r-old")


def opened(channel: str, **more: Any) -> Said:
    plain = {"kind": "api#channel", "id": channel, "resourceId": "r1", "expiration": "1796000000000"}
    return Said(200, {**plain, **more})


def bodies(server: Server) -> list[Any]:
    return [json.loads(one.body or "") for one in server.asked]


def test_a_channel_is_opened(server: Server, provider: GoogleProvider) -> None:
    server.say("POST", WATCH, opened("new"))
    push: PushProvider = provider
    found = push.watch(CALENDAR, "new", HOOK)
    assert found == Channel("new", "r1", datetime(2026, 11, 30, 0, 53, 20, tzinfo=UTC))
    assert bodies(server) == [
        {
            "id": "new",
            "type": "web_hook",
            "address": "https://school.example/hooks/google",
            "token": "s3cret",
            "params": {"ttl": "604800"},
        }
    ]


@pytest.mark.parametrize("end", [None, 5, "", "soon", "9" * 400, "-1", "²"])
def test_an_end_that_cannot_be_read_is_none(server: Server, provider: GoogleProvider, end: object) -> None:
    server.say("POST", WATCH, opened("new", expiration=end))
    assert provider.watch(CALENDAR, "new", HOOK).until is None


@pytest.mark.parametrize(
    "said",
    [
        opened("other"),
        opened("new", resourceId=None),
        opened("new", resourceId=5),
        Said(200, "<html>"),
        Said(200),
    ],
    ids=["another channel", "no resource", "a number", "a page", "nothing"],
)
def test_an_answer_that_does_not_name_the_channel_is_none(
    server: Server, provider: GoogleProvider, said: Said
) -> None:
    server.always = said
    with pytest.raises(Unavailable):
        provider.watch(CALENDAR, "new", HOOK)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (refused(400, "channelIdNotUnique"), Unsupported),
        (refused(400, "pushNotSupportedForRequestedResource"), Unsupported),
        (refused(401), AccessLost),
        (refused(403, "forbidden"), AccessLost),
        (refused(404, "notFound"), AccessLost),
        (refused(429), Unavailable),
        (Said(502), Unavailable),
    ],
)
def test_a_channel_that_is_refused(
    server: Server, provider: GoogleProvider, said: Said, error: type[ProviderError]
) -> None:
    server.always = said
    with pytest.raises(ProviderError) as caught:
        provider.watch(CALENDAR, "new", HOOK)
    assert type(caught.value) is error
    assert "s3cret" not in str(caught.value)


def test_a_calendar_that_is_gone_is_watched_no_more(server: Server, provider: GoogleProvider) -> None:
    server.always = refused(404, "notFound")
    with pytest.raises(AccessLost) as lost:
        provider.watch(CALENDAR, "new", HOOK)
    assert lost.value.loss is Loss.GONE


def test_a_channel_is_renewed_by_another_before_the_old_one_is_stopped(
    server: Server, provider: GoogleProvider
) -> None:
    server.say("POST", WATCH, opened("new"))
    server.say("POST", STOP, Said(204))
    assert provider.renew(CALENDAR, OLD, "new", HOOK).id == "new"
    assert bodies(server)[1] == {"id": "old", "resourceId": "r-old"}


@pytest.mark.parametrize("said", [refused(404), Said(502), refused(403, "forbidden")])
def test_an_old_channel_that_cannot_be_stopped_ends_by_itself(
    server: Server, provider: GoogleProvider, said: Said
) -> None:
    server.say("POST", WATCH, opened("new"))
    server.say("POST", STOP, said)
    assert provider.renew(CALENDAR, OLD, "new", HOOK).id == "new"


def test_an_old_channel_stays_if_no_new_one_is_opened(server: Server, provider: GoogleProvider) -> None:
    server.say("POST", WATCH, Said(503))
    with pytest.raises(Unavailable):
        provider.renew(CALENDAR, OLD, "new", HOOK)
    assert len(server.asked) == 1


@pytest.mark.parametrize("said", [Said(204), Said(200), refused(404), refused(410)])
def test_a_channel_that_has_ended_is_stopped(server: Server, provider: GoogleProvider, said: Said) -> None:
    server.say("POST", STOP, said)
    provider.stop(OLD)


def test_a_channel_that_cannot_be_stopped_is_an_error(server: Server, provider: GoogleProvider) -> None:
    server.say("POST", STOP, Said(500))
    with pytest.raises(Unavailable):
        provider.stop(OLD)


def test_google_calls_until_it_is_told_to_stop() -> None:
    calls: list[Mapping[str, str]] = []

    def deliver(address: str, headers: Mapping[str, str]) -> int:
        assert address == HOOK.address
        calls.append({name.lower(): one for name, one in headers.items()})
        return 204

    home = CalendarId(ACCOUNT)
    with google_of(deliver=deliver) as google:
        provider, hand = provider_on(google, lambda _: google.token(ACCOUNT, SCOPES)), GoogleHand(google)
        first = provider.watch(home, "channel-1", HOOK)
        assert first.until is not None
        assert abs(first.until - google.clock.now() - HOOK.life) < timedelta(minutes=1)
        hand.add(home, entry())
        second = provider.renew(home, first, "channel-2", HOOK)
        hand.add(home, entry())
        provider.stop(second)
        hand.add(home, entry())
        provider.close()
    said = [
        (one["x-goog-channel-id"], one["x-goog-resource-state"], one["x-goog-channel-token"]) for one in calls
    ]
    assert said == [
        ("channel-1", "sync", "s3cret"),
        ("channel-1", "exists", "s3cret"),
        ("channel-2", "sync", "s3cret"),
        ("channel-2", "exists", "s3cret"),
    ]
