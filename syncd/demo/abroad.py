"""A student abroad: her two homes change their clocks a week apart."""

from __future__ import annotations

from datetime import date, timedelta

from syncd.demo.calendars import Calendar, Moment, Span, all_day, at, event, instead_of, resource, weekly
from syncd.demo.person import Person, busy, free

PARIS, NEW_YORK = "Europe/Paris", "America/New_York"
OUTLOOK_EASTERN = "Eastern Standard Time"
_OUTLOOK = "-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN"


def chloe(monday: date) -> Person:
    """Return Chloé from Lyon, who spends a term in New York: her two homes change clocks a week apart."""
    return Person(
        user="chloe",
        password="croissant",  # noqa: S106 - of a server that lives for a minute
        name="Chloé Martin",
        email="chloe.martin@students.example",
        role="student",
        zone=NEW_YORK,
        weekly="Mon-Sun 09:00-21:00",
        calendars=(_chloe_campus(monday), _chloe_family(monday)),
        sessions="family",
        named_after="campus",
        known=(
            busy("2026-10-20 10:00", "economics, 10:30-11:45, in a zone that Outlook calls by its own name"),
            busy("2026-10-20 11:00", "economics, 10:30-11:45"),
            free("2026-10-20 12:00", "economics is over"),
            busy("2026-11-03 10:00", "economics, the first after New York's clocks changed"),
            free("2026-11-03 09:00", "economics is not an hour early"),
            busy("2026-10-18 12:00", "18:00 in Paris"),
            free("2026-10-25 12:00", "Paris has changed its clocks, New York has not"),
            busy("2026-10-25 13:00", "18:00 in Paris, only five hours ahead"),
            busy("2026-11-01 12:00", "18:00 in Paris, six hours ahead again"),
            free("2026-11-01 13:00", "the call is over"),
            busy("2026-10-22 19:00", "midterm, 18:00-20:00"),
            free("2026-10-22 20:00", "the midterm is over"),
            busy("2026-10-16 19:00", "improv night"),
            free("2026-10-23 19:00", "this one improv night is cancelled"),
            busy("2026-10-19 20:00", "the journal floats: 20:00 on her own clock"),
            busy("2026-10-29 09:00", "at home, all day"),
            busy("2026-10-30 20:00", "at home, all day"),
            busy("2026-10-31 14:00", "the flight: 13:00 in Paris to 15:30 in New York"),
            busy("2026-10-31 15:00", "the flight lands at 15:30"),
            free("2026-10-31 16:00", "she has landed"),
            free("2026-11-02 15:00", "the tutoring of this Monday is moved to Wednesday"),
            busy("2026-11-04 13:00", "the tutoring moved from Monday"),
            busy("2026-11-09 15:00", "tutoring as always"),
        ),
    )


def _chloe_campus(monday: date) -> Calendar:
    until = monday + timedelta(weeks=9)
    tuesday, thursday = monday + timedelta(days=1), monday + timedelta(days=3)
    tutoring = at(monday, "15:00-16:00", NEW_YORK)
    moved = Moment(monday + timedelta(weeks=3), tutoring.start.at, NEW_YORK)
    return Calendar(
        "campus",
        "Campus",
        {
            "econ.ics": resource(
                event(
                    "040000008200E00074C5B7101A82E008",
                    "ECON 301: Intermediate Micro",
                    at(tuesday, "10:30-11:45", OUTLOOK_EASTERN),
                    weekly("TU,TH", until),
                    "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
                    place="Uris 142",
                ),
                program=_OUTLOOK,
            ),
            "tutoring.ics": resource(
                event("tutoring", "Tutoring at the writing center", tutoring, weekly("MO", until)),
                event(
                    "tutoring",
                    "Tutoring (moved, election day week)",
                    at(moved.day + timedelta(days=2), "13:00-14:00", NEW_YORK),
                    instead_of(moved),
                ),
                program=_OUTLOOK,
            ),
            "midterm.ics": resource(
                event(
                    "midterm",
                    "MIDTERM econ",
                    at(thursday + timedelta(weeks=1), "18:00-20:00", NEW_YORK),
                    "PRIORITY:1",
                )
            ),
        },
    )


def _chloe_family(monday: date) -> Calendar:
    until = monday + timedelta(weeks=16)
    friday, sunday = monday + timedelta(days=4), monday + timedelta(days=6)
    improv = at(friday, "19:00-21:00", NEW_YORK)
    dropped = at(friday + timedelta(weeks=1), "19:00-21:00", NEW_YORK)
    landing = sunday + timedelta(days=13)
    flight = Span(at(landing, "13:00-14:00", PARIS).start, at(landing, "15:30-16:00", NEW_YORK).start)
    return Calendar(
        "family",
        "Chloé",
        {
            "appel.ics": resource(
                event("appel", "Appel avec la famille", at(sunday, "18:00-19:00", PARIS), weekly("SU", until))
            ),
            "journal.ics": resource(
                event("journal", "Journal", at(monday, "20:00-20:30"), weekly("MO", until))
            ),
            "improv.ics": resource(
                event("improv", "Improv night", improv, weekly("FR", until), place="The Basement, 14th St"),
                event("improv", "Improv night", dropped, instead_of(dropped.start), "STATUS:CANCELLED"),
            ),
            "lyon.ics": resource(
                event(
                    "lyon",
                    "À la maison",
                    all_day(friday + timedelta(days=13), 2),
                    "TRANSP:OPAQUE",
                    place="Lyon",
                )
            ),
            "flight.ics": resource(event("flight", "AF 006 CDG → JFK", flight, "CATEGORIES:TRAVEL")),
            "turkey.ics": resource(
                event(
                    "turkey", "Thanksgiving break", all_day(monday + timedelta(days=44), 5), "CLASS:PRIVATE"
                )
            ),
        },
    )
