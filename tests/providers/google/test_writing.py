"""What is written into a calendar at Google."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from providers.base import CalendarId, ETag, EventDraft, EventRef, PartStat, Status
from providers.google import GoogleProvider
from providers.uids import google_id
from tests.providers.google.answers import ACCOUNT, CALENDAR, EVENTS, Said, event
from tests.providers.google.conftest import MENTOR, STUDENT, Server

SECONDARY = CalendarId("c_abc@group.calendar.google.example")
ETAG = ETag('"7"')


def ref_of(draft: EventDraft) -> EventRef:
    return EventRef(google_id(draft.uid))


def created(server: Server, provider: GoogleProvider, draft: EventDraft, on: CalendarId) -> dict[str, Any]:
    server.always = Said(200, event(ref_of(draft)))
    provider.create(on, draft)
    (request,) = server.asked
    body: dict[str, Any] = json.loads(request.body or "")
    return body


def query(server: Server) -> dict[str, list[str]]:
    return parse_qs(urlsplit(str(server.asked[-1].url)).query)


def test_a_new_event_is_written_whole(server: Server, provider: GoogleProvider, draft: EventDraft) -> None:
    assert created(server, provider, draft, CALENDAR) == {
        "id": google_id("syncd-0f0f-1"),
        "summary": "Mentoring: Mo",
        "description": "text",
        "location": "",
        "start": {"dateTime": "2026-11-24T10:00:00Z", "timeZone": "UTC"},
        "end": {"dateTime": "2026-11-24T11:00:00Z", "timeZone": "UTC"},
        "status": "confirmed",
        "sequence": 0,
        "transparency": "opaque",
        "guestsCanModify": False,
        "reminders": {"useDefault": True},
        "attendees": [
            {"email": ACCOUNT, "responseStatus": "accepted", "displayName": "Amina"},
            {"email": MENTOR, "responseStatus": "needsAction", "displayName": "Mo"},
        ],
        "extendedProperties": {"private": {"syncd": "0f0f", "uid": "syncd-0f0f-1"}},
        "source": {"title": "Mentoring: Mo", "url": "https://school.example/s/1"},
    }
    assert query(server)["sendUpdates"] == ["all"]
    assert urlsplit(str(server.asked[0].url)).path == EVENTS


def test_a_silent_event_has_no_guests_and_nobody_is_told(
    server: Server, provider: GoogleProvider, draft: EventDraft
) -> None:
    body = created(server, provider, replace(draft, silent=True), CALENDAR)
    assert [one["email"] for one in body["attendees"]] == [ACCOUNT]
    assert body["extendedProperties"]["private"]["silent"] == "1"
    assert query(server)["sendUpdates"] == ["none"]


@pytest.mark.parametrize("silent", [True, False])
def test_on_a_calendar_that_is_its_own_organizer_the_owner_is_not_invited(
    server: Server, provider: GoogleProvider, draft: EventDraft, *, silent: bool
) -> None:
    body = created(server, provider, replace(draft, silent=silent), SECONDARY)
    assert [one["email"] for one in body["attendees"]] == ([] if silent else [MENTOR])


@pytest.mark.parametrize("calendar", [ACCOUNT, ACCOUNT.upper(), "primary"])
def test_the_primary_calendar_is_known_by_each_of_its_names(
    server: Server, provider: GoogleProvider, draft: EventDraft, calendar: str
) -> None:
    body = created(server, provider, draft, CalendarId(calendar))
    assert body["attendees"][0]["email"] == ACCOUNT


def test_a_mentors_direct_copy_shows_the_mentor_alone(
    server: Server, connect: Callable[..., GoogleProvider], draft: EventDraft
) -> None:
    body = created(server, connect(owner=MENTOR), replace(draft, silent=True), CALENDAR)
    assert body["attendees"] == [{"email": ACCOUNT, "responseStatus": "needsAction", "displayName": "Mo"}]


@pytest.mark.parametrize("url", ["", "webcal://school.example/s/1", "javascript:alert(1)", "/s/1"])
def test_a_link_that_is_no_web_address_is_left_out(
    server: Server, provider: GoogleProvider, draft: EventDraft, url: str
) -> None:
    assert "source" not in created(server, provider, replace(draft, url=url), CALENDAR)


def test_a_delegated_answer_is_none_that_google_knows(
    server: Server, provider: GoogleProvider, draft: EventDraft
) -> None:
    me, guest = draft.attendees
    delegated = replace(draft, attendees=(me, replace(guest, partstat=PartStat.DELEGATED)))
    assert created(server, provider, delegated, CALENDAR)["attendees"][1]["responseStatus"] == "needsAction"


def test_an_update_names_the_version_that_it_replaces(
    server: Server, provider: GoogleProvider, draft: EventDraft
) -> None:
    server.always = Said(200, event(ref_of(draft), etag='"8"'))
    written = provider.update(CALENDAR, ref_of(draft), replace(draft, sequence=4), ETAG)
    (request,) = server.asked
    body = json.loads(request.body or "")
    assert (request.method, request.headers["If-Match"]) == ("PUT", ETAG)
    assert (body["sequence"], "id" in body) == (4, False)
    assert (written.ref, written.etag) == (ref_of(draft), ETag('"8"'))
    assert query(server)["sendUpdates"] == ["all"]


def test_an_update_that_cancels_leaves_no_version(
    server: Server, provider: GoogleProvider, draft: EventDraft
) -> None:
    server.always = Said(200, event(ref_of(draft), status="cancelled"))
    written = provider.update(CALENDAR, ref_of(draft), replace(draft, status=Status.CANCELLED), ETAG)
    assert json.loads(server.asked[0].body or "")["status"] == "cancelled"
    assert written.etag is None


def test_a_removal_names_the_version_and_tells_the_guests(
    server: Server, provider: GoogleProvider, draft: EventDraft
) -> None:
    server.always = Said(204)
    provider.delete(CALENDAR, ref_of(draft), ETAG)
    (request,) = server.asked
    assert (request.method, request.headers["If-Match"], request.body) == ("DELETE", ETAG, None)
    assert query(server)["sendUpdates"] == ["all"]


def test_titles_are_not_even_asked_for(server: Server, provider: GoogleProvider, draft: EventDraft) -> None:
    server.always = Said(200, event(ref_of(draft)))
    provider.fetch(CALENDAR, ref_of(draft))
    (fields,) = query(server)["fields"]
    assert not {"summary", "description", "location"} & set(fields.replace("(", ",").split(","))
    assert server.asked[0].headers["Cache-Control"] == "no-cache"


def test_the_account_is_let_in_by_its_token_and_says_who_asks(
    server: Server, provider: GoogleProvider, draft: EventDraft
) -> None:
    server.always = Said(200, event(ref_of(draft)))
    provider.fetch(CALENDAR, ref_of(draft))
    headers = server.asked[0].headers
    assert headers["Authorization"] == "Bearer t0ken-0"
    assert headers["User-Agent"] == "syncd (gzip)"
    assert headers["Accept-Encoding"] == "gzip"
    assert STUDENT not in str(headers)
    assert "x-goog-api-client" not in headers
