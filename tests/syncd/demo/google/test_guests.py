from __future__ import annotations

from typing import Any

import pytest

from syncd.demo.google import GoogleFake, NotPossible
from tests.syncd.demo.google.conftest import ADA, DAY, EVE, MAX, Connect, Service, session
from tests.syncd.demo.google.refused import refused

OUTSIDE = "uma@elsewhere.example"


@pytest.fixture
def invited(ada: Service) -> Any:
    body = session("session1", MAX, OUTSIDE, description="Goals", guestsCanModify=False)
    body["extendedProperties"] = {"private": {"syncd": "s-1"}, "shared": {"team": "red"}}
    return ada.events().insert(calendarId="primary", body=body, sendUpdates="all").execute()


def get(service: Service, event: str = "session1") -> Any:
    return service.events().get(calendarId="primary", eventId=event).execute()


def patch(service: Service, body: dict[str, Any], **more: Any) -> Any:
    return service.events().patch(calendarId="primary", eventId="session1", body=body, **more).execute()


def answers(event: dict[str, Any]) -> dict[str, str]:
    return {one["email"]: one["responseStatus"] for one in event.get("attendees", ())}


def letters(google: GoogleFake) -> list[tuple[str, str]]:
    return [(one.to, one.kind) for one in google.letters]


def test_a_guest_has_a_copy_of_their_own(invited: Any, max_: Service) -> None:
    copy = get(max_)
    assert (copy["id"], copy["iCalUID"]) == (invited["id"], invited["iCalUID"])
    assert copy["organizer"] == {"email": ADA, "displayName": "Ada"}
    assert copy["creator"] == {"email": ADA, "displayName": "Ada"}
    assert copy["attendees"][0] == {"email": MAX, "responseStatus": "needsAction", "self": True}
    assert copy["extendedProperties"] == {"shared": {"team": "red"}}, "private ones are of one copy alone"
    assert copy["etag"] != ""


def test_mails_go_to_whom_they_shall(google: GoogleFake, ada: Service) -> None:
    for name, updates in (("forall1", "all"), ("outside1", "externalOnly"), ("silent1", "none")):
        body = session(name, MAX, OUTSIDE)
        ada.events().insert(calendarId="primary", body=body, sendUpdates=updates).execute()
    ada.events().insert(calendarId="primary", body=session("default1", MAX)).execute()
    assert [(one.to, one.event) for one in google.letters] == [
        (MAX, "forall1"),
        (OUTSIDE, "forall1"),
        (OUTSIDE, "outside1"),
    ]
    assert google.hand(MAX).show("silent1"), "a guest gets a copy whatever is mailed"


def test_nobody_is_told_of_ones_own_reminders(google: GoogleFake, invited: Any, ada: Service) -> None:
    before = len(google.letters)
    patch(ada, {"reminders": {"useDefault": False}}, sendUpdates="all")
    assert len(google.letters) == before
    patch(ada, {"summary": "Chess"}, sendUpdates="all")
    assert letters(google)[before:] == [(MAX, "REQUEST"), (OUTSIDE, "REQUEST")]


def test_an_answer_reaches_everybody(google: GoogleFake, invited: Any, ada: Service, max_: Service) -> None:
    google.hand(MAX).decline("session1", "I am away")
    told = get(ada)
    assert answers(told) == {MAX: "declined", OUTSIDE: "needsAction"}
    assert told["attendees"][0]["comment"] == "I am away"
    assert told["etag"] != invited["etag"]
    assert told["status"] == get(max_)["status"] == "confirmed"
    assert letters(google)[-1] == (ADA, "REPLY")


def test_a_guest_answers_over_the_api_as_well(invited: Any, ada: Service, max_: Service) -> None:
    mine = {"attendees": [{"email": MAX, "responseStatus": "accepted"}], "attendeesOmitted": True}
    patch(max_, mine)
    assert answers(get(ada)) == {MAX: "accepted", OUTSIDE: "needsAction"}
    copy = get(max_)
    copy["attendees"][0]["responseStatus"] = "tentative"
    max_.events().update(calendarId="primary", eventId="session1", body=copy).execute()
    assert answers(get(ada))[MAX] == "tentative"


def test_a_guest_changes_what_is_theirs_and_nothing_else(invited: Any, ada: Service, max_: Service) -> None:
    before = get(ada)["etag"]
    patch(max_, {"transparency": "transparent", "extendedProperties": {"private": {"mine": "1"}}})
    copy = get(max_)
    assert copy["transparency"] == "transparent"
    assert copy["extendedProperties"] == {"private": {"mine": "1"}, "shared": {"team": "red"}}
    assert get(ada)["etag"] == before
    bodies: tuple[dict[str, Any], ...] = (
        {"summary": "Mine"},
        {"start": {"dateTime": "2026-10-21T08:00:00Z"}, "end": {"dateTime": "2026-10-21T09:00:00Z"}},
        {"attendees": []},
        {"attendees": [{"email": MAX}, {"email": EVE}]},
        {"extendedProperties": {"shared": {"team": "blue"}}},
        {"guestsCanModify": True},
    )
    for body in bodies:
        with refused(403, "forbiddenForNonOrganizer"):
            patch(max_, body)
    with refused(403, "forbiddenForNonOrganizer"):
        max_.events().update(calendarId="primary", eventId="session1", body=session()).execute()
    assert get(ada)["etag"] == before


