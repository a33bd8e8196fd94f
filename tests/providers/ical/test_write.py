from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from policy.interval import Interval
from providers.base import Attendee, EventDraft, PartStat, Status
from providers.ical import read, render
from tests.providers.ical.texts import BERLIN, at

DRAFT = EventDraft(
    uid="9f0c@syncd",
    session="s-1",
    start=at("2026-04-10 08:00"),
    end=at("2026-04-10 09:00"),
    summary="Mentoring: Ada & Grace",
    description="No receipt: not noticed.\nhttps://school.example/s/1",
    organizer=Attendee("school@school.example", "The School"),
    attendees=(
        Attendee("ada@school.example", "Ada"),
        Attendee("grace@school.example", "Grace", PartStat.ACCEPTED),
    ),
    stamp=at("2026-03-01 12:00"),
    sequence=2,
    location="Room 1; left, then right",
    url="https://school.example/s/1?a=b,c;d",
)

TEXT = st.text(max_size=90) | st.sampled_from(
    ['"', "\\n", "a\r\nb\nc\rd", "C:\\New;\\n", ",;:\\", "^n^'", "END:VEVENT", "ü" * 80]
)
LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=60)
NAMES = LINE | st.sampled_from(['O "The" Boss', "a;b:c,d", "x\ny", "^n"])


def lines_of(draft: EventDraft) -> list[str]:
    return render(draft).replace(b"\r\n ", b"").decode().split("\r\n")


def test_a_draft_is_a_complete_calendar_of_one_event() -> None:
    lines = lines_of(DRAFT)
    assert [lines[0], *lines[-2:]] == ["BEGIN:VCALENDAR", "END:VCALENDAR", ""]
    assert not any(line.startswith(("METHOD", "BEGIN:VALARM", "CREATED")) for line in lines)
    for line in (
        "VERSION:2.0",
        "PRODID:-//syncd//syncd//EN",
        "UID:9f0c@syncd",
        "SEQUENCE:2",
        "DTSTAMP:20260301T120000Z",
        "LAST-MODIFIED:20260301T120000Z",
        "DTSTART:20260410T080000Z",
        "DTEND:20260410T090000Z",
        "SUMMARY:Mentoring: Ada & Grace",
        "DESCRIPTION:No receipt: not noticed.\\nhttps://school.example/s/1",
        "LOCATION:Room 1\\; left\\, then right",
        "URL:https://school.example/s/1?a=b,c;d",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        'ORGANIZER;CN="The School":mailto:school@school.example',
        "ATTENDEE;CN=Ada;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:ada@school.example",
        "ATTENDEE;CN=Grace;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:grace@school.example",
        "X-SYNCD-SESSION:s-1",
    ):
        assert line in lines


def test_lines_end_as_the_rfc_says_and_are_no_longer() -> None:
    body = render(replace(DRAFT, summary="ü" * 200))
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert max(len(line) for line in body.split(b"\r\n")) <= 75


def test_a_silent_draft_asks_the_server_to_invite_nobody() -> None:
    silent = [
        line for line in lines_of(replace(DRAFT, silent=True)) if line.startswith(("ORGANIZER", "ATTENDEE"))
    ]
    assert len(silent) == 3
    assert all(";SCHEDULE-AGENT=CLIENT" in line for line in silent)
    assert b"SCHEDULE-AGENT" not in render(DRAFT)


def test_no_value_begins_a_line_of_its_own() -> None:
    sly = "x\r\nATTENDEE:mailto:sly@x.example\nSTATUS:CANCELLED"
    guest = Attendee(f"a@x.example{sly}", sly)
    lines = lines_of(replace(DRAFT, url=f"https://x.example/{sly}", organizer=guest, attendees=(guest,)))
    assert sum(line.startswith(("ATTENDEE", "STATUS")) for line in lines) == 2
    assert "STATUS:CANCELLED" not in lines


def test_the_same_draft_is_the_same_bytes() -> None:
    moved = DRAFT.start.astimezone(ZoneInfo("Asia/Kolkata"))
    assert render(DRAFT) == render(replace(DRAFT)) == render(replace(DRAFT, start=moved))


def test_what_was_written_is_read_back() -> None:
    window = Interval(at("2026-04-01 00:00"), at("2026-05-01 00:00"))
    (series,) = read(render(DRAFT), BERLIN, window).series
    assert (series.uid, series.session, series.sequence) == (DRAFT.uid, DRAFT.session, DRAFT.sequence)
    assert (series.start, series.end, series.status) == (DRAFT.start, DRAFT.end, Status.CONFIRMED)
    assert series.partstats == {
        "ada@school.example": PartStat.NEEDS_ACTION,
        "grace@school.example": PartStat.ACCEPTED,
    }
    assert series.time.busy == (Interval(DRAFT.start, DRAFT.end),)
    assert (series.all_day, series.recurring, series.notes) == (False, False, ())


drafts = st.builds(
    EventDraft,
    uid=LINE.map(str.strip).filter(bool),
    session=LINE.map(str.strip).filter(bool),
    start=st.just(DRAFT.start),
    end=st.integers(1, 10_000).map(lambda minutes: DRAFT.start + timedelta(minutes=minutes)),
    summary=TEXT,
    description=TEXT,
    organizer=st.builds(Attendee, st.just("school@school.example"), NAMES),
    attendees=st.lists(
        st.builds(
            Attendee,
            st.sampled_from(["a@x.example", "B+c@x.example", "d'e@x.example"]),
            NAMES,
            st.sampled_from(PartStat),
        ),
        max_size=3,
        unique_by=lambda guest: guest.address,
    ).map(tuple),
    stamp=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    sequence=st.integers(0, 2**31 - 1),
    location=TEXT,
    url=st.just(DRAFT.url) | LINE,
    status=st.sampled_from(Status),
    silent=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(drafts)
def test_no_text_breaks_what_is_read_back(draft: EventDraft) -> None:
    body = render(draft)
    (series,) = read(body, BERLIN, None).series
    assert (series.uid, series.session, series.sequence) == (draft.uid, draft.session, draft.sequence)
    assert (series.start, series.end, series.status) == (draft.start, draft.end, draft.status)
    assert series.partstats == {guest.address.lower(): guest.partstat for guest in draft.attendees}
    (event,) = Calendar.from_ical(body).walk("VEVENT")
    for name, text in (
        ("SUMMARY", draft.summary),
        ("DESCRIPTION", draft.description),
        ("LOCATION", draft.location),
    ):
        kept = "".join(
            char
            for char in text.replace("\r\n", "\n").replace("\r", "\n")
            if char in "\n\t" or ord(char) >= 32
        )
        assert str(event.get(name, "")) == kept.replace("\x7f", "")
