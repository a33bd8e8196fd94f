from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from syncd.clock import MovableClock
from syncd.demo.google import GoogleFake
from tests.syncd.demo.google.conftest import ADA, DAY, MAX, NOW, Connect, Service
from tests.syncd.demo.google.refused import refused


@pytest.fixture
def fill(google: GoogleFake) -> Callable[[int], list[str]]:
    hand = google.hand(ADA)
    return lambda count: [
        hand.add(f"Event {n}", DAY + timedelta(hours=n), DAY + timedelta(hours=n + 1)) for n in range(count)
    ]


def page(service: Service, **query: Any) -> Any:
    return service.events().list(calendarId="primary", **query).execute()


def every(service: Service, **query: Any) -> tuple[list[Any], str | None, int]:
    """Return all rows, the sync token and the number of pages."""
    rows: list[Any] = []
    pages, token = 0, None
    while True:
        answer = page(service, pageToken=token, **query)
        assert ("nextPageToken" in answer) != ("nextSyncToken" in answer) or "orderBy" in query
        rows, pages, token = rows + answer["items"], pages + 1, answer.get("nextPageToken")
        if token is None:
            return rows, answer.get("nextSyncToken"), pages


def ids(rows: list[Any]) -> list[str]:
    return [one["id"] for one in rows]


def test_a_listing_tells_whose_it_is(ada: Service) -> None:
    answer = page(ada)
    assert (answer["summary"], answer["timeZone"], answer["accessRole"]) == (ADA, "Europe/Berlin", "owner")
    assert answer["items"] == []
    assert answer["nextSyncToken"]


def test_pages_hold_as_much_as_was_asked_for(ada: Service, fill: Callable[[int], list[str]]) -> None:
    made = fill(7)
    rows, token, pages = every(ada, maxResults=3)
    assert (ids(rows), pages) == (made, 3)
    assert token


def test_google_may_give_one_row_and_empty_pages_between(
    google: GoogleFake, ada: Service, fill: Callable[[int], list[str]]
) -> None:
    made = fill(3)
    google.manners.page_size, google.manners.empty_pages = 1, True
    rows, token, pages = every(ada, maxResults=2500)
    assert (ids(rows), pages) == (made, 6)
    google.hand(ADA).delete(made[1])
    rows, _, pages = every(ada, maxResults=2500, syncToken=token)
    assert (ids(rows), pages) == ([made[1]], 2)


def test_a_page_can_be_asked_for_again(ada: Service, fill: Callable[[int], list[str]]) -> None:
    fill(3)
    token = page(ada, maxResults=2)["nextPageToken"]
    first = page(ada, maxResults=2, pageToken=token)
    assert ids(page(ada, maxResults=2, pageToken=token)["items"]) == ids(first["items"])


def test_a_page_token_is_good_for_its_own_query(
    ada: Service, max_: Service, fill: Callable[[int], list[str]]
) -> None:
    fill(3)
    token = page(ada, maxResults=2)["nextPageToken"]
    for service, query in ((ada, {"maxResults": 3}), (ada, {"showDeleted": True}), (max_, {"maxResults": 2})):
        with refused(400, "invalid"):
            page(service, pageToken=token, **query)
    with refused(400, "invalid"):
        page(ada, pageToken="nonsense")


def test_what_changes_while_the_pages_are_read_is_told_by_the_token(
    google: GoogleFake, ada: Service, fill: Callable[[int], list[str]]
) -> None:
    made, hand = fill(4), google.hand(ADA)
    first = page(ada, maxResults=2)
    hand.retitle(made[0], "Changed")
    hand.delete(made[3])
    new = hand.add("New", DAY, DAY + timedelta(hours=1))
    rest = page(ada, maxResults=2, pageToken=first["nextPageToken"])
    assert ids(rest["items"]) == [made[2]], "what was deleted since is missing, and the page is short"
    told, _, _ = every(ada, syncToken=rest["nextSyncToken"])
    assert set(ids(told)) == {made[0], made[3], new}


