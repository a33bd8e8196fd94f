from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.interval import Interval, merge
from policy.weekly import DAY, WEEK, Weekly, steady_pieces
from tests.policy import clock_changes, offset
from tests.rules.rows import row

STEP = timedelta(minutes=5)
EVENINGS = "Mon-Fri 16:00-21:00, Sat 10:00-14:00"
AROUND_MIDNIGHT = "Mon-Sun 21:45-00:20, 00:30-01:10, 01:35-02:05, 02:10-02:45, 03:00-04:00"
MARK = st.integers(0, WEEK // 15).map(lambda mark: 15 * mark)
SPAN = st.tuples(MARK, MARK).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: (min(pair), max(pair)))
WEEKLIES = st.lists(SPAN, max_size=8).map(lambda spans: Weekly(tuple(spans)))
ZONES = st.sampled_from(sorted(available_timezones()))
MOMENTS = st.datetimes(datetime(1972, 2, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
EXAMPLES = settings(max_examples=100, deadline=None)


def wall_minutes(weekly: Weekly) -> set[int]:
    return {minute for start, end in weekly.spans for minute in range(start, end)}


def asked_of_the_clock(weekly: Weekly, zone: ZoneInfo, window: Interval) -> list[bool]:
    """Walk through the window in steps and look at the wall clock each time."""
    open_at = wall_minutes(weekly)
    answers = []
    moment = window.start
    while moment < window.end:
        wall = moment.astimezone(zone)
        answers.append(wall.weekday() * DAY + wall.hour * 60 + wall.minute in open_at)
        moment += STEP
    return answers


def read_off(intervals: Iterable[Interval], window: Interval) -> list[bool]:
    answers = [False] * -((window.start - window.end) // STEP)
    for one in intervals:
        first, last = -((window.start - one.start) // STEP), -((window.start - one.end) // STEP)
        answers[first:last] = [True] * (last - first)
    return answers


def local(zone: str, *wall: int, fold: int = 0) -> datetime:
    year, month, day, hour, minute = wall
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone), fold=fold)


def hours_on(text: str, zone: str, start: tuple[int, int, int], days: int = 1) -> list[str]:
    begin = datetime(*start, tzinfo=UTC) - timedelta(hours=18)
    window = Interval(begin, begin + timedelta(days=days, hours=36))
    open_now = Weekly.parse(text).intervals(ZoneInfo(zone), window)
    return [f"{one.start:%d %H:%M} - {one.end:%d %H:%M}" for one in open_now]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (EVENINGS, EVENINGS),
        ("mon - fri 16:00 - 21:00", "Mon-Fri 16:00-21:00"),
        ("Sat-Mon 9:00-12:00", "Mon, Sat-Sun 09:00-12:00"),
        ("Mon, Wednesday,fr 10:00-12:00", "Mon, Wed, Fri 10:00-12:00"),
        ("Mon-Tue, Thu 09:00-12:00, 14:00-18:00", "Mon-Tue, Thu 09:00-12:00, 14:00-18:00"),
        (
            "Mon 09:00-12:00 14:00-18:00; Tue: 08:00\u201309:00",
            "Mon 09:00-12:00, 14:00-18:00, Tue 08:00-09:00",
        ),
        ("Mon 20:00-24:00", "Mon 20:00-24:00"),
        ("Mon 20:00-00:00", "Mon 20:00-24:00"),
        ("Fri 22:00-02:00", "Fri 22:00-02:00"),
        ("Sun 22:00-02:00", "Sun 22:00-02:00"),
        ("Fri 22:00-24:00, Sat 00:00-02:00", "Fri 22:00-02:00"),
        ("Mon-Sun 00:00-24:00", "Mon-Sun 00:00-24:00"),
        ("Mon 09:00-12:00, Mon 11:00-13:00, Mon 13:00-14:00", "Mon 09:00-14:00"),
        ("Tue-Tue 09:00-10:00", "Tue 09:00-10:00"),
        (" Never ", "never"),
    ],
)
def test_hours_are_read_and_shown(text: str, canonical: str) -> None:
    assert str(Weekly.parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Mno-Fri 16:00-21:00", "'Mno' in 'Mno-Fri 16:00-21:00' is not a day; did you mean Mon?"),
        (
            "Wendesday 16:00-21:00",
            "'Wendesday' in 'Wendesday 16:00-21:00' is not a day; did you mean Wednesday?",
        ),
        ("T 16:00-21:00", "'T' in 'T 16:00-21:00' is not a day."),
        ("nver", "'nver' is not a day; did you mean never?"),
        ("Mon-Wed-Fri 16:00-21:00", "'Mon-Wed-Fri' in 'Mon-Wed-Fri 16:00-21:00' is not a range of days."),
        ("Mon- 16:00-21:00", "'Mon-16:00-21:00' in 'Mon- 16:00-21:00' is not a range of days."),
        ("Mon 16-21", "'16-21' in 'Mon 16-21' is not a span of hours; did you mean 16:00-21:00?"),
        (
            "Mon 9am-5.30pm",
            "'9am-5.30pm' in 'Mon 9am-5.30pm' is not a span of hours; did you mean 09:00-17:30?",
        ),
        ("Mon 12am-12pm", "'12am-12pm' in 'Mon 12am-12pm' is not a span of hours; did you mean 00:00-12:00?"),
        ("Mon 25-26", "'25-26' in 'Mon 25-26' is not a span of hours."),
        ("Mon 16:00", "'16:00' in 'Mon 16:00' is not a span of hours."),
        ("Mon 16:00-21:60", "'16:00-21:60' in 'Mon 16:00-21:60' names a time that no clock shows."),
        ("Mon 16:00-24:01", "'16:00-24:01' in 'Mon 16:00-24:01' names a time that no clock shows."),
        ("Mon 24:00-02:00", "'24:00-02:00' in 'Mon 24:00-02:00' starts at 24:00, which is an end"),
        ("Mon 10:00-10:00", "'10:00-10:00' in 'Mon 10:00-10:00' is empty; a whole day is 00:00-24:00."),
        ("16:00-21:00", "'16:00-21:00' has no day."),
        ("Mon 16:00-21:00, Sat", "'Sat' in 'Mon 16:00-21:00, Sat' has no hours."),
        ("Mon 16:00-21:00 Tue 16:00-21:00", "'Tue' in 'Mon 16:00-21:00 Tue 16:00-21:00' comes after hours"),
        ("Mon 16:00-21:00,", "'' in 'Mon 16:00-21:00,' has neither a day nor hours."),
        ("", "'' has neither a day nor hours."),
    ],
)
def test_what_cannot_be_read_is_named_with_an_example(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match='Write weekly hours like "Mon-Fri') as refusal:
        Weekly.parse(text)
    assert str(refusal.value).startswith(complaint)


