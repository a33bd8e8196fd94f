from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncd.demo.google import GoogleFake
from tests.syncd.demo.google.conftest import ADA, MAX, Service, at
from tests.syncd.demo.google.refused import refused

FIRST = datetime(2026, 10, 19, 8, tzinfo=UTC)  # a Monday; Berlin's clocks change on the Sunday after
SECOND = "series1_20261026T090000Z"


def weekly(*lines: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "series1",
        "summary": "Lecture",
        **at(FIRST, zone="Europe/Berlin"),
        "recurrence": list(lines or ("RRULE:FREQ=WEEKLY;COUNT=4",)),
        **more,
    }


@pytest.fixture
def series(ada: Service) -> Any:
    return ada.events().insert(calendarId="primary", body=weekly()).execute()


def listed(service: Service, **query: Any) -> list[Any]:
    rows: list[Any] = service.events().list(calendarId="primary", **query).execute()["items"]
    return rows


def starts(rows: list[Any]) -> list[str]:
    return [one["start"].get("dateTime") or one["start"]["date"] for one in rows]


def instances(service: Service, **query: Any) -> list[Any]:
    rows: list[Any] = (
        service.events().instances(calendarId="primary", eventId="series1", **query).execute()["items"]
    )
    return rows


def test_a_series_is_one_row_or_all_its_instances(ada: Service, series: Any) -> None:
    assert listed(ada) == [series]
    assert series["recurrence"] == ["RRULE:FREQ=WEEKLY;COUNT=4"]
    rows = listed(ada, singleEvents=True)
    assert starts(rows) == [
        "2026-10-19T10:00:00+02:00",
        "2026-10-26T10:00:00+01:00",
        "2026-11-02T10:00:00+01:00",
        "2026-11-09T10:00:00+01:00",
    ]
    assert {one["recurringEventId"] for one in rows} == {"series1"}
    assert {one["iCalUID"] for one in rows} == {series["iCalUID"]}
    assert rows[1]["id"] == SECOND
    assert rows[1]["originalStartTime"] == rows[1]["start"]
    assert instances(ada) == rows


def test_a_range_of_instances(ada: Service, series: Any) -> None:
    since, until = "2026-10-26T00:00:00Z", "2026-11-02T09:00:00Z"
    assert [one["id"] for one in instances(ada, timeMin=since, timeMax=until)] == [SECOND]
    assert len(listed(ada, timeMin=since, timeMax=until)) == 1
    assert listed(ada, timeMin="2026-12-01T00:00:00Z") == []
    assert [one["id"] for one in instances(ada, maxResults=2)] == ["series1_20261019T080000Z", SECOND]
    with refused(404, "notFound"):
        ada.events().instances(calendarId="primary", eventId="nothing").execute()


def test_an_instance_differs_from_its_series(ada: Service, series: Any) -> None:
    moved = at(FIRST + timedelta(days=8), zone="Europe/Berlin")
    changed = ada.events().patch(calendarId="primary", eventId=SECOND, body=moved).execute()
    assert (changed["id"], changed["recurringEventId"]) == (SECOND, "series1")
    assert changed["originalStartTime"]["dateTime"] == "2026-10-26T10:00:00+01:00"
    assert changed["start"]["dateTime"] == "2026-10-27T09:00:00+01:00"
    assert "recurrence" not in changed
    assert [one["id"] for one in listed(ada)] == ["series1", SECOND]
    assert starts(instances(ada))[1] == "2026-10-27T09:00:00+01:00"
    assert len(instances(ada)) == 4


def test_a_deleted_instance_is_always_told_of(google: GoogleFake, ada: Service, series: Any) -> None:
    token = ada.events().list(calendarId="primary").execute()["nextSyncToken"]
    ada.events().delete(calendarId="primary", eventId=SECOND).execute()
    rows = listed(ada)
    assert [(one["id"], one["status"]) for one in rows] == [("series1", "confirmed"), (SECOND, "cancelled")]
    assert len(instances(ada)) == 3
    assert len(instances(ada, showDeleted=True)) == 4
    (row,) = listed(ada, syncToken=token)
    assert set(row) == {"kind", "etag", "id", "status", "recurringEventId", "originalStartTime"}
    google.hand(ADA).delete("series1")
    assert listed(ada) == []


def test_the_hand_reaches_instances_too(google: GoogleFake, ada: Service, series: Any) -> None:
    hand = google.hand(ADA)
    hand.retitle(SECOND, "Exam")
    assert [one["summary"] for one in instances(ada)] == ["Lecture", "Exam", "Lecture", "Lecture"]
    hand.delete(SECOND)
    hand.restore(SECOND)
    shown = hand.show("series1_20261102T090000Z")
    assert shown is not None
    assert shown["summary"] == "Lecture"


