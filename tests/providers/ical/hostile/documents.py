"""Documents that are no calendar, or only half of one, or oddly written."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator

from tests.providers.ical.hostile.case import (
    FROM_10TH,
    HOUR,
    LIMIT,
    NOTHING,
    SIBLING,
    TAKEN,
    Case,
    accepted,
    beside,
    limited,
    refused,
)
from tests.providers.ical.texts import document, event

GOOD = beside(event(*HOUR, uid="hostile"))
_MIDDLE = GOOD.index(b"DTEND")


def cases() -> Iterator[Case]:
    """Yield the cases."""
    yield from _foreign()
    yield from _broken()
    yield from _written_oddly()
    yield from _names()


def _foreign() -> Iterator[Case]:
    for name, body in {
        "nothing": b"",
        "white space": b" \r\n\t\r\n",
        "a byte order mark": b"\xef\xbb\xbf",
        "NULs": bytes(4096),
        "noise": random.Random(7).randbytes(4096),  # noqa: S311 - the same noise each time
        "a vCard": b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:A\r\nEND:VCARD\r\n",
        "a page": b"<!DOCTYPE html><html><body>" + GOOD + b"</body></html>",
        "XML": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        "JSON": b'["vcalendar",[],[]]',
        "a zipped calendar": gzip.compress(GOOD, mtime=0),
        "a bare event": SIBLING.encode(),
        "UTF-16": GOOD.decode().encode("utf-16"),
        "UTF-32": GOOD.decode().encode("utf-32"),
        "UTF-7": GOOD.decode().encode("utf-7").replace(b"BEGIN:V", b"+AEI-EGIN:V"),
        "EBCDIC": GOOD.decode().encode("cp500"),
        "a text before it": b"Hello,\r\n" + GOOD,
        "a header before it": b"Content-Type: text/calendar\r\n\r\n" + GOOD,
        "another name": GOOD.replace(b"VCALENDAR", b"VCALENDARS"),
    }.items():
        yield refused(name, lambda body=body: body)  # type: ignore[misc]  # mypy knows no types of defaults


def _broken() -> Iterator[Case]:
    for name, body in {
        "cut before its end": GOOD[:-15],
        "cut between events": GOOD[: GOOD.index(b"BEGIN:VEVENT", _MIDDLE)],
        "cut in an event": GOOD[:_MIDDLE],
        "cut in its first line": GOOD[:10],
        "an event without an end": GOOD.replace(b"END:VEVENT\r\n", b"", 1),
        "an end without an event": GOOD.replace(b"BEGIN:VEVENT\r\n", b"", 1),
        "ends crossed": document("BEGIN:VEVENT", "BEGIN:VALARM", "END:VEVENT", "END:VALARM"),
        "two calendars": GOOD + GOOD,
        "a text after it": GOOD + b"<p>",
        "lines ended by CR alone": GOOD.replace(b"\r\n", b"\r"),
        "vCalendar 1.0": GOOD.replace(b"VERSION:2.0", b"VERSION:1.0"),
        "another calendar scale": GOOD.replace(b"VERSION:2.0", b"VERSION:2.0\r\nCALSCALE:HEBREW"),
        "a lone surrogate": GOOD.replace(b"UID:hostile", b"UID:\xed\xa0\x80"),
        "overlong UTF-8": GOOD.replace(b"UID:hostile", b"UID:\xc0\xaf"),
        "Latin-1": GOOD.replace(b"UID:hostile", b"SUMMARY:M\xfcller"),
    }.items():
        yield refused(name, lambda body=body: body)  # type: ignore[misc]


def _written_oddly() -> Iterator[Case]:
    for name, body in {
        "a byte order mark before it": b"\xef\xbb\xbf" + GOOD,
        "lines ended by LF": GOOD.replace(b"\r\n", b"\n"),
        "small letters": GOOD.replace(b"VEVENT", b"vevent").replace(b"DTSTART", b"DtStart"),
        "every byte on a line of its own": document(
            "\n ".join(event(*HOUR, uid="hostile").split("\n")[2]).join(
                ["BEGIN:VEVENT\nUID:hostile\n", f"\n{HOUR[1]}\nEND:VEVENT"]
            ),
            SIBLING,
        ),
        "no version": GOOD.replace(b"VERSION:2.0\r\n", b""),
        "NULs after it": GOOD + bytes(512),
        "a line without a colon": GOOD.replace(b"UID:hostile", b"UID:hostile\r\nrubbish"),
        "line separators in a title": GOOD.replace(
            b"UID:hostile", "UID:hostile\r\nSUMMARY:a\u2028END:VEVENT\u2028END:VCALENDAR\x0b\x0c\x85".encode()
        ),
        "an escaped line break in a title": GOOD.replace(
            b"UID:hostile", b"UID:hostile\r\nSUMMARY:a\\nEND:VEVENT\\r\\nEND:VCALENDAR"
        ),
        "a long s in a name": GOOD.replace(b"UID:hostile", "UID:hostile\r\nDT\u017fTART:x".encode()),
    }.items():
        yield Case(name, lambda body=body: body, "accept", busy=(TAKEN,))  # type: ignore[misc]
    hidden = event(*HOUR, uid="outer").replace("END:VEVENT", event(*HOUR, uid="inner") + "\nEND:VEVENT")
    yield accepted("an event in an event", hidden, note="event-misplaced")
    alarm = "BEGIN:VALARM\nTRIGGER:-PT1S\nREPEAT:999999999\nDURATION:PT1S\nEND:VALARM\nEND:VEVENT"
    yield accepted("an alarm without end", event(*HOUR, uid="x").replace("END:VEVENT", alarm))


def _names() -> Iterator[Case]:
    for name, uid in {
        "a UID with CR LF in it": "a\\r\\nEND:VEVENT",
        "a UID of markup": "<script>alert(1)</script>",
        "a UID of a path": "../../../etc/passwd",
        "a UID of 100,000 letters": "u" * 100_000,
        "a UID of a format": "%s%n{0}${x}",
        "a UID with a NUL": "a\0b",
        "a UID of emoji": "\N{PILE OF POO}" * 10,
        "a UID that runs backwards": "\u202eevil",
    }.items():
        yield accepted(name, event(*HOUR, uid=uid))
    yield accepted("no UID", event(*HOUR).replace("UID:one\n", ""), note="uid-missing")
    yield accepted("an empty UID", event(*HOUR, uid=""), note="uid-missing")
    twins = [event(*HOUR, f"SEQUENCE:{n}", uid="twin") for n in range(3)]
    yield accepted("three versions of one event", *twins)
    yield accepted("a SEQUENCE of 10^100", event(*HOUR, f"SEQUENCE:1{'0' * 100}", uid="hostile"))
    stolen = event(*HOUR, "RRULE:FREQ=SECONDLY", uid="hostile")
    yield Case(
        "the innocent event twice",
        lambda: document(SIBLING, stolen, SIBLING),
        LIMIT,
        unknown=FROM_10TH,
        note="rule-too-fast",
    )
    guests = [f"ATTENDEE;PARTSTAT=DECLINED:mailto:{n}@x.example" for n in range(5_000)]
    yield accepted("5,000 guests", event(*HOUR, *guests, uid="hostile"))
    params = ";".join(f"X-P{n}=1" for n in range(50_000))
    yield accepted("50,000 parameters", event(f"DTSTART;{params}:20261110T080000Z", HOUR[1], uid="hostile"))
    yield accepted(
        "a parameter of 900,000 letters", event(f"DTSTART;X-P={'p' * 900_000}:{HOUR[0][8:]}", HOUR[1])
    )
    yield accepted(
        "only declined", event(*HOUR, "ATTENDEE;PARTSTAT=DECLINED:mailto:me@school.example"), busy=NOTHING
    )
    yield limited(
        "a control character in a name", "line-unreadable", f"DTSTART;TZ\x07ID=x:{HOUR[0][8:]}", unknown=None
    )
