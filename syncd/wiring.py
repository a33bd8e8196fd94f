"""Where the house is put together: the only module that names a concrete adapter."""

from __future__ import annotations

import secrets
from base64 import b32encode

import requests

from providers.base import CalendarProvider, Owner
from providers.caldav import CalDavProvider, DnsResolver, discover
from providers.errors import ProviderError
from providers.transport import TransportRules, session
from syncd.clock import Clock, SystemClock
from syncd.config import Config
from syncd.errors import Misconfigured
from syncd.house import Found, House
from syncd.reader import limits_of, sandbox
from syncd.store.database import Database
from syncd.store.rows import Account
from syncd.vault import CANARY_NAME, Vault

CALDAV = "caldav"
_ID_BYTES = 15  # 120 bits in 24 letters


class PublicDoors:
    """The calendar servers out there, through the one guarded transport."""

    def __init__(self, config: Config) -> None:
        self._rules = TransportRules(
            ca_file=config.caldav.ca_file,
            read_timeout=config.limits.silence,
            timeout=config.limits.request,
            max_body=config.limits.answer,
            allow=frozenset(str(server) for server in config.caldav.allow),
        )
        self._read = sandbox(limits_of(config.limits))
        self._max_rows = config.caldav.max_rows

    def _session(self) -> requests.Session:
        return session(self._rules)

    def open(self, account: Account, secret: str, owner: Owner) -> CalendarProvider:
        """Open an account with its password; no request is made yet."""
        return CalDavProvider(
            account.url,
            account.username,
            secret,
            owner,
            self._session(),
            read=self._read,
            max_rows=self._max_rows,
        )

    def find(self, address: str, username: str, secret: str, owner: Owner) -> Found:
        """Find the CalDAV account behind what a person typed.

        :raises Unsupported: if there is no calendar server.
        :raises AccessLost: if it refuses the user name and password.
        :raises Unavailable: if nothing answers.
        """
        http = self._session()
        try:
            url = discover(address, username, secret, http, DnsResolver()).url
        except ProviderError:
            http.close()
            raise
        return Found(
            url, CalDavProvider(url, username, secret, owner, http, read=self._read, max_rows=self._max_rows)
        )


def new_id() -> str:
    """Return an id that nobody can guess."""
    return b32encode(secrets.token_bytes(_ID_BYTES)).decode().lower()


def open_house(config: Config, clock: Clock | None = None) -> House:
    """Return the house that *config* describes, its database created or brought up to date.

    :raises Misconfigured: if the key is not the right one.
    :raises StoreError: if the database cannot be used.
    """
    time = clock or SystemClock()
    vault = Vault.load(config)
    db = Database.open(config.database.url, time)
    db.upgrade()
    _same_key(db, vault, config)
    return House(config, time, db, vault, PublicDoors(config), new_id)


def _same_key(db: Database, vault: Vault, config: Config) -> None:
    """Refuse a key that is not the one this database was sealed with, before anything goes wrong."""
    with db.read() as tx:
        canary = tx.meta.get(CANARY_NAME)
    if canary is None:
        with db.write() as tx:
            tx.meta.put(CANARY_NAME, vault.fingerprint())
    elif not vault.verifies(canary):
        raise Misconfigured(
            f"{config.key_file}: this is not the key that the database was sealed with; "
            "put the right key file back, or start with a new database"
        )
