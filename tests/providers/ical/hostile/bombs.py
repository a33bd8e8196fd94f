"""The bombs that were measured on the bare libraries, at their full size, written piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat

from tests.providers.ical.hostile.case import HOUR, SIBLING

_HEAD = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n"
_TAIL = SIBLING.replace("\n", "\r\n").encode() + b"\r\nEND:VCALENDAR\r\n"
_HOUR = "\r\n".join(HOUR).encode() + b"\r\n"
_STAMP = b"20261110T080000Z"
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Bomb:
    """One row of the table."""

    name: str
    pieces: Callable[[], Iterator[bytes]]
    verdict: str = "limit"


def _document(*pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield _HEAD
    for each in pieces:
        yield from each
    yield _TAIL


def _event(*pieces: Iterator[bytes], uid: bytes = b"hostile") -> Iterator[bytes]:
    yield b"BEGIN:VEVENT\r\nUID:" + uid + b"\r\n"
    for each in pieces:
        yield from each
    yield b"END:VEVENT\r\n"


def _many(piece: bytes, count: int) -> Iterator[bytes]:
    lot = max(1, _CHUNK // len(piece))
    yield from repeat(piece * lot, count // lot)
    yield piece * (count % lot)


def _lines(*lines: str) -> Iterator[bytes]:
    yield "".join(f"{line}\r\n" for line in lines).encode()


def _one(name: str, *lines: str, verdict: str = "limit") -> Bomb:
    return Bomb(name, lambda: _document(_event(_lines(*lines))), verdict)


def _series(count: int, *lines: str) -> Iterator[bytes]:
    for n in range(count):
        yield from _event(_lines(*lines), uid=str(n).encode())


def _zone(*lines: str) -> Iterator[bytes]:
    yield from _lines("BEGIN:VTIMEZONE", "TZID:Mine", *lines, "END:VTIMEZONE")


_OWN = ("DTSTART;TZID=Mine:20261110T080000", "DURATION:PT1H")
_STANDARD = (
    "BEGIN:STANDARD",
    "DTSTART:20000101T000000",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0100",
    "END:STANDARD",
)


def _zoned(name: str, *lines: str) -> Bomb:
    return Bomb(name, lambda: _document(_zone(*lines), _event(_lines(*_OWN))))


def _all(first: int, last: int) -> str:
    return ",".join(map(str, range(first, last + 1)))


_TIMES = f"BYHOUR={_all(0, 23)};BYMINUTE={_all(0, 59)};BYSECOND={_all(0, 59)}"
_LISTS = f"BYMONTH={_all(1, 12)};BYMONTHDAY={_all(1, 31)};BYDAY=MO,TU,WE,TH,FR,SA,SU;{_TIMES}"


def _since(year: int) -> tuple[str, str]:
    return f"DTSTART:{year}0101T000000Z", "DURATION:PT10M"


BOMBS: tuple[Bomb, ...] = (
    _one("SECONDLY since 1970", *_since(1970), "RRULE:FREQ=SECONDLY"),
    _one("MINUTELY since 1970", *_since(1970), "RRULE:FREQ=MINUTELY"),
    _one("SECONDLY since the window's start", "DTSTART:20261101T000000Z", "RRULE:FREQ=SECONDLY"),
    _one("SECONDLY, COUNT=2^31-1", *HOUR, "RRULE:FREQ=SECONDLY;COUNT=2147483647"),
    _one("SECONDLY on 30 February", *HOUR, "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"),
    _one("MINUTELY on 30 February", *HOUR, "RRULE:FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30"),
    _one("YEARLY on 30 February", *HOUR, "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
    _one("BYHOUR x BYMINUTE x BYSECOND daily", *HOUR, f"RRULE:FREQ=DAILY;{_TIMES}"),
    _one("INTERVAL=0", *HOUR, "RRULE:FREQ=DAILY;INTERVAL=0"),
    _one("INTERVAL=0 with a filter", *HOUR, "RRULE:FREQ=DAILY;INTERVAL=0;BYDAY=MO"),
    _one("EXRULE equal to RRULE", *HOUR, "RRULE:FREQ=DAILY", "EXRULE:FREQ=DAILY"),
    _zoned("a zone with FREQ=SECONDLY", *_STANDARD[:-1], "RRULE:FREQ=SECONDLY", _STANDARD[-1]),
    _one("yearly product of all BY lists, COUNT=1", *HOUR, f"RRULE:FREQ=YEARLY;COUNT=1;{_LISTS}"),
    _one("hourly since 1970", *_since(1970), "RRULE:FREQ=HOURLY", verdict="accept"),
    _one("hourly since 2020", *_since(2020), "RRULE:FREQ=HOURLY", verdict="accept"),
    _one("daily since 1970", *_since(1970), "RRULE:FREQ=DAILY", verdict="accept"),
    Bomb("2,000 unending hourly series", lambda: _document(_series(2_000, *HOUR, "RRULE:FREQ=HOURLY"))),
    Bomb("100,000 one-off events", lambda: _document(_series(100_000, *HOUR))),
    Bomb(
        "1,000,000 RDATE",
        lambda: _document(
            _event(iter([_HOUR, b"RDATE:"]), _many(_STAMP + b",", 10**6), iter([_STAMP + b"\r\n"]))
        ),
    ),
    Bomb(
        "1,000,000 EXDATE",
        lambda: _document(_event(iter([_HOUR]), _many(b"EXDATE:" + _STAMP + b"\r\n", 10**6))),
    ),
    _zoned("5,000 zone observances", *_STANDARD * 5_000),
    Bomb(
        "one line of 100 MB",
        lambda: _document(_event(iter([_HOUR, b"SUMMARY:"]), _many(b"x", 100 * 2**20), iter([b"\r\n"]))),
    ),
    Bomb(
        "1,000,000 parameters",
        lambda: _document(
            _event(iter([b"DTSTART"]), _many(b";X-P=1", 10**6), iter([b":" + _STAMP + b"\r\n"]))
        ),
    ),
    Bomb("2,000,000 properties", lambda: _document(_event(iter([_HOUR]), _many(b"X-A:1\r\n", 2 * 10**6)))),
    Bomb("1,000,000 events", lambda: _document(_series(10**6, *HOUR))),
    Bomb(
        "50 MB of backslashes",
        lambda: _document(_event(iter([_HOUR, b"SUMMARY:"]), _many(b"\\", 50 * 2**20), iter([b"\r\n"]))),
    ),
    Bomb(
        "100,000 nested components",
        lambda: _document(_many(b"BEGIN:X-A\r\n", 10**5), _many(b"END:X-A\r\n", 10**5)),
    ),
    _one("INTERVAL=10^18", *HOUR, f"RRULE:FREQ=DAILY;INTERVAL=1{'0' * 18}"),
    _one("COUNT=10^100", *HOUR, f"RRULE:FREQ=DAILY;COUNT=1{'0' * 100}"),
    _one("BYDAY=999999MO", *HOUR, "RRULE:FREQ=MONTHLY;BYDAY=999999MO"),
    _one("FREQ=bogus", *HOUR, "RRULE:FREQ=bogus"),
    _one("30 February", "DTSTART:20260230T080000Z"),
    _one("hour 25", "DTSTART:20261110T250000Z"),
    _one("second 60", "DTSTART:20261110T080060Z"),
    _one("the year 0", "DTSTART:00000101T000000Z"),
    _one("P999999999W", HOUR[0], "DURATION:P999999999W"),
    _zoned("TZOFFSETTO:+9959", *(line.replace("TO:+0100", "TO:+9959") for line in _STANDARD)),
    _one("an end in year 9999", HOUR[0], "DTEND:99991231T235959Z"),
    _one("a negative duration", HOUR[0], "DURATION:-PT1H"),
    _one("an end before the start", HOUR[0], "DTEND:20261109T080000Z"),
    _one("TZID=Bogus/Zone", "DTSTART;TZID=Bogus/Zone:20261110T080000", "DURATION:PT1H"),
    _one("TZID=../../etc/passwd", "DTSTART;TZID=../../etc/passwd:20261110T080000", "DURATION:PT1H"),
    _one("TZID=/dev/zero", "DTSTART;TZID=/dev/zero:20261110T080000", "DURATION:PT1H"),
)
