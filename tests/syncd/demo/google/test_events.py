from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from syncd.clock import MovableClock
from syncd.demo.google import GoogleFake
from tests.syncd.demo.google.conftest import ADA, DAY, NOW, Service, at, session
from tests.syncd.demo.google.refused import refused


def insert(service: Service, body: dict[str, Any], **more: Any) -> Any:
    return service.events().insert(calendarId="primary", body=body, **more).execute()


def get(service: Service, event: str = "session1", **more: Any) -> Any:
    return service.events().get(calendarId="primary", eventId=event, **more).execute()


def conditional(request: Any, etag: str) -> Any:
    request.headers["If-Match"] = etag
    return request


def test_an_event_stands_as_it_was_written(ada: Service) -> None:
    private = {"private": {"syncd": "s-1"}, "shared": {"team": "red"}}
    written = insert(ada, session(description="Bring goals", location="Room 2", extendedProperties=private))
    assert written == get(ada)
    assert written["iCalUID"] == "session1@google.com"
    assert (written["status"], written["sequence"], written["eventType"]) == ("confirmed", 0, "default")
    assert written["organizer"] == written["creator"] == {"email": ADA, "displayName": "Ada", "self": True}
    assert written["extendedProperties"] == private
    assert written["etag"].startswith('"')
    assert written["etag"].endswith('"')


def test_times_are_told_in_the_zone_of_the_calendar(ada: Service, max_: Service) -> None:
    written = insert(ada, session("session1", "max@school.example"))
    assert written["start"] == {"dateTime": "2026-10-20T10:00:00+02:00", "timeZone": "UTC"}
    assert get(max_)["start"]["dateTime"] == "2026-10-20T04:00:00-04:00"
    assert get(ada, timeZone="UTC")["start"]["dateTime"] == "2026-10-20T08:00:00Z"


def test_a_wall_time_needs_a_zone(ada: Service) -> None:
    wall = {"dateTime": "2026-10-20T10:00:00"}
    with refused(400, "required"):
        insert(ada, {"start": wall, "end": wall})
    zoned = {**wall, "timeZone": "Asia/Kolkata"}
    ada._http.lenient = True  # the schema wants an offset, and the words beside it let a zone do
    written = insert(ada, {"start": zoned, "end": zoned})
    assert written["start"] == {"dateTime": "2026-10-20T06:30:00+02:00", "timeZone": "Asia/Kolkata"}
    with refused(400, "invalid"):
        insert(ada, {"start": {**wall, "timeZone": "Mars/Base"}, "end": zoned})


def test_a_whole_day_is_a_date(ada: Service) -> None:
    written = insert(ada, {"start": {"date": "2026-10-20"}, "end": {"date": "2026-10-21"}})
    assert (written["start"], written["end"]) == ({"date": "2026-10-20"}, {"date": "2026-10-21"})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"summary": "no time"}, "required"),
        (at(hours=-1), "timeRangeEmpty"),
        ({**at(), "end": {"date": "2026-10-21"}}, "invalid"),
        ({**at(), "start": {"dateTime": "soon"}}, "invalid"),
        ({**at(), "start": {"date": "2026-10-20", "dateTime": "2026-10-20T08:00:00Z"}}, "invalid"),
        ({**at(), "attendees": [{"email": "nobody"}]}, "invalid"),
        ({**at(), "attendees": [{"displayName": "Nobody"}]}, "required"),
        ({**at(), "attendees": ["max"]}, "invalid"),
        ({**at(), "attendees": [{"email": "a@b.c", "responseStatus": "maybe"}]}, "invalid"),
        ({**at(), "status": "perhaps"}, "invalid"),
        ({**at(), "summary": 7}, "invalid"),
        ({**at(), "transparency": "glass"}, "invalid"),
        ({**at(), "recurrence": [7]}, "invalid"),
        ({**at(), "extendedProperties": {"private": "yes"}}, "invalid"),
        ({**at(), "start": {"dateTime": 7}}, "invalid"),
        ({**at(), "extendedProperties": {"private": {f"k{n}": "v" for n in range(301)}}}, "invalid"),
    ],
)
def test_what_is_no_event_is_refused(ada: Service, body: dict[str, Any], reason: str) -> None:
    with refused(400, reason):
        insert(ada, body)