def test_a_guest_who_may_changes_it_for_everybody(invited: Any, ada: Service, max_: Service) -> None:
    patch(ada, {"guestsCanModify": True})
    patch(max_, {"summary": "Ours"})
    assert get(ada)["summary"] == get(max_)["summary"] == "Ours"
    assert answers(get(ada)) == {MAX: "needsAction", OUTSIDE: "needsAction"}
    assert get(ada)["extendedProperties"]["private"] == {"syncd": "s-1"}


def test_a_guest_who_throws_their_copy_away_has_declined(
    google: GoogleFake, invited: Any, ada: Service, max_: Service
) -> None:
    max_.events().delete(calendarId="primary", eventId="session1", sendUpdates="all").execute()
    told, copy = get(ada), get(max_)
    assert (told["status"], answers(told)[MAX]) == ("confirmed", "declined")
    assert (copy["status"], copy["summary"]) == ("cancelled", "Mentoring"), "it keeps its details"
    google.hand(ADA).retitle("session1", "Chess")
    assert get(max_)["status"] == "cancelled", "and does not come back by itself"
    google.hand(MAX).restore("session1")
    assert get(max_)["status"] == "confirmed"
    assert answers(get(ada))[MAX] == "needsAction"


def test_a_guest_revives_their_own_copy_over_the_api_too(
    google: GoogleFake, invited: Any, ada: Service, max_: Service
) -> None:
    copy = get(max_)
    google.hand(MAX).delete("session1")
    back = max_.events().update(calendarId="primary", eventId="session1", body=copy).execute()
    assert back["status"] == "confirmed"
    assert answers(get(ada))[MAX] == "needsAction"
    google.hand(ADA).delete("session1")
    with refused(403, "forbidden"):
        max_.events().update(calendarId="primary", eventId="session1", body=copy).execute()


def test_who_is_invited_afresh_has_it_back(
    google: GoogleFake, invited: Any, ada: Service, max_: Service
) -> None:
    google.hand(MAX).delete("session1")
    patch(ada, {"attendees": [{"email": MAX, "responseStatus": "needsAction"}]})
    assert get(max_)["status"] == "confirmed"


def test_the_organizer_deletes_it_for_everybody(
    google: GoogleFake, invited: Any, ada: Service, max_: Service
) -> None:
    ada.events().delete(calendarId="primary", eventId="session1", sendUpdates="all").execute()
    assert set(get(max_)) == {"kind", "etag", "id", "status"}
    assert get(max_)["status"] == "cancelled"
    assert letters(google)[-2:] == [(MAX, "CANCEL"), (OUTSIDE, "CANCEL")]
    with pytest.raises(NotPossible):
        google.hand(MAX).restore("session1")
    google.hand(ADA).restore("session1")
    assert (get(ada)["status"], get(max_)["status"]) == ("confirmed", "confirmed")
    assert get(max_)["summary"] == "Mentoring"


def test_a_restored_event_has_another_etag(google: GoogleFake, invited: Any, ada: Service) -> None:
    google.hand(ADA).delete("session1")
    gone = get(ada)["etag"]
    google.hand(ADA).restore("session1")
    assert get(ada)["etag"] not in {gone, invited["etag"]}
    assert get(ada)["updated"] > invited["updated"]


def test_guests_come_and_go(google: GoogleFake, invited: Any, ada: Service, max_: Service) -> None:
    patch(ada, {"attendees": [{"email": EVE}]}, sendUpdates="all")
    assert get(max_)["status"] == "cancelled"
    assert answers(get(ada)) == {EVE: "needsAction"}
    assert letters(google)[-3:] == [(MAX, "CANCEL"), (OUTSIDE, "CANCEL"), (EVE, "REQUEST")]
    google.hand(ADA).uninvite("session1", EVE)
    assert "attendees" not in get(ada)


def test_an_answer_that_is_left_out_stays_and_one_that_is_given_counts(
    google: GoogleFake, invited: Any, ada: Service
) -> None:
    google.hand(MAX).accept("session1")
    patch(ada, {"attendees": [{"email": MAX.upper()}]})
    assert answers(get(ada)) == {MAX: "accepted"}
    patch(ada, {"attendees": [{"email": MAX, "responseStatus": "needsAction"}]})
    assert answers(get(ada)) == {MAX: "needsAction"}


