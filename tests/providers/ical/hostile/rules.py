"""Rules of recurrence that do not end, never match, or cost too much."""

from __future__ import annotations

from collections.abc import Iterator

from tests.providers.ical.hostile.case import ALL, FROM_10TH, HOUR, Case, limited
from tests.providers.ical.texts import between

_SINCE_1970 = ("DTSTART:19700101T000000Z", "DURATION:PT1M")


def _numbers(first: int, last: int) -> str:
    return ",".join(str(one) for one in range(first, last + 1))


_DAYS = "MO,TU,WE,TH,FR,SA,SU"
_EVERYTHING = (
    f"BYMONTH={_numbers(1, 12)};BYMONTHDAY={_numbers(1, 31)};BYDAY={_DAYS};"
    f"BYHOUR={_numbers(0, 23)};BYMINUTE={_numbers(0, 59)};BYSECOND={_numbers(0, 59)}"
)


def cases() -> Iterator[Case]:
    """Yield the cases."""
    yield from _fast()
    yield from _empty()
    yield from _wide()
    yield from _odd()
    yield from _long()


def _fast() -> Iterator[Case]:
    for freq in ("SECONDLY", "MINUTELY"):
        fast = "rule-too-fast"
        yield limited(f"{freq} since 1970", fast, *_SINCE_1970, f"RRULE:FREQ={freq}", unknown=ALL)
        yield limited(f"{freq} now", fast, *HOUR, f"RRULE:FREQ={freq}")
        yield limited(f"{freq} on 30 February", fast, *HOUR, f"RRULE:FREQ={freq};BYMONTH=2;BYMONTHDAY=30")
        yield limited(f"{freq} once", fast, *HOUR, f"RRULE:FREQ={freq};COUNT=1")
    yield limited("SECONDLY a billion times", "rule-too-fast", *HOUR, "RRULE:FREQ=SECONDLY;COUNT=2147483647")
    yield limited("SECONDLY in small letters", "rule-too-fast", *HOUR, "rrule:freq=secondly")
    yield limited(
        "SECONDLY in a folded line", "rule-too-fast", *HOUR, "RRULE:FREQ=SECO\n NDLY", unknown=FROM_10TH
    )


def _empty() -> Iterator[Case]:
    never = "rule-never-matches"
    for freq in ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        yield limited(f"{freq} on 30 February", never, *HOUR, f"RRULE:FREQ={freq};BYMONTH=2;BYMONTHDAY=30")
    yield limited("31 April", never, *HOUR, "RRULE:FREQ=YEARLY;BYMONTH=4,6,9,11;BYMONTHDAY=31")
    yield limited("the fifth of two", never, *HOUR, "RRULE:FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=5")
    yield limited("hourly by week number", never, *HOUR, "RRULE:FREQ=HOURLY;BYWEEKNO=53")
    yield limited("daily by day of the year", never, *HOUR, "RRULE:FREQ=DAILY;BYYEARDAY=366;BYMONTH=1")
    yield limited(
        "a parity that never comes", "rule-unreadable", *HOUR, "RRULE:FREQ=HOURLY;INTERVAL=24;BYHOUR=3"
    )


def _wide() -> Iterator[Case]:
    wide = "rule-too-wide"
    every_second = f"BYHOUR={_numbers(0, 23)};BYMINUTE={_numbers(0, 59)};BYSECOND={_numbers(0, 59)}"
    yield limited("every second of a day, daily", wide, *HOUR, f"RRULE:FREQ=DAILY;{every_second}")
    yield limited("every second of a day, yearly", wide, *HOUR, f"RRULE:FREQ=YEARLY;{every_second}")
    yield limited("every list at once, once", wide, *HOUR, f"RRULE:FREQ=YEARLY;{_EVERYTHING};COUNT=1")
    yield limited("one list of 50,000", wide, *HOUR, "RRULE:FREQ=YEARLY;BYMONTHDAY=" + "1," * 50_000 + "1")
    rules = [f"RRULE:FREQ=DAILY;INTERVAL={n}" for n in range(1, 12)]
    yield limited("eleven rules", wide, *HOUR, *rules)


def _odd() -> Iterator[Case]:
    odd = "rule-unreadable"
    for name, rule in {
        "no interval": "FREQ=DAILY;INTERVAL=0",
        "no interval with a filter": "FREQ=DAILY;INTERVAL=0;BYDAY=MO",
        "a negative interval": "FREQ=DAILY;INTERVAL=-1",
        "an interval of 10^18": "FREQ=DAILY;INTERVAL=1000000000000000000",
        "an interval of 10,001": "FREQ=DAILY;INTERVAL=10001",
        "a count of 10^100": f"FREQ=DAILY;COUNT=1{'0' * 100}",
        "a count of a million digits": f"FREQ=DAILY;COUNT={'9' * 900_000}",
        "no count": "FREQ=DAILY;COUNT=0",
        "the 999999th Monday": "FREQ=MONTHLY;BYDAY=999999MO",
        "a bogus frequency": "FREQ=bogus",
        "no frequency": "INTERVAL=2",
        "two frequencies": "FREQ=DAILY;FREQ=WEEKLY",
        "a bogus part": "FREQ=DAILY;X-EVIL=1",
        "hour 25": "FREQ=DAILY;BYHOUR=25",
        "month 13": "FREQ=YEARLY;BYMONTH=13",
        "second 60": "FREQ=DAILY;BYSECOND=60",
        "position nought": "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0",
        "an end on 30 February": "FREQ=DAILY;UNTIL=20270230",
        "an end in words": "FREQ=DAILY;UNTIL=someday",
        "the Hebrew calendar": "RSCALE=HEBREW;FREQ=YEARLY",
        "Arabic digits": "FREQ=DAILY;INTERVAL=٢",
        "nothing at all": "",
        "semicolons": ";;;;;;;;",
    }.items():
        yield limited(f"a rule with {name}", odd, *HOUR, f"RRULE:{rule}")
    for rule in ("FREQ=DAILY", "FREQ=SECONDLY"):
        yield limited(f"EXRULE:{rule}", "rule-excludes", *HOUR, "RRULE:FREQ=DAILY", f"EXRULE:{rule}")


def _long() -> Iterator[Case]:
    since_1700 = ("DTSTART:17000101T000000Z", "DURATION:PT1M")
    yield limited(
        "hourly since 1700, counted",
        "rule-too-long",
        *since_1700,
        "RRULE:FREQ=HOURLY;COUNT=90000000",
        unknown=ALL,
    )
    six = "RRULE:FREQ=HOURLY;BYMINUTE=0,10,20,30,40,50"
    yield limited("every ten minutes", "too-many-occurrences", "DTSTART:20261110T080000Z", six)
    yield limited(
        "every ten minutes, in the past",
        "too-many-occurrences",
        "DTSTART:19700101T000000Z",
        "DURATION:PT5M",
        six,
        unknown=(between("2026-11-01 00:00", "2027-01-01 00:00"),),
    )