def test_guests_have_the_series_and_its_exceptions(google: GoogleFake, ada: Service, max_: Service) -> None:
    ada.events().insert(calendarId="primary", body=weekly(attendees=[{"email": MAX}])).execute()
    google.hand(ADA).delete(SECOND)
    assert [one["status"] for one in instances(max_, showDeleted=True)] == [
        "confirmed", "cancelled", "confirmed", "confirmed",
    ]  # fmt: skip


def test_a_series_comes_back_as_it_was(google: GoogleFake, ada: Service, max_: Service) -> None:
    ada.events().insert(calendarId="primary", body=weekly(attendees=[{"email": MAX}])).execute()
    hand = google.hand(ADA)
    hand.delete(SECOND)
    hand.retitle("series1_20261102T090000Z", "Exam")
    hand.delete("series1")
    assert instances(ada) == []
    hand.restore("series1")
    for service in (ada, max_):
        assert [one["summary"] for one in instances(service)] == ["Lecture", "Exam", "Lecture"]


def test_a_series_is_carried_with_its_exceptions(google: GoogleFake, ada: Service) -> None:
    hand = google.hand(ADA)
    ada.events().insert(calendarId="primary", body=weekly()).execute()
    hand.delete(SECOND)
    hand.retitle("series1_20261102T090000Z", "Exam")
    club = hand.make_calendar("Club")
    hand.carry("series1", club)
    there = ada.events().instances(calendarId=club, eventId="series1").execute()["items"]
    assert [one["summary"] for one in there] == ["Lecture", "Exam", "Lecture"]
    assert listed(ada) == []


def test_a_guest_declines_one_instance(google: GoogleFake, ada: Service, max_: Service) -> None:
    ada.events().insert(calendarId="primary", body=weekly(attendees=[{"email": MAX}])).execute()
    google.hand(MAX).decline(SECOND)
    google.hand(MAX).delete("series1_20261102T090000Z")
    told = [one["attendees"][0]["responseStatus"] for one in instances(ada)]
    assert told == ["needsAction", "declined", "declined", "needsAction"]
    assert len(instances(max_)) == 3
    assert google.letters[-1].to == ADA


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        (["RRULE:FREQ=DAILY;UNTIL=20261021T080000Z"], [19, 20, 21]),
        (["RRULE:FREQ=DAILY;UNTIL=20261021"], [19, 20, 21]),
        (["RRULE:FREQ=DAILY;UNTIL=20261021T095959"], [19, 20]),
        (["RRULE:FREQ=DAILY;COUNT=4", "EXDATE;TZID=Europe/Berlin:20261020T100000"], [19, 21, 22]),
        (["RRULE:FREQ=DAILY;COUNT=4", "EXDATE:20261020T080000Z,20261021T080000Z"], [19, 22]),
        (["RRULE:FREQ=DAILY;COUNT=2", "RDATE;TZID=Asia/Kolkata:20261024T133000"], [19, 20, 24]),
        (["RDATE:20261023T080000Z"], [19, 23]),
    ],
)
def test_rules_and_dates(ada: Service, lines: list[str], days: list[int]) -> None:
    ada.events().insert(calendarId="primary", body=weekly(*lines)).execute()
    assert [datetime.fromisoformat(one).day for one in starts(instances(ada))] == days


def test_whole_days_repeat_as_dates(ada: Service) -> None:
    body = {
        "id": "series1",
        "start": {"date": "2026-10-24"},
        "end": {"date": "2026-10-26"},
        "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;VALUE=DATE:20261031"],
    }
    ada.events().insert(calendarId="primary", body=body).execute()
    rows = instances(ada)
    assert [(one["id"], one["start"]["date"], one["end"]["date"]) for one in rows] == [
        ("series1_20261024", "2026-10-24", "2026-10-26"),
        ("series1_20261107", "2026-11-07", "2026-11-09"),
    ]
    google = ada.events().patch(calendarId="primary", eventId="series1_20261107", body={"summary": "Fair"})
    assert google.execute()["originalStartTime"] == {"date": "2026-11-07"}


@pytest.mark.parametrize(
    "line",
    ["RRULE:FREQ=SOMETIMES", "DTSTART:20261019T080000Z", "EXDATE:soon", "nonsense", "RRULE:FREQ=DAILY;X=1"],
)
def test_what_is_no_rule_is_refused(ada: Service, line: str) -> None:
    with refused(400, "invalid"):
        ada.events().insert(calendarId="primary", body=weekly(line)).execute()


def test_a_series_needs_a_zone(ada: Service) -> None:
    body = weekly()
    body["start"].pop("timeZone")
    with refused(400, "required"):
        ada.events().insert(calendarId="primary", body=body).execute()
