from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic

import pytest
import requests

from syncd.clock import MovableClock
from syncd.demo.google import GoogleFake, NotPossible, Person
from syncd.demo.google.server import PATIENCE
from tests.syncd.demo.google.conftest import ADA, DAY, EVE, MAX, NOW, Service, session

HOUR = timedelta(hours=1)


def head(google: GoogleFake, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {google.token(ADA)}", **more}


def test_a_connection_is_kept_and_dated_by_the_clock(google: GoogleFake, clock: MovableClock) -> None:
    line = http.client.HTTPConnection("127.0.0.1", int(google.url.rpartition(":")[2]), timeout=30)
    line.connect()
    socket = line.sock
    for moment in (NOW, NOW + timedelta(minutes=3)):
        clock.move(moment)
        line.request("GET", "/calendar/v3/users/me/calendarList", headers=head(google))
        answer = line.getresponse()
        answer.read()
        assert answer.headers["Date"] == f"Mon, 12 Oct 2026 08:{moment.minute:02}:00 GMT"
    assert line.sock is socket
    line.close()


def servers() -> set[threading.Thread]:
    return {
        one for one in threading.enumerate() if "process_request" in one.name or one.name == "google-fake"
    }


def test_it_hangs_up_and_leaves_no_thread_behind(clock: MovableClock) -> None:
    google = GoogleFake(clock, [ADA])
    with requests.Session() as http, google:  # whose connection is still open when the server stops
        for _ in range(3):
            assert http.get(google.url, timeout=30).status_code == 404
        assert len(servers()) == 2, "one listens, and one talks to us"
        began = monotonic()
        google.stop()
        assert monotonic() - began < PATIENCE / 2
        assert servers() == set()
    with pytest.raises(requests.ConnectionError):
        requests.get(google.url, timeout=30)


def test_it_comes_back_to_its_port_with_all_that_it_knew(google: GoogleFake, ada: Service) -> None:
    ada.events().insert(calendarId="primary", body=session()).execute()
    url, asked = google.url, google.asked
    google.stop()
    google.stop()
    google.start()
    assert (google.url, google.asked) == (url, asked)
    assert ada.events().get(calendarId="primary", eventId="session1").execute()["id"] == "session1"


def test_every_request_is_remembered(google: GoogleFake, ada: Service) -> None:
    ada.events().list(calendarId=ADA, maxResults=7).execute()
    (one,) = google.asked
    assert (one.method, one.path, one.status) == ("GET", f"/calendar/v3/calendars/{ADA}/events", 200)
    assert "maxResults=7" in one.query
    assert (google.count(), google.count("GET", "/events"), google.count("POST")) == (1, 1, 0)
    google.forget_requests()
    assert google.asked == ()


def test_what_is_no_json_is_refused(google: GoogleFake) -> None:
    at = f"{google.api_endpoint}/calendars/primary/events"
    for body in (b"{", b"[]", b"\xff", b"7"):
        answer = requests.post(at, body, headers=head(google), timeout=30)
        assert (answer.status_code, answer.json()["error"]["message"]) == (400, "Parse Error")


@pytest.mark.parametrize("path", ["", "/calendar/v3/nothing", "/calendar/v3/calendars/primary/acl", "/token"])
def test_what_is_nowhere_is_not_found(google: GoogleFake, path: str) -> None:
    answer = requests.get(f"{google.url}{path}", headers=head(google), timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, 404)


def test_a_query_that_is_too_long_for_a_line_comes_in_a_body(google: GoogleFake) -> None:
    at = f"{google.api_endpoint}/calendars/primary/events"
    form, more = {"maxResults": "1"}, {"X-HTTP-Method-Override": "GET"}
    answer = requests.post(at, form, headers=head(google, **more), timeout=30)
    assert answer.json()["kind"] == "calendar#events"
    assert (google.asked[-1].method, google.asked[-1].query) == ("GET", "maxResults=1")


def test_many_at_once_lose_nothing(google: GoogleFake) -> None:
    hands = [google.hand(one) for one in (ADA, MAX, EVE)]

    def act(number: int) -> int:
        hand = hands[number % 3]
        event = hand.add(f"Event {number}", DAY, DAY + HOUR, guests=[ADA, MAX, EVE])
        at = f"{google.api_endpoint}/calendars/primary/events"
        body = {**session(f"session{number}", MAX)}
        made = requests.post(at, json.dumps(body), headers=head(google), timeout=30)
        hand.retitle(event, "Changed")
        return made.status_code

    with ThreadPoolExecutor(6) as pool:
        assert Counter(pool.map(act, range(30))) == {200: 30}
    assert len(google.hand(MAX).events()) == 60
    places = [one.place for calendar in google.world.calendars.values() for one in calendar.copies.values()]
    assert len(places) == len(set(places))


def test_a_person_can_come_later(google: GoogleFake) -> None:
    hand = google.add(Person("new@school.example", "New", "UTC"))
    event = hand.add("Chess", DAY, DAY + HOUR)
    shown = google.hand("new@school.example").show(event)
    assert shown is not None
    assert shown["start"]["dateTime"] == "2026-10-20T08:00:00Z"


def test_a_hand_says_what_is_not_possible(google: GoogleFake) -> None:
    ada, guest = google.hand(ADA), google.hand(MAX)
    event = ada.add("Chess", DAY, DAY + HOUR, guests=[MAX])
    acts: tuple[Callable[[], object], ...] = (
        lambda: ada.delete("nothing"),
        lambda: ada.delete(event, "nowhere"),
        lambda: ada.accept(event),
        lambda: ada.restore(event),
        lambda: ada.purge(event),
        lambda: guest.move(event, DAY, DAY + HOUR),
        lambda: guest.carry(event, "nowhere"),
        lambda: guest.uninvite(event, ADA),
    )
    for act in acts:
        with pytest.raises(NotPossible):
            act()
    assert ada.show("nothing") is None
    ada.delete(event)
    with pytest.raises(NotPossible):
        ada.delete(event)
