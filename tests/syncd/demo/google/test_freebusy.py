from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from syncd.demo.google import GoogleFake
from tests.syncd.demo.google.conftest import ADA, DAY, EVE, MAX, Connect, Service, session
from tests.syncd.demo.google.refused import refused

HOUR = timedelta(hours=1)


def ask(
    service: Service,
    *calendars: str,
    since: datetime = DAY - timedelta(days=1),
    days: float = 10,
    **more: Any,
) -> Any:
    body = {
        "timeMin": since.isoformat(),
        "timeMax": (since + timedelta(days=days)).isoformat(),
        "items": [{"id": one} for one in calendars or ("primary",)],
        **more,
    }
    return service.freebusy().query(body=body).execute()


def busy(service: Service, calendar: str = "primary", **more: Any) -> list[tuple[str, str]]:
    found = ask(service, calendar, **more)["calendars"][calendar]
    assert "errors" not in found
    return [(one["start"], one["end"]) for one in found["busy"]]


def test_blocks_are_merged_and_cut_to_the_range(google: GoogleFake, ada: Service) -> None:
    hand = google.hand(ADA)
    for start, hours in ((0, 1), (0.5, 1), (1.5, 1), (4, 2), (4.5, 0.5)):
        hand.add("Busy", DAY + start * HOUR, DAY + (start + hours) * HOUR)
    assert busy(ada) == [
        ("2026-10-20T08:00:00Z", "2026-10-20T10:30:00Z"),
        ("2026-10-20T12:00:00Z", "2026-10-20T14:00:00Z"),
    ]
    assert busy(ada, since=DAY + HOUR, days=1 / 24) == [("2026-10-20T09:00:00Z", "2026-10-20T10:00:00Z")]
    assert busy(ada, since=DAY + 3 * HOUR, days=1 / 24) == []


def test_the_answer_is_written_in_the_zone_that_is_asked_for(google: GoogleFake, ada: Service) -> None:
    google.hand(ADA).add("Busy", DAY, DAY + HOUR)
    assert busy(ada, timeZone="Asia/Kolkata") == [("2026-10-20T13:30:00+05:30", "2026-10-20T14:30:00+05:30")]
    with refused(400, "invalid"):
        ask(ada, timeZone="Mars/Base")


def test_some_events_take_no_time(google: GoogleFake, ada: Service, max_: Service) -> None:
    hand = google.hand(ADA)
    hand.add("Maybe", DAY, DAY + HOUR, fields={"transparency": "transparent"})
    hand.add("Home", DAY, DAY + HOUR, fields={"eventType": "workingLocation"})
    hand.delete(hand.add("Deleted", DAY, DAY + HOUR))
    event = hand.add("Declined", DAY, DAY + HOUR, guests=[MAX, EVE])
    assert len(busy(ada)) == len(busy(max_)) == 1
    google.hand(MAX).decline(event)
    assert len(busy(ada)) == 1
    assert busy(max_) == []
    tentative = google.hand(MAX)
    tentative.answer(event, "tentative")
    assert len(busy(max_)) == 1


def test_an_invitation_that_is_not_shown_takes_no_time(google: GoogleFake, connect: Connect) -> None:
    eve, event = connect(EVE), google.hand(ADA).add("Chess", DAY, DAY + HOUR, guests=[EVE])
    assert busy(eve) == []
    google.hand(EVE).accept(event)
    assert len(busy(eve)) == 1


def test_a_whole_day_lies_in_the_zone_of_the_calendar(
    google: GoogleFake, ada: Service, max_: Service
) -> None:
    for person in (ADA, MAX):
        google.hand(person).add("Holiday", DAY.date(), DAY.date() + timedelta(days=1))
    assert busy(ada) == [("2026-10-19T22:00:00Z", "2026-10-20T22:00:00Z")]
    assert busy(max_) == [("2026-10-20T04:00:00Z", "2026-10-21T04:00:00Z")]


def test_a_series_takes_the_time_of_its_instances(google: GoogleFake, ada: Service) -> None:
    hand = google.hand(ADA)
    series = hand.add("Lecture", DAY, DAY + HOUR, fields={"recurrence": ["RRULE:FREQ=DAILY;COUNT=4"]})
    hand.delete(f"{series}_20261021T080000Z")
    hand.move(
        f"{series}_20261022T080000Z", DAY + timedelta(days=2, hours=4), DAY + timedelta(days=2, hours=5)
    )
    assert [start for start, _ in busy(ada)] == [
        "2026-10-20T08:00:00Z", "2026-10-22T12:00:00Z", "2026-10-23T08:00:00Z",
    ]  # fmt: skip
    hand.delete(series)
    assert busy(ada) == []


def test_days_that_repeat_end_when_the_clocks_have_changed(google: GoogleFake, ada: Service) -> None:
    first = datetime(2026, 10, 24).date()  # noqa: DTZ001 - a date
    weekend = {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]}
    google.hand(ADA).add("Weekend", first, first + timedelta(days=2), fields=weekend)
    assert busy(ada, days=20) == [
        ("2026-10-23T22:00:00Z", "2026-10-25T23:00:00Z"),
        ("2026-10-30T23:00:00Z", "2026-11-01T23:00:00Z"),
    ]


def test_an_error_of_one_calendar_comes_with_an_empty_list(google: GoogleFake, ada: Service) -> None:
    google.hand(ADA).add("Busy", DAY, DAY + HOUR)
    google.hand(MAX).share(ADA, "freeBusyReader")
    google.manners.busy_errors[MAX] = "internalError"
    answer = ask(ada, ADA, MAX, EVE, "nobody@school.example")["calendars"]
    assert len(answer[ADA]["busy"]) == 1
    reasons = {name: [why["reason"] for why in one.get("errors", ())] for name, one in answer.items()}
    assert reasons == {
        ADA: [], MAX: ["internalError"], EVE: ["notFound"], "nobody@school.example": ["notFound"],
    }  # fmt: skip
    assert answer[MAX]["busy"] == []


def test_fifty_calendars_at_most(ada: Service) -> None:
    answer = ask(ada, *(f"c{number}@school.example" for number in range(52)))["calendars"]
    reasons = [one["errors"][0]["reason"] for one in answer.values()]
    assert reasons == ["notFound"] * 50 + ["tooManyCalendarsRequested"] * 2
    with refused(400, "invalid"):
        ask(ada, calendarExpansionMax=51)
    assert "errors" not in ask(ada, ADA, MAX, calendarExpansionMax=1)["calendars"][ADA]


def test_three_months_at_most(ada: Service) -> None:
    assert busy(ada, days=90) == []
    with refused(400, "timeRangeTooLong"):
        ask(ada, days=90.1)
    with refused(400, "timeRangeEmpty"):
        ask(ada, days=0)
    with refused(400, "required"):
        ada.freebusy().query(body={"timeMin": DAY.isoformat(), "items": []}).execute()
    with refused(400, "invalid"):
        ada.freebusy().query(body={"timeMin": "soon", "timeMax": "later", "items": []}).execute()
    with refused(400, "invalid"):
        ada.freebusy().query(body={"timeMin": DAY.isoformat(), "timeMax": "2026-10-30T00:00:00"}).execute()


def test_what_is_written_over_the_api_takes_time(ada: Service, max_: Service) -> None:
    ada.events().insert(calendarId="primary", body=session("session1", MAX)).execute()
    assert busy(ada) == busy(max_) == [("2026-10-20T08:00:00Z", "2026-10-20T09:00:00Z")]
