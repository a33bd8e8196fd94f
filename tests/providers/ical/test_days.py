from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from providers.base import Owner
from tests.providers.ical.texts import NEW_YORK, at, between, event, series_in, shown, time_in
from tests.rules.rows import row

APRIL = between("2026-03-25 00:00", "2026-05-01 00:00")


def day(first: str, last: str | None = None, *lines: str) -> str:
    end = () if last is None else (f"DTEND;VALUE=DATE:{last}",)
    return event(f"DTSTART;VALUE=DATE:{first}", *end, *lines)


@row("8.all-day")
def test_an_all_day_event_is_the_owners_day_and_busy() -> None:
    one = day("20260410", "20260411")
    assert shown(time_in(APRIL, one).busy) == ["04-09 22:00-04-10 22:00"]
    assert shown(time_in(APRIL, one, owner=NEW_YORK).busy) == ["04-10 04:00-04-11 04:00"]
    series = series_in(APRIL, one)
    assert series.all_day
    assert (series.start, series.end) == (at("2026-04-09 22:00"), at("2026-04-10 22:00"))


@pytest.mark.parametrize("end", ["DTEND;VALUE=DATE:20260411", "DURATION:P1D", "X-NO-END:", "DTEND:20260410"])
def test_a_day_lasts_a_day_however_its_end_is_written(end: str) -> None:
    assert shown(time_in(APRIL, event("DTSTART;VALUE=DATE:20260410", end)).busy) == [
        "04-09 22:00-04-10 22:00"
    ]


def test_days_over_a_clock_change_are_23_hours_and_25() -> None:
    assert shown(time_in(APRIL, day("20260328", "20260330")).busy) == ["03-27 23:00-03-29 22:00"]
    autumn = between("2026-10-01 00:00", "2026-11-01 00:00")
    assert shown(time_in(autumn, day("20261025")).busy) == ["10-24 22:00-10-25 23:00"]


def test_a_series_of_days_counts_each_in_the_owners_zone() -> None:
    weekly = day("20260327", "20260329", "RRULE:FREQ=WEEKLY;UNTIL=20260410", "EXDATE;VALUE=DATE:20260403")
    assert shown(time_in(APRIL, weekly).busy) == ["03-26 23:00-03-28 23:00", "04-09 22:00-04-11 22:00"]


@pytest.mark.parametrize("until", ["20260402", "20260401T220000Z", "20260402T000000Z", "20260402T215959Z"])
def test_the_last_day_of_a_series_counts_however_until_is_written(until: str) -> None:
    daily = day("20260401", None, f"RRULE:FREQ=DAILY;UNTIL={until}")
    assert shown(time_in(APRIL, daily).busy) == ["03-31 22:00-04-02 22:00"]


@pytest.mark.parametrize(
    "exdate", ["EXDATE;VALUE=DATE:20260402", "EXDATE:20260402T000000Z", "EXDATE:20260401T220000Z"]
)
def test_a_day_is_excluded_by_its_date_however_it_is_written(exdate: str) -> None:
    daily = day("20260401", None, "RRULE:FREQ=DAILY;COUNT=3", exdate)
    assert shown(time_in(APRIL, daily).busy) == ["03-31 22:00-04-01 22:00", "04-02 22:00-04-03 22:00"]


def test_a_day_moved_to_hours_leaves_its_day() -> None:
    daily = day("20260401", None, "RRULE:FREQ=DAILY;COUNT=2")
    hours = event("RECURRENCE-ID;VALUE=DATE:20260402", "DTSTART:20260402T080000Z", "DURATION:PT1H")
    assert shown(time_in(APRIL, daily, hours).busy) == ["03-31 22:00-04-01 22:00", "04-02 08:00-09:00"]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"])
@pytest.mark.parametrize("rule", ["", "RRULE:FREQ=DAILY;COUNT=1"])
def test_a_day_at_the_windows_edge_is_not_lost(zone: str, rule: str) -> None:
    owner = Owner(ZoneInfo(zone))
    one = day("20260410", None, rule)
    (whole,) = time_in(APRIL, one, owner=owner).busy
    first, last = whole.start, whole.end
    for window in (
        between(f"{first:%F %H:%M}", f"{first:%F %H:30}"),
        between(f"{last.replace(hour=(last.hour - 1) % 24):%F %H:%M}", f"{last:%F %H:%M}")
        if last.hour
        else between(f"{first:%F %H:%M}", f"{last:%F %H:%M}"),
    ):
        assert time_in(window, one, owner=owner).busy == (window,)


@row("8.floating")
def test_a_floating_time_is_the_owners_and_utc_is_nobodys() -> None:
    floating = event("DTSTART:20260410T100000", "DTEND:20260410T110000")
    assert shown(time_in(APRIL, floating).busy) == ["04-10 08:00-09:00"]
    assert shown(time_in(APRIL, floating, owner=NEW_YORK).busy) == ["04-10 14:00-15:00"]
    universal = event("DTSTART:20260410T100000Z", "DTEND:20260410T110000Z")
    assert shown(time_in(APRIL, universal, owner=NEW_YORK).busy) == ["04-10 10:00-11:00"]


def test_what_has_no_length_takes_no_time() -> None:
    for lines in (("DTSTART:20260410T100000Z",), ("DTSTART:20260410T100000Z", "DTEND:20260410T100000Z")):
        time = time_in(APRIL, event(*lines))
        assert (time.busy, time.unknown) == ((), ())
        assert series_in(APRIL, event(*lines)).end == at("2026-04-10 10:00")


def test_busy_time_is_cut_at_the_window_and_merged() -> None:
    window = between("2026-04-10 10:00", "2026-04-10 12:00")
    quarter = (
        "DTSTART:20260410T090000Z",
        "DURATION:PT15M",
        "RRULE:FREQ=DAILY;BYHOUR=9,10,11,12;BYMINUTE=0,15,30,45",
    )
    assert time_in(window, event(*quarter)).busy == (window,)
    long = event("DTSTART:20260101T000000Z", "DTEND:20270101T000000Z")
    assert time_in(window, long).busy == (window,)
    touching = event("DTSTART:20260410T090000Z", "DTEND:20260410T100000Z", "RRULE:FREQ=DAILY;BYHOUR=9,12")
    assert time_in(window, touching).busy == ()


def test_a_flight_ends_in_another_zone() -> None:
    flight = event(
        "DTSTART;TZID=Europe/Berlin:20260410T100000", "DTEND;TZID=America/New_York:20260410T130000"
    )
    assert shown(time_in(APRIL, flight).busy) == ["04-10 08:00-17:00"]
