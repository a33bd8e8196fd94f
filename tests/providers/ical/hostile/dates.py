"""Dates, lengths, zones and overrides that cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from tests.providers.ical.hostile.case import ALL, FROM_10TH, HOUR, NOTHING, TAKEN, Case, accepted, limited
from tests.providers.ical.texts import between, event

_START = HOUR[0]
_ARABIC = "".join(chr(0x660 + int(one)) if one.isdigit() else one for one in "20261110T080000Z")


def cases() -> Iterator[Case]:
    """Yield the cases."""
    yield from _starts()
    yield from _lengths()
    yield from _zones()
    yield from _overrides()


def _starts() -> Iterator[Case]:
    for name, value in {
        "30 February": "20260230T100000Z",
        "hour 25": "20261110T250000Z",
        "second 60": "20261110T080060Z",
        "the year 0": "00000101T000000Z",
        "minus a year": "-20261110T080000Z",
        "words": "soon",
        "nothing": "",
        "a duration": "P1D",
        "Arabic digits": _ARABIC,
        "a NUL": "20261110T08\0000Z",
        "a list": "20261110T080000Z,20261111T080000Z",
        "half a time": "20261110T08",
        "a megabyte of digits": "2" * 900_000,
    }.items():
        yield limited(f"a start with {name}", "date-unreadable", f"DTSTART:{value}", unknown=ALL)
    for year in ("0001", "9999", "1599", "2201"):
        yield limited(f"a start in {year}", "year-out-of-range", f"DTSTART:{year}0101T000000Z", unknown=ALL)
    yield limited("no start", "start-missing", "SUMMARY:x", unknown=ALL)
    yield limited("two starts", "property-twice", _START, "DTSTART:20261111T080000Z", unknown=ALL)
    yield limited("a start without a value", "line-unreadable", "DTSTART", unknown=ALL)
    open_quote = 'DTSTART;TZID="Europe/Berlin:20261110T090000'
    yield limited("a quote that stays open", "line-unreadable", open_quote, unknown=ALL)


def _lengths() -> Iterator[Case]:
    yield limited("an end in 9999", "year-out-of-range", _START, "DTEND:99991231T235959Z")
    yield limited("999,999,999 weeks", "date-unreadable", _START, "DURATION:P999999999W")
    yield limited("a negative duration", "end-before-start", _START, "DURATION:-PT1H")
    swapped = (between("2026-11-09 08:00", "2026-11-10 08:00"),)
    yield limited(
        "an end before the start", "end-before-start", _START, "DTEND:20261109T080000Z", unknown=swapped
    )
    yield limited("an end in words", "date-unreadable", _START, "DTEND:later")
    yield limited("two ends", "property-twice", *HOUR, "DTEND:20261111T080000Z")
    yield limited("a length of a week in letters", "date-unreadable", _START, "DURATION:PXW")
    yield accepted("no length", event(_START, uid="hostile"), busy=())


def _zones() -> Iterator[Case]:
    # A time in a zone that nobody knows is within a day of itself in UTC.
    around = (between("2026-11-09 18:00", "2026-11-10 21:00"),)
    for zone in (
        "Nowhere/Nothing",
        "../../etc/passwd",
        "/dev/zero",
        "/etc/localtime",
        "localtime",
        "Factory",
        "",
        "\N{LATIN SMALL LETTER LONG S}",
        "x" * 100_000,
    ):
        lines = (f'DTSTART;TZID="{zone}":20261110T080000', f'DTEND;TZID="{zone}":20261110T090000')
        yield limited(f"the zone {zone[:20]!r}", "zone-unknown", *lines, unknown=around)


def _overrides() -> Iterator[Case]:
    def override(*lines: str) -> str:
        return event(*lines, uid="hostile")

    moved = override("RECURRENCE-ID:20261117T080000Z", *HOUR)
    yield accepted("an orphan override", moved, note="master-missing")
    daily = override(*HOUR, "RRULE:FREQ=DAILY;COUNT=2")
    outside = override("RECURRENCE-ID:20261225T080000Z", "DTSTART:20261226T080000Z", "DURATION:PT1H")
    yield accepted(
        "an override of what is not there",
        daily,
        outside,
        busy=(
            TAKEN,
            between("2026-11-11 08:00", "2026-11-11 09:00"),
            between("2026-12-26 08:00", "2026-12-26 09:00"),
        ),
    )
    prior = ("RECURRENCE-ID;RANGE=THISANDPRIOR:20261110T080000Z", *HOUR)
    yield limited("RANGE=THISANDPRIOR", "range-unknown", *prior)
    recurs = ("RECURRENCE-ID:20261110T080000Z", *HOUR, "RRULE:FREQ=DAILY")
    yield limited("an override that recurs", "override-recurs", *recurs)
    bogus = ("RECURRENCE-ID:soon", *HOUR)
    yield limited("an override of nothing", "date-unreadable", *bogus, unknown=(TAKEN,))
    yield limited("a bogus RDATE", "date-unreadable", *HOUR, "RDATE:soon", unknown=ALL)
    yield limited("a bogus EXDATE", "date-unreadable", *HOUR, "RRULE:FREQ=DAILY", "EXDATE:soon")
    backwards = "RDATE;VALUE=PERIOD:20261110T080000Z/20261109T080000Z"
    yield limited("a period that ends before it starts", "end-before-start", *HOUR, backwards, unknown=ALL)
    gone = override("DTSTART:soon", "STATUS:CANCELLED")
    yield accepted("a broken event that takes no time", gone, busy=NOTHING)
    yield limited(
        "a broken event that does", "date-unreadable", "DTSTART:soon", "STATUS:TENTATIVE", unknown=ALL
    )
    yield limited(
        "a bogus rule and a bogus end", "date-unreadable", _START, "DTEND:x", "RRULE:x", unknown=FROM_10TH
    )
