"""Two students at home: one in Berlin, one in Bengaluru."""

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

BERLIN, KOLKATA = "Europe/Berlin", "Asia/Kolkata"
_TIMETABLE = "-//Campus Office//Timetable 4.2//DE"
_REMINDER = ("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Reminder", "TRIGGER:-PT15M", "END:VALARM")


def lena(monday: date) -> Person:
    """Return Lena, whose timetable has every kind of exception."""
    return Person(
        user="lena",
        password="plum-cake",  # noqa: S106 - of a server that lives for a minute
        name="Lena Hartmann",
        email="lena.hartmann@students.example",
        role="student",
        zone=BERLIN,
        weekly="Mon-Fri 09:00-20:00",
        calendars=(_lena_uni(monday), _lena_private(monday)),
        sessions="private",
        server="radicale",
        known=(
            busy("2026-10-12 10:00", "linear algebra, 10:15-11:45"),
            busy("2026-10-12 11:00", "linear algebra, 10:15-11:45"),
            free("2026-10-12 12:00", "linear algebra is over"),
            free("2026-10-19 10:00", "this Monday's lecture is moved to Tuesday"),
            busy("2026-10-20 16:00", "the lecture moved from Monday, 16:15-17:45"),
            busy("2026-10-20 17:00", "the lecture moved from Monday, 16:15-17:45"),
            free("2026-10-20 09:00", "a birthday is transparent"),
            free("2026-10-20 12:00", "the guitar lesson is cancelled"),
            busy("2026-10-20 18:00", "the gym floats: 18:00 wherever she is"),
            free("2026-10-21 10:00", "EXDATE: dies academicus"),
            free("2026-10-21 18:00", "she declined the debate club, and watering plants is transparent"),
            busy("2026-10-22 11:00", "coffee, tentative"),
            busy("2026-10-22 14:00", "statistics, still 14:00-15:30"),
            busy("2026-10-22 15:00", "statistics, still 14:00-15:30"),
            busy("2026-10-23 09:00", "Prague, all day"),
            busy("2026-10-23 19:00", "Prague, all day"),
            free("2026-10-26 09:00", "back from Prague, and the lecture is at 10:15 on the new clock too"),
            busy("2026-10-26 10:00", "linear algebra, the first after the clocks changed"),
            free("2026-10-29 14:00", "statistics is at 16:00 from this Thursday on"),
            busy("2026-10-29 16:00", "statistics, now 16:00-17:30"),
            busy("2026-11-05 17:00", "statistics, now 16:00-17:30"),
            free("2026-10-30 17:00", "the lab ends at 17:00"),
            busy("2026-10-30 13:00", "the lab, every second Friday"),
            free("2026-11-06 13:00", "no lab in this week"),
        ),
    )


def _lena_uni(monday: date) -> Calendar:
    until = monday + timedelta(weeks=16)
    week = timedelta(weeks=1)
    wednesday, thursday, friday = (monday + timedelta(days=days) for days in (2, 3, 4))
    algebra, statistics = at(monday, "10:15-11:45", BERLIN), at(thursday, "14:00-15:30", BERLIN)
    off = Moment(wednesday + week, algebra.start.at, BERLIN)
    moved = Moment(monday + week, algebra.start.at, BERLIN)
    later = Moment(thursday + 2 * week, statistics.start.at, BERLIN)
    name = "Linear Algebra II (Prof. Noether)"
    return Calendar(
        "uni",
        "Uni",
        {
            "la2.ics": resource(
                event(
                    "la2@campus.example",
                    name,
                    algebra,
                    weekly("MO,WE", until),
                    off.line("EXDATE"),
                    place="H 104",
                ),
                event(
                    "la2@campus.example",
                    f"{name}, moved",
                    at(monday + week + timedelta(days=1), "16:15-17:45", BERLIN),
                    instead_of(moved),
                    place="H 2013",
                ),
                program=_TIMETABLE,
            ),
            "stat.ics": resource(
                event(
                    "stat@campus.example",
                    "Statistics tutorial",
                    statistics,
                    weekly("TH", until),
                    place="A 151",
                ),
                event(
                    "stat@campus.example",
                    "Statistics tutorial (new room, new time)",
                    at(later.day, "16:00-17:30", BERLIN),
                    instead_of(later, and_after=True),
                    place="B 204",
                ),
                program=_TIMETABLE,
            ),
            "lab.ics": resource(
                event(
                    "lab@campus.example",
                    "Physics lab, group 3",
                    at(friday, "13:00-17:00", BERLIN),
                    weekly("FR", until, every=2),
                    place="Basement; bring your lab book, please",
                ),
                program=_TIMETABLE,
            ),
        },
    )


