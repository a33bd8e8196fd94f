from __future__ import annotations

import pytest

from tests.providers.ical.texts import NEW_YORK, at, between, event, series_in, shown, time_in
from tests.rules.rows import row

MARCH_TO_MAY = between("2026-03-01 00:00", "2026-05-01 00:00")
AUTUMN = between("2026-10-01 00:00", "2026-11-15 00:00")
WEEKLY = (
    "DTSTART;TZID=Europe/Berlin:20260316T100000",
    "DTEND;TZID=Europe/Berlin:20260316T110000",
    "RRULE:FREQ=WEEKLY;COUNT=5",
)


def busy(*components: str) -> list[str]:
    time = time_in(MARCH_TO_MAY, *components)
    assert (time.tentative, time.unknown) == ((), ())
    return shown(time.busy)


def override(instance: str, *lines: str) -> str:
    return event(f"RECURRENCE-ID{instance}", *lines)


def hours(start: str, end: str, zone: str = "Europe/Berlin") -> tuple[str, str]:
    return f"DTSTART;TZID={zone}:{start}", f"DTEND;TZID={zone}:{end}"


@row("8.series")
@pytest.mark.parametrize(
    ("zone", "first", "expected"),
    [
        # Berlin: CET to CEST on 29 March, back on 25 October.
        ("Europe/Berlin", "20260322", ["03-22 07:00-08:00", "03-29 06:00-07:00", "04-05 06:00-07:00"]),
        ("Europe/Berlin", "20261018", ["10-18 06:00-07:00", "10-25 07:00-08:00", "11-01 07:00-08:00"]),
        # New York: EST to EDT on 8 March, back on 1 November.
        ("America/New_York", "20260301", ["03-01 13:00-14:00", "03-08 12:00-13:00", "03-15 12:00-13:00"]),
        ("America/New_York", "20261025", ["10-25 12:00-13:00", "11-01 13:00-14:00", "11-08 13:00-14:00"]),
        # Kolkata: half an hour, and never a change.
        ("Asia/Kolkata", "20260322", ["03-22 02:30-03:30", "03-29 02:30-03:30", "04-05 02:30-03:30"]),
        # Lord Howe: +11 to +10:30 on 5 April, back on 4 October.
        ("Australia/Lord_Howe", "20260329", ["03-28 21:00-22:00", "04-04 21:30-22:30", "04-11 21:30-22:30"]),
        ("Australia/Lord_Howe", "20260927", ["09-26 21:30-22:30", "10-03 21:00-22:00", "10-10 21:00-22:00"]),
    ],
)
def test_a_weekly_series_keeps_its_wall_time_over_a_clock_change(
    zone: str, first: str, expected: list[str]
) -> None:
    year = between("2026-01-01 00:00", "2027-01-01 00:00")
    series = event(*hours(f"{first}T080000", f"{first}T090000", zone), "RRULE:FREQ=WEEKLY;COUNT=3")
    assert shown(time_in(year, series).busy) == expected


def test_a_night_keeps_both_its_wall_times_over_a_clock_change() -> None:
    nights = event(*hours("20260327T220000", "20260328T060000"), "RRULE:FREQ=DAILY;COUNT=3")
    assert busy(nights) == ["03-27 21:00-03-28 05:00", "03-28 21:00-03-29 04:00", "03-29 20:00-03-30 04:00"]


def test_an_instance_that_began_long_before_the_window_reaches_into_it() -> None:
    monthly = event(*hours("20260110T100000", "20260130T100000"), "RRULE:FREQ=MONTHLY")
    assert busy(monthly) == ["03-01 00:00-03-02 09:00", "03-10 09:00-03-30 08:00", "04-10 08:00-04-30 08:00"]


def test_a_day_as_duration_is_nominal_and_hours_are_exact() -> None:
    start = "DTSTART;TZID=Europe/Berlin:20260328T220000"
    assert busy(event(start, "DURATION:P1D")) == ["03-28 21:00-03-29 20:00"]
    assert busy(event(start, "DURATION:PT24H")) == ["03-28 21:00-03-29 21:00"]


