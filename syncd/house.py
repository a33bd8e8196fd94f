"""Everything that one school's program works with, put together by :mod:`syncd.wiring`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from providers.base import CalendarProvider, Owner
from providers.oauth import Answer
from syncd.clock import Clock
from syncd.config import Config
from syncd.store.database import Database
from syncd.store.rows import Account, Person
from syncd.vault import Vault

GOOGLE = "google"
"""The provider of accounts that are opened by a grant, not by a password."""


@dataclass(frozen=True, slots=True)
class Found:
    """An account at the address that discovery found, or that a grant is for, opened."""

    url: str
    provider: CalendarProvider
    username: str | None = None
    """By which name the account is known there, if the server said so."""
    secret: Callable[[], str] | None = None
    """Gives what is to be kept, if it may have been replaced since it was given to us."""


class Doors(Protocol):
    """The ways into other people's calendars."""

    def open(self, account: Account, secret: str, owner: Owner) -> CalendarProvider:
        """Open an account with its password or token; no request is made yet."""
        ...

    def find(self, address: str, username: str, secret: str, owner: Owner) -> Found:
        """Find the account behind what a person typed: a bare host, an e-mail address, an address.

        :raises Unsupported: if there is no calendar server.
        :raises AccessLost: if it refuses the user name and password.
        :raises Unavailable: if nothing answers.
        """
        ...


class GoogleDoor(Protocol):
    """What there is to do with Google accounts beyond reading and writing calendars."""

    def enter(self, secret: str, owner: Owner, first: Answer | None) -> Found:
        """Open the account that a fresh grant is for; *first* is the access token that came with it.

        :raises AccessLost: if Google does not take the grant.
        :raises Unavailable: if nothing answers.
        :raises Unsupported: if it is no account with calendars.
        """
        ...

    def renew(self, account: Account, secret: str) -> frozenset[str] | None:
        """Renew the account's access token, and return what it is good for, if Google says so.

        :raises AccessLost: if Google does not take the grant.
        :raises Unavailable: if nothing answers.
        """
        ...


def identity(account_id: int, person_id: int) -> str:
    """Return what a sealed grant is bound to: in another row's place it stays shut."""
    return f"person:{person_id}|account:{account_id}|grant"


@dataclass(frozen=True, slots=True)
class House:
    """One school's program."""

    config: Config
    clock: Clock
    db: Database
    vault: Vault
    doors: Doors
    new_id: Callable[[], str]
    """Gives ids that nobody can guess."""
    google: GoogleDoor | None = None
    """The door of Google accounts."""

    @contextmanager
    def calling(self, account: Account, person: Person) -> Iterator[CalendarProvider]:
        """Open *account* for one turn, and close its connections after it.

        :raises Misconfigured: if the key that sealed its grant is not there.
        """
        secret = self.vault.open(account.grant, identity(account.id, person.id))
        provider = self.doors.open(account, secret.decode(), owner(person))
        try:
            yield provider
        finally:
            provider.close()


def owner(person: Person) -> Owner:
    """Return what reading a calendar of *person* needs to know of them."""
    return Owner(ZoneInfo(person.zone), frozenset({person.email}))