def _lena_private(monday: date) -> Calendar:
    thursday, friday = monday + timedelta(days=10), monday + timedelta(days=11)
    trip = event(
        "prague", "Prague with Ida and Tom", all_day(friday, 3), "TRANSP:OPAQUE", place="Praha, Žižkov"
    )
    coffee = at(thursday, "11:00-12:00", BERLIN)
    return Calendar(
        "private",
        "Lena",
        {
            "prague.ics": resource(trip),
            "coffee.ics": resource(event("coffee", "Coffee with Mia?", coffee, "STATUS:TENTATIVE")),
            **_lena_tuesdays(monday + timedelta(days=8)),
            **_lena_wednesdays(monday + timedelta(days=9)),
        },
    )


def _lena_tuesdays(tuesday: date) -> dict[str, str]:
    gym = at(tuesday - timedelta(weeks=1), "18:00-19:00")
    weeks = weekly("TU", tuesday + timedelta(weeks=15))
    guitar = at(tuesday, "12:00-13:00", BERLIN)
    yearly = ("RRULE:FREQ=YEARLY", "TRANSP:TRANSPARENT")
    return {
        "gym.ics": resource(event("gym", "Gym", gym, weeks, *_REMINDER)),
        "guitar.ics": resource(event("guitar", "Guitar lesson", guitar, "STATUS:CANCELLED", "SEQUENCE:2")),
        "mum.ics": resource(event("mum", "Mum's birthday 🎂", all_day(tuesday), *yearly)),
    }


def _lena_wednesdays(wednesday: date) -> dict[str, str]:
    plants, debate = at(wednesday, "18:00-18:15", BERLIN), at(wednesday, "18:00-20:00", BERLIN)
    weeks = weekly("WE", wednesday + timedelta(weeks=15))
    watering = event("plants", "Water the plants", plants, weeks, "TRANSP:TRANSPARENT", *_REMINDER)
    declined = invitation("debates@club.example", "lena.hartmann@students.example", answer="DECLINED")
    return {
        "plants.ics": resource(watering),
        "debate.ics": resource(event("debate", "Debate club", debate, weeks, *declined)),
    }