def test_nothing_is_told_twice(google: GoogleFake, ada: Service, fill: Callable[[int], list[str]]) -> None:
    made = fill(2)
    _, token, _ = every(ada)
    google.hand(ADA).retitle(made[0], "Once")
    google.hand(ADA).retitle(made[0], "Twice")
    rows, token, _ = every(ada, syncToken=token)
    assert [one["summary"] for one in rows] == ["Twice"]
    rows, _, _ = every(ada, syncToken=token)
    assert rows == []


def test_a_token_can_be_used_again(
    google: GoogleFake, ada: Service, fill: Callable[[int], list[str]]
) -> None:
    _, token, _ = every(ada)
    made = fill(1)
    for _ in range(2):
        rows, _, _ = every(ada, syncToken=token)
        assert ids(rows) == made


def test_deletions_are_told_in_full_only_if_they_are_asked_for(
    google: GoogleFake, ada: Service, fill: Callable[[int], list[str]]
) -> None:
    (event,) = fill(1)
    _, bare, _ = every(ada)
    _, full, _ = every(ada, showDeleted=True)
    google.hand(ADA).delete(event)
    (row,), _, _ = every(ada, syncToken=bare)
    assert set(row) == {"kind", "etag", "id", "status"}
    (row,), _, _ = every(ada, syncToken=full, showDeleted=True)
    assert (row["status"], row["summary"]) == ("cancelled", "Event 0")
    assert row["updated"]
    google.manners.bare = "lists"
    (row,), _, _ = every(ada, syncToken=full, showDeleted=True)
    assert set(row) == {"kind", "etag", "id", "status"}


def test_a_full_listing_shows_deletions_only_if_they_are_asked_for(
    google: GoogleFake, ada: Service, fill: Callable[[int], list[str]]
) -> None:
    made = fill(2)
    google.hand(ADA).delete(made[0])
    assert ids(page(ada)["items"]) == made[1:]
    assert set(ids(page(ada, showDeleted=True)["items"])) == set(made)
    since = NOW.isoformat()
    assert set(ids(page(ada, updatedMin=since)["items"])) == set(made)


@pytest.mark.parametrize(
    "restriction",
    [
        {"iCalUID": "x@google.com"}, {"orderBy": "updated"}, {"privateExtendedProperty": "a=b"}, {"q": "chess"},
        {"sharedExtendedProperty": "a=b"}, {"timeMin": NOW.isoformat()}, {"timeMax": NOW.isoformat()},
        {"updatedMin": NOW.isoformat()}, {"showDeleted": False},
    ],
)  # fmt: skip
def test_a_token_takes_no_restriction_beside_it(ada: Service, restriction: dict[str, Any]) -> None:
    _, token, _ = every(ada)
    with refused(400, "syncTokenWithRequestRestrictions"):
        page(ada, syncToken=token, **restriction)


def test_a_token_is_good_for_its_own_query_and_calendar(
    google: GoogleFake, connect: Connect, ada: Service, max_: Service
) -> None:
    _, token, _ = every(ada, showDeleted=True)
    other = google.hand(ADA).make_calendar("Club")
    with refused(400, "invalid"):
        page(ada, syncToken=token)
    with refused(400, "invalid"):
        page(max_, syncToken=token, showDeleted=True)
    with refused(400, "invalid"):
        ada.events().list(calendarId=other, syncToken=token, showDeleted=True).execute()
    with refused(400, "invalid"):
        page(ada, syncToken="nonsense", showDeleted=True)
    assert page(ada, syncToken=token, showDeleted=True, maxResults=7)["nextSyncToken"]