def test_an_hour_that_the_clock_skips_is_the_next_one() -> None:
    daily = event(*hours("20260328T023000", "20260328T030000"), "RRULE:FREQ=DAILY;COUNT=3")
    assert busy(daily) == ["03-28 01:30-02:00", "03-29 01:30-02:00", "03-30 00:30-01:00"]


def test_hourly_counts_both_hours_that_the_clock_shows_twice() -> None:
    hourly = event(*hours("20261025T010000", "20261025T013000"), "RRULE:FREQ=HOURLY;COUNT=3")
    assert shown(time_in(AUTUMN, hourly).busy) == [
        "10-24 23:00-23:30",
        "10-25 00:00-00:30",
        "10-25 01:00-01:30",
        "10-25 02:00-02:30",
    ]


def test_hourly_counts_no_hour_that_the_clock_skips_for_an_earlier_one() -> None:
    other = event(*hours("20260329T003000", "20260329T010000"), "RRULE:FREQ=HOURLY;INTERVAL=2;COUNT=3")
    assert busy(other) == ["03-28 23:30-03-29 00:00", "03-29 01:30-02:00", "03-29 02:30-03:00"]


@row("8.series")
@pytest.mark.parametrize(
    "exdate",
    [
        "EXDATE;TZID=Europe/Berlin:20260330T100000",
        "EXDATE:20260330T080000Z",
        "EXDATE;TZID=America/New_York:20260330T040000",
        "EXDATE;VALUE=DATE:20260330",
        "EXDATE:20260330T100000",
        "EXDATE;TZID=Europe/Berlin:20260101T100000,20260330T100000",
    ],
)
def test_an_excluded_instance_is_free_however_it_is_written(exdate: str) -> None:
    assert busy(event(*WEEKLY, exdate)) == [
        "03-16 09:00-10:00",
        "03-23 09:00-10:00",
        "04-06 08:00-09:00",
        "04-13 08:00-09:00",
    ]


@row("8.series")
@pytest.mark.parametrize(
    "instance",
    [
        ";TZID=Europe/Berlin:20260330T100000",
        ":20260330T080000Z",
        ";VALUE=DATE:20260330",
        ":20260330T100000",
        ";TZID=Asia/Kolkata:20260330T133000",
    ],
)
def test_a_moved_instance_leaves_its_place(instance: str) -> None:
    moved = override(instance, *hours("20260401T150000", "20260401T153000"))
    assert busy(event(*WEEKLY), moved) == [
        "03-16 09:00-10:00",
        "03-23 09:00-10:00",
        "04-01 13:00-13:30",
        "04-06 08:00-09:00",
        "04-13 08:00-09:00",
    ]


def test_a_series_in_utc_is_moved_by_an_override_in_a_zone() -> None:
    master = event("DTSTART:20260316T090000Z", "DTEND:20260316T100000Z", "RRULE:FREQ=WEEKLY;COUNT=3")
    moved = override(";TZID=Europe/Berlin:20260330T110000", *hours("20260330T120000", "20260330T130000"))
    assert busy(master, moved) == ["03-16 09:00-10:00", "03-23 09:00-10:00", "03-30 10:00-11:00"]


def test_an_instance_moves_into_the_window_and_out_of_it() -> None:
    into = override(";TZID=Europe/Berlin:20260316T100000", *hours("20260407T100000", "20260407T110000"))
    out = override(";TZID=Europe/Berlin:20260406T100000", *hours("20260512T100000", "20260512T110000"))
    april = between("2026-04-05 00:00", "2026-04-12 00:00")
    assert shown(time_in(april, event(*WEEKLY), into, out).busy) == ["04-07 08:00-09:00"]


def test_an_override_can_free_or_take_its_instance_by_itself() -> None:
    free = override(";TZID=Europe/Berlin:20260323T100000", *WEEKLY[:2], "TRANSP:TRANSPARENT")
    off = override(":20260330T080000Z", *WEEKLY[:2], "STATUS:CANCELLED")
    no = override(":20260406T080000Z", *WEEKLY[:2], "ATTENDEE;PARTSTAT=DECLINED:mailto:me@school.example")
    assert busy(event(*WEEKLY), free, off, no) == ["03-16 09:00-10:00", "04-13 08:00-09:00"]