@pytest.mark.parametrize("name", ["abcd", "session-1", "SESSION1", "sesswon1", "x" * 1025])
def test_an_id_is_base32hex_of_some_length(ada: Service, name: str) -> None:
    with refused(400, "invalid"):
        insert(ada, session(name))


def test_a_used_id_is_never_free_again(google: GoogleFake, ada: Service) -> None:
    insert(ada, session())
    with refused(409, "duplicate"):
        insert(ada, session())
    google.hand(ADA).delete("session1")
    with refused(409, "duplicate"):
        insert(ada, session())
    google.hand(ADA).purge("session1")
    with refused(409, "duplicate"):
        insert(ada, session())
    with refused(404, "notFound"):
        get(ada)


def test_long_keys_are_dropped_and_long_values_cut(ada: Service) -> None:
    private = {"k" * 45: "gone", "k" * 44: "v" * 1030}
    written = insert(ada, session(extendedProperties={"private": private}))
    assert written["extendedProperties"]["private"] == {"k" * 44: "v" * 1024}


def test_a_put_loses_what_it_leaves_out(ada: Service) -> None:
    insert(ada, session(description="Goals", extendedProperties={"private": {"syncd": "s-1"}}))
    changed = ada.events().update(calendarId="primary", eventId="session1", body=at()).execute()
    assert not {"summary", "description", "extendedProperties"} & set(changed)


def test_a_patch_keeps_what_it_leaves_out_and_forgets_what_is_null(ada: Service) -> None:
    private = {"private": {"a": "1", "b": "2"}}
    insert(ada, session(description="Goals", extendedProperties=private))
    body = {"summary": "Chess", "description": None, "extendedProperties": {"private": {"a": None}}}
    ada._http.lenient = True  # null is in no schema, and what a patch forgets with
    changed = ada.events().patch(calendarId="primary", eventId="session1", body=body).execute()
    assert (changed["summary"], changed["start"]["timeZone"]) == ("Chess", "UTC")
    assert "description" not in changed
    assert changed["extendedProperties"] == {"private": {"b": "2"}}


def test_only_the_version_that_was_read_is_written_over(ada: Service) -> None:
    first = insert(ada, session())["etag"]
    changed = conditional(
        ada.events().update(calendarId="primary", eventId="session1", body=session(summary="Chess")), first
    ).execute()
    assert changed["etag"] != first
    for request in (
        ada.events().update(calendarId="primary", eventId="session1", body=session()),
        ada.events().patch(calendarId="primary", eventId="session1", body={"summary": "Go"}),
        ada.events().delete(calendarId="primary", eventId="session1"),
    ):
        with refused(412, "conditionNotMet"):
            conditional(request, first).execute()
    assert get(ada)["summary"] == "Chess"
    conditional(ada.events().delete(calendarId="primary", eventId="session1"), changed["etag"]).execute()


def test_what_is_deleted_stays_to_be_seen(ada: Service) -> None:
    etag = insert(ada, session())["etag"]
    ada.events().delete(calendarId="primary", eventId="session1").execute()
    gone = get(ada)
    assert (gone["status"], gone["summary"]) == ("cancelled", "Mentoring")
    assert gone["etag"] != etag
    with refused(410, "deleted"):
        ada.events().delete(calendarId="primary", eventId="session1").execute()
    with refused(404, "notFound"):
        ada.events().delete(calendarId="primary", eventId="session2").execute()


def test_written_as_cancelled_is_deleted(ada: Service) -> None:
    insert(ada, session())
    body = session(status="cancelled")
    gone = ada.events().update(calendarId="primary", eventId="session1", body=body).execute()
    assert (gone["status"], gone["summary"]) == ("cancelled", "Mentoring")
    again = ada.events().update(calendarId="primary", eventId="session1", body=body).execute()
    assert again == gone


def test_a_deleted_event_can_be_revived_unless_google_will_not(google: GoogleFake, ada: Service) -> None:
    insert(ada, session())
    google.hand(ADA).delete("session1")
    google.manners.revival = False
    with refused(403, "forbidden"):
        ada.events().update(calendarId="primary", eventId="session1", body=session()).execute()
    google.manners.revival = True
    body = session(summary="Again")
    back = ada.events().update(calendarId="primary", eventId="session1", body=body).execute()
    assert (back["status"], back["summary"]) == ("confirmed", "Again")


