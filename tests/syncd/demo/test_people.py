from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events

from syncd.demo.calendars import all_day, event, resource
from syncd.demo.people import MONDAY, Known, Person, everybody, move_in, passwords
from syncd.demo.servers import radicale, xandikos

PEOPLE = everybody()
CASES = [(person, known) for person in PEOPLE for known in person.known]


def instant(moment: date, zone: ZoneInfo) -> datetime:
    whole = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001
    return (whole if whole.tzinfo else whole.replace(tzinfo=zone)).astimezone(UTC)


def takes_time(event: icalendar.Event, person: Person) -> bool:
    guests = event.get("ATTENDEE", [])
    declined = any(
        guest.params.get("PARTSTAT") == "DECLINED" and str(guest).removeprefix("mailto:") == person.email
        for guest in (guests if isinstance(guests, list) else [guests])
    )
    return not (declined or event.get("TRANSP") == "TRANSPARENT" or event.get("STATUS") == "CANCELLED")


def occurrences(person: Person, near: datetime) -> Iterator[tuple[datetime, datetime]]:
    zone = ZoneInfo(person.zone)
    for calendar in person.calendars:
        for text in calendar.resources.values():
            parsed = icalendar.Calendar.from_ical(text)
            found = recurring_ical_events.of(parsed).between(
                near - timedelta(days=8), near + timedelta(days=8)
            )
            for one in found:
                if takes_time(one, person):
                    yield instant(one.start, zone), instant(one.end, zone)


@pytest.mark.parametrize(("person", "known"), CASES, ids=[f"{who.user}-{what.hour}" for who, what in CASES])
def test_what_was_worked_out_by_hand_is_what_another_reader_finds(person: Person, known: Known) -> None:
    start = person.local(known.hour).astimezone(UTC)
    end = start + timedelta(hours=1)
    taken = any(first < end and start < last for first, last in occurrences(person, start))
    assert known.state == ("busy" if taken else "free"), known.because


def test_every_known_hour_is_inside_the_weekly_hours_and_said_once() -> None:
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    for person in PEOPLE:
        first, last = person.weekly.split()[0].split("-")
        opens, closes = (int(clock[:2]) for clock in person.weekly.split()[1].split("-"))
        for known in person.known:
            assert days.index(first) <= known.hour.weekday() <= days.index(last), known
            assert opens <= known.hour.hour < closes, known
            assert known.because
        assert len({known.hour for known in person.known}) == len(person.known)


def test_there_are_three_students_and_two_mentors_in_four_zones() -> None:
    assert [person.role for person in PEOPLE].count("student") == 3
    assert [person.role for person in PEOPLE].count("mentor") == 2
    assert len({person.zone for person in PEOPLE}) == 4
    assert len({person.email for person in PEOPLE} | set(passwords(PEOPLE))) == 10
    assert all(person.calendar(person.sessions) for person in PEOPLE)


def test_the_calendars_hold_every_kind_of_event() -> None:
    everything = "".join(text for one in PEOPLE for each in one.calendars for text in each.resources.values())
    for kind in (
        *("EXDATE", "RDATE", "RECURRENCE-ID;TZID", "RANGE=THISANDFUTURE", "TRANSP:TRANSPARENT", "DURATION"),
        *(
            "STATUS:TENTATIVE",
            "STATUS:CANCELLED",
            "PARTSTAT=DECLINED",
            "VALUE=DATE",
            "TZID=Eastern Standard Time",
        ),
        *("INTERVAL=2", "COUNT=80", "FREQ=MONTHLY", "FREQ=YEARLY", "DTSTART:20261013T180000\r\n"),
    ):
        assert kind in everything, kind


@pytest.mark.parametrize("monday", [MONDAY, date(2027, 3, 22), date(2026, 12, 28)])
def test_every_text_is_folded_ends_its_lines_with_crlf_and_can_be_read(monday: date) -> None:
    for person in everybody(monday):
        for calendar in person.calendars:
            for text in calendar.resources.values():
                lines = text.split("\r\n")
                assert lines[-1] == ""
                assert "\n" not in "".join(lines)
                assert max(len(line.encode()) for line in lines) <= 75
                (first, *_) = icalendar.Calendar.from_ical(text).walk("VEVENT")
                assert first.errors == []


def test_a_long_title_is_folded_between_letters_and_reads_as_it_was() -> None:
    title = "Prüfung; Fragen, Antworten \\ und \n" + "Žižkov 🎂 " * 20
    text = resource(event("long", title, all_day(MONDAY)))
    assert max(len(line.encode()) for line in text.split("\r\n")) == 75
    assert (
        str(icalendar.Event.from_ical(text[text.index("BEGIN:VEVENT") : text.index("END:VC")])["SUMMARY"])
        == title
    )


def test_the_zones_told_in_the_texts_are_the_real_ones() -> None:
    told = {
        str(zone["TZID"]): zone
        for person in PEOPLE
        for each in person.calendars
        for text in each.resources.values()
        for zone in icalendar.Calendar.from_ical(text).walk("VTIMEZONE")
        if isinstance(zone, icalendar.Timezone)
    }
    assert len(told) == 6
    for name, zone in told.items():
        real = ZoneInfo("America/New_York" if name == "Eastern Standard Time" else name)
        ours = zone.to_tz(lookup_tzid=False)
        for day in range(500):
            noon = datetime(2026, 8, 1, 12) + timedelta(days=day)  # noqa: DTZ001 - a wall time
            assert noon.replace(tzinfo=ours).utcoffset() == noon.replace(tzinfo=real).utcoffset(), (
                name,
                noon,
            )


def test_the_calendars_are_the_same_every_time_and_begin_on_a_monday_only() -> None:
    assert everybody() == everybody(MONDAY) == PEOPLE
    with pytest.raises(ValueError, match="2026-10-13 is a Tuesday"):
        everybody(MONDAY + timedelta(days=1))


@pytest.mark.parametrize("make", [radicale, xandikos])
def test_a_real_server_takes_all_of_it(tmp_path: Path, make: type) -> None:
    with make(tmp_path, passwords(PEOPLE)) as server:
        for person in PEOPLE:
            addresses = move_in(person, server)
            for calendar in person.calendars:
                question = '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>'
                hand = server.hand(person.user)
                listing = hand.ask("PROPFIND", addresses[calendar.name], question, {"Depth": "1"}).text
                assert all(f"/{name}</" in listing for name in calendar.resources)
