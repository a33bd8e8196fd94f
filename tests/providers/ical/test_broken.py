from __future__ import annotations

import time

import pytest

from providers.errors import Unreadable
from providers.ical import Limits, Note, TooMuch, read
from tests.providers.ical.texts import (
    BERLIN,
    at,
    between,
    document,
    event,
    read_in,
    series_in,
    shown,
    time_in,
)

APRIL = between("2026-04-01 00:00", "2026-05-01 00:00")
HOUR = ("DTSTART:20260410T080000Z", "DTEND:20260410T090000Z")
TAKEN = ["04-10 08:00-09:00"]
GOOD = document(event(*HOUR))
FROM_10TH = (between("2026-04-10 08:00", "2026-05-01 00:00"),)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b" \r\n\r\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (GOOD[:-15], "cut off"),
        (GOOD[: GOOD.index(b"END:VEVENT")], "cut off"),
        (GOOD[: GOOD.index(b"DTEND")], "cut off"),
        (GOOD.replace(b"END:VEVENT\r\n", b""), "nest"),
        (GOOD.replace(b"BEGIN:VEVENT\r\n", b""), "nest"),
        (GOOD + GOOD, "goes on"),
        (GOOD + b"<p>", "goes on"),
        (GOOD.replace(b"\r\n", b"\r"), "cut off|begin"),
        (b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:A\r\nEND:VCARD\r\n", "begin"),
        (b"<!DOCTYPE html><html><body>BEGIN:VCALENDAR\r\nEND:VCALENDAR</body></html>", "begin"),
        (event(*HOUR).encode(), "begin"),
        (b"{}", "begin"),
        (GOOD.replace(b"UID:one", b"UID:\xff\xfe"), "UTF-8"),
        (GOOD.decode().encode("utf-16"), "UTF-8"),
        (GOOD.replace(b"VERSION:2.0", b"VERSION:1.0"), "1.0"),
        (GOOD.replace(b"VERSION:2.0", b"CALSCALE:HEBREW"), "Gregorian"),
    ],
)
def test_what_is_not_one_complete_calendar_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(body, BERLIN, APRIL)


def test_an_empty_calendar_is_complete() -> None:
    assert read(document(), BERLIN, APRIL).series == ()


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\r\n", b"\n"),
        GOOD.rstrip(),
        GOOD + b"\r\n\r\n",
        GOOD.replace(b"VCALENDAR", b"vcalendar").replace(b"DTSTART", b"DtStart"),
        GOOD.replace(b"DTSTART:2026", b"DTSTART:20\r\n 2\r\n\t6"),
        GOOD.replace(b"DTEND", b"SUMMARY:\xc3\r\n \xbc\r\nDTEND"),
        GOOD.replace(
            b"DTEND", b"SUMMARY:a\xe2\x80\xa8END:VEVENT\x0c\x0bb\r\n\r\nno property at all\r\nDTEND"
        ),
    ],
)
def test_what_is_only_written_oddly_is_read(body: bytes) -> None:
    (series,) = read(body, BERLIN, APRIL).series
    assert (shown(series.time.busy), series.notes) == (TAKEN, ())


def test_a_document_beyond_the_limits_is_refused() -> None:
    for limits, note in (
        (Limits(document=100), Note.TOO_LARGE),
        (Limits(components=1), Note.TOO_MANY_COMPONENTS),
        (Limits(depth=1), Note.TOO_DEEP),
    ):
        with pytest.raises(TooMuch) as caught:
            read(GOOD, BERLIN, APRIL, limits=limits)
        assert caught.value.note is note
    with pytest.raises(Unreadable) as foreign:
        read(b"<html>" + GOOD, BERLIN, APRIL, limits=Limits(document=100))
    assert not isinstance(foreign.value, TooMuch)


def test_a_line_that_is_too_long_makes_its_own_series_unknown() -> None:
    long = event(*HOUR, "RDATE:" + "20260420T080000Z," * 20 + "20260420T080000Z", uid="long")
    sound, broken = read(
        document(event(*HOUR, uid="sound"), long), BERLIN, APRIL, limits=Limits(line=200)
    ).series
    assert (shown(sound.time.busy), sound.notes) == (TAKEN, ())
    assert (broken.time.busy, broken.time.unknown, broken.notes) == ((), (APRIL,), ("line-too-long",))


