"""The tables of the fake against the discovery document."""

from __future__ import annotations

from typing import Any

import pytest

from syncd.demo.google import EVERYTHING, GoogleFake
from syncd.demo.google.api import METHODS
from syncd.demo.google.scopes import PREFIX, WORDS, whole
from tests.syncd.demo.google.checker import Checked, discovery, methods
from tests.syncd.demo.google.conftest import ADA, DAY, MAX, Connect, session
from tests.syncd.demo.google.refused import refused

FREE = ["calendar.freebusy", "calendar.calendarlist.readonly", "calendar.events.owned"]
QUERY = {"timeMin": "2026-10-20T00:00:00Z", "timeMax": "2026-10-21T00:00:00Z", "items": [{"id": "primary"}]}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_where_google_has_it_and_wants_what_google_wants(name: str) -> None:
    there = methods()[f"calendar.{name}"]
    verb, path, scopes = METHODS[name]
    assert (verb, path) == (there["httpMethod"], there["path"])
    assert {whole(one) for one in scopes} == set(there["scopes"])


def test_scopes_are_named_in_googles_words() -> None:
    there = discovery()["auth"]["oauth2"]["scopes"]
    assert {f"{PREFIX}{name}": words for name, words in WORDS.items()} == {
        name: one["description"].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        for name, one in there.items()
    }
    assert set(there) >= EVERYTHING


def test_what_is_not_allowed_is_refused_with_its_details(connect: Connect, google: GoogleFake) -> None:
    service = connect(ADA, ["calendar.freebusy"])
    assert service.freebusy().query(body=QUERY).execute()["calendars"]["primary"] == {"busy": []}
    http: Checked = service._http
    for request in (service.calendarList().list(), service.events().list(calendarId="primary")):
        with refused(403, "insufficientPermissions"):
            request.execute()
    _, content = http.request(f"{google.api_endpoint}/users/me/calendarList")
    assert b"ACCESS_TOKEN_SCOPE_INSUFFICIENT" in content
    assert b"calendar.calendarList.list" in content


def test_three_scopes_are_enough_for_a_student(connect: Connect) -> None:
    service = connect(ADA, FREE)
    service.calendarList().list().execute()
    service.freebusy().query(body=QUERY).execute()
    service.events().insert(calendarId="primary", body=session()).execute()
    service.events().list(calendarId="primary").execute()
    service.events().delete(calendarId="primary", eventId="session1").execute()
    with refused(403, "insufficientPermissions"):
        service.calendars().insert(body={"summary": "Club"}).execute()


def test_a_scope_for_owned_calendars_opens_no_others(google: GoogleFake, connect: Connect) -> None:
    google.hand(MAX).share(ADA, "writer")
    service = connect(ADA, ["calendar.events.owned"])
    for request in (
        service.events().list(calendarId=MAX),
        service.events().insert(calendarId=MAX, body=session()),
    ):
        with refused(403, "insufficientPermissions"):
            request.execute()
    connect(ADA, ["calendar.events"]).events().list(calendarId=MAX).execute()
    google.hand(MAX).add("Doctor", DAY, DAY.replace(hour=9))
    both = connect(ADA, ["calendar.events.owned", "calendar.events.freebusy"])
    (row,) = both.events().list(calendarId=MAX).execute()["items"]
    assert "summary" not in row, "what opens it is the scope for free/busy alone"


def test_a_scope_for_calendars_that_were_made_opens_no_others(connect: Connect) -> None:
    service = connect(ADA, ["calendar.app.created"])
    made = service.calendars().insert(body={"summary": "Sessions"}).execute()
    service.events().insert(calendarId=made["id"], body=session()).execute()
    with refused(403, "insufficientPermissions"):
        service.events().list(calendarId="primary").execute()


def test_a_scope_for_free_busy_shows_events_without_their_details(
    google: GoogleFake, connect: Connect
) -> None:
    google.hand(ADA).add("Doctor", DAY, DAY.replace(hour=9))
    service = connect(ADA, ["calendar.events.freebusy"])
    (row,) = service.events().list(calendarId="primary").execute()["items"]
    assert "summary" not in row
    assert row["end"]["dateTime"] == "2026-10-20T11:00:00+02:00"


def statuses(google: GoogleFake, token: str) -> tuple[int, str]:
    http: Any = Checked(google.api_endpoint, token)
    response, _ = http.request(f"{google.api_endpoint}/users/me/calendarList")
    http.close()
    return response.status, response.get("www-authenticate", "")


def test_without_a_good_token_nobody_comes_in(google: GoogleFake) -> None:
    good = google.token(ADA)
    assert statuses(google, good) == (200, "")
    for bad in ("", "ya29.nonsense"):
        status, challenge = statuses(google, bad)
        assert (status, "Bearer" in challenge) == (401, True)
    google.tokens.expire()
    assert statuses(google, good)[0] == 401