@given(st.text(alphabet="MonTueSat-,; :0123456789amp\u2013\n", max_size=30))
@EXAMPLES
def test_any_text_is_read_or_refused_with_an_example(text: str) -> None:
    try:
        weekly = Weekly.parse(text)
    except ValueError as refusal:
        assert "Write weekly hours like" in str(refusal)  # noqa: PT017 - most texts are refused, some are not
    else:
        assert Weekly.parse(str(weekly)) == weekly


@given(st.lists(st.tuples(st.integers(0, WEEK - 1), st.integers(1, WEEK)), max_size=8))
@EXAMPLES
def test_hours_that_are_shown_read_back_as_the_same(raw: list[tuple[int, int]]) -> None:
    weekly = Weekly(tuple((start, min(start + length, WEEK)) for start, length in raw))
    assert Weekly.parse(str(weekly)) == weekly


@given(WEEKLIES)
@EXAMPLES
def test_whole_quarters_that_are_shown_read_back_as_the_same(weekly: Weekly) -> None:
    assert Weekly.parse(str(weekly)) == weekly


@pytest.mark.parametrize("span", [(10, 10), (-1, 10), (10, WEEK + 1), (20, 10)])
def test_a_span_outside_the_week_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="not a span of minutes within one week"):
        Weekly((span,))


@row("8.wall")
def test_hours_stay_at_their_wall_time_when_clocks_change() -> None:
    window = Interval(datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))
    lessons = Weekly.parse("Fri, Mon 16:00-17:00").intervals(ZoneInfo("Europe/Berlin"), window)
    assert [one.start.hour for one in lessons] == [15, 14]


def test_a_span_over_the_repeated_hour_is_open_in_both_passes() -> None:
    assert hours_on("Sun 02:00-03:00", "Europe/Berlin", (2026, 10, 25)) == ["25 00:00 - 25 02:00"]
    assert hours_on("Sun 02:15-02:45", "Europe/Berlin", (2026, 10, 25)) == [
        "25 00:15 - 25 00:45",
        "25 01:15 - 25 01:45",
    ]


def test_a_span_in_the_skipped_hour_is_open_for_no_instant() -> None:
    assert hours_on("Sun 02:00-03:00", "Europe/Berlin", (2026, 3, 29)) == []
    assert hours_on("Sun 01:00-04:00", "Europe/Berlin", (2026, 3, 29)) == ["29 00:00 - 29 02:00"]


def test_half_an_hour_is_skipped_and_repeated_on_lord_howe() -> None:
    assert hours_on("Sun 01:00-03:00", "Australia/Lord_Howe", (2026, 10, 4)) == ["03 14:30 - 03 16:00"]
    assert hours_on("Sun 01:00-03:00", "Australia/Lord_Howe", (2026, 4, 5)) == ["04 14:00 - 04 16:30"]


def test_a_friday_that_never_came_has_no_hours() -> None:
    assert hours_on("Fri 00:00-24:00", "Pacific/Apia", (2011, 12, 30)) == []
    assert hours_on("Thu-Sat 22:00-02:00", "Pacific/Apia", (2011, 12, 30)) == [
        "30 08:00 - 30 12:00",
        "31 08:00 - 31 12:00",
    ]