def arjun(monday: date) -> Person:
    """Return Arjun, who lives half an hour beside everybody else and hears lectures from Berlin."""
    return Person(
        user="arjun",
        password="mangoes",  # noqa: S106 - of a server that lives for a minute
        name="Arjun Mehta",
        email="arjun.mehta@students.example",
        role="student",
        zone=KOLKATA,
        weekly="Mon-Sat 10:00-21:00",
        calendars=(_arjun_college(monday), _arjun_home(monday)),
        sessions="home",
        known=(
            busy("2026-10-13 17:00", "the seminar from Berlin: 14:15 there in summer is 17:45 here"),
            busy("2026-10-13 19:00", "the seminar from Berlin lasts until 19:15"),
            free("2026-10-13 20:00", "the seminar is over"),
            free("2026-10-27 17:00", "winter in Berlin: the seminar is an hour later here"),
            busy("2026-10-27 18:00", "the seminar from Berlin, 18:45-20:15"),
            busy("2026-10-27 20:00", "the seminar from Berlin, 18:45-20:15"),
            busy("2026-10-14 12:00", "the lab, 10:30-12:30"),
            free("2026-10-14 13:00", "the lab is over"),
            free("2026-10-21 11:00", "EXDATE: the lab is on Saturday this week"),
            busy("2026-10-24 10:00", "RDATE: the lab, 10:30-12:30"),
            busy("2026-10-24 12:00", "RDATE: the lab, 10:30-12:30"),
            free("2026-10-24 13:00", "the lab is over"),
            busy("2026-10-24 17:00", "cricket floats: 17:00 on his own clock"),
            free("2026-10-24 19:00", "cricket is over"),
            busy("2026-10-20 10:00", "Dussehra, all day by his own midnight"),
            busy("2026-10-20 15:00", "Dussehra, all day by his own midnight"),
            busy("2026-10-15 20:00", "15:00 UTC is 20:30 here"),
            free("2026-10-15 19:00", "15:00 UTC is 20:30 here, not before"),
            free("2026-10-23 18:00", "he declined the webinar"),
            free("2026-11-05 18:00", "the day before he goes home"),
            busy("2026-11-06 10:00", "Diwali at home, all day"),
            busy("2026-11-11 20:00", "Diwali at home, its last day"),
            free("2026-11-12 13:00", "back from home"),
        ),
    )


def _arjun_college(monday: date) -> Calendar:
    until = monday + timedelta(weeks=16)
    tuesday, wednesday = monday + timedelta(days=1), monday + timedelta(days=2)
    lab = at(wednesday, "10:30-12:30", KOLKATA)
    skipped = Moment(wednesday + timedelta(weeks=1), lab.start.at, KOLKATA)
    extra = Moment(wednesday + timedelta(days=10), lab.start.at, KOLKATA)
    return Calendar(
        "college",
        "College",
        {
            "seminar.ics": resource(
                event(
                    "seminar@campus.example",
                    "Seminar: Distributed Systems (online, from Berlin)",
                    at(tuesday, "14:15-15:45", BERLIN),
                    weekly("TU", until),
                    "URL:https://meet.example/distributed-systems",
                ),
                program=_TIMETABLE,
            ),
            "lab.ics": resource(
                event(
                    "robotics@college.example",
                    "Robotics lab",
                    lab,
                    weekly("WE", until),
                    skipped.line("EXDATE"),
                    extra.line("RDATE"),
                    place="Block C, 2nd floor",
                )
            ),
            "dussehra.ics": resource(
                event("dussehra", "Dussehra, college closed", all_day(tuesday + timedelta(weeks=1)))
            ),
        },
    )


def _arjun_home(monday: date) -> Calendar:
    until = monday + timedelta(weeks=16)
    thursday, friday, saturday = (monday + timedelta(days=days) for days in (3, 4, 5))
    declined = invitation("alumni@college.example", "arjun.mehta@students.example", answer="DECLINED")
    vitamins = at(monday, "13:00-13:05", KOLKATA)
    return Calendar(
        "home",
        "Arjun",
        {
            "oss.ics": resource(
                event(
                    "oss",
                    "Maintainers' call (open source)",
                    at(thursday, "15:00-15:45", "UTC"),
                    weekly("TH", until),
                )
            ),
            "cricket.ics": resource(
                event("cricket", "Cricket practice 🏏", at(saturday, "17:00-19:00"), weekly("SA", until))
            ),
            "webinar.ics": resource(
                event(
                    "webinar",
                    "Alumni webinar",
                    at(friday + timedelta(weeks=1), "18:00-19:30", KOLKATA),
                    *declined,
                )
            ),
            "diwali.ics": resource(
                event("diwali", "Diwali at home", all_day(friday + timedelta(weeks=3), 6), place="Pune")
            ),
            "vitamins.ics": resource(
                event("vitamins", "Vitamins", vitamins, "RRULE:FREQ=DAILY", "TRANSP:TRANSPARENT", *_REMINDER)
            ),
        },
    )
