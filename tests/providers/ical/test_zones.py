from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.ical.limits import Limits
from providers.ical.lines import calendar
from providers.ical.zones import zones
from tests.providers.ical.texts import between, document, event, series_in, shown, time_in
from tests.rules.rows import row

APRIL = between("2026-04-01 00:00", "2026-05-01 00:00")


def in_zone(name: str) -> str:
    return event(f"DTSTART;TZID={name}:20260410T080000", f"DTEND;TZID={name}:20260410T090000")


def fixed(name: str, offset: str) -> str:
    return (
        f"BEGIN:VTIMEZONE\nTZID:{name}\nBEGIN:STANDARD\nDTSTART:16010101T000000\n"
        f"TZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE"
    )


BERLIN_BY_RULE = """BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE"""


@row("8.zones")
@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Europe/Berlin", "06:00"),
        ("europe/berlin", "06:00"),
        ('"Europe/Berlin"', "06:00"),
        ("W. Europe Standard Time", "06:00"),
        ("Eastern Standard Time", "12:00"),
        ("India Standard Time", "02:30"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "06:00"),
        ("/freeassociation.sourceforge.net/Tzfile/America/Argentina/Buenos_Aires", "11:00"),
        ("/mozilla.org/20070129_1/Asia/Kolkata", "02:30"),
        ("/Europe/Berlin", "06:00"),
        ("UTC", "08:00"),
    ],
)
def test_a_zone_is_known_by_the_names_that_calendars_use(name: str, start: str) -> None:
    series = series_in(APRIL, in_zone(name))
    assert f"{series.time.busy[0].start:%H:%M}" == start
    assert series.notes == ()


@row("8.zones")
def test_a_private_zone_is_what_the_document_says() -> None:
    assert shown(time_in(APRIL, fixed("School Zone", "+0545"), in_zone("School Zone")).busy) == [
        "04-10 02:15-03:15"
    ]


def test_a_private_zone_is_found_however_its_name_is_escaped() -> None:
    definition = fixed("(UTC+03:00) Here\\, There", "+0300")
    assert shown(time_in(APRIL, definition, in_zone('"(UTC+03:00) Here, There"')).busy) == [
        "04-10 05:00-06:00"
    ]


@pytest.mark.parametrize("order", [("+0300", "-0800"), ("-0800", "+0300")])
def test_one_persons_private_zone_does_not_shift_anothers(order: tuple[str, str]) -> None:
    starts = {"+0300": "04-10 05:00-06:00", "-0800": "04-10 16:00-17:00"}
    for offset in order:
        time = time_in(APRIL, fixed("School Zone", offset), in_zone("School Zone"))
        assert shown(time.busy) == [starts[offset]]


def test_the_iana_name_wins_over_the_documents_own_offsets() -> None:
    assert shown(time_in(APRIL, fixed("Europe/Berlin", "-0800"), in_zone("Europe/Berlin")).busy) == [
        "04-10 06:00-07:00"
    ]


def test_the_documents_definition_wins_over_windows() -> None:
    name = "Eastern Standard Time"
    assert shown(time_in(APRIL, fixed(name, "+0300"), in_zone(name)).busy) == ["04-10 05:00-06:00"]


@row("8.zones")
@pytest.mark.parametrize(
    ("name", "definition"),
    [
        ("Nowhere", ""),
        ("localtime", ""),
        ("../../etc/passwd", ""),
        ("Nowhere/Europe/Berlin", ""),
        ("Broken", fixed("Broken", "+9959")),
        ("Broken", fixed("Broken", "soon")),
        ("Broken", "BEGIN:VTIMEZONE\nTZID:Broken\nEND:VTIMEZONE"),
        ("Broken", fixed("Broken", "+0100").replace("END:STANDARD", "RRULE:FREQ=SECONDLY\nEND:STANDARD")),
        ("Broken", fixed("Broken", "+0100").replace("END:STANDARD", "RRULE:FREQ=DAILY\nEND:STANDARD")),
        ("Broken", fixed("Broken", "+0100").replace("16010101T000000", "soon")),
        ("Twice", fixed("Twice", "+0100") + "\n" + fixed("Twice", "+0200")),
    ],
)
def test_a_time_in_an_unknown_zone_is_unknown_wherever_on_earth_it_may_be(name: str, definition: str) -> None:
    series = series_in(APRIL, *filter(None, [definition]), in_zone(name))
    assert (series.time.busy, series.start) == ((), None)
    assert shown(series.time.unknown) == ["04-09 18:00-04-10 21:00"]
    assert series.notes[0] in {"zone-unknown", "zone-unreadable"}


def test_a_series_in_an_unknown_zone_is_unknown_around_each_instance() -> None:
    nowhere = "DTSTART;TZID=Nowhere:20260330T080000", "DTEND;TZID=Nowhere:20260330T090000"
    weekly = event(*nowhere, "RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Nowhere:20260406T080000")
    assert shown(time_in(APRIL, weekly).unknown) == ["04-12 18:00-04-13 21:00"]


def test_an_unknown_zone_is_seen_from_a_window_it_only_reaches_into() -> None:
    window = between("2026-04-10 20:00", "2026-04-11 00:00")
    assert shown(time_in(window, in_zone("Nowhere")).unknown) == ["04-10 20:00-21:00"]


@settings(max_examples=60, deadline=None)
@given(
    wall=st.datetimes(datetime(1997, 1, 1), datetime(2037, 1, 1)),  # noqa: DTZ001
    near=st.sampled_from([None, (3, 29, 2), (10, 25, 2)]),
    minutes=st.integers(-90, 150),
)
def test_a_documents_zone_is_the_same_clock_as_its_iana_twin(
    wall: datetime, near: tuple[int, int, int] | None, minutes: int
) -> None:
    if near is not None:
        wall = datetime(2026, *near) + timedelta(minutes=minutes)  # noqa: DTZ001
    ours = zones(calendar(document(BERLIN_BY_RULE), Limits()), Limits()).find("Customized Time Zone")
    twin = ZoneInfo("Europe/Berlin")
    instant = wall.replace(tzinfo=twin).astimezone(UTC)
    assert wall.replace(tzinfo=ours).astimezone(UTC) == instant
    assert instant.astimezone(ours).replace(tzinfo=None, fold=0) == instant.astimezone(twin).replace(
        tzinfo=None, fold=0
    )


def test_a_documents_zone_changes_by_dates_too_and_ends_with_until() -> None:
    moving = """BEGIN:VTIMEZONE
TZID:Moving
BEGIN:STANDARD
DTSTART:20260101T000000
TZOFFSETFROM:+0100
TZOFFSETTO:+0100
RDATE:20260410T000000,20260412T000000
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20240411T000000
TZOFFSETFROM:+0100
TZOFFSETTO:+0300
RRULE:FREQ=YEARLY;UNTIL=20260410T230000Z
END:DAYLIGHT
END:VTIMEZONE"""
    daily = event("DTSTART;TZID=Moving:20260410T080000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3")
    assert shown(time_in(APRIL, moving, daily).busy) == [
        "04-10 07:00-08:00",
        "04-11 05:00-06:00",
        "04-12 07:00-08:00",
    ]
    over = moving.replace("UNTIL=20260410T230000Z", "UNTIL=20250410T230000Z")
    assert shown(time_in(APRIL, over, daily).busy)[1] == "04-11 07:00-08:00"
