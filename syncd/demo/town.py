"""The calendar servers of the demo: a Xandikos that delivers invitations by itself, and a Radicale that does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Self

from syncd.clock import Clock
from syncd.config import HostPort
from syncd.demo.front import HOST
from syncd.demo.hand import Hand, Stored
from syncd.demo.people import Person, move_in, passwords
from syncd.demo.servers import NoServer, Server, radicale, xandikos

_PATIENCE = timedelta(seconds=1)
"""Nothing of what the servers keep is wanted afterwards."""


class Town:
    """Everybody's calendar servers, with the people who have their calendars there."""

    def __init__(
        self, directory: Path, people: Iterable[Person], clock: Clock, port: int | None = None
    ) -> None:
        self.people: Mapping[str, Person] = {person.user: person for person in people}
        by_server = {
            name: passwords(person for person in self.people.values() if person.server == name)
            for name in ("xandikos", "radicale")
        }
        self.most = xandikos(directory / "xandikos", by_server["xandikos"], clock=clock, scheduling=True)
        """Where most people are."""
        self.other = radicale(directory / "radicale", by_server["radicale"], clock=clock)
        """Where one student is."""
        for server in (self.most, self.other):
            server.patience = _PATIENCE
        if port is not None and self.most.front is not None:
            self.most.front.port = port

    @contextmanager
    def open(self) -> Iterator[Self]:
        """Run the servers for as long as the context lasts.

        :raises NoServer: if one of them cannot be had.
        """
        both = (self.most, self.other)
        with ThreadPoolExecutor(len(both), thread_name_prefix="demo-servers") as pool:
            starting = [pool.submit(_start, server) for server in both]
            try:
                for each in starting:
                    each.result()
                yield self
            finally:
                wait(starting)  # what is stopped while it starts would stay
                list(pool.map(Server.stop, both))

    @property
    def allowed(self) -> tuple[HostPort, ...]:
        """The addresses that syncd is permitted to ask."""
        return tuple(HostPort(HOST, server.port) for server in (self.most, self.other))

    def server(self, user: str) -> Server:
        """Return the server on which *user* has their calendars."""
        return self.other if user in self.other.users else self.most

    def hand(self, user: str) -> Hand:
        """Return the hand of *user* in their own calendars."""
        return self.server(user).hand(user)

    def move_in(self, person: Person) -> None:
        """Fill a person's calendars; where the server delivers invitations, have it know them and their address.

        :raises Refused: if the server does not take something.
        """
        server = self.server(person.user)
        addresses = move_in(person, server)
        if server is self.most:
            server.introduce(person.user, person.email)
            server.deliver(person.user, addresses[person.sessions])

    def delivers(self, student: str, mentor: str) -> bool:
        """Tell whether the student's server brings invitations to the mentor by itself."""
        return self.server(student) is self.server(mentor) is self.most

    def wrote(self, user: str, session_id: str) -> bool:
        """Tell whether anybody has put an event of a session into a calendar of *user* with their own password."""
        front = self.server(user).front
        seen = front.seen() if front else ()
        return any((one.user, one.method) == (user, "PUT") and session_id in one.path for one in seen)

    def events(self, user: str, session_id: str) -> tuple[Stored, ...]:
        """Ask the server for the events of a session in all calendars of *user*, the cancelled ones too."""
        hand = self.hand(user)
        calendars = (hand.calendar(each.name) for each in self.people[user].calendars)
        return tuple(found for one in calendars for found in hand.find(one, f"syncd-{session_id}-"))


def _start(server: Server) -> None:
    try:
        server.start()
    except NoServer as failed:
        # The log goes away with the demo's directory: what it says last is said here.
        said = server.log.read_text("utf-8", "replace").split("\n") if server.log.is_file() else []
        last = next((line.strip() for line in reversed(said) if line.strip()), "nothing")
        raise NoServer(str(failed).replace(f"read {server.log}", f"its last word: {last}")) from None
