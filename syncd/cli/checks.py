"""What ``syncd check`` looks at: small functions, each with a verdict and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from syncd import vault
from syncd.errors import Misconfigured, Problem

if TYPE_CHECKING:
    from syncd.config import Config


_PATIENCE = timedelta(seconds=2)


class Level(StrEnum):
    """How bad it is."""

    OK = "OK"
    WARN = "WARN"
    """It runs, and somebody should know."""
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Check:
    """What one look found."""

    name: str
    level: Level
    says: str
    remedy: str = ""
    """What to do next; empty if nothing."""


Looked = Iterable[Check]
LookAtConfig = Callable[["Config"], Looked]


def packages() -> Looked:
    """Look whether the packages beside this one are ours, and nobody else claims their names."""
    from importlib.metadata import packages_distributions

    from syncd.guard import foreign

    if (sentence := foreign()) is not None:
        yield Check("packages", Level.FAIL, *halves(sentence))
        return
    claims = packages_distributions()
    others = sorted({one for name in ("policy", "providers") for one in claims.get(name, ())} - {"syncd"})
    if others:
        said = f"{' and '.join(others)} is installed over packages of ours"
        yield Check("packages", Level.FAIL, said, "install syncd in an environment of its own")
        return
    yield Check("packages", Level.OK, "policy and providers are ours")


def http() -> Looked:
    """Tell which HTTP stack is live: urllib3-future takes urllib3's place where both are installed."""
    from importlib.metadata import version

    import requests
    import urllib3

    # Only urllib3-future has a name for what it knows of a connection.
    stack = "urllib3-future in the place of urllib3" if hasattr(urllib3, "ConnectionInfo") else "urllib3"
    said = f"requests {requests.__version__} on {stack} {_number(urllib3)}, caldav {version('caldav')}"
    yield Check("http", Level.OK, said)


def _number(module: ModuleType) -> str:
    return str(getattr(module, "__version__", "of an unknown version"))


def key(config: Config) -> Looked:
    """Look whether the key is there, and only its owner can read it."""
    try:
        ring = vault.Vault.load(config)
    except Misconfigured as wrong:
        yield Check("key", Level.FAIL, *halves(wrong.sentence))
        return
    yield Check("key", Level.OK, f"{config.key_file}: {ring.active} seals")


def clock(config: Config) -> Looked:
    """Look whether the kernel vouches for the clock: without that, what we see does not prove."""
    from policy.rules import shown
    from syncd.clock import SystemClock

    if SystemClock().disciplined():
        yield Check("clock", Level.OK, "the kernel says that it is synchronised")
        return
    said = "nobody vouches for it: only answers whose Date agrees within "
    said += f"{shown(config.rules.clock_bound)} prove anything"
    yield Check("clock", Level.WARN, said, "start a time service (chrony, systemd-timesyncd)")


def database(config: Config) -> Looked:
    """Look whether the database is there, as new as the program, and sealed with the key that is here."""
    from syncd.clock import SystemClock
    from syncd.store.database import Database
    from syncd.store.errors import StoreError

    store = Database.open(config.database.url, SystemClock(), patience=_PATIENCE)
    try:
        if not store.ready():
            yield _unready(store.name)
            return
        with store.read() as tx:
            canary = tx.meta.get(vault.CANARY_NAME)
    except StoreError as error:
        yield Check("database", Level.FAIL, str(error))
        return
    finally:
        store.close()
    yield Check("database", Level.OK, store.name)
    if canary is not None:
        yield from _sealed(config, canary)


def _unready(name: str) -> Check:
    if name.startswith("/") and not Path(name).exists():
        return Check("database", Level.OK, f"{name}: not there yet, the first start makes it")
    said = f"{name}: its tables are still to be made, or older than the program"
    return Check("database", Level.WARN, said, "the next command makes them; by hand: syncd db upgrade")


def _sealed(config: Config, canary: str) -> Looked:
    try:
        known = vault.Vault.load(config).verifies(canary)
    except Misconfigured:
        return  # the check of the key has said it
    if not known:
        said = f"{config.key_file} is not the key that this database was sealed with"
        yield Check(
            "key of the database", Level.FAIL, said, "put the right key back: without it no account opens"
        )


ANYWHERE: list[Callable[[], Looked]] = [packages, http]
"""What needs no configuration."""


def accounts(config: Config) -> Looked:
    """Look whether every connected account lets us in."""
    from providers.errors import ProviderError
    from syncd.cli import google_checks
    from syncd.house import GOOGLE
    from syncd.store.errors import StoreError
    from syncd.wiring import open_house

    try:
        house = open_house(config)
    except StoreError:
        return  # the check of the database has said it
    with closing(house.db):
        with house.db.read() as tx:
            known = [(account, tx.people.get(account.person_id)) for account in tx.accounts.all()]
        for account, person in known:
            if account.provider == GOOGLE:
                yield from google_checks.lets_in(house, account, person)
                continue
            name = f"account of {person.email}"
            try:
                with house.calling(account, person) as provider:
                    count = sum(entry.events for entry in provider.calendars())
            except ProviderError as error:
                yield Check(name, Level.FAIL, str(error), f"see to it, or: syncd connect {account.provider}")
            else:
                yield Check(name, Level.OK, f"{account.url}: {count} calendars")


def google(config: Config) -> Looked:
    """Look whether IT has set Google up so that it can be used."""
    from syncd.cli import google_checks

    yield from google_checks.files(config)


def google_servers(config: Config) -> Looked:
    """Look whether Google answers, and knows the school."""
    from syncd.cli import google_checks

    yield from google_checks.endpoints(config)


OFFLINE: list[LookAtConfig] = [key, database, clock, google]
"""What needs a configuration and no network."""
ONLINE: list[LookAtConfig] = [google_servers, accounts]
"""What asks servers; left out with ``--offline``."""


def look(explicit: Path | None, *, offline: bool) -> Iterator[Check]:
    """Yield every check, as it is done; without a configuration most cannot be."""
    from syncd.config import load

    for one in ANYWHERE:
        yield from one()
    try:
        config = load(explicit)
    except Misconfigured as wrong:
        yield from (Check("config", Level.FAIL, *halves(line)) for line in wrong.sentence.splitlines())
        return
    yield Check("config", Level.OK, str(config.file))
    for look_at in [*OFFLINE, *([] if offline else ONLINE)]:
        try:
            yield from look_at(config)
        except Problem as problem:
            yield Check(look_at.__name__, Level.FAIL, *halves(problem.sentence))


def halves(sentence: str) -> tuple[str, str]:
    """Return what is wrong, and what to do next."""
    what, _, remedy = sentence.rpartition("; ")
    return (what, remedy) if what else (remedy, "")
