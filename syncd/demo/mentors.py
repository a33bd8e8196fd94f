"""Two mentors: one in London with a call to New York, one in Berlin with a holiday to come."""

from __future__ import annotations

from datetime import date, timedelta

from syncd.demo.calendars import (
    Calendar,
    Moment,
    all_day,
    at,
    event,
    instead_of,
    invitation,
    resource,
    weekly,
)
from syncd.demo.person import Person, busy, free

BERLIN, LONDON, NEW_YORK = "Europe/Berlin", "Europe/London", "America/New_York"
_TUESDAY = 1


def miriam(monday: date) -> Person:
    """Return Miriam, whose calls follow New York's clock while her own changes a week earlier."""
    return Person(
        user="miriam",
        password="tea-at-five",  # noqa: S106 - of a server that lives for a minute
        name="Dr Miriam Okafor",
        email="miriam.okafor@mentors.example",
        role="mentor",
        zone=LONDON,
        weekly="Mon-Thu 09:00-18:00",
        calendars=(_miriam_work(monday), _miriam_family(monday)),
        sessions="work",
        known=(
            busy("2026-10-13 09:00", "stand-up, 9:30"),
            free("2026-10-13 10:00", "the stand-up lasts a quarter of an hour"),
            busy("2026-10-26 09:00", "stand-up, the first after the clocks changed"),
            free("2026-10-26 10:00", "the stand-up is at 9:30 on the new clock too"),
            busy("2026-10-22 16:00", "11:00 in New York"),
            free("2026-10-22 15:00", "the call is at 16:00"),
            busy("2026-10-29 15:00", "11:00 in New York, only four hours behind"),
            free("2026-10-29 16:00", "the call was at 15:00"),
            busy("2026-11-05 16:00", "11:00 in New York, five hours behind again"),
            free("2026-10-14 11:00", "focus time is transparent: she gives it up for a student"),
            free("2026-10-27 12:00", "half-term is transparent"),
            busy("2026-11-03 14:00", "the review, every first Tuesday of a month"),
            free("2026-11-10 14:00", "no review on a second Tuesday"),
            busy("2026-10-20 17:00", "the school run floats, 17:15-17:45"),
            free("2026-10-21 12:00", "the dentist is cancelled"),
            busy("2026-11-11 09:00", "the conference, all day"),
            busy("2026-11-12 17:00", "the conference, its second day"),
        ),
    )


def _first_tuesday(monday: date) -> date:
    first = monday.replace(day=1)
    return first + timedelta(days=(_TUESDAY - first.weekday()) % 7)


def _miriam_work(monday: date) -> Calendar:
    until = monday + timedelta(weeks=30)
    wednesday, thursday = monday + timedelta(days=2), monday + timedelta(days=3)
    review = at(_first_tuesday(monday), "14:00-16:00", LONDON)
    team = invitation("miriam.okafor@mentors.example", "ops@mentors.example", "design@mentors.example")
    return Calendar(
        "work",
        "Work",
        {
            "standup.ics": resource(
                event(
                    "standup", "Stand-up", at(monday, "09:30-09:45", LONDON), weekly("MO,TU,WE,TH,FR", until)
                )
            ),
            "review.ics": resource(
                event("review", "Monthly review", review, "RRULE:FREQ=MONTHLY;BYDAY=1TU", *team)
            ),
            "client.ics": resource(
                event(
                    "client",
                    "Call with the New York office",
                    at(thursday, "11:00-12:00", NEW_YORK),
                    weekly("TH", until),
                )
            ),
            "focus.ics": resource(
                event(
                    "focus",
                    "Focus (take it if you need me)",
                    at(wednesday, "10:00-12:00", LONDON),
                    weekly("WE", until),
                    "TRANSP:TRANSPARENT",
                )
            ),
            "conference.ics": resource(
                event("conference", "Data for Good, Manchester", all_day(wednesday + timedelta(weeks=4), 2))
            ),
        },
    )


def _miriam_family(monday: date) -> Calendar:
    until = monday + timedelta(weeks=30)
    tuesday, wednesday = monday + timedelta(days=1), monday + timedelta(days=2)
    dentist = at(wednesday + timedelta(weeks=1), "12:00-13:00", LONDON)
    return Calendar(
        "family",
        "Family",
        {
            "school.ics": resource(
                event("school", "School run", at(tuesday, "17:15-17:45"), weekly("TU", until))
            ),
            "halfterm.ics": resource(
                event("halfterm", "Half-term", all_day(monday + timedelta(weeks=2), 5), "TRANSP:TRANSPARENT")
            ),
            "dentist.ics": resource(event("dentist", "Dentist", dentist, "STATUS:CANCELLED")),
        },
    )


