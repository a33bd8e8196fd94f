"""Everybody in the demo: three students and two mentors."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date

from syncd.demo.abroad import chloe
from syncd.demo.mentors import jonas, miriam
from syncd.demo.person import MONDAY, Known, Person
from syncd.demo.servers import Server
from syncd.demo.students import arjun, lena

__all__ = ["AT_GOOGLE", "MONDAY", "Known", "Person", "everybody", "move_in", "passwords"]

AT_GOOGLE = frozenset({"arjun", "miriam"})
"""Who is with Google where some are: then a student or a mentor alone is, or both, or neither."""


def everybody(monday: date = MONDAY, google: Collection[str] = ()) -> tuple[Person, ...]:
    """Return the people, with calendars that begin in the week of *monday*; those in *google* are there with them.

    :raises ValueError: if it is not a Monday.
    """
    if monday.weekday() != 0:
        raise ValueError(f"{monday} is a {monday:%A}: the calendars begin on a Monday")
    people = (person(monday) for person in (lena, arjun, chloe, miriam, jonas))
    return tuple(replace(one, server="google") if one.user in google else one for one in people)


def passwords(people: Iterable[Person]) -> Mapping[str, str]:
    """Return user names and passwords, as a server wants them."""
    return {person.user: person.password for person in people}


def move_in(person: Person, server: Server) -> Mapping[str, str]:
    """Make and fill a person's calendars on a running server; return their addresses by name.

    :raises Refused: if the server does not take something.
    """
    hand = server.hand(person.user)
    addresses = {one.name: hand.make_calendar(one.name, one.title) for one in person.calendars}
    for one in person.calendars:
        hand.fill(addresses[one.name], one.resources)
    return addresses