def test_deleted_events_can_be_told_by_their_id_alone(google: GoogleFake, ada: Service) -> None:
    insert(ada, session())
    google.hand(ADA).delete("session1")
    google.manners.bare = "lists"
    assert "updated" in get(ada)
    google.manners.bare = "always"
    assert set(get(ada)) == {"kind", "etag", "id", "status"}


def test_updated_is_the_clocks_and_grows_with_every_change(
    google: GoogleFake, ada: Service, clock: MovableClock
) -> None:
    seen = [insert(ada, session())["updated"]]
    assert seen == ["2026-10-12T08:00:00.000Z"]
    hand = google.hand(ADA)
    for title in ("Chess", "Go"):
        hand.retitle("session1", title)
        seen.append(get(ada)["updated"])
    clock.move(NOW + timedelta(hours=1))
    hand.delete("session1")
    seen.append(get(ada)["updated"])
    assert seen == sorted(set(seen))
    assert seen[-1] == "2026-10-12T09:00:00.000Z"


def test_reminders_change_the_etag_and_not_the_time_of_change(ada: Service) -> None:
    first = insert(ada, session())
    body = {"reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 5}]}}
    changed = ada.events().patch(calendarId="primary", eventId="session1", body=body).execute()
    assert changed["etag"] != first["etag"]
    assert changed["updated"] == first["updated"]


def test_the_sequence_grows_with_the_time_and_never_shrinks(google: GoogleFake, ada: Service) -> None:
    insert(ada, session())
    hand = google.hand(ADA)
    hand.retitle("session1", "Chess")
    assert get(ada)["sequence"] == 0
    hand.move("session1", DAY + timedelta(hours=2), DAY + timedelta(hours=3))
    assert get(ada)["sequence"] == 1
    for number in (None, 0):
        body = session() | ({} if number is None else {"sequence": number})
        with refused(400, "invalid"):  # what is left out counts as 0
            ada.events().update(calendarId="primary", eventId="session1", body=body).execute()
    body = session(sequence=1)
    assert ada.events().update(calendarId="primary", eventId="session1", body=body).execute()["sequence"] == 2
    body = session(sequence=7)
    assert ada.events().update(calendarId="primary", eventId="session1", body=body).execute()["sequence"] == 7


def test_reading_and_writing_back_moves_nothing(ada: Service) -> None:
    read = insert(ada, session("session1", "max@school.example"))
    again = ada.events().update(calendarId="primary", eventId="session1", body=read).execute()
    assert again["sequence"] == 0
    same = {name: value for name, value in read.items() if name not in {"etag", "updated"}}
    assert {name: again[name] for name in same} == same


def test_an_event_that_is_carried_elsewhere_leaves_a_stub(google: GoogleFake, ada: Service) -> None:
    other = google.hand(ADA).make_calendar("Club")
    insert(ada, session("session1", "max@school.example"))
    moved = ada.events().move(calendarId="primary", eventId="session1", destination=other).execute()
    assert moved["organizer"] == {"email": other, "displayName": "Club", "self": True}
    assert set(get(ada)) == {"kind", "etag", "id", "status"}
    guest = google.hand("max@school.example").show("session1")
    assert guest is not None
    assert guest["organizer"]["email"] == other
    ada.events().move(calendarId=other, eventId="session1", destination="primary").execute()
    assert get(ada)["status"] == "confirmed"


def test_an_answer_can_be_asked_for_in_part(ada: Service) -> None:
    insert(ada, session("session1", "max@school.example", extendedProperties={"private": {"syncd": "s"}}))
    fields = "id,start/dateTime,attendees(email,self),extendedProperties/private"
    assert get(ada, fields=fields) == {
        "id": "session1",
        "start": {"dateTime": "2026-10-20T10:00:00+02:00"},
        "attendees": [{"email": "max@school.example"}],
        "extendedProperties": {"private": {"syncd": "s"}},
    }
    for badly in ("id,", "items(id", "id)", "/id", "a b&"):
        with refused(400, "invalid"):
            get(ada, fields=badly)


def test_many_guests_are_left_out_if_they_are_too_many(ada: Service) -> None:
    insert(ada, session("session1", ADA, "max@school.example"))
    told = get(ada, maxAttendees=1)
    assert told["attendeesOmitted"]
    assert [one["email"] for one in told["attendees"]] == [ADA]
