"""Where the house is put together: the only module that names a concrete adapter."""

from __future__ import annotations

import secrets
import threading
from base64 import b32encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from providers.base import CalendarProvider, Owner
from providers.caldav import CalDavProvider, DnsResolver, discover
from providers.errors import ProviderError, Unavailable, Unsupported
from providers.oauth import Answer, Client, ServiceKey
from providers.transport import TransportRules, session
from syncd.clock import Clock, ShiftedClock, SystemClock
from syncd.config import Config
from syncd.errors import Misconfigured
from syncd.house import GOOGLE, Found, House
from syncd.oauth.consent import SCOPES
from syncd.oauth.files import client_of, rules_of, service_key_of
from syncd.oauth.shelf import Held, Stored
from syncd.reader import limits_of, sandbox
from syncd.store.database import Database
from syncd.store.rows import Account, AccountId
from syncd.vault import CANARY_NAME, Vault

if TYPE_CHECKING:
    from providers.google.grants import Source

CALDAV = "caldav"
DEMO_CLOCK = "demo.clock"
"""The mark of a demo's database: the file from which all of its programs take the time."""
_ID_BYTES = 15  # 120 bits in 24 letters


class PublicDoors:
    """The calendar servers out there, through the one guarded transport."""

    def __init__(self, config: Config, google: GoogleAccounts | None = None) -> None:
        self._google = google
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
        """Open an account with its password or grant; no request is made yet."""
        if account.provider == GOOGLE:
            if self._google is None:
                raise Unsupported("this program was put together without Google")
            return self._google.open(account, secret, owner)
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


class GoogleAccounts:
    """Google's calendars, each with the access tokens of its account, which live as long as this does."""

    def __init__(self, config: Config, clock: Clock, db: Database, vault: Vault) -> None:
        self._config, self._clock = config, clock
        self._db, self._vault = db, vault
        self._rules = rules_of(config)
        self._sources: dict[AccountId, Source] = {}
        self._lock = threading.Lock()

    def open(self, account: Account, secret: str, owner: Owner) -> CalendarProvider:
        """Open an account with its grant; no request is made yet, and nothing is looked up."""
        http = session(self._rules)
        return self._provider(account.username, owner, http, self._source(account, secret).bearer(http))

    def enter(self, secret: str, owner: Owner, first: Answer | None) -> Found:
        """Open the account that a fresh grant is for; *first* is the access token that came with it.

        :raises AccessLost: if Google does not take the grant.
        :raises Unavailable: if nothing answers.
        :raises Unsupported: if it is no account with calendars.
        """
        shelf, http = Held(secret), session(self._rules)
        token = self._new_source(secret, shelf, first).bearer(http)
        try:
            provider = self._provider("", owner, http, token)
            address = next((entry.id for entry in provider.calendars() if entry.default), None)
            if address is None:
                raise Unsupported("this Google account has no calendar of its own")
        except ProviderError:
            http.close()
            raise
        endpoint = self._config.google.api_endpoint
        return Found(endpoint, self._provider(address, owner, http, token), address, shelf.look)

    def renew(self, account: Account, secret: str) -> frozenset[str] | None:
        """Renew the account's access token, and return what it is good for, if Google says so.

        :raises AccessLost: if Google does not take the grant.
        :raises Unavailable: if nothing answers.
        """
        source = self._source(account, secret)
        with session(self._rules) as http:
            return source.renew(http)

    def _provider(
        self, address: str, owner: Owner, http: requests.Session, token: Callable[[bool], str]
    ) -> CalendarProvider:
        from providers.google import GoogleProvider  # noqa: PLC0415 - heavy, and not every school has Google

        endpoint = self._config.google.api_endpoint
        return GoogleProvider(endpoint, address, owner, http, token, pause=self._clock.sleep)

    def _source(self, account: Account, secret: str) -> Source:
        """Return where the account's tokens come from: as before, unless it was connected anew meanwhile."""
        with self._lock:
            source = self._sources.get(account.id)
            if source is None or not source.knows(secret):
                shelf = Stored(self._db, self._vault, account)
                source = self._sources[account.id] = self._new_source(secret, shelf)
            return source

    def _new_source(self, secret: str, shelf: Stored | Held, first: Answer | None = None) -> Source:
        from providers.google import grants  # noqa: PLC0415 - heavy, and not every school has Google

        uri, now = self._config.google.token_uri, self._clock.now
        way = grants.renewal(secret, shelf, self._client, self._key, tuple(SCOPES), uri, now)
        return grants.Source(way, now, first)

    def _client(self) -> Client:
        with _unavailable():
            return client_of(self._config).client

    def _key(self) -> ServiceKey:
        with _unavailable():
            return service_key_of(self._config)


@contextmanager
def _unavailable() -> Iterator[None]:
    """Have what IT can mend while we run stop Google's accounts alone, and only until it is mended."""
    try:
        yield
    except Misconfigured as wrong:
        raise Unavailable(wrong.sentence) from None


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
    google = GoogleAccounts(config, time, db, vault)
    return House(config, time, db, vault, PublicDoors(config, google), new_id, google)


def refit(house: House, config: Config) -> House:
    """Return the same house, its clock and its database included, with another configuration.

    :raises Misconfigured: if the key is not the right one.
    :raises StoreError: if the database cannot be used.
    """
    vault = Vault.load(config)
    _same_key(house.db, vault, config)
    google = GoogleAccounts(config, house.clock, house.db, vault)
    return replace(house, config=config, vault=vault, doors=PublicDoors(config, google), google=google)


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