def test_a_forgotten_token_wants_a_full_sync(google: GoogleFake, ada: Service, max_: Service) -> None:
    _, mine, _ = every(ada)
    _, other, _ = every(max_)
    google.forget_sync_tokens(ADA)
    with refused(410, "fullSyncRequired"):
        page(ada, syncToken=mine)
    assert page(max_, syncToken=other)["items"] == []
    _, again, _ = every(ada)
    assert page(ada, syncToken=again)["items"] == []
    google.forget_sync_tokens()
    with refused(410, "fullSyncRequired"):
        page(max_, syncToken=other)


def test_sharing_a_calendar_costs_its_tokens(google: GoogleFake, ada: Service) -> None:
    _, token, _ = every(ada)
    google.hand(ADA).share(MAX, "reader")
    with refused(410, "fullSyncRequired"):
        page(ada, syncToken=token)


@pytest.mark.parametrize(
    "query",
    [{"q": "chess"}, {"orderBy": "updated"}, {"iCalUID": "x"}, {"updatedMin": NOW.isoformat()}],
)
def test_some_queries_give_no_token(ada: Service, query: dict[str, Any]) -> None:
    assert "nextSyncToken" not in page(ada, **query)


def test_a_listing_can_begin_somewhere_in_time(
    google: GoogleFake, ada: Service, fill: Callable[[int], list[str]]
) -> None:
    made = fill(4)  # at 8, 9, 10, 11
    first, last = ((DAY + timedelta(hours=n)).isoformat() for n in (1, 3))
    assert ids(page(ada, timeMin=first, timeMax=last)["items"]) == made[1:3], "both ends are exclusive"
    token = page(ada, timeMin=first)["nextSyncToken"]
    google.hand(ADA).retitle(made[0], "Changed")
    assert ids(page(ada, syncToken=token)["items"]) == [made[0]]
    with refused(400, "timeRangeEmpty"):
        page(ada, timeMin=last, timeMax=first)


def test_a_listing_can_be_searched_and_sorted(google: GoogleFake, ada: Service) -> None:
    hand = google.hand(ADA)
    late = hand.add("Chess club", DAY + timedelta(hours=5), DAY + timedelta(hours=6))
    private = {"extendedProperties": {"private": {"syncd": "s-1"}, "shared": {"team": "red"}}}
    early = hand.add("Go", DAY, DAY + timedelta(hours=1), fields={"location": "Chess cafe", **private})
    other = hand.add("Lunch", DAY, DAY + timedelta(hours=1))
    assert ids(page(ada, q="CHESS")["items"]) == [late, early]
    assert ids(page(ada, privateExtendedProperty="syncd=s-1")["items"]) == [early]
    assert ids(page(ada, sharedExtendedProperty="team=red")["items"]) == [early]
    assert page(ada, privateExtendedProperty=["syncd=s-1", "syncd=s-2"])["items"] == []
    assert ids(page(ada, iCalUID=f"{late}@google.com")["items"]) == [late]
    by_start = page(ada, orderBy="startTime", singleEvents=True)["items"]
    assert ids(by_start)[-1] == late
    hand.retitle(late, "Chess")
    assert ids(page(ada, orderBy="updated")["items"]) == [early, other, late]
    with refused(400, "invalid"):
        page(ada, orderBy="startTime")


def test_nobody_remembers_for_longer_than_a_month(ada: Service, clock: MovableClock) -> None:
    with refused(410, "updatedMinTooLongAgo"):
        page(ada, updatedMin=(NOW - timedelta(days=31)).isoformat())
    clock.move(NOW + timedelta(days=31))
    with refused(410, "updatedMinTooLongAgo"):
        page(ada, updatedMin=NOW.isoformat())


@pytest.mark.parametrize(
    "query", [{"timeMin": "2026-10-20T08:00:00"}, {"timeMin": "soon"}, {"maxResults": 0}], ids=str
)
def test_a_query_must_be_well_formed(ada: Service, query: dict[str, Any]) -> None:
    with refused(400, "invalid"):
        page(ada, **query)