def test_an_event_inside_another_component_counts() -> None:
    hidden = event(*HOUR).replace("END:VEVENT", event(*HOUR, uid="two") + "\nEND:VEVENT")
    notes = [(one.uid, shown(one.time.busy), one.notes) for one in read_in(APRIL, hidden).series]
    assert notes == [("one", TAKEN, ()), ("two", TAKEN, ("event-misplaced",))]


@pytest.mark.parametrize(
    ("lines", "note", "unknown"),
    [
        (("SUMMARY:no start",), "start-missing", (APRIL,)),
        (("DTSTART:soon",), "date-unreadable", (APRIL,)),
        (("DTSTART:20260230T100000Z",), "date-unreadable", (APRIL,)),
        (("DTSTART:20260410T250000Z",), "date-unreadable", (APRIL,)),
        (("DTSTART:00000101",), "date-unreadable", (APRIL,)),
        (("DTSTART:99991231T235959Z",), "year-out-of-range", (APRIL,)),
        (("DTSTART:P1D",), "date-unreadable", (APRIL,)),
        (("DTSTART",), "line-unreadable", (APRIL,)),
        (("DTSTART:20260410T080000Z", "DTSTART:20260411T080000Z"), "property-twice", (APRIL,)),
        (("DTSTART:20260410T080000Z", "DTEND:later"), "date-unreadable", FROM_10TH),
        (("DTSTART:20260410T080000Z", "DURATION:P999999999W"), "date-unreadable", FROM_10TH),
        (("DTSTART:20260410T080000Z", "DURATION:-PT1H"), "end-before-start", FROM_10TH),
        (
            ("DTSTART:20260410T080000Z", "DTEND:20260410T070000Z"),
            "end-before-start",
            (between("2026-04-10 07:00", "2026-04-10 08:00"),),
        ),
        ((*HOUR, "RRULE:FREQ=SECONDLY"), "rule-too-fast", FROM_10TH),
        ((*HOUR, "RRULE:FREQ=MINUTELY;COUNT=2"), "rule-too-fast", FROM_10TH),
        ((*HOUR, "RRULE:FREQ=bogus"), "rule-unreadable", FROM_10TH),
        ((*HOUR, "RRULE:INTERVAL=2"), "rule-unreadable", FROM_10TH),
        ((*HOUR, "RRULE:FREQ=DAILY;INTERVAL=0"), "rule-unreadable", FROM_10TH),
        ((*HOUR, "RRULE:FREQ=DAILY;INTERVAL=1000000000000000000"), "rule-unreadable", FROM_10TH),
        ((*HOUR, "RRULE:FREQ=DAILY;COUNT=-1"), "rule-unreadable", FROM_10TH),
        ((*HOUR, "RRULE:FREQ=DAILY;UNTIL=then"), "rule-unreadable", FROM_10TH),
        ((*HOUR, "RRULE:FREQ=WEEKLY;BYDAY=999999MO"), "rule-unreadable", FROM_10TH),
        ((*HOUR, "RRULE:FREQ=YEARLY;RSCALE=HEBREW"), "rule-unreadable", FROM_10TH),
        ((*HOUR, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), "rule-never-matches", FROM_10TH),
        ((*HOUR, "RRULE:FREQ=HOURLY;BYSETPOS=2"), "rule-never-matches", FROM_10TH),
        ((*HOUR, "RRULE:FREQ=HOURLY;COUNT=1000000000;INTERVAL=1"), "rule-unreadable", FROM_10TH),
        (
            (
                *HOUR,
                f"RRULE:FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))};BYMINUTE={','.join(map(str, range(60)))}",
            ),
            "rule-too-wide",
            FROM_10TH,
        ),
        ((*HOUR, "RRULE:FREQ=DAILY", "EXRULE:FREQ=DAILY"), "rule-excludes", FROM_10TH),
        ((*HOUR, "RDATE:soon"), "date-unreadable", (APRIL,)),
        ((*HOUR, "RRULE:FREQ=DAILY", "EXDATE:soon"), "date-unreadable", FROM_10TH),
        ((*HOUR, "RRULE:FREQ=DAILY", "EXDATE;TZID=Nowhere:20260410T100000"), "zone-unknown", None),
        ((*HOUR, "RECURRENCE-ID;RANGE=THISANDPRIOR:20260410T080000Z"), "range-unknown", FROM_10TH),
        ((*HOUR, "RECURRENCE-ID:20260410T080000Z", "RRULE:FREQ=DAILY"), "override-recurs", FROM_10TH),
        (
            ("DTSTART:19900101T000000Z", "RRULE:FREQ=HOURLY;COUNT=9000000"),
            "rule-too-long",
            (APRIL,),
        ),
        ((*HOUR, "RDATE:" + ",".join(["20260410T080000Z"] * 10001)), "too-many-dates", (APRIL,)),
    ],
)
def test_a_broken_series_is_unknown_and_its_sibling_is_not(
    lines: tuple[str, ...], note: str, unknown: tuple[object, ...] | None
) -> None:
    began = time.perf_counter()
    for order in (1, -1):
        components = [event(*HOUR, uid="sound"), event(*lines, uid="broken")][::order]
        found = {one.uid: one for one in read_in(APRIL, *components).series}
        assert (shown(found["sound"].time.busy), found["sound"].notes) == (TAKEN, ())
        assert found["broken"].notes == (note,)
        assert found["broken"].time.busy == ()
        if unknown is not None:
            assert found["broken"].time.unknown == unknown
    assert time.perf_counter() - began < 20


