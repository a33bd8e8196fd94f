"""The fake itself: a world, an API on it, and a server in front of both."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Self

from syncd.clock import Clock
from syncd.demo.google.answers import Answer, Request
from syncd.demo.google.api import BASE, Api
from syncd.demo.google.assertion import ServiceAccount
from syncd.demo.google.consent import AUTH, Client, Consent
from syncd.demo.google.faults import Faults
from syncd.demo.google.hand import Hand
from syncd.demo.google.oauth import REVOKE, TOKEN, OAuth
from syncd.demo.google.scopes import PREFIX, whole
from syncd.demo.google.server import HOST, Asked, Log, Server
from syncd.demo.google.state import Letter, Manners, Person, World
from syncd.demo.google.tokens import Tokens
from syncd.demo.google.watch import Channels, Deliver, post

EVERYTHING = frozenset((f"{PREFIX}calendar",))
"""The scope that opens all of a person's calendars."""


class GoogleFake:
    """Google's calendars on loopback, for a few *people*."""

    def __init__(
        self,
        clock: Clock,
        people: Iterable[Person | str],
        *,
        port: int = 0,
        manners: Manners | None = None,
        deliver: Deliver = post,
    ) -> None:
        self.clock = clock
        self.manners = manners or Manners()
        """How the server behaves where Google leaves itself free; may be changed at any time."""
        self.faults = Faults()
        """What goes wrong next."""
        self.world = World(clock, self.manners)
        self.tokens = Tokens(self.world)
        self.channels = Channels(self.world, deliver)
        self.world.after = self.channels.tell
        self.consent = Consent(self.world, self.tokens)
        """What people say who are asked what a program may do."""
        self._oauth = OAuth(self.world, self.tokens, self.consent)
        self._api = Api(self.world, self.tokens, self.channels)
        self._log = Log()
        self._port = port
        self._server: Server | None = None
        for one in people:
            self.add(one)

    def start(self) -> Self:
        """Listen, after the first time on the same port again."""
        self._server = Server(self._answer, self.faults, self.clock, self._log, self._port)
        self._port = self._server.port
        self.channels.uri, self._oauth.audience = self.api_endpoint, self.token_uri
        self._server.start()
        return self

    def stop(self) -> None:
        """Hang up on everybody; what is remembered stays."""
        if self._server:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://{HOST}:{self._port}"

    @property
    def api_endpoint(self) -> str:
        """What ``client_options={"api_endpoint": ...}`` wants."""
        return f"{self.url}{BASE}"

    @property
    def auth_uri(self) -> str:
        """Where people are sent to be asked."""
        return f"{self.url}{AUTH}"

    @property
    def token_uri(self) -> str:
        """Where tokens are to be had; also whom an assertion is meant for."""
        return f"{self.url}{TOKEN}"

    @property
    def revoke_uri(self) -> str:
        """Where tokens are given back."""
        return f"{self.url}{REVOKE}"

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Every request, in the order in which they were answered."""
        return self._log.all()

    @property
    def letters(self) -> tuple[Letter, ...]:
        """Every mail that was sent."""
        with self.world.lock:
            return tuple(self.world.letters)

    def forget_requests(self) -> None:
        """Begin a new log."""
        self._log.clear()

    def count(self, method: str = "", path: str = "") -> int:
        """Count the requests of one method, or of all, whose path contains *path*."""
        return sum(method in {"", one.method} and path in one.path for one in self.asked)

    def add(self, person: Person | str) -> Hand:
        """Let one more person have an account."""
        one = Person(person) if isinstance(person, str) else person
        with self.world.act():
            self.world.add_person(one)
        return Hand(self.world, one.email)

    def hand(self, email: str) -> Hand:
        """Return the hand of a person in their own calendars."""
        return Hand(self.world, self.world.people[email].email)

    def token(self, email: str, scopes: Iterable[str] = EVERYTHING, *, life: timedelta | None = None) -> str:
        """Return an access token of a person without asking them; short names of scopes will do."""
        with self.world.lock:
            return self.tokens.access(email, frozenset(map(whole, scopes)), life=life)

    def register(self, *redirects: str, installed: bool = False, name: str = "syncd") -> Client:
        """Make a program known, which may send people back to *redirects*, and return its id and secret."""
        number = secrets.token_hex(6)
        client = Client(
            f"{number}.apps.googleusercontent.com",
            f"GOCSPX-{secrets.token_urlsafe(21)}",
            frozenset(redirects),
            installed=installed,
            name=name,
        )
        with self.world.lock:
            self.consent.clients[client.id] = client
        return client

    def delegate(self, account: str, public_key: bytes, scopes: Iterable[str]) -> None:
        """Let a service account, known by its public key in PEM, act in everybody's name within *scopes*.

        :raises ValueError: if that is no key.
        :raises TypeError: if it is a key of another kind than RSA.
        """
        made = ServiceAccount.of(account, public_key, frozenset(map(whole, scopes)))
        with self.world.lock:
            self._oauth.accounts[account] = made

    def revoke(self, email: str) -> None:
        """Let a person take back everything that they have allowed anybody."""
        with self.world.lock:
            self.tokens.revoke_all(email)

    def forget_sync_tokens(self, calendar: str = "") -> None:
        """Let the sync tokens of one calendar, or of all, be worth nothing (410 ``fullSyncRequired``)."""
        with self.world.lock:
            for one in self.world.calendars.values():
                if calendar in {"", one.id}:
                    self.world.forget(one)

    def _answer(self, request: Request) -> Answer:
        return self._oauth.answer(request) or self._api.answer(request)
