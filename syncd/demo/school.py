"""A school for the demo: a configuration, a key and a database of its own, and people who join it."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from policy.rules import Rules
from policy.weekly import Weekly
from syncd.accounts import Connected
from syncd.config import Config
from syncd.config.model import CalDav, DatabaseSection, Keys, School
from syncd.demo.people import Person
from syncd.demo.town import Town
from syncd.house import House
from syncd.store.rows import Role

ZONE = ZoneInfo("Europe/Berlin")
NAME = "School of the demo"


def configuration(directory: Path, town: Town, rules: Rules) -> Config:
    """Return the configuration of a school that keeps everything in *directory*."""
    # Constructed, so that the environment of whoever runs the demo has no say in it.
    return Config.model_construct(
        school=School(name=NAME, zone=ZONE),
        database=DatabaseSection(url=f"sqlite:///{directory / 'syncd.db'}"),
        rules=rules,
        caldav=CalDav(allow=town.allowed),
        google=town.google_section(directory),
        keys=Keys(file=directory / "key"),
    )


def join(house: House, town: Town, person: Person) -> Connected:
    """Fill a person's calendars, add the person to the school, and connect their account.

    :raises Refused: if the server does not take their events.
    :raises ProviderError: if the account cannot be connected.
    """
    home = town.home(person.user)
    home.move_in()
    with house.db.write() as tx:
        row = tx.people.add(
            person.email, person.name, Role(person.role), person.zone, str(Weekly.parse(person.weekly))
        )
    return home.connect(house, row)
