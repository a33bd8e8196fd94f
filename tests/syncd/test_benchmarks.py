"""The benchmarks' generator and answer key; nothing here looks at a clock."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from benchmarks.calendars import OWNER, WINDOW, Calendar, Made, Place, calendar, days, seconds
from benchmarks.contest import Entry, fresh, warm
from benchmarks.machine import disturbed
from benchmarks.peers import dateutil_busy, recurring_ical_events_busy
from benchmarks.readers import answer, checked
from benchmarks.report import Line, Result, as_json, markdown, ratio
from benchmarks.rules import Rule
from policy.interval import Interval
from providers.ical import read
from tests.shape.tree import ROOT

SIZE = 120
SEEDS = (1, 2, 3)
HALF = timedelta(minutes=30)


def ours(documents: list[bytes]) -> dict[str, list[Interval]]:
    series = [one for text in documents for one in read(text, OWNER, WINDOW).series]
    assert not [one.uid for one in series if one.time.unknown]
    return {one.uid: [*one.time.busy, *one.time.tentative] for one in series}


def test_the_same_seed_gives_the_same_calendar_and_another_one_another() -> None:
    assert calendar(SIZE, 7).text() == calendar(SIZE, 7).text()
    assert calendar(SIZE, 7).text() != calendar(SIZE, 8).text()


def test_a_calendar_has_a_bit_of_everything() -> None:
    text = calendar(1000, 1).text().decode()
    counted = Counter(line.partition(":")[0].partition(";")[0] for line in text.split("\r\n"))
    for name in ("RRULE", "EXDATE", "RECURRENCE-ID", "TRIGGER", "ATTENDEE", "TZOFFSETTO", "DURATION"):
        assert counted[name] > 5, name
    for words in (
        "STATUS:CANCELLED",
        "STATUS:TENTATIVE",
        "TRANSP:TRANSPARENT",
        "DECLINED",
        "VALUE=DATE",
        "COUNT=",
    ):
        assert text.count(words) > 5, words
    assert 150 < counted["RRULE"] < 260
    assert max(len(line) for line in text.split("\r\n")) <= 75


@pytest.mark.parametrize("seed", SEEDS)
def test_three_readers_that_know_nothing_of_each_other_find_what_the_key_says(seed: int) -> None:
    made = calendar(SIZE, seed)
    for documents in ([made.text()], [one.document() for one in made.events]):
        for busy in (ours, recurring_ical_events_busy, dateutil_busy):
            facts = checked(made.key(), busy(documents), 0)
            assert answer(facts) == f"exact ({sum(map(len, made.key().values()))})", busy


def test_the_key_of_an_event_known_by_heart() -> None:
    """The Berlin clock changes on 29 March 2026: half past nine is at 08:30 UTC before it and at 07:30 after."""
    berlin = Place("Europe/Berlin")
    half_past_nine = [datetime(2026, 3, day, 9, 30) for day in (28, 29)]  # noqa: DTZ001 - the wall clock
    before, after = (berlin.taken(wall, timedelta(hours=1)) for wall in half_past_nine)
    assert before == Interval(at(3, 28, 8) + HALF, at(3, 28, 9) + HALF)
    assert after == Interval(at(3, 29, 7) + HALF, at(3, 29, 8) + HALF)
    made = Calendar((Made("one", "", "Europe/Berlin", (before,)), Made("two", "", "UTC", ())))
    assert made.key() == {"one": [(before.start.timestamp(), before.end.timestamp())]}


def test_the_window_is_eight_weeks_of_berlin_with_a_clock_change_in_them() -> None:
    first, last = datetime(2026, 3, 1, 23, tzinfo=UTC), datetime(2026, 4, 26, 22, tzinfo=UTC)
    assert (WINDOW.start, WINDOW.end) == (first, last)


def test_a_wrong_answer_is_told_with_its_counts() -> None:
    made = calendar(SIZE, 1)
    found = ours([made.text()])
    uid = next(iter(made.key()))
    gone = len(made.key()[uid])
    found[uid] = []
    found["nobody's"] = [Interval(at(3, 10, 8), at(3, 10, 9))]
    assert answer(checked(made.key(), found, 2)) == f"WRONG: {gone} missing, 1 extra, 2 unknown"


@pytest.mark.parametrize(
    ("rule", "first", "meant"),
    [
        (Rule("DAILY", 2), date(2026, 3, 1), [1, 3, 5, 7, 9, 11, 13]),
        (Rule("WEEKLY", 2, (0, 6)), date(2026, 3, 1), [1, 9]),
        (Rule("MONTHLY", 1, (1, 2), nth=True), date(2026, 2, 10), [10]),
        (Rule("MONTHLY", 3), date(2025, 12, 5), [5]),
        (Rule("YEARLY", 1), date(2020, 3, 4), [4]),
    ],
)
def test_a_rule_means_the_days_that_a_finger_counts(rule: Rule, first: date, meant: list[int]) -> None:
    after = [day for day in range(1, 15) if date(2026, 3, day) >= first]
    assert [day for day in after if rule.means(first, date(2026, 3, day))] == meant


def test_the_last_day_of_a_rule_is_one_of_its_days() -> None:
    start = datetime(2026, 3, 2, 9)  # noqa: DTZ001 - the wall clock of an event
    by_date = list(days(Rule("DAILY", 1, until=start + timedelta(days=2)), start))
    assert by_date == [start, start + timedelta(days=1), start + timedelta(days=2)]
    assert list(days(Rule("DAILY", 1, count=3), start)) == by_date


def test_rules_are_written_as_the_standard_has_them() -> None:
    until = datetime(2026, 5, 1, 9)  # noqa: DTZ001 - the wall clock of an event
    rule = Rule("WEEKLY", 2, (0, 3), until=until)
    assert rule.text(lambda at: f"{at:%Y%m%d}") == "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;UNTIL=20260501"
    assert Rule("MONTHLY", 1, (1, 2), nth=True, count=4).text(str) == "FREQ=MONTHLY;BYDAY=2TU;COUNT=4"


def test_contestants_run_in_processes_of_their_own_and_absent_ones_are_named() -> None:
    here = Entry("here", "tests.syncd.contestants:counting", {"by": 3})
    gone = Entry("gone", "tests.syncd.contestants:missing")
    kept, absent = warm([here, gone], 2)
    assert [one.facts for one in kept.rounds] == [{"turns": 2, "by": 3}, {"turns": 3, "by": 3}]
    assert absent.absent == 'no_such_library is not installed: pip install "syncd[bench]"'
    assert [score.facts for score in fresh([here], 1)] == [{"turns": 1, "by": 3}]


def test_ratios_are_those_to_the_first_line() -> None:
    lines = (
        Line("syncd", 2.0),
        Line("other", 5.0, {"answer": "exact (1)"}),
        Line("third", None, {"note": "no"}),
    )
    result = Result("Something", "CPU ms", lines, 3)
    assert [ratio(result, line) for line in lines] == [1.0, 2.5, None]
    assert "| other | 5.00 | 2.50 | exact (1) |  |" in markdown(result)
    assert as_json({"cores": 2}, [result])["machine"] == {"cores": 2}


def test_a_busy_computer_is_told_of() -> None:
    assert disturbed(0.9, 2) is None
    assert "run it again" in (disturbed(1.1, 2) or "")


def test_the_command_says_what_there_is_and_measures_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--list"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert {"derivation", "idle", "google", "change", "memory", "rounds", "lateness", "small"} <= set(names)


def at(month: int, day: int, hour: int) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def test_seconds_are_those_since_1970() -> None:
    one = Interval(at(3, 28, 8), at(3, 28, 9))
    assert seconds((one,)) == [(1774684800.0, 1774688400.0)]
