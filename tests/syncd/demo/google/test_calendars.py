from __future__ import annotations

from typing import Any

import pytest

from syncd.demo.google import GoogleFake, NotPossible
from syncd.demo.google.state import Role
from tests.syncd.demo.google.conftest import ADA, DAY, MAX, Connect, Service, session
from tests.syncd.demo.google.refused import refused


def listed(service: Service, **query: Any) -> dict[str, Any]:
    answer = service.calendarList().list(**query).execute()
    return {one["id"]: one for one in answer["items"]}


def test_everybody_has_a_primary_calendar_that_bears_their_address(ada: Service) -> None:
    (entry,) = listed(ada).values()
    assert (entry["id"], entry["primary"], entry["accessRole"]) == (ADA, True, "owner")
    assert (entry["summary"], entry["timeZone"]) == (ADA, "Europe/Berlin")
    assert "dataOwner" not in entry
    for name in ("primary", ADA):
        assert ada.calendars().get(calendarId=name).execute()["id"] == ADA
        assert ada.calendarList().get(calendarId=name).execute() == entry


def test_the_list_has_pages(google: GoogleFake, ada: Service) -> None:
    made = [google.hand(ADA).make_calendar(f"Calendar {number}") for number in range(3)]
    google.manners.page_size = 2
    first = ada.calendarList().list(maxResults=250).execute()
    assert "nextSyncToken" not in first
    second = ada.calendarList().list(maxResults=250, pageToken=first["nextPageToken"]).execute()
    assert [one["id"] for one in first["items"] + second["items"]] == [ADA, *made]
    assert second["nextSyncToken"]
    with refused(410, "fullSyncRequired"):
        ada.calendarList().list(syncToken=second["nextSyncToken"]).execute()


def test_a_calendar_is_made_and_deleted(ada: Service, max_: Service) -> None:
    body = {"summary": "Club", "timeZone": "Asia/Kolkata", "description": "Chess"}
    made = ada.calendars().insert(body=body).execute()
    assert made["id"].endswith("@group.calendar.google.com")
    assert (made["summary"], made["timeZone"], made["dataOwner"]) == ("Club", "Asia/Kolkata", ADA)
    assert listed(ada)[made["id"]]["description"] == "Chess"
    ada.events().insert(calendarId=made["id"], body=session()).execute()
    with refused(404, "notFound"):
        max_.calendars().delete(calendarId=made["id"]).execute()
    ada.calendars().delete(calendarId=made["id"]).execute()
    for request in (
        ada.events().list(calendarId=made["id"]),
        ada.events().get(calendarId=made["id"], eventId="session1"),
        ada.events().insert(calendarId=made["id"], body=session()),
        ada.calendars().get(calendarId=made["id"]),
    ):
        with refused(404, "notFound"):
            request.execute()
    assert set(listed(ada)) == {ADA}


def test_what_is_no_calendar_is_refused(ada: Service) -> None:
    with refused(400, "required"):
        ada.calendars().insert(body={"description": "no title"}).execute()
    with refused(400, "invalid"):
        ada.calendars().insert(body={"summary": "Club", "timeZone": "Mars/Base"}).execute()
    with refused(400, "invalid"):
        ada.calendars().delete(calendarId="primary").execute()


def test_a_calendar_that_is_not_shared_is_not_there(ada: Service) -> None:
    for request in (
        ada.calendars().get(calendarId=MAX),
        ada.events().list(calendarId=MAX),
        ada.events().insert(calendarId=MAX, body=session()),
    ):
        with refused(404, "notFound"):
            request.execute()


@pytest.mark.parametrize(
    ("role", "told", "writes"),
    [
        ("freeBusyReader", False, False),
        ("reader", True, False),
        ("writer", True, True),
        ("owner", True, True),
    ],
)
def test_what_is_shared_is_shared_in_part(
    google: GoogleFake, max_: Service, role: Role, told: bool, writes: bool
) -> None:
    hand = google.hand(ADA)
    event = hand.add("Chess", DAY, DAY.replace(hour=9))
    hand.share(MAX, role, ADA)
    entry = listed(max_)[ADA]
    assert (entry["accessRole"], entry.get("primary", False)) == (role, False)
    answer = max_.events().list(calendarId=ADA).execute()
    assert answer["accessRole"] == role
    (row,) = answer["items"]
    assert ("summary" in row) is told
    assert row["start"]["dateTime"] == "2026-10-20T10:00:00+02:00"
    request = max_.events().patch(calendarId=ADA, eventId=event, body={"summary": "Go"})
    if writes:
        assert request.execute()["summary"] == "Go"
    else:
        with refused(403, "requiredAccessLevel"):
            request.execute()
    hand.share(MAX, None, ADA)
    assert ADA not in listed(max_)
    with refused(404, "notFound"):
        max_.events().list(calendarId=ADA).execute()


def test_private_events_show_a_reader_their_times(google: GoogleFake, max_: Service) -> None:
    hand = google.hand(ADA)
    event = hand.add("Doctor", DAY, DAY.replace(hour=9), fields={"visibility": "private"})
    hand.share(MAX, "reader")
    assert "summary" not in max_.events().get(calendarId=ADA, eventId=event).execute()
    hand.share(MAX, "writer")
    assert max_.events().get(calendarId=ADA, eventId=event).execute()["summary"] == "Doctor"


def test_the_least_role_can_be_asked_for(google: GoogleFake, max_: Service) -> None:
    google.hand(ADA).share(MAX, "reader")
    assert set(listed(max_)) == {ADA, MAX}
    assert set(listed(max_, minAccessRole="writer")) == {MAX}


def test_a_hand_deletes_only_calendars_of_its_own(google: GoogleFake, connect: Connect) -> None:
    club = google.hand(ADA).make_calendar("Club", "Asia/Kolkata")
    google.hand(ADA).share(MAX, "writer", club)
    for hand, name in ((google.hand(MAX), club), (google.hand(ADA), ADA), (google.hand(ADA), "nothing")):
        with pytest.raises(NotPossible):
            hand.delete_calendar(name)
    google.hand(ADA).delete_calendar(club)
    assert set(listed(connect(ADA))) == {ADA}
