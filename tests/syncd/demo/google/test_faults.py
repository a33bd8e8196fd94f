from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from syncd.demo.google import (
    CUT,
    LOGGED_OUT,
    LOST,
    REFUSED_UNHEARD,
    SWAPPED,
    GoogleFake,
    broken,
    elsewhere,
    refusing,
    slow,
)
from tests.syncd.demo.google.conftest import ADA, DAY, Service, session
from tests.syncd.demo.google.refused import refused


@pytest.fixture
def line(google: GoogleFake) -> Iterator[http.client.HTTPConnection]:
    at = http.client.HTTPConnection("127.0.0.1", int(google.url.rpartition(":")[2]), timeout=30)
    yield at
    at.close()


def ask(
    line: http.client.HTTPConnection, google: GoogleFake, body: object = None
) -> http.client.HTTPResponse:
    proof = {"Authorization": f"Bearer {google.token(ADA)}", "Content-Type": "application/json"}
    method = "POST" if body else "GET"
    line.request(method, "/calendar/v3/calendars/primary/events", json.dumps(body) if body else None, proof)
    return line.getresponse()


def stands(google: GoogleFake) -> list[str]:
    return list(google.hand(ADA).events())


@pytest.mark.parametrize(
    ("status", "reason"),
    [(403, "quotaExceeded"), (403, "rateLimitExceeded"), (410, "fullSyncRequired"), (503, "backendError")],
)
def test_any_status_with_any_reason(google: GoogleFake, ada: Service, status: int, reason: str) -> None:
    google.faults.plan(refusing(status, reason), "GET", "/events$")
    with refused(status, reason):
        ada.events().list(calendarId="primary").execute()
    ada.events().list(calendarId="primary").execute()
    assert google.faults.left() == 0


def test_too_many_requests_says_for_how_long(google: GoogleFake, line: http.client.HTTPConnection) -> None:
    google.faults.plan(refusing(429, "rateLimitExceeded", retry_after=7))
    answer = ask(line, google)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")


def test_a_broken_front_speaks_html(google: GoogleFake, line: http.client.HTTPConnection) -> None:
    google.faults.plan(broken(503, retry_after=1))
    answer = ask(line, google, session())
    assert (answer.status, answer.headers.get_content_type()) == (503, "text/html")
    assert b"503" in answer.read()
    assert stands(google) == []


def test_the_nth_of_a_kind_and_those_after_it(google: GoogleFake, ada: Service) -> None:
    google.faults.plan(refusing(500, "backendError"), "GET", "/events/session1$", nth=2, times=2)
    ada.events().insert(calendarId="primary", body=session()).execute()
    get = ada.events().get(calendarId="primary", eventId="session1")
    get.execute()
    for _ in range(2):
        ada.events().list(calendarId="primary").execute()
        with refused(500, "backendError"):
            get.execute()
    get.execute()


def test_one_fault_for_one_request_in_the_order_of_the_plan(google: GoogleFake, ada: Service) -> None:
    google.faults.plan(refusing(500, "first"))
    google.faults.plan(refusing(500, "second"), "GET")
    google.faults.plan(refusing(500, "never"), "GET")
    for reason in ("first", "second"):
        with refused(500, reason):
            ada.events().list(calendarId="primary").execute()
    google.faults.clear()
    ada.events().list(calendarId="primary").execute()


def test_an_answer_is_lost_after_the_write(google: GoogleFake, line: http.client.HTTPConnection) -> None:
    google.faults.plan(LOST, "POST")
    with pytest.raises(http.client.RemoteDisconnected):
        ask(line, google, session())
    assert stands(google) == ["session1"]
    assert google.asked[-1].status is None
    line.close()
    assert ask(line, google, session()).status == 409


def test_a_request_is_lost_before_the_write(google: GoogleFake, line: http.client.HTTPConnection) -> None:
    google.faults.plan(REFUSED_UNHEARD, "POST")
    with pytest.raises(http.client.RemoteDisconnected):
        ask(line, google, session())
    assert stands(google) == []


def test_a_body_is_cut(google: GoogleFake, line: http.client.HTTPConnection) -> None:
    google.faults.plan(CUT, "POST")
    answer = ask(line, google, session())
    assert answer.status == 200
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    assert stands(google) == ["session1"]


def test_of_an_answer_without_a_body_all_is_cut(google: GoogleFake) -> None:
    google.hand(ADA).add("Chess", DAY, DAY + timedelta(hours=1))
    (event,) = stands(google)
    google.faults.plan(CUT, "DELETE")
    proof = {"Authorization": f"Bearer {google.token(ADA)}"}
    at = f"{google.api_endpoint}/calendars/primary/events/{event}"
    with pytest.raises(requests.ConnectionError):
        requests.delete(at, headers=proof, timeout=30)
    assert stands(google) == []


def test_an_answer_drips(google: GoogleFake, line: http.client.HTTPConnection) -> None:
    google.faults.plan(slow(0.001))
    answer = ask(line, google)
    assert json.loads(answer.read())["items"] == []


def test_a_drip_ends_with_the_server(google: GoogleFake, line: http.client.HTTPConnection) -> None:
    google.faults.plan(slow(60))
    answer = ask(line, google)
    google.stop()
    with pytest.raises(http.client.IncompleteRead):
        answer.read()


def test_the_network_wants_a_password_first(google: GoogleFake, line: http.client.HTTPConnection) -> None:
    google.faults.plan(LOGGED_OUT)
    answer = ask(line, google, session())
    assert (answer.status, answer.headers.get_content_type()) == (200, "text/html")
    assert b"Sign in" in answer.read()
    assert stands(google) == []


def test_a_page_comes_instead_of_the_answer(google: GoogleFake, line: http.client.HTTPConnection) -> None:
    google.faults.plan(SWAPPED)
    answer = ask(line, google, session())
    assert (answer.status, answer.headers.get_content_type()) == (200, "text/html")
    assert b"Sign in" in answer.read()
    assert stands(google) == ["session1"]


def test_of_an_answer_without_a_body_the_head_is_late(google: GoogleFake) -> None:
    event = google.hand(ADA).add("Chess", DAY, DAY + timedelta(hours=1))
    google.faults.plan(slow(60), "DELETE")
    proof = {"Authorization": f"Bearer {google.token(ADA)}"}
    with pytest.raises(requests.ReadTimeout):
        requests.delete(f"{google.api_endpoint}/calendars/primary/events/{event}", headers=proof, timeout=0.2)
    assert stands(google) == []


def test_the_answer_is_elsewhere(google: GoogleFake, line: http.client.HTTPConnection) -> None:
    google.faults.plan(elsewhere("http://127.0.0.1:9/"))
    answer = ask(line, google)
    assert (answer.status, answer.headers["Location"]) == (302, "http://127.0.0.1:9/")


def test_faults_meet_the_token_endpoint_too(google: GoogleFake) -> None:
    google.faults.plan(broken(500), "POST", "/token$")
    assert requests.post(google.token_uri, {"grant_type": "x"}, timeout=30).status_code == 500
    assert requests.post(google.token_uri, {"grant_type": "x"}, timeout=30).status_code == 400
