"""Series against two other ways of counting them, and against nonsense."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from policy.interval import Interval, clip
from providers.errors import Unreadable
from providers.ical import read
from tests.providers.ical.texts import BERLIN, between, document, event, time_in

YEAR = between("2026-01-01 00:00", "2027-01-01 00:00")
ZONES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"]
)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
CHANGES = st.sampled_from(
    [date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 4), date(2026, 10, 25)]
)


def wall(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}"


def weekly_by_hand(
    first: datetime, zone: ZoneInfo, minutes: int, days: set[int], every: int, weeks: int
) -> list[Interval]:
    """Count every day of the year on fingers."""
    monday = first.date() - timedelta(days=first.weekday())
    taken = []
    for number in range(7 * every * weeks):
        day = monday + timedelta(days=number)
        if day < first.date() or number // 7 % every or (day.weekday() not in days and day != first.date()):
            continue
        start = datetime.combine(day, first.time(), zone).astimezone(UTC)
        end = datetime.combine(day, first.time()) + timedelta(minutes=minutes)
        taken.append((start, end.replace(tzinfo=zone).astimezone(UTC)))
    return [
        Interval(start, end if end > start else start + timedelta(minutes=minutes)) for start, end in taken
    ]


@settings(max_examples=120, deadline=None)
@given(
    zone=ZONES,
    change=CHANGES,
    before=st.integers(0, 30),
    minute=st.integers(0, 95).map(lambda quarter: quarter * 15),
    minutes=st.integers(1, 900),
    days=st.sets(st.integers(0, 6), max_size=3),
    every=st.integers(1, 3),
    weeks=st.integers(1, 8),
)
def test_a_weekly_rule_is_what_fingers_count(
    zone: str, change: date, before: int, minute: int, minutes: int, days: set[int], every: int, weeks: int
) -> None:
    first = datetime.combine(change - timedelta(days=before), time()) + timedelta(minutes=minute)
    days = days or {first.weekday()}
    # The rule ends with the last day of its last week, in any zone's reading.
    last = first.date() - timedelta(days=first.weekday()) + timedelta(days=7 * every * weeks - 1)
    lines = (
        f"DTSTART;TZID={zone}:{wall(first)}",
        f"DTEND;TZID={zone}:{wall(first + timedelta(minutes=minutes))}",
        f"RRULE:FREQ=WEEKLY;INTERVAL={every};BYDAY={','.join(DAYS[day] for day in days)};UNTIL={last:%Y%m%d}",
    )
    expected = clip(weekly_by_hand(first, ZoneInfo(zone), minutes, days, every, weeks), YEAR)
    assert time_in(YEAR, event(*lines)).busy == expected


RULES = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3;COUNT=20",
        "FREQ=DAILY;BYDAY=MO,WE,FR;BYHOUR=9,15",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH",
        "FREQ=WEEKLY;BYDAY=SU,MO;WKST=SU;INTERVAL=2;COUNT=9",
        "FREQ=MONTHLY",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYDAY=1MO,-1FR",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYMONTH=3,4;BYDAY=2SU",
        "FREQ=YEARLY;INTERVAL=1;COUNT=60",
        "FREQ=YEARLY;BYWEEKNO=14;BYDAY=FR",
        "FREQ=WEEKLY;UNTIL=20260420T120000Z",
    ]
)


@settings(max_examples=120, deadline=None)
@given(
    zone=ZONES,
    first=st.datetimes(datetime(2015, 1, 1), datetime(2026, 5, 1)),  # noqa: DTZ001
    hour=st.integers(6, 18),
    minutes=st.integers(1, 300),
    rule=RULES,
    start=st.integers(0, 100),
    length=st.integers(1, 40),
)
def test_a_rule_is_what_recurring_ical_events_counts(
    zone: str, first: datetime, hour: int, minutes: int, rule: str, start: int, length: int
) -> None:
    first = first.replace(hour=hour, minute=0, second=0, microsecond=0)
    text = document(
        event(
            f"DTSTART;TZID={zone}:{wall(first)}",
            f"DTEND;TZID={zone}:{wall(first + timedelta(minutes=minutes))}",
            f"RRULE:{rule}",
        )
    )
    low = YEAR.start + timedelta(days=start)
    window = Interval(low, low + timedelta(days=length))
    theirs = recurring_ical_events.of(Calendar.from_ical(text)).between(window.start, window.end)
    expected = clip((Interval(one["DTSTART"].dt, one["DTEND"].dt) for one in theirs), window)
    (series,) = read(text, BERLIN, window).series
    assert series.time.busy == expected


WORDS = st.sampled_from(
    [
        *(
            "20260410T080000Z",
            "20260410T080000",
            "20260410",
            "99991231T235959",
            "16000101T000000",
            "00000000",
            "",
        ),
        *(
            "P1D",
            "PT0S",
            "-PT5M",
            "P",
            "PT",
            "P99999W",
            "20260410T080000Z/PT1H",
            "20260410/20260409",
            "/",
            ",",
        ),
        *(
            "FREQ=DAILY",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
            "FREQ=WEEKLY;UNTIL=99991231T235959Z",
            "FREQ=DAILY;;",
        ),
        *("FREQ=HOURLY;INTERVAL=3;BYHOUR=1", "FREQ=MONTHLY;BYDAY=5FR;BYSETPOS=3", "FREQ=YEARLY;BYWEEKNO=53"),
        *("CANCELLED", "\x00", "٣", "a;b=c", '"', "1" * 40),
    ]
)
PARAMS = st.sampled_from(
    [
        "",
        ";TZID=Europe/Berlin",
        ";TZID=",
        ";TZID=Nowhere",
        ";VALUE=DATE",
        ";RANGE=THISANDFUTURE",
        ';"',
        ";=",
        ";TZID=/",
    ]
)
NAMES = st.sampled_from(
    [
        "DTSTART",
        "DTEND",
        "DURATION",
        "RRULE",
        "RDATE",
        "EXDATE",
        "RECURRENCE-ID",
        "STATUS",
        "SEQUENCE",
        "ATTENDEE",
    ]
)
LINES = st.builds("{}{}:{}".format, NAMES, PARAMS, WORDS)
NONSENSE = st.lists(st.lists(LINES, max_size=5), min_size=1, max_size=3)


@settings(max_examples=400, deadline=None)
@given(NONSENSE)
def test_nonsense_is_read_or_unknown_and_nothing_else(events: list[list[str]]) -> None:
    sound = event("DTSTART:20260410T080000Z", "DTEND:20260410T090000Z", uid="sound")
    found = read(
        document(*(event(*lines) for lines in events), sound),
        BERLIN,
        YEAR,
    )
    assert len(found.series[-1].time.busy) == 1
    for series in found.series:
        for part in (series.time.busy, series.time.tentative, series.time.unknown):
            assert clip(part, YEAR) == part


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.integers(0, 400).map(lambda n: document(event("DTSTART:20260410"))[:n]))
def test_bytes_are_a_calendar_or_refused(body: bytes) -> None:
    with suppress(Unreadable):
        assert read(body, BERLIN, YEAR).series