def test_a_day_without_midnight_opens_at_its_first_instant() -> None:
    first = local("America/Santiago", 2026, 9, 6, 1, 0).astimezone(UTC)
    assert hours_on("Sun 00:00-02:00", "America/Santiago", (2026, 9, 6)) == [
        f"{first:%d %H:%M} - {first + timedelta(hours=1):%d %H:%M}"
    ]


def test_a_zone_of_three_quarters_is_read_to_the_minute() -> None:
    assert hours_on("Tue 09:00-10:00", "Asia/Kathmandu", (2026, 3, 3)) == ["03 03:15 - 03 04:15"]


def test_every_change_of_clocks_until_2030_agrees_with_the_clock_on_the_wall() -> None:
    weekly = Weekly.parse(AROUND_MIDNIGHT)
    for change in clock_changes():
        window = Interval(change.at - timedelta(hours=14), change.at + timedelta(hours=14))
        assert read_off(weekly.intervals(change.zone, window), window) == asked_of_the_clock(
            weekly, change.zone, window
        ), change


def test_the_changes_of_clocks_that_are_tried_hold_the_odd_ones() -> None:
    changes = clock_changes()
    assert len(changes) > 300
    assert {timedelta(minutes=-30), timedelta(minutes=30), timedelta(hours=2)} <= {
        one.shift for one in changes
    }
    assert any((one.at + offset(one.zone, one.at - STEP)).hour == 0 for one in changes)


def test_every_zone_agrees_with_the_clock_on_the_wall_in_a_week_of_2026() -> None:
    weekly = Weekly.parse(EVENINGS)
    window = Interval(datetime(2026, 6, 5, 12, tzinfo=UTC), datetime(2026, 6, 7, 0, tzinfo=UTC))
    seen: dict[timedelta, ZoneInfo] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        seen.setdefault(offset(zone, window.start), zone)
    for zone in seen.values():
        assert read_off(weekly.intervals(zone, window), window) == asked_of_the_clock(weekly, zone, window), (
            zone
        )


@given(WEEKLIES, ZONES, MOMENTS, st.integers(1, 3 * 288))
@EXAMPLES
def test_any_hours_in_any_zone_agree_with_the_clock_on_the_wall(
    weekly: Weekly, name: str, start: datetime, steps: int
) -> None:
    start = start.replace(minute=start.minute // 5 * 5, second=0, microsecond=0)
    zone, window = ZoneInfo(name), Interval(start, start + steps * STEP)
    found = weekly.intervals(zone, window)
    assert read_off(found, window) == asked_of_the_clock(weekly, zone, window)
    assert found == merge(found)


@given(ZONES, MOMENTS, st.timedeltas(timedelta(seconds=1), timedelta(weeks=60)))
@EXAMPLES
def test_steady_pieces_make_the_window_and_end_where_clocks_change(
    name: str, start: datetime, length: timedelta
) -> None:
    zone, window = ZoneInfo(name), Interval(start, start + length)
    pieces = list(steady_pieces(zone, window))
    assert (pieces[0][0].start, pieces[-1][0].end) == (window.start, window.end)
    for (left, before), (right, after) in pairwise(pieces):
        assert left.end == right.start
        assert before != after
        assert before == offset(zone, left.end - timedelta(microseconds=1))
        assert after == offset(zone, right.start)


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("America/Boa_Vista", datetime(2000, 10, 7, 12, tzinfo=UTC)),
        ("Africa/Casablanca", datetime(2026, 2, 1, tzinfo=UTC)),
        ("Africa/Freetown", datetime(1939, 8, 31, 20, tzinfo=UTC)),
    ],
)
def test_a_change_that_is_soon_taken_back_is_not_missed(name: str, start: datetime) -> None:
    zone, window = ZoneInfo(name), Interval(start, start + timedelta(days=60))
    moments = [start + number * STEP for number in range(60 * 288)]
    changed = [now for last, now in pairwise(moments) if offset(zone, last) != offset(zone, now)]
    assert [piece.start for piece, _ in steady_pieces(zone, window)] == [start, *changed]


def test_a_window_that_opens_on_monday_in_utc_holds_the_rest_of_a_sunday_further_west() -> None:
    monday = datetime(2026, 3, 2, 1, tzinfo=UTC)
    window = Interval(monday, monday + timedelta(hours=12))
    evening = Weekly.parse("Sun 18:00-22:00").intervals(ZoneInfo("America/New_York"), window)
    assert evening == (Interval(monday, monday + timedelta(hours=2)),)


def test_hours_of_a_window_do_not_depend_on_where_it_is_cut() -> None:
    berlin, weekly = ZoneInfo("Europe/Berlin"), Weekly.parse(EVENINGS)
    whole = Interval(datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC))
    middle = datetime(2026, 3, 27, 16, 7, 3, 5, tzinfo=UTC)
    halves = Interval(whole.start, middle), Interval(middle, whole.end)
    pieces = [one for half in halves for one in weekly.intervals(berlin, half)]
    assert merge(pieces) == weekly.intervals(berlin, whole)
