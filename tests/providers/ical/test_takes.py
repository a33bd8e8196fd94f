from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from providers.base import Owner, PartStat
from providers.ical import read
from tests.providers.ical.texts import between, document, event, read_in, series_in, shown, time_in

APRIL = between("2026-04-01 00:00", "2026-05-01 00:00")
HOUR = ("DTSTART:20260410T080000Z", "DTEND:20260410T090000Z")
TAKEN = ["04-10 08:00-09:00"]


@pytest.mark.parametrize("line", ["TRANSP:OPAQUE", "STATUS:CONFIRMED", "STATUS:WHATEVER", "CLASS:PRIVATE"])
def test_what_is_not_said_to_be_free_is_busy(line: str) -> None:
    time = time_in(APRIL, event(*HOUR, line))
    assert (shown(time.busy), time.tentative, time.unknown) == (TAKEN, (), ())


@pytest.mark.parametrize(
    "line",
    [
        "TRANSP:TRANSPARENT",
        "transp:transparent",
        "STATUS:CANCELLED",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:me@school.example",
        'ATTENDEE;CN="Me: a; b";PARTSTAT=declined:MAILTO:Me@School.Example',
        "ATTENDEE;PARTSTAT=DECLINED;EMAIL=me@school.example:urn:uuid:5e1d",
    ],
)
def test_what_is_said_to_be_free_is_free(line: str) -> None:
    time = time_in(APRIL, event(*HOUR, line))
    assert (time.busy, time.tentative, time.unknown) == ((), (), ())


@pytest.mark.parametrize(
    "line",
    [
        "ATTENDEE;PARTSTAT=DECLINED:mailto:you@school.example",
        "ATTENDEE;PARTSTAT=TENTATIVE:mailto:me@school.example",
        "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:me@school.example",
        "ATTENDEE:mailto:me@school.example",
        "ATTENDEE;PARTSTAT=DECLINED",
    ],
)
def test_only_the_owners_own_no_frees_the_time(line: str) -> None:
    assert shown(time_in(APRIL, event(*HOUR, line)).busy) == TAKEN


def test_tentative_is_neither_busy_nor_free() -> None:
    time = time_in(APRIL, event(*HOUR, "STATUS:TENTATIVE"))
    assert (time.busy, shown(time.tentative)) == ((), TAKEN)
    free = time_in(APRIL, event(*HOUR, "STATUS:TENTATIVE", "TRANSP:TRANSPARENT"))
    assert free.tentative == ()


def test_what_takes_no_time_need_not_be_understood() -> None:
    series = series_in(
        APRIL, event("DTSTART;TZID=Nowhere:20260410T080000", "TRANSP:TRANSPARENT", "RRULE:WHAT")
    )
    assert (series.time.unknown, series.notes, series.start) == ((), (), None)


def test_guests_are_named_in_lower_case_with_their_answers() -> None:
    series = series_in(
        APRIL,
        event(
            *HOUR,
            "ORGANIZER:mailto:boss@school.example",
            "ATTENDEE;PARTSTAT=ACCEPTED:mailto:A@School.Example",
            'ATTENDEE;PARTSTAT="TENTATIVE";CN=x:Mailto:b@school.example',
            "ATTENDEE;PARTSTAT=X-MAYBE:mailto:c@school.example",
            "ATTENDEE;PARTSTAT=DELEGATED:mailto:d",
            " @school.example",
        ),
    )
    assert series.partstats == {
        "a@school.example": PartStat.ACCEPTED,
        "b@school.example": PartStat.TENTATIVE,
        "c@school.example": PartStat.NEEDS_ACTION,
        "d@school.example": PartStat.DELEGATED,
    }


def test_an_alarm_is_no_part_of_its_event() -> None:
    alarm = "BEGIN:VALARM\nTRIGGER:-PT5M\nDURATION:PT30M\nREPEAT:2\nSTATUS:CANCELLED\nEND:VALARM"
    assert shown(time_in(APRIL, event("DTSTART:20260410T080000Z", "DURATION:PT1H", alarm)).busy) == TAKEN


def test_every_uid_is_a_series_and_other_components_are_none() -> None:
    todo = "BEGIN:VTODO\nUID:todo\nDTSTART:20260410T080000Z\nDUE:20260411T080000Z\nEND:VTODO"
    found = read_in(
        APRIL, event(*HOUR, uid="a"), todo, event(*HOUR, uid="b"), event(*HOUR, uid=""), event(*HOUR, uid="")
    )
    assert [one.uid for one in found.series] == ["a", "b", "", ""]
    assert all(shown(one.time.busy) == TAKEN for one in found.series)
    assert found.notes == ("uid-missing",)


def test_our_own_mark_is_found() -> None:
    assert series_in(APRIL, event(*HOUR, "X-SYNCD-SESSION:s-1\\,2")).session == "s-1,2"
    assert series_in(APRIL, event(*HOUR)).session is None


def test_without_a_window_there_is_no_time() -> None:
    (series,) = read(document(event(*HOUR, "RRULE:FREQ=WEEKLY")), Owner(ZoneInfo("UTC")), None).series
    assert (series.time.busy, series.time.unknown, series.recurring) == ((), (), True)
