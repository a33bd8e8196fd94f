"""Bodies that nobody writes by mistake: an error of ours at most, never a removal, never a library's error."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.interval import Interval
from providers.base import Event, EventDraft, EventRef, Owner, Tombstone, Unread, key_of
from providers.errors import (
    AccessLost,
    PreconditionFailed,
    ProviderError,
    SyncTokenExpired,
    Unavailable,
    Unreadable,
    Unsupported,
)
from providers.google import GoogleProvider
from providers.google.answer import Answer
from providers.google.reading import Reader
from providers.google.reasons import refusal
from tests.providers.google.acts import ACTS, REF
from tests.providers.google.answers import ACCOUNT, CALENDAR, EVENTS, Said, event, page
from tests.providers.google.conftest import STUDENT, Server

READER = Reader(ACCOUNT, Owner(ZoneInfo("Europe/Berlin"), frozenset({STUDENT})))
HARMLESS = (Unavailable, AccessLost, Unsupported, SyncTokenExpired, Unreadable)
DEEP = "[" * 100_000 + "]" * 100_000

BODIES: dict[str, str | bytes] = {
    "lists in lists": f'{{"items": {DEEP}, "calendars": {DEEP}, "kind": {DEEP}, "nextSyncToken": "s"}}',
    "objects in objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "a refusal deep down": f'{{"error": {{"errors": {DEEP}}}}}',
    "not a number": '{"kind": NaN, "items": [], "calendars": {}, "nextSyncToken": "s"}',
    "infinity": '{"kind": -Infinity, "items": [], "calendars": {}, "nextSyncToken": "s"}',
    "endless digits": f'{{"id": {"9" * 20_000}, "items": [], "nextSyncToken": "s"}}',
    "a million lists": f'{{"x": [{"[]," * 1_000_000}[]]}}',
    "letters of no alphabet": b'{"kind": "\xff\xfe", "items": [], "nextSyncToken": "s"}',
    "another encoding": '{"kind": "calendar#events", "items": [], "nextSyncToken": "s"}'.encode("utf-16"),
    "a mark of byte order": b'\xef\xbb\xbf{"kind": "calendar#events", "items": [], "nextSyncToken": "s"}',
    "a second object": '{"nextSyncToken": "s"}{}',
    "a comma too many": '{"nextSyncToken": "s",}',
    "half a letter": '{"id": "\\ud800", "items": [{"id": "\\ud800"}], "nextSyncToken": "\\ud800"}',
    "a script": ")]}'\n{}",
    "a zero": "0",
    "a null byte": b"\x00",
}


@pytest.mark.parametrize("status", [200, 400, 403, 404, 412, 500])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("act", ACTS)
def test_a_hostile_body_is_an_error_of_ours(
    server: Server,
    provider: GoogleProvider,
    window: Interval,
    draft: EventDraft,
    act: str,
    body: str,
    status: int,
) -> None:
    server.always = Said(status, BODIES[body])
    outcome = outcome_of(lambda: ACTS[act](provider, window, draft))
    if isinstance(outcome, ProviderError):
        # A changed event is told by the status alone: whoever hears of it looks.
        assert isinstance(outcome, (*HARMLESS, *([PreconditionFailed] if status == 412 else [])))
        assert len(str(outcome)) < 200
    else:
        assert act == "busy"
        assert isinstance(outcome, dict)
        assert outcome[CALENDAR].unknown == (window,)


def outcome_of(act: Callable[[], object]) -> object:
    try:
        return act()
    except ProviderError as error:
        return error


WRONG: dict[str, Any] = {
    "a number": 5,
    "a word": "x",
    "a list": [],
    "an object": {},
    "nothing": None,
    "a list of lists": [[[]]],
    "half a letter": "\ud800",
    "a line break": "a\r\nb",
}
FIELDS = [
    *("etag", "status", "updated", "iCalUID", "sequence", "recurringEventId", "recurrence", "start", "end"),
    *("attendees", "extendedProperties"),
]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_another_kind_makes_no_more_than_one_item_unread(
    server: Server, provider: GoogleProvider, window: Interval, field: str, wrong: str
) -> None:
    server.say("GET", EVENTS, page({**event(REF), field: WRONG[wrong]}, event("aaaaa")))
    found = provider.changes(CALENDAR, None, known={}, window=window)
    odd, good = found.items
    assert isinstance(odd, Event | Unread)
    assert isinstance(good, Event)
    assert odd.ref == REF
    assert key_of(odd.ref)
    assert repr(odd).encode(), "nothing in it that could not be stored"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
MOMENTS = st.fixed_dictionaries(
    {},
    optional={
        "dateTime": st.text()
        | st.datetimes(timezones=st.timezones()).map(lambda one: one.isoformat())
        | JSON,
        "date": st.text() | st.dates().map(str) | JSON,
        "timeZone": st.sampled_from(["UTC", "Europe/Berlin", "", "/", "..", "posix"]) | st.text() | JSON,
    },
)


@given(
    st.fixed_dictionaries(
        {"etag": st.just('"1"') | JSON},
        optional={
            "status": st.sampled_from(["confirmed", "cancelled", "tentative"]) | JSON,
            "start": MOMENTS | JSON,
            "end": MOMENTS | JSON,
            "attendees": st.lists(st.dictionaries(st.sampled_from(["email", "self", "responseStatus"]), JSON))
            | JSON,
            "extendedProperties": st.fixed_dictionaries({"private": JSON}) | JSON,
            **dict.fromkeys(("updated", "iCalUID", "sequence", "recurrence", "recurringEventId"), JSON),
        },
    )
)
def test_whatever_an_item_says_it_is_an_item(found: dict[str, Any]) -> None:
    item = READER.item(found, EventRef("aaaaa"))
    assert isinstance(item, Event | Unread | Tombstone)
    if isinstance(item, Event):
        assert item.start is not None
        assert item.end is None or item.end >= item.start
        item.uid.encode()
        "".join(item.partstats).encode()


@given(st.integers(100, 599), JSON | st.fixed_dictionaries({"error": JSON}), st.booleans())
def test_whatever_a_refusal_says_it_is_an_error_of_ours(status: int, body: object, write: bool) -> None:
    answer = Answer(status, {}, json.dumps(body).encode(), "https://calendar.google.example")
    assert isinstance(refusal(answer, write=write), ProviderError)
