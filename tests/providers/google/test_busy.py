"""Free and busy time: what Google cannot tell is unknown, never free."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from policy.interval import Interval
from providers.base import BusyTime, CalendarId
from providers.errors import AccessLost, Loss, Unavailable
from providers.google import GoogleProvider
from tests.providers.google.answers import CALENDAR, CALENDARS, FREE_BUSY, Said, refused
from tests.providers.google.conftest import Server

ENTRY = f"{CALENDARS}/{CALENDAR.replace('@', '%40')}"
OTHER = CalendarId("other@example.org")
HOUR = timedelta(hours=1)


def busy(*spans: tuple[str, str]) -> dict[str, Any]:
    return {"busy": [{"start": start, "end": end} for start, end in spans]}


def errors(*reasons: str) -> dict[str, Any]:
    return {"errors": [{"domain": "global", "reason": one} for one in reasons], "busy": []}


def said(calendars: Any) -> Said:
    return Said(200, {"kind": "calendar#freeBusy", "calendars": calendars})


def asked(server: Server) -> list[dict[str, Any]]:
    return [
        json.loads(one.body or "") for one in server.asked if str(one.url).split("?")[0].endswith("freeBusy")
    ]


def days(number: int) -> Interval:
    start = datetime(2026, 11, 23, tzinfo=UTC)
    return Interval(start, start + timedelta(days=number))


def test_busy_time_is_merged_and_clipped(server: Server, provider: GoogleProvider, window: Interval) -> None:
    server.always = said(
        {
            CALENDAR: busy(
                ("2026-11-22T10:00:00Z", "2026-11-23T01:00:00Z"),
                ("2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z"),
                ("2026-11-24T12:00:00+01:00", "2026-11-24T13:00:00+01:00"),
                ("2026-11-25T10:00:00Z", "2026-11-25T10:00:00Z"),
                ("2027-11-25T10:00:00Z", "2027-11-25T11:00:00Z"),
            )
        }
    )
    assert provider.busy([CALENDAR], window) == {
        CALENDAR: BusyTime(
            busy=(
                Interval(window.start, window.start + HOUR),
                Interval(datetime(2026, 11, 24, 10, tzinfo=UTC), datetime(2026, 11, 24, 12, tzinfo=UTC)),
            )
        )
    }


def test_an_empty_list_is_free_time(server: Server, provider: GoogleProvider, window: Interval) -> None:
    server.always = said({CALENDAR: busy()})
    assert provider.busy([CALENDAR], window) == {CALENDAR: BusyTime()}


@pytest.mark.parametrize(
    "one",
    [
        errors("internalError"),
        errors("tooManyCalendarsRequested"),
        errors("somethingNew", "internalError"),
        {**errors("internalError"), **busy(("2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z"))},
        {"errors": "odd", "busy": []},
        {"errors": [5], "busy": []},
        {},
        None,
        [],
        5,
        {"busy": None},
        {"busy": {}},
        {"busy": ["x"]},
        {"busy": [{}]},
        busy(("2026-11-24T10:00:00Z", "soon")),
        busy(("2026-11-24T10:00:00", "2026-11-24T11:00:00")),
        busy(("2026-11-24T11:00:00Z", "2026-11-24T10:00:00Z")),
        busy(("0001-01-01T00:00:00+14:00", "2026-11-24T10:00:00Z")),
        {"busy": [{"start": 1795514400, "end": 1795518000}]},
    ],
    ids=str,
)
def test_what_cannot_be_told_is_unknown(
    server: Server, provider: GoogleProvider, window: Interval, one: object
) -> None:
    server.always = said({CALENDAR: one, OTHER: busy()})
    assert provider.busy([CALENDAR, OTHER], window) == {
        CALENDAR: BusyTime(unknown=(window,)),
        OTHER: BusyTime(),
    }


@pytest.mark.parametrize("calendars", [None, [], "x", {}, {CALENDAR.upper(): busy()}])
def test_a_calendar_that_is_left_out_is_unknown(
    server: Server, provider: GoogleProvider, window: Interval, calendars: object
) -> None:
    server.always = said(calendars)
    assert provider.busy([CALENDAR], window) == {CALENDAR: BusyTime(unknown=(window,))}


def test_nothing_is_asked_for_nobody(server: Server, provider: GoogleProvider, window: Interval) -> None:
    assert provider.busy([], window) == {}
    assert server.asked == []


def test_a_long_time_is_asked_for_in_parts_and_one_that_fails_is_unknown_alone(
    server: Server, provider: GoogleProvider
) -> None:
    window = days(130)
    first = said({CALENDAR: busy(("2027-01-21T10:00:00Z", "2027-01-22T00:00:00Z"))})
    second = said({CALENDAR: busy(("2027-01-22T00:00:00Z", "2027-01-22T09:00:00Z"))})
    server.say("POST", FREE_BUSY, first, second, said({CALENDAR: errors("internalError")}))
    found = provider.busy([CALENDAR], window)[CALENDAR]
    assert found.busy == (
        Interval(datetime(2027, 1, 21, 10, tzinfo=UTC), datetime(2027, 1, 22, 9, tzinfo=UTC)),
    )
    assert found.unknown == (Interval(window.start + timedelta(days=120), window.end),)
    spans = [(one["timeMin"], one["timeMax"]) for one in asked(server)]
    assert spans == [
        ("2026-11-23T00:00:00Z", "2027-01-22T00:00:00Z"),
        ("2027-01-22T00:00:00Z", "2027-03-23T00:00:00Z"),
        ("2027-03-23T00:00:00Z", "2027-04-02T00:00:00Z"),
    ]


def test_parts_of_a_second_are_asked_for_whole(server: Server, provider: GoogleProvider) -> None:
    moment = timedelta(microseconds=1)
    server.always = said({CALENDAR: busy(("2026-11-20T00:00:00Z", "2026-12-20T00:00:00Z"))})
    window = Interval(days(1).start + moment, days(1).end + moment)
    assert provider.busy([CALENDAR], window)[CALENDAR].busy == (window,)
    (one,) = asked(server)
    assert (one["timeMin"], one["timeMax"]) == ("2026-11-23T00:00:00Z", "2026-11-24T00:00:01Z")


def test_many_calendars_are_asked_for_fifty_at_a_time_and_each_once(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    many = [CalendarId(f"c{number}@example.org") for number in range(120)]
    server.always = said({one: busy() for one in many})
    found = provider.busy([*many, *many], window)
    assert list(found) == many
    assert [len(one["items"]) for one in asked(server)] == [50, 50, 20]


def test_a_calendar_that_is_not_found_and_not_listed_is_lost(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.say("POST", FREE_BUSY, said({CALENDAR: errors("notFound")}))
    server.say("GET", ENTRY, refused(404, "notFound"))
    with pytest.raises(AccessLost) as lost:
        provider.busy([CALENDAR], window)
    assert lost.value.loss is Loss.GONE


@pytest.mark.parametrize(
    "there",
    [
        Said(200, {"id": CALENDAR}),
        Said(404, "<html>", "text/html"),
        refused(403, "insufficientPermissions"),
        refused(400),
    ],
)
def test_a_calendar_that_is_not_found_and_listed_all_the_same_is_unknown(
    server: Server, provider: GoogleProvider, window: Interval, there: Said
) -> None:
    server.say("POST", FREE_BUSY, said({CALENDAR: errors("notFound"), OTHER: busy()}))
    server.say("GET", ENTRY, there)
    assert provider.busy([CALENDAR, OTHER], window)[CALENDAR] == BusyTime(unknown=(window,))


def test_whether_it_is_listed_is_asked_and_not_guessed(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.say("POST", FREE_BUSY, said({CALENDAR: errors("notFound")}))
    server.say("GET", ENTRY, Said(503))
    with pytest.raises(Unavailable):
        provider.busy([CALENDAR], window)