def test_a_named_instance_without_a_zone_is_in_the_zone_of_its_series() -> None:
    series = event(*WEEKLY, "EXDATE:20260330T100000")
    moved = override(":20260406T100000", *hours("20260407T100000", "20260407T110000"))
    april = between("2026-03-29 00:00", "2026-04-12 00:00")
    assert shown(time_in(april, series, moved, owner=NEW_YORK).busy) == ["04-07 08:00-09:00"]


def test_an_override_of_an_excluded_instance_takes_no_time() -> None:
    moved = override(":20260330T080000Z", *hours("20260401T150000", "20260401T153000"))
    elsewhere = override(":20260331T080000Z", *hours("20260402T150000", "20260402T153000"))
    days = busy(event(*WEEKLY, "EXDATE:20260330T080000Z"), moved, elsewhere)
    assert "04-01 13:00-13:30" not in days
    assert "04-02 13:00-13:30" in days


def test_of_two_versions_the_higher_sequence_counts() -> None:
    old = override(":20260330T080000Z", *hours("20260331T100000", "20260331T110000"), "SEQUENCE:1")
    new = override(":20260330T080000Z", *hours("20260401T100000", "20260401T110000"), "SEQUENCE:2")
    for pair in ((old, new), (new, old)):
        assert "04-01 08:00-09:00" in busy(event(*WEEKLY), *pair)
        assert "03-31 08:00-09:00" not in busy(event(*WEEKLY), *pair)


@row("8.series")
def test_this_and_future_moves_and_lengthens_what_follows_over_a_clock_change() -> None:
    onwards = override(
        ";RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260323T100000",
        *hours("20260323T140000", "20260323T160000"),
    )
    assert busy(event(*WEEKLY), onwards) == [
        "03-16 09:00-10:00",
        "03-23 13:00-15:00",
        "03-30 12:00-14:00",
        "04-06 12:00-14:00",
        "04-13 12:00-14:00",
    ]


def test_a_later_override_and_a_later_this_and_future_rule_over_an_earlier_one() -> None:
    first = override(";RANGE=THISANDFUTURE:20260323T090000Z", *hours("20260324T140000", "20260324T160000"))
    single = override(":20260330T080000Z", *hours("20260330T070000", "20260330T080000"))
    second = override(
        ";RANGE=THISANDFUTURE:20260406T080000Z",
        *hours("20260406T090000", "20260406T093000"),
        "STATUS:TENTATIVE",
    )
    time = time_in(MARCH_TO_MAY, event(*WEEKLY), second, single, first)
    assert shown(time.busy) == ["03-16 09:00-10:00", "03-24 13:00-15:00", "03-30 05:00-06:00"]
    assert shown(time.tentative) == ["04-06 07:00-07:30", "04-13 07:00-07:30"]


def test_this_and_future_is_found_from_a_window_that_holds_only_what_it_moved() -> None:
    onwards = override(";RANGE=THISANDFUTURE:20260323T090000Z", *hours("20260401T100000", "20260401T110000"))
    late = between("2026-04-21 00:00", "2026-04-30 00:00")
    assert shown(time_in(late, event(*WEEKLY), onwards).busy) == ["04-22 08:00-09:00"]


def test_this_and_future_is_found_when_it_moved_out_of_later_days() -> None:
    onwards = override(";RANGE=THISANDFUTURE:20260330T080000Z", *hours("20260320T100000", "20260320T110000"))
    early = between("2026-04-03 00:00", "2026-04-04 00:00")
    assert shown(time_in(early, event(*WEEKLY), onwards).busy) == ["04-03 08:00-09:00"]


def test_this_and_future_cancelled_ends_the_series() -> None:
    off = override(";RANGE=THISANDFUTURE:20260330T080000Z", *WEEKLY[:2], "STATUS:CANCELLED")
    assert busy(event(*WEEKLY), off) == ["03-16 09:00-10:00", "03-23 09:00-10:00"]


