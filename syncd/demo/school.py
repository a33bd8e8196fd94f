"""A school for the demo: a configuration, a key and a database of its own, and people who join it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urljoin
from zoneinfo import ZoneInfo

from policy.facts import Side
from policy.rules import Rules
from policy.weekly import Weekly
from syncd import wiring
from syncd.accounts import Connected, Login, connect
from syncd.book import current
from syncd.config import Config, HostPort
from syncd.config.model import CalDav, DatabaseSection, Keys, School
from syncd.demo.front import HOST
from syncd.demo.people import Person, move_in
from syncd.demo.servers import NoServer, Server
from syncd.house import House
from syncd.store.rows import Role, SessionId

ZONE = ZoneInfo("Europe/Berlin")
NAME = "School of the demo"


def configuration(directory: Path, server: Server, rules: Rules) -> Config:
    """Return the configuration of a school that keeps everything in *directory*."""
    # Constructed, so that the environment of whoever runs the demo has no say in it.
    return Config.model_construct(
        school=School(name=NAME, zone=ZONE),
        database=DatabaseSection(url=f"sqlite:///{directory / 'syncd.db'}"),
        rules=rules,
        caldav=CalDav(allow=(HostPort(HOST, server.port),)),
        keys=Keys(file=directory / "key"),
    )


@contextmanager
def in_service(server: Server) -> Iterator[Server]:
    """Run *server* for as long as the context lasts.

    :raises NoServer: if it cannot be had; with its last word, as its log goes away with the demo's directory.
    """
    try:
        server.start()
    except NoServer as failed:
        said = server.log.read_text("utf-8", "replace").split("\n") if server.log.is_file() else []
        last = next((line.strip() for line in reversed(said) if line.strip()), "nothing")
        raise NoServer(str(failed).replace(f"read {server.log}", f"its last word: {last}")) from None
    try:
        yield server
    finally:
        server.stop()


def join(house: House, server: Server, person: Person) -> Connected:
    """Fill a person's calendars, add the person to the school, and connect their account.

    :raises Refused: if the server does not take their events.
    :raises ProviderError: if the account cannot be connected.
    """
    move_in(person, server)
    with house.db.write() as tx:
        row = tx.people.add(
            person.email, person.name, Role(person.role), person.zone, str(Weekly.parse(person.weekly))
        )
    login = Login(wiring.CALDAV, server.url, person.user, person.password)
    return connect(house, row, login, (), person.sessions)


def event_address(house: House, server: Server, session_id: str, side: Side) -> str:
    """Return where the event of a session stands on the server.

    :raises KeyError: if it was never written.
    """
    with house.db.read() as tx:
        return urljoin(server.url, quote(current(tx, SessionId(session_id))[side].ref))