def jonas(monday: date) -> Person:
    """Return Jonas, who is on call at night and on holiday in November."""
    return Person(
        user="jonas",
        password="bicycle",  # noqa: S106 - of a server that lives for a minute
        name="Jonas Weber",
        email="jonas.weber@mentors.example",
        role="mentor",
        zone=BERLIN,
        weekly="Tue-Fri 10:00-19:00",
        calendars=(_jonas_work(monday), _jonas_private(monday)),
        sessions="work",
        known=(
            busy("2026-10-13 10:00", "sprint planning, 10:00-11:30"),
            busy("2026-10-13 11:00", "sprint planning, 10:00-11:30"),
            free("2026-10-20 10:00", "planning is every second week"),
            free("2026-10-27 10:00", "planning is at 14:00 from this week on"),
            busy("2026-10-27 15:00", "sprint planning, now 14:00-15:30"),
            busy("2026-11-10 14:00", "sprint planning, now 14:00-15:30"),
            busy("2026-10-14 12:00", "lunch, 12:30-13:15"),
            busy("2026-10-14 13:00", "lunch, 12:30-13:15"),
            free("2026-10-15 13:00", "two lunches are left out by one EXDATE"),
            free("2026-10-16 12:00", "two lunches are left out by one EXDATE"),
            busy("2026-10-16 15:00", "his parents may come: tentative"),
            busy("2026-10-23 10:00", "on call until 11:00, since last night"),
            free("2026-10-23 11:00", "the night on call is over"),
            busy("2026-10-21 18:00", "football, 18:00 and two hours by DURATION"),
            free("2026-10-21 17:00", "before football"),
            busy("2026-10-28 18:00", "football, the first after the clocks changed"),
            free("2026-11-13 16:00", "the last Friday before the holiday"),
            busy("2026-11-17 10:00", "on holiday"),
            busy("2026-11-20 18:00", "on holiday, its last day"),
            free("2026-11-24 16:00", "back from the holiday"),
        ),
    )


def _jonas_work(monday: date) -> Calendar:
    until = monday + timedelta(weeks=30)
    tuesday, thursday, friday = (monday + timedelta(days=days) for days in (1, 3, 4))
    planning, lunch = at(tuesday, "10:00-11:30", BERLIN), at(tuesday, "12:30-13:15", BERLIN)
    later = Moment(tuesday + timedelta(weeks=2), planning.start.at, BERLIN)
    left_out = f"{Moment(thursday, lunch.start.at, BERLIN).line('EXDATE')},{friday:%Y%m%d}T123000"
    return Calendar(
        "work",
        "Work",
        {
            "planning.ics": resource(
                event("planning", "Sprint planning", planning, weekly("TU", until, every=2)),
                event(
                    "planning",
                    "Sprint planning (after lunch from now on)",
                    at(later.day, "14:00-15:30", BERLIN),
                    instead_of(later, and_after=True),
                ),
            ),
            "lunch.ics": resource(
                event("lunch", "Lunch", lunch, "RRULE:FREQ=WEEKLY;COUNT=80;BYDAY=TU,WE,TH,FR", left_out)
            ),
            "oncall.ics": resource(
                event("oncall", "On call", at(thursday + timedelta(weeks=1), "22:00-11:00", BERLIN))
            ),
            "holiday.ics": resource(
                event(
                    "holiday",
                    "On holiday, back on Monday",
                    all_day(monday + timedelta(weeks=5), 5),
                    "X-MICROSOFT-CDO-BUSYSTATUS:OOF",
                    place="Rügen",
                )
            ),
        },
    )


def _jonas_private(monday: date) -> Calendar:
    until = monday + timedelta(weeks=30)
    wednesday, friday = monday + timedelta(days=2), monday + timedelta(days=4)
    football = event("football", "Five-a-side", at(wednesday, "18:00-20:00", BERLIN), weekly("WE", until))
    lines = ["DURATION:PT2H" if line.startswith("DTEND") else line for line in football.split("\n")]
    return Calendar(
        "private",
        "Private",
        {
            "football.ics": resource("\n".join(lines)),
            "parents.ics": resource(
                event("parents", "Parents visiting?", at(friday, "15:00-19:00", BERLIN), "STATUS:TENTATIVE")
            ),
        },
    )