def test_a_broken_series_is_unknown_from_the_earliest_of_its_starts() -> None:
    later = event("RECURRENCE-ID:20260412T080000Z", "DTSTART:20260420T080000Z", "DURATION:PT1H")
    for components in (
        (event(*HOUR, "RRULE:FREQ=SECONDLY"), later),
        (later, event(*HOUR, "RRULE:FREQ=SECONDLY")),
    ):
        assert time_in(APRIL, *components).unknown == FROM_10TH


def test_more_occurrences_than_anybody_has_are_unknown() -> None:
    hourly = event("DTSTART:20260410T080000Z", "DURATION:PT1M", "RRULE:FREQ=HOURLY;BYMINUTE=0,10,20,30,40,50")
    series = series_in(between("2026-04-01 00:00", "2026-09-01 00:00"), hourly)
    assert (series.time.busy, series.notes) == ((), ("too-many-occurrences",))
    assert series.time.unknown == (between("2026-04-10 08:00", "2026-09-01 00:00"),)


def test_more_overrides_than_anybody_makes_are_unknown() -> None:
    many = [event(*HOUR, f"RECURRENCE-ID:20260{n // 28 + 1}{n % 28 + 1:02}T080000Z") for n in range(9)]
    master = event(*HOUR, "RRULE:FREQ=DAILY")
    (series,) = read(document(master, *many), BERLIN, APRIL, limits=Limits(overrides=8)).series
    assert series.notes == ("too-many-overrides",)


def test_what_ended_before_the_window_is_not_unknown_in_it() -> None:
    past = event("DTSTART;TZID=Nowhere:20260101T080000", "DURATION:PT1H")
    assert time_in(APRIL, past).unknown == ()
    turned = event("DTSTART:20260110T080000Z", "DTEND:20260109T080000Z")
    assert time_in(APRIL, turned).unknown == ()


def test_a_bad_rule_leaves_the_first_start_known() -> None:
    series = series_in(APRIL, event(*HOUR, "RRULE:FREQ=SECONDLY"))
    assert (series.start, series.end) == (at("2026-04-10 08:00"), at("2026-04-10 09:00"))


def test_no_error_and_no_note_carries_a_word_of_the_document() -> None:
    mark = "Geheim"
    for body in (mark.encode(), GOOD.replace(b"one", mark.encode())[:-9], GOOD + mark.encode()):
        with pytest.raises(Unreadable) as caught:
            read(body, BERLIN, APRIL)
        assert mark not in str(caught.value)
        assert caught.value.__cause__ is None
    for line in (
        f"DTSTART:{mark}",
        f"DTSTART;TZID={mark}:20260410T080000",
        f"DTSTART{mark}",
        f"RRULE:{mark}",
    ):
        for series in read_in(APRIL, event(*HOUR[1:], line)).series:
            assert mark not in "".join(series.notes)
