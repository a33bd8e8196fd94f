"""Where the house is put together: the only module that names a concrete adapter."""

from __future__ import annotations

import secrets
from base64 import b32encode
from dataclasses import replace
from pathlib import Path

import requests

from providers.base import CalendarProvider, Owner
from providers.caldav import CalDavProvider, DnsResolver, discover
from providers.errors import ProviderError
from providers.transport import TransportRules, session
from syncd.clock import Clock, ShiftedClock, SystemClock
from syncd.config import Config
from syncd.errors import Misconfigured
from syncd.house import Found, House
from syncd.reader import limits_of, sandbox
from syncd.store.database import Database
from syncd.store.rows import Account
from syncd.vault import CANARY_NAME, Vault

CALDAV = "caldav"
DEMO_CLOCK = "demo.clock"
"""The mark of a demo's database: the file from which all of its programs take the time."""
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

    :raises Misconfigured: if the key is not the right one, or it is the database of a demo that is over.
    :raises StoreError: if the database cannot be used.
    """
    time = clock or SystemClock()
    vault = Vault.load(config)
    db = Database.open(config.database.url, time)
    db.upgrade()
    if clock is None and (moved := _demo_clock(db)) is not None:
        db.close()
        time, db = moved, Database.open(config.database.url, moved)
    _same_key(db, vault, config)
    return House(config, time, db, vault, PublicDoors(config), new_id)


def refit(house: House, config: Config) -> House:
    """Return the same house, its clock and its database included, with another configuration.

    :raises Misconfigured: if the key is not the right one.
    :raises StoreError: if the database cannot be used.
    """
    vault = Vault.load(config)
    _same_key(house.db, vault, config)
    return replace(house, config=config, vault=vault, doors=PublicDoors(config))


def refuse_demo(house: House) -> None:
    """Refuse the database of a demo: a demo has a daemon of its own, and a clock that people move.

    :raises Misconfigured: if it is one.
    """
    with house.db.read() as tx:
        if tx.meta.get(DEMO_CLOCK) is not None:
            raise Misconfigured(
                f"{house.db.name} is the database of a demo, whose own daemon works on it; "
                "start the daemon with the configuration of your school, or make one: syncd init"
            )


def _demo_clock(db: Database) -> ShiftedClock | None:
    with db.read() as tx:
        file = tx.meta.get(DEMO_CLOCK)
    if file is None:
        return None
    if not Path(file).is_file():
        raise Misconfigured(
            f"{db.name} is the database of a demo that is over; start another one: syncd demo"
        )
    return ShiftedClock(Path(file))


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
