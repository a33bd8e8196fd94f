from __future__ import annotations

import threading
import time
from collections import Counter

import pytest
import requests

from syncd.clock import SystemClock
from syncd.demo.front import Seen
from syncd.demo.google import GoogleFake
from tests.endurance.door import Door, is_write
from tests.endurance.places import GoogleDoor

ADA = "ada@school.example"
EVENTS = "/calendar/v3/calendars/ada%40school.example/events"


@pytest.mark.parametrize(
    ("method", "path", "writes"),
    [
        ("PUT", "/ada/lessons/a.ics", True),
        ("REPORT", "/ada/lessons/", False),
        ("POST", f"{EVENTS}?sendUpdates=none", True),
        ("PUT", f"{EVENTS}/a?sendUpdates=all", True),
        ("PATCH", f"{EVENTS}/a", True),
        ("DELETE", f"{EVENTS}/a?sendUpdates=all", True),
        ("GET", f"{EVENTS}/a", False),
        ("POST", "/calendar/v3/freeBusy?alt=json", False),
        ("POST", "/token", False),
    ],
)
def test_what_changes_a_calendar_is_a_write(method: str, path: str, writes: bool) -> None:
    assert is_write(Seen(ADA, method, path, 200)) is writes


def test_a_look_at_a_calendar_counts_once() -> None:
    door = Door(1, {})
    for method, path in (
        ("REPORT", "/ada/lessons/"),
        ("GET", f"{EVENTS}?showDeleted=true&syncToken=a"),
        ("GET", f"{EVENTS}?showDeleted=true&syncToken=a&pageToken=b"),
        ("GET", f"{EVENTS}/a?fields=id"),
        ("GET", f"{EVENTS}?maxResults=1&fields=kind"),
    ):
        door.record(Seen(ADA, method, path, 200))
    assert door.rounds() == Counter({ADA: 2})


def test_a_trap_at_googles_door_springs_when_it_is_done_and_nobody_has_heard() -> None:
    sprung: list[tuple[str, bool, int]] = []
    with GoogleFake(SystemClock(), [ADA]) as google, GoogleDoor(google) as door:
        door.trap = lambda seen: sprung.append((seen.user, is_write(seen), len(google.hand(ADA).events())))
        said = requests.post(
            f"{door.url.rstrip('/')}{EVENTS}",
            json={"start": {"date": "2026-12-01"}, "end": {"date": "2026-12-02"}},
            headers={"Authorization": f"Bearer {google.token(ADA)}"},
            timeout=30,
        )
    assert said.ok
    assert sprung == [(ADA, True, 1)]


def test_googles_door_leaves_it_to_google_whom_to_let_in() -> None:
    with GoogleFake(SystemClock(), [ADA]) as google, GoogleDoor(google) as door:
        said = requests.get(
            f"{door.url.rstrip('/')}{EVENTS}", headers={"Authorization": "Bearer no"}, timeout=30
        )
    assert said.status_code == 401
    assert said.json()["error"]["status"] == "UNAUTHENTICATED"


class Bell(GoogleDoor):
    """A door that rings when somebody comes."""

    def __init__(self, google: GoogleFake) -> None:
        super().__init__(google)
        self.rung = threading.Event()

    def user_of(self, authorization: str | None) -> str | None:
        found = super().user_of(authorization)
        self.rung.set()
        return found


def test_a_request_counts_from_when_it_came() -> None:
    with GoogleFake(SystemClock(), [ADA]) as google, Bell(google) as door:
        url, token = f"{door.url.rstrip('/')}{EVENTS}", google.token(ADA)
        headers = {"Authorization": f"Bearer {token}"}
        asking = threading.Thread(
            target=requests.get, args=(url,), kwargs={"headers": headers, "timeout": 30}
        )
        with google.world.act():  # nobody is answered meanwhile
            asking.start()
            assert door.rung.wait(30)
            restarted = time.monotonic()
        asking.join()
    assert [one.status for one in door.seen()] == [200]
    assert 0 < door.last < restarted