def test_the_organizer_may_be_a_guest_and_decline(google: GoogleFake, ada: Service, max_: Service) -> None:
    ada.events().insert(calendarId="primary", body=session("session1", ADA, MAX)).execute()
    assert get(ada)["attendees"][0] == {
        "email": ADA, "responseStatus": "needsAction", "self": True, "organizer": True,
    }  # fmt: skip
    google.hand(ADA).decline("session1")
    assert answers(get(max_)) == {ADA: "declined", MAX: "needsAction"}
    assert get(max_)["attendees"][0]["organizer"]
    assert get(max_)["status"] == "confirmed"


def test_a_secondary_calendar_organizes_by_itself(google: GoogleFake, ada: Service) -> None:
    club = google.hand(ADA).make_calendar("Club")
    body = session("session1", ADA, MAX)
    made = ada.events().insert(calendarId=club, body=body).execute()
    assert made["organizer"] == {"email": club, "displayName": "Club", "self": True}
    assert made["creator"] == {"email": ADA, "displayName": "Ada"}
    assert not any(one.get("self") for one in made["attendees"])
    assert get(ada)["attendees"][0] == {"email": ADA, "responseStatus": "needsAction", "self": True}


def test_some_see_an_invitation_only_when_they_have_answered(
    google: GoogleFake, connect: Connect, ada: Service
) -> None:
    eve = connect(EVE)
    ada.events().insert(calendarId="primary", body=session("session1", EVE)).execute()
    assert eve.events().list(calendarId="primary").execute()["items"] == []
    token = eve.events().list(calendarId="primary").execute()["nextSyncToken"]
    hidden = eve.events().list(calendarId="primary", showHiddenInvitations=True).execute()
    assert len(hidden["items"]) == 1
    google.hand(EVE).accept("session1")
    told = eve.events().list(calendarId="primary", syncToken=token).execute()
    assert [one["id"] for one in told["items"]] == ["session1"]


def test_guests_can_be_kept_from_each_other(ada: Service, max_: Service) -> None:
    body = session("session1", MAX, EVE, guestsCanSeeOtherGuests=False)
    ada.events().insert(calendarId="primary", body=body).execute()
    assert answers(get(max_)) == {MAX: "needsAction"}
    assert answers(get(ada)) == {MAX: "needsAction", EVE: "needsAction"}
    mine = get(max_)
    mine["attendees"][0]["responseStatus"] = "accepted"
    max_.events().update(calendarId="primary", eventId="session1", body=mine).execute()
    assert answers(get(ada)) == {MAX: "accepted", EVE: "needsAction"}


def test_two_events_with_one_id_stay_apart(google: GoogleFake, ada: Service, max_: Service) -> None:
    max_.events().insert(calendarId="primary", body=session(summary="A copy of mine")).execute()
    ada.events().insert(calendarId="primary", body=session("session1", MAX)).execute()
    assert get(max_)["summary"] == "A copy of mine"
    ada.events().delete(calendarId="primary", eventId="session1").execute()
    assert get(max_)["status"] == "confirmed"


def test_where_it_comes_from_is_the_creators_to_know(ada: Service, max_: Service) -> None:
    source = {"url": "https://syncd.example/s/1", "title": "Mentoring"}
    ada.events().insert(calendarId="primary", body=session("session1", MAX, source=source)).execute()
    assert get(ada)["source"] == source
    assert "source" not in get(max_)


def test_an_invitation_comes_by_mail(google: GoogleFake, max_: Service) -> None:
    hand = google.hand(MAX)
    event = hand.receive("amina@elsewhere.example", "syncd-1-0", "Mentoring", DAY, DAY.replace(hour=9))
    copy = get(max_, event)
    assert (copy["iCalUID"], copy["organizer"]) == ("syncd-1-0", {"email": "amina@elsewhere.example"})
    later = hand.receive(
        "amina@elsewhere.example",
        "syncd-1-0",
        "Mentoring",
        DAY.replace(hour=10),
        DAY.replace(hour=11),
        sequence=1,
    )
    assert later == event
    assert get(max_, event)["start"]["dateTime"] == "2026-10-20T06:00:00-04:00"
    hand.decline(event)
    assert letters(google) == [("amina@elsewhere.example", "REPLY")]
    hand.receive_cancel(event)
    assert get(max_, event)["status"] == "cancelled"


def test_an_answer_comes_by_mail(google: GoogleFake, invited: Any, ada: Service) -> None:
    google.hand(ADA).hear("session1", OUTSIDE, "declined")
    assert answers(get(ada))[OUTSIDE] == "declined"
    with pytest.raises(NotPossible):
        google.hand(ADA).hear("session1", "stranger@elsewhere.example", "declined")