def test_this_and_future_all_day_counts_in_the_owners_zone() -> None:
    days = override(
        ";RANGE=THISANDFUTURE:20260406T080000Z", "DTSTART;VALUE=DATE:20260407", "DTEND;VALUE=DATE:20260408"
    )
    assert busy(event(*WEEKLY), days)[-2:] == ["04-06 22:00-04-07 22:00", "04-13 22:00-04-14 22:00"]


def test_added_dates_and_periods_count() -> None:
    series = event(
        *WEEKLY[:2],
        "RDATE;TZID=Europe/Berlin:20260330T120000,20260316T100000",
        "RDATE;VALUE=PERIOD:20260401T080000Z/PT3H,20260402T080000Z/20260402T083000Z",
    )
    assert busy(series) == [
        "03-16 09:00-10:00",
        "03-30 10:00-11:00",
        "04-01 08:00-11:00",
        "04-02 08:00-08:30",
    ]


def test_an_added_date_can_be_excluded_and_moved() -> None:
    added = event(*WEEKLY[:2], "RDATE:20260330T080000Z,20260331T080000Z", "EXDATE:20260330T080000Z")
    moved = override(":20260331T080000Z", *hours("20260331T170000", "20260331T180000"))
    assert busy(added, moved) == ["03-16 09:00-10:00", "03-31 15:00-16:00"]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260330T080000Z", "03-30 08:00-09:00"),
        ("20260330T075959Z", "03-23 09:00-10:00"),
        ("20260330T100000", "03-30 08:00-09:00"),
        ("20260330", "03-30 08:00-09:00"),
        ("20260329", "03-23 09:00-10:00"),
    ],
)
def test_a_rule_ends_with_the_last_start_that_is_not_after_until(until: str, last: str) -> None:
    assert busy(event(*WEEKLY[:2], f"RRULE:FREQ=WEEKLY;UNTIL={until}"))[-1] == last


def test_a_long_gone_start_costs_nothing_and_changes_nothing() -> None:
    hourly = event("DTSTART:19700101T003000Z", "DURATION:PT10M", "RRULE:FREQ=HOURLY;INTERVAL=11")
    day = between("2026-04-01 00:00", "2026-04-02 00:00")
    since = at("1970-01-01 00:30")
    starts = [int((one.start - since).total_seconds()) // 3600 % 11 for one in time_in(day, hourly).busy]
    assert starts in ([0, 0], [0, 0, 0])
    fortnightly = event(
        "DTSTART:19990106T120000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE"
    )
    april = between("2026-04-01 00:00", "2026-04-20 00:00")
    # 1 April 2026 is 1421 weeks after 6 January 1999, an odd number: Monday the 6th begins an even one.
    assert shown(time_in(april, fortnightly).busy) == ["04-06 12:00-13:00", "04-08 12:00-13:00"]


def test_the_master_tells_start_end_and_what_the_series_is() -> None:
    moved = override(":20260330T080000Z", *hours("20260401T150000", "20260401T153000"), "SEQUENCE:9")
    series = series_in(MARCH_TO_MAY, moved, event(*WEEKLY, "SEQUENCE:3", "STATUS:TENTATIVE"))
    assert (series.start, series.end) == (at("2026-03-16 09:00"), at("2026-03-16 10:00"))
    assert (series.recurring, series.all_day, series.sequence) == (True, False, 3)
    assert series.status == "TENTATIVE"


def test_instances_without_their_master_take_their_own_time() -> None:
    alone = override(":20260330T080000Z", *hours("20260401T150000", "20260401T153000"))
    series = series_in(MARCH_TO_MAY, alone)
    assert shown(series.time.busy) == ["04-01 13:00-13:30"]
    assert series.time.unknown == ()
    assert series.notes == ("master-missing",)
    assert series.start == at("2026-04-01 13:00")


def test_what_follows_a_this_and_future_without_its_master_is_unknown() -> None:
    alone = override(";RANGE=THISANDFUTURE:20260330T080000Z", *hours("20260401T150000", "20260401T153000"))
    time = time_in(MARCH_TO_MAY, alone)
    assert shown(time.busy) == ["04-01 13:00-13:30"]
    assert time.unknown == (between("2026-04-01 13:30", "2026-05-01 00:00"),)
