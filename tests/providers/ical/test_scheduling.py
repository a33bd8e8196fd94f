"""What an event says of the messages that a server sent, or is not to send, about it (RFC 6638)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from providers.base import Attendee, EventDraft, Owner
from providers.ical import read, render
from providers.ical.read import Series
from providers.ical.wire import Reply

START = datetime(2026, 12, 1, 15, tzinfo=UTC)
MO = "mo@school.example"
OWNER = Owner(ZoneInfo("Europe/Berlin"))


def series(*guests: str) -> Series:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:a", "DTSTART:20261201T150000Z", *guests]
    body = "\r\n".join((*lines, "END:VEVENT", "END:VCALENDAR", ""))
    document = read(body.encode(), OWNER, None)
    reply = Reply.unpacked(Reply(document).packed())
    assert reply.found == document, "as it comes out of a reading process"
    return document.series[0]


@pytest.mark.parametrize(
    ("written", "code"),
    [('"2.0;Success"', "2.0"), ("1.2", "1.2"), ('"3.7;Invalid calendar user"', "3.7"), ("5.1", "5.1")],
)
def test_the_code_of_a_delivery_is_read_by_guest(written: str, code: str) -> None:
    found = series(f"ATTENDEE;SCHEDULE-STATUS={written}:mailto:Mo@School.example", "ATTENDEE:mailto:amina@x")
    assert found.deliveries == {MO: code}


@pytest.mark.parametrize("written", ["", "delivered", '"two"', "2"])
def test_what_is_no_code_says_nothing(written: str) -> None:
    assert series(f"ATTENDEE;SCHEDULE-STATUS={written}:mailto:{MO}").deliveries == {}


@pytest.mark.parametrize(
    ("agent", "silent"), [("CLIENT", True), ("client", True), ("NONE", True), ("SERVER", False)]
)
def test_whose_a_guest_is_to_invite(agent: str, *, silent: bool) -> None:
    assert series(f"ATTENDEE;SCHEDULE-AGENT={agent}:mailto:{MO}").silent is silent
    assert not series(f"ATTENDEE:mailto:{MO}").silent


@pytest.mark.parametrize("silent", [True, False])
def test_what_we_write_says_whether_the_server_is_to_invite(*, silent: bool) -> None:
    amina, mo = Attendee("amina@school.example", "Amina"), Attendee(MO, "Mo")
    draft = EventDraft(
        "a", "s", START, START.replace(hour=16), "Mentoring", "", amina, (amina, mo), START, silent=silent
    )
    assert read(render(draft), OWNER, None).series[0].silent is silent
