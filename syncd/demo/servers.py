"""Radicale and Xandikos on loopback, as child processes, for the demo and for the tests."""

from __future__ import annotations

import importlib.util
import re
import socket
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote

from syncd.clock import Clock, SystemClock
from syncd.demo.child import Child
from syncd.demo.front import HOST, Front, free_port
from syncd.demo.hand import Hand

_PATIENCE = timedelta(seconds=5)
_TRIES, _PAUSE = 600, timedelta(milliseconds=50)  # half a minute at most
_LOGGED = re.compile(r"""\] (?P<method>[A-Z]+) request for (?P<quote>['"])(?P<path>.*?)(?P=quote) """)


class NoServer(Exception):
    """A calendar server cannot be had here; the text is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Program:
    """How a calendar server is run."""

    name: str
    arguments: tuple[str, ...]
    """What follows ``python``."""
    port: int
    """Where it listens."""
    home: str
    """The path of a user's calendars, with ``{user}`` in it."""


class Server:
    """A calendar server with its users, running or stopped for a while."""

    def __init__(
        self, program: Program, directory: Path, users: Mapping[str, str], front: Front | None = None
    ) -> None:
        self.name = program.name
        self.directory = directory
        self.users = dict(users)
        self.front = front
        self.log = directory / f"{program.name}.log"
        """Everything the server itself says."""
        self.patience = _PATIENCE
        """How long the server may take to end, once it is told to."""
        self._program = program
        self._child: Child | None = None

    @property
    def port(self) -> int:
        """The port a person connects to, the same after every start."""
        return self.front.port if self.front else self._program.port

    @property
    def url(self) -> str:
        """The address as a person would type it."""
        return f"http://{HOST}:{self.port}/"

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._child.pid if self._child else None

    def start(self) -> Self:
        """Start the server on its port and its data, and wait until it answers.

        :raises NoServer: if it is not installed, ends at once or does not answer in time.
        """
        if self._child and self._child.alive:
            return self
        _demand(self.name)
        self._child = Child(
            self._program.arguments, directory=self.directory, log=self.log, patience=self.patience
        )
        try:
            self._wait(self._child)
            self._open()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the server; its data and its port are kept."""
        if self.front:
            self.front.down()
        if self._child:
            self._child.stop()
            self._child = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def home(self, user: str) -> str:
        """Return the address under which the calendars of *user* lie."""
        return self.url.rstrip("/") + self._program.home.format(user=quote(user))

    def hand(self, user: str) -> Hand:
        """Return the hand of *user* in their own calendars."""
        return Hand(self.home(user), user, self.users[user])

    def introduce(self, user: str, address: str) -> None:
        """Tell the server the e-mail address of *user*, and that they are there.

        Xandikos delivers an invitation only to a principal with an address that has made a
        request since the server was started.

        :raises Refused: if the server does not take the address.
        """
        self.hand(user).claim(f"{self.url}{quote(user)}/", address)

    def deliver(self, user: str, calendar: str) -> None:
        """Have invitations to *user* delivered into *calendar*, instead of the default one that is taken away.

        Xandikos applies answers to the events in that calendar, and to no others.

        :raises Refused: if the server does not take it.
        """
        hand = self.hand(user)
        hand.receive(f"{self.url}{quote(user)}/inbox/", calendar)
        hand.delete(hand.calendar("calendar"))

    def requests(self) -> Counter[tuple[str, str]]:
        """Count the requests so far by (method, path), percent-decoded."""
        if self.front:
            return Counter((one.method, unquote(one.path)) for one in self.front.seen())
        found = _LOGGED.finditer(self.log.read_text(encoding="utf-8", errors="replace"))
        return Counter((one["method"], one["path"]) for one in found)

    def count(self, under: str = "/", method: str | None = None) -> int:
        """Count the requests so far below a path or address, of one method or of all."""
        path = unquote(under.removeprefix(self.url.rstrip("/")))
        return sum(
            times
            for (verb, at), times in self.requests().items()
            if at.startswith(path) and method in {None, verb}
        )

    def _open(self) -> None:
        try:
            if self.front:
                self.front.up()
        except OSError as taken:
            raise NoServer(f"port {self.port} is taken by another program: {taken.strerror}") from taken

    def _wait(self, child: Child) -> None:
        clock = SystemClock()
        for _ in range(_TRIES):
            listens = _listens(self._program.port)
            if not child.alive:  # asked second: what listens is then this child and nobody else
                raise NoServer(f"{self.name} ended as soon as it was started: read {self.log}")
            if listens:
                return
            clock.sleep(_PAUSE)
        raise NoServer(f"{self.name} does not answer on port {self._program.port}: read {self.log}")


def _listens(port: int) -> bool:
    # No request is made: the server's log shall count people's requests only.
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _demand(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise NoServer(f'{package} is not installed: pip install "syncd[demo]"')


def radicale(directory: Path, users: Mapping[str, str], *, clock: Clock | None = None) -> Server:
    """Return a Radicale, not yet started, that keeps everything in *directory*.

    Users are told apart by Radicale itself; with a *clock* it stands behind a front that
    writes the ``Date`` header from it.
    """
    port = free_port()
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    passwords = directory / "radicale.users"
    passwords.touch(0o600)
    passwords.write_text("".join(f"{user}:{word}\n" for user, word in users.items()), encoding="utf-8")
    config = directory / "radicale.conf"
    config.write_text(_RADICALE.format(port=port, passwords=passwords, data=directory / "radicale.data"))
    program = Program("radicale", ("-m", "radicale", "--config", str(config)), port, "/{user}/")
    front = None if clock is None else Front(port, users, clock=clock, realm="Radicale")
    return Server(program, directory, users, front)


_RADICALE = """\
[server]
hosts = 127.0.0.1:{port}
[auth]
type = htpasswd
htpasswd_filename = {passwords}
htpasswd_encryption = plain
delay = 0
[rights]
type = owner_only
[storage]
filesystem_folder = {data}
[web]
type = none
[logging]
level = info
"""


def xandikos(
    directory: Path, users: Mapping[str, str], *, clock: Clock | None = None, scheduling: bool = False
) -> Server:
    """Return a Xandikos, not yet started, that keeps everything in *directory*.

    Xandikos knows no passwords over plain HTTP: the front in front of it does, and tells it
    who asks. Each user has a principal of their own and sees nobody else's. With *scheduling*
    each also has an inbox, without which no invitation reaches them, and as their default a
    calendar named ``calendar``.
    """
    port = free_port()
    directory = directory.resolve()
    data, state = directory / "xandikos.data", directory / "xandikos.state"
    for one in (data, state):
        one.mkdir(parents=True, exist_ok=True)
    arguments = (
        *("-m", "xandikos", "multi-user", "--directory", str(data), "--state-dir", str(state)),
        *("--listen-address", HOST, "--port", str(port), "--no-detect-systemd"),
        *("--trust-x-remote-user-from", HOST, *(["--defaults"] if scheduling else [])),
    )
    program = Program("xandikos", arguments, port, "/{user}/calendars/")
    return Server(program, directory, users, Front(port, users, clock=clock, realm="Xandikos", own_only=True))
