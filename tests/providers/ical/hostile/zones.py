"""Time zones of a document's own, made to hang or to mislead."""

from __future__ import annotations

from collections.abc import Iterator

from policy.interval import Interval
from tests.providers.ical.hostile.case import ACCEPT, LIMIT, Case, beside
from tests.providers.ical.texts import between, event

_AROUND = (between("2026-11-09 18:00", "2026-11-10 21:00"),)
_EVENT = event("DTSTART;TZID=Mine:20261110T080000", "DTEND;TZID=Mine:20261110T090000", uid="hostile")


def zone(*parts: str, name: str = "Mine") -> str:
    return "\n".join(["BEGIN:VTIMEZONE", f"TZID:{name}", *parts, "END:VTIMEZONE"])


def standard(*lines: str, start: str = "20000101T000000", before: str = "+0100", after: str = "+0100") -> str:
    first = (f"DTSTART:{start}", f"TZOFFSETFROM:{before}", f"TZOFFSETTO:{after}")
    return "\n".join(["BEGIN:STANDARD", *first, *lines, "END:STANDARD"])


def cases() -> Iterator[Case]:
    """Yield the cases."""
    unreadable = {
        "a zone that changes every second": standard("RRULE:FREQ=SECONDLY"),
        "a zone that changes every hour": standard("RRULE:FREQ=HOURLY"),
        "a zone that changes every month": standard("RRULE:FREQ=MONTHLY"),
        "a zone that changes on 30 February": standard("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        "a zone with every list": standard(
            "RRULE:FREQ=YEARLY;BYMONTHDAY=" + ",".join(str(n % 28 + 1) for n in range(2_000))
        ),
        "a zone 99 hours off": standard(after="+9959"),
        "a zone off by a word": standard(after="noon"),
        "a zone without an offset": standard().replace("TZOFFSETTO:+0100\n", ""),
        "a zone without a start": standard().replace("DTSTART:20000101T000000\n", ""),
        "a zone that starts on 30 February": standard(start="20000230T000000"),
        "a zone with a rule of zeros": standard("RRULE:FREQ=YEARLY;INTERVAL=0"),
        "a zone without parts": "",
        "a zone of 201 parts": "\n".join([standard()] * 201),
        "a zone of 11,000 dates": standard("RDATE:" + ",".join(["20000101T000000"] * 11_000)),
    }
    for name, parts in unreadable.items():
        body = (zone(*([parts] if parts else [])), _EVENT)
        yield Case(name, lambda body=body: beside(*body), LIMIT, unknown=_AROUND, note="zone-unreadable")  # type: ignore[misc]
    twice = (zone(standard()), zone(standard(after="+0500")), _EVENT)
    yield Case(
        "two zones of one name", lambda: beside(*twice), LIMIT, unknown=_AROUND, note="zone-unreadable"
    )
    yield from _understood()


def _understood() -> Iterator[Case]:
    at_seven: tuple[Interval, ...] = (between("2026-11-10 07:00", "2026-11-10 08:00"),)
    lies = zone(standard(before="+1200", after="+1200"), name="Europe/Berlin")
    in_berlin = _EVENT.replace("=Mine", "=Europe/Berlin")
    yield Case("a zone that lies about Berlin", lambda: beside(lies, in_berlin), ACCEPT, busy=at_seven)
    idle = zone(standard("RRULE:FREQ=SECONDLY"), name="Idle")
    yield Case("a hanging zone that nobody uses", lambda: beside(idle, in_berlin), ACCEPT, busy=at_seven)
    own = zone(standard())
    yield Case("a zone of its own", lambda: beside(own, _EVENT), ACCEPT, busy=at_seven)
    windows = _EVENT.replace("=Mine", "=W. Europe Standard Time")
    yield Case("a zone by its Windows name", lambda: beside(windows), ACCEPT, busy=at_seven)
    many = "\n".join([standard(), *(standard(start=f"19{n:02}0101T000000") for n in range(99))])
    yield Case("a zone of 100 parts", lambda: beside(zone(many), _EVENT), ACCEPT, busy=at_seven)
    nested = zone(zone(standard(), name="Inner"), standard())
    yield Case("a zone in a zone", lambda: beside(nested, _EVENT), ACCEPT, busy=at_seven)
