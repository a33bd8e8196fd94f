"""The calendar servers of the demo: a Xandikos that delivers invitations by itself, a Radicale that does not, a Google."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from syncd.clock import Clock
from syncd.config import HostPort
from syncd.config.model import Google
from syncd.demo.front import HOST
from syncd.demo.home import CalDavHome, Home, Seen
from syncd.demo.people import Person, passwords
from syncd.demo.servers import NoServer, Server, radicale, xandikos

if TYPE_CHECKING:
    from syncd.demo.google import GoogleFake

_PATIENCE = timedelta(seconds=1)
"""Nothing of what the servers keep is wanted afterwards."""


class _Runs(Protocol):
    def start(self) -> object: ...

    def stop(self) -> None: ...


class Town:
    """Everybody's calendar servers, with the people who have their calendars there."""

    def __init__(
        self, directory: Path, people: Iterable[Person], clock: Clock, port: int | None = None
    ) -> None:
        self.people: Mapping[str, Person] = {person.user: person for person in people}
        by_server = {
            name: passwords(person for person in self.people.values() if person.server == name)
            for name in ("xandikos", "radicale", "google")
        }
        self.most = xandikos(directory / "xandikos", by_server["xandikos"], clock=clock, scheduling=True)
        """Where most people are."""
        self.other = radicale(directory / "radicale", by_server["radicale"], clock=clock)
        """Where one student is."""
        self.google = _google(clock) if by_server["google"] else None
        """Where some are, if any."""
        for server in (self.most, self.other):
            server.patience = _PATIENCE
        if port is not None and self.most.front is not None:
            self.most.front.port = port
        self._homes = {user: self._home(person) for user, person in self.people.items()}

    @contextmanager
    def open(self) -> Iterator[Self]:
        """Run the servers for as long as the context lasts.

        :raises NoServer: if one of them cannot be had.
        """
        servers: list[_Runs] = [*self._inhabited, *([self.google] if self.google else [])]
        with ThreadPoolExecutor(len(servers), thread_name_prefix="demo-servers") as pool:
            starting = [pool.submit(_start, server) for server in servers]
            try:
                for each in starting:
                    each.result()
                yield self
            finally:
                wait(starting)  # what is stopped while it starts would stay
                list(pool.map(_stop, servers))

    @property
    def allowed(self) -> tuple[HostPort, ...]:
        """The addresses that syncd is permitted to ask."""
        return tuple(HostPort(HOST, server.port) for server in self._inhabited)

    @property
    def _inhabited(self) -> tuple[Server, ...]:
        return tuple(server for server in (self.most, self.other) if server.users)

    def google_section(self, directory: Path) -> Google:
        """Return how syncd reaches Google; what makes it known there is kept in *directory*."""
        if self.google is None:
            return Google()
        from syncd.demo.google_home import made_known  # noqa: PLC0415 - heavy, and only some demos have it

        return made_known(self.google, directory)

    def home(self, user: str) -> Home:
        """Return the calendars of *user*."""
        return self._homes[user]

    def delivers(self, student: str, mentor: str) -> bool:
        """Tell whether the student's server brings invitations to the mentor by itself."""
        return self.home(student).delivers_to(self.home(mentor))

    def wrote(self, user: str, session_id: str) -> bool:
        """Tell whether anybody has put an event of a session into a calendar of *user* in their own name."""
        return self.home(user).wrote(session_id)

    def events(self, user: str, session_id: str) -> tuple[Seen, ...]:
        """Ask the server for the events of a session in all calendars of *user*, the cancelled ones too."""
        return self.home(user).events(session_id)

    def _home(self, person: Person) -> Home:
        if self.google and person.server == "google":
            from syncd.demo.google_home import GoogleHome  # noqa: PLC0415 - heavy, and only some demos have it

            return GoogleHome(person, self.google)
        server = self.other if person.user in self.other.users else self.most
        return CalDavHome(person, server, delivers=server is self.most)


def _google(clock: Clock) -> GoogleFake:
    from syncd.demo.google import GoogleFake  # noqa: PLC0415 - heavy, and only some demos have it

    return GoogleFake(clock, ())


def _start(server: _Runs) -> None:
    try:
        server.start()
    except NoServer as failed:
        if not isinstance(server, Server):
            raise
        # The log goes away with the demo's directory: what it says last is said here.
        said = server.log.read_text("utf-8", "replace").split("\n") if server.log.is_file() else []
        last = next((line.strip() for line in reversed(said) if line.strip()), "nothing")
        raise NoServer(str(failed).replace(f"read {server.log}", f"its last word: {last}")) from None


def _stop(server: _Runs) -> None:
    server.stop()
