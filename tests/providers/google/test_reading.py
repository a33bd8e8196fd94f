"""What Google says of one event, and what is made of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from providers.base import BusyTime, ETag, Event, EventRef, Owner, PartStat, Status, Tombstone, Unread
from providers.google.reading import Reader
from providers.uids import google_id
from tests.providers.google.answers import ACCOUNT, deleted, event
from tests.providers.google.conftest import MENTOR, STUDENT

UID = "syncd-0f0f-1"
REF = EventRef(google_id(UID))
READER = Reader(ACCOUNT, Owner(ZoneInfo("Europe/Berlin"), frozenset({STUDENT})))
START = datetime(2026, 11, 24, 10, tzinfo=UTC)


def read(**more: Any) -> Event:
    found = READER.item(event(REF, **more), REF)
    assert isinstance(found, Event), found
    return found


def note(**more: Any) -> str:
    found = READER.item(event(REF, **more), REF)
    assert isinstance(found, Unread), found
    assert found.time == BusyTime()
    (code,) = found.notes
    return code


def test_an_event_is_read() -> None:
    found = read()
    assert (found.ref, found.etag, found.uid) == (REF, ETag('"3181161784712000"'), UID)
    assert (found.start, found.end) == (START, START.replace(hour=11))
    assert (found.all_day, found.recurring, found.status, found.sequence) == (
        False,
        False,
        Status.CONFIRMED,
        0,
    )
    assert (found.session, found.silent, found.partstats) == (None, False, {})
    assert found.stamp == datetime(2026, 11, 20, 9, 0, 0, 123000, UTC)
    assert (found.time, found.notes) == (BusyTime(), ())


def test_nothing_of_its_text_is_kept() -> None:
    assert "Secret" not in repr(read(description="Secret", location="Secret"))


@pytest.mark.parametrize(
    "written",
    [
        {"dateTime": "2026-11-24T10:00:00Z"},
        {"dateTime": "2026-11-24T10:00:00.000Z", "timeZone": "America/New_York"},
        {"dateTime": "2026-11-24T05:00:00-05:00", "timeZone": "America/New_York"},
        {"dateTime": "2026-11-24T11:00:00", "timeZone": "Europe/Berlin"},
        {"dateTime": "2026-11-24t10:00:00z"},
    ],
)
def test_one_instant_is_one_however_it_is_written(written: dict[str, str]) -> None:
    assert read(start=written).start == START


def test_a_day_begins_where_the_owner_lives() -> None:
    found = read(start={"date": "2026-11-24"}, end={"date": "2026-11-25"})
    assert found.all_day
    assert (found.start, found.end) == (
        datetime(2026, 11, 23, 23, tzinfo=UTC),
        datetime(2026, 11, 24, 23, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (None, "start-missing"),
        ("2026-11-24T10:00:00Z", "start-missing"),
        ([], "start-missing"),
        ({}, "date-unreadable"),
        ({"dateTime": "2026-11-24T10:00:00"}, "date-unreadable"),
        ({"dateTime": "2026-11-24T10:00:00", "timeZone": "Mars/Olympus"}, "date-unreadable"),
        ({"dateTime": "2026-11-24T10:00:00", "timeZone": "Europe"}, "date-unreadable"),
        ({"dateTime": "2026-11-24T10:00:00", "timeZone": "../../etc/passwd"}, "date-unreadable"),
        ({"dateTime": "2026-11-24T10:00:00", "timeZone": 1}, "date-unreadable"),
        ({"dateTime": "2026-11-24T25:00:00Z"}, "date-unreadable"),
        ({"dateTime": "2026-W48-2T10:00:00Z"}, "date-unreadable"),
        ({"dateTime": "0001-01-01T00:00:00+14:00"}, "date-unreadable"),
        ({"dateTime": "٢٠٢٦-11-24T10:00:00Z"}, "date-unreadable"),
        ({"dateTime": 1795514400}, "date-unreadable"),
        ({"date": "2026-02-30"}, "date-unreadable"),
        ({"date": "20261124"}, "date-unreadable"),
        ({"date": "0001-01-01"}, "date-unreadable"),
        ({"date": {}}, "date-unreadable"),
    ],
)
def test_without_a_start_that_can_be_read_it_is_unread(start: object, code: str) -> None:
    assert note(start=start) == code


@pytest.mark.parametrize(
    "end", [None, {}, {"dateTime": "soon"}, {"dateTime": "2026-11-24T09:00:00Z"}, {"date": "9999-99-99"}, 5]
)
def test_an_end_that_cannot_be_told_is_none(end: object) -> None:
    found = read(end=end)
    assert (found.start, found.end) == (START, None)


@pytest.mark.parametrize("etag", [None, "", 7, [], "a\nb", '"ü"', ' "1"', "x" * 1025])
def test_without_a_version_it_is_unread_and_never_taken_for_known(etag: object) -> None:
    found = READER.item(event(REF, etag=etag), REF)
    assert found == Unread(REF, ETag(""), BusyTime(), ("version-missing",))


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("needsAction", PartStat.NEEDS_ACTION),
        ("accepted", PartStat.ACCEPTED),
        ("declined", PartStat.DECLINED),
        ("tentative", PartStat.TENTATIVE),
        ("delegated", PartStat.NEEDS_ACTION),
        (None, PartStat.NEEDS_ACTION),
    ],
)
def test_answers_are_read_by_address_in_lower_case(written: str | None, answer: PartStat) -> None:
    guest = {"email": "Mo@School.example"} | ({"responseStatus": written} if written else {})
    assert read(attendees=[guest]).partstats == {MENTOR: answer}


@pytest.mark.parametrize(
    "own", [{"email": "who@else.example", "self": True}, {"email": ACCOUNT.upper()}, {"self": True}]
)
def test_the_owners_answer_stands_under_the_address_that_we_know_them_by(own: dict[str, Any]) -> None:
    found = read(attendees=[{**own, "responseStatus": "declined"}, {"email": MENTOR}])
    assert found.partstats == {STUDENT: PartStat.DECLINED, MENTOR: PartStat.NEEDS_ACTION}


def test_the_owners_own_answer_outweighs_that_of_an_alias_of_theirs() -> None:
    alias = {"email": STUDENT, "responseStatus": "accepted"}
    found = read(attendees=[{"email": ACCOUNT, "self": True, "responseStatus": "declined"}, alias])
    assert found.partstats == {STUDENT: PartStat.DECLINED}


def test_an_owner_without_addresses_is_known_by_the_accounts() -> None:
    reader = Reader(ACCOUNT, Owner(ZoneInfo("Europe/Berlin")))
    found = reader.item(event(REF, attendees=[{"self": True, "responseStatus": "accepted"}]), REF)
    assert isinstance(found, Event)
    assert found.partstats == {ACCOUNT: PartStat.ACCEPTED}


@pytest.mark.parametrize("attendees", [{}, "x", 5, ["x"], [None], [{"email": MENTOR, "responseStatus": 1}]])
def test_guests_that_cannot_be_read_make_it_unread(attendees: object) -> None:
    assert note(attendees=attendees) == "document-unreadable"


@pytest.mark.parametrize("address", [None, 5, "", "a\nb@x", ["x"]])
def test_a_guest_without_an_address_is_passed_over(address: object) -> None:
    assert read(attendees=[{"email": address}, {"email": MENTOR}]).partstats == {
        MENTOR: PartStat.NEEDS_ACTION
    }


def ours(**more: str) -> dict[str, Any]:
    return {"private": {"syncd": "0f0f", "uid": UID, **more}}


def test_our_mark_is_read_from_our_own_copy() -> None:
    found = read(extendedProperties=ours(), attendees=[{"email": MENTOR}])
    assert (found.session, found.silent) == ("0f0f", False)


def test_an_event_that_was_written_silently_is_silent() -> None:
    assert read(extendedProperties=ours(silent="1"), attendees=[{"email": MENTOR}]).silent


def test_an_event_of_ours_without_guests_is_silent() -> None:
    assert read(extendedProperties=ours(), attendees=[{"email": ACCOUNT, "self": True}]).silent
    assert read(extendedProperties=ours()).silent


def test_an_invitation_is_not_silent() -> None:
    assert not read(attendees=[{"email": ACCOUNT, "self": True}]).silent


@pytest.mark.parametrize(
    "extended",
    [
        5,
        [],
        {},
        {"private": []},
        {"private": {"syncd": 5}},
        {"shared": {"syncd": "x"}},
        {"private": {"syncd": "\n"}},
    ],
)
def test_what_is_no_mark_of_ours_is_none(extended: object) -> None:
    assert read(extendedProperties=extended).session is None


@pytest.mark.parametrize("uid", [None, 5, "", "a\nb", "x" * 1025])
def test_a_uid_that_cannot_be_read_follows_from_the_id(uid: object) -> None:
    assert read(iCalUID=uid).uid == UID


def test_somebody_elses_uid_stays_as_it_is() -> None:
    assert read(iCalUID="040000008200E00074C5B7101A82E008").uid == "040000008200E00074C5B7101A82E008"


@pytest.mark.parametrize(
    ("said", "sequence"), [(3, 3), (0, 0), (-1, 0), ("2", 0), (True, 0), (2**40, 0), (1.5, 0)]
)
def test_a_sequence_counts_or_is_none(said: object, sequence: int) -> None:
    assert read(sequence=said).sequence == sequence


@pytest.mark.parametrize(
    "more", [{"recurrence": ["RRULE:FREQ=WEEKLY"]}, {"recurringEventId": "abc"}, {"recurrence": []}]
)
def test_a_series_and_its_instances_recur(more: dict[str, Any]) -> None:
    assert read(**more).recurring


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("confirmed", Status.CONFIRMED),
        ("tentative", Status.TENTATIVE),
        (None, Status.CONFIRMED),
        ("odd", Status.CONFIRMED),
    ],
)
def test_a_status_is_read(said: str | None, status: Status) -> None:
    assert read(status=said).status is status


@pytest.mark.parametrize("said", [5, [], {}, False])
def test_a_status_that_is_none_makes_it_unread(said: object) -> None:
    assert note(status=said) == "document-unreadable"


def test_a_deleted_event_is_a_tombstone_with_its_stamp() -> None:
    assert READER.item(deleted(REF), REF) == Tombstone(REF, datetime(2026, 11, 21, 10, tzinfo=UTC))
    assert READER.item(deleted(REF, updated=None), REF) == Tombstone(REF, None)


@pytest.mark.parametrize(
    "updated", [5, "", "yesterday", "2026-11-21T10:00:00", "0001-01-01T00:00:00+14:00", [], {}]
)
def test_a_stamp_that_is_none_says_nothing(updated: object) -> None:
    assert READER.item({**deleted(REF), "updated": updated}, REF) == Tombstone(REF, None)
    assert read(updated=updated).stamp is None
