"""The deep look that a person asks for when something seems wrong; nothing is ever written.

``syncd check`` looks at the installation before the first start; this looks at a school that lives.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from providers.base import Owner
from providers.errors import ProviderError
from providers.ical.sandbox import Sandbox
from syncd import soundness
from syncd.cli import checks
from syncd.cli.checks import Check, Level
from syncd.clock import Clock
from syncd.config import Config
from syncd.errors import Misconfigured
from syncd.reader import limits_of
from syncd.soundness import Case
from syncd.store.database import Database
from syncd.store.engines import place
from syncd.store.errors import StoreError
from syncd.vault import CANARY_NAME, Vault

_PATIENCE = timedelta(seconds=10)
_MEGABYTE = 1024 * 1024
_LITTLE, _NOTHING = 1024 * _MEGABYTE, 64 * _MEGABYTE
"""Free space at which somebody should know, and at which the next hour is not sure."""
_OTHERS = 0o077
_TINY = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//syncd//doctor//EN\r\nEND:VCALENDAR\r\n"


def look(config: Config, clock: Clock, start: str = "", *, everything: bool = False) -> Iterator[Check]:
    """Yield every check as it is done; *start* is the session from which on a sample is replayed.

    :raises StoreError: if the database's address is none.
    """
    for one in (checks.key, checks.clock, _files, _disk, _sandbox):
        yield from one(config)
    db = Database.open(config.database.url, clock, patience=_PATIENCE)
    try:
        vault = _vault(config)
        current = list(_schema(db, vault))
        yield from current
        if all(one.level is not Level.FAIL for one in current):
            case = Case(config, db, vault, start, everything)
            for question in soundness.ALL:
                yield from _asked(question, case)
    finally:
        db.close()


def _asked(question: Callable[[Case], Iterator[Check]], case: Case) -> Iterator[Check]:
    try:
        yield from question(case)
    except StoreError as error:
        yield Check(
            question.__name__, Level.FAIL, str(error), "see the check of the database, then ask again"
        )


def _vault(config: Config) -> Vault | None:
    try:
        return Vault.load(config)
    except Misconfigured:
        return None  # the check of the key has said it


def _schema(db: Database, vault: Vault | None) -> Iterator[Check]:
    """Look whether the tables are those of this program, and the key is the database's."""
    try:
        ready = db.ready()
        canary = None
        if ready:
            with db.read() as tx:
                canary = tx.meta.get(CANARY_NAME)
    except StoreError as error:
        yield Check("database", Level.FAIL, str(error), "see its file or its server; the log says more")
        return
    if not ready:
        said = f"{db.name}: its tables are not there, or older than this program"
        yield Check("database", Level.FAIL, said, "syncd db upgrade")
        return
    yield Check("database", Level.OK, db.name)
    if canary is not None and vault is not None and not vault.verifies(canary):
        remedy = "put the right key back: without it no account opens"
        yield Check("key of the database", Level.FAIL, "another key sealed it", remedy)


def _files(config: Config) -> Iterator[Check]:
    """Look whether others can read the database, and whether we can write it."""
    file = place(config.database.url).file
    if file is None:
        return
    there = [one for suffix in ("", "-wal", "-shm") if (one := Path(f"{file}{suffix}")).exists()]
    open_ = [one for one in there if one.stat().st_mode & _OTHERS]
    if open_:
        names = " ".join(str(one) for one in open_)
        said = "others can read people's times and addresses"
        yield Check("files", Level.FAIL, f"{open_[0]}: {said}", f"chmod 600 {names}")
    elif file.parent.exists() and file.parent.stat().st_mode & 0o002:
        said = f"{file.parent}: everybody can put files there, or take the database away"
        yield Check("files", Level.WARN, said, f"chmod o-w {file.parent}, or move the database")
    else:
        yield Check("files", Level.OK, "only their owner can read them")


def _disk(config: Config) -> Iterator[Check]:
    """Look whether the database can grow."""
    file = place(config.database.url).file
    if file is None or not file.parent.exists():
        return
    free = shutil.disk_usage(file.parent).free
    said = f"{free // _MEGABYTE} MB free at {file.parent}"
    if free < _LITTLE:
        yield Check("disk", Level.FAIL if free < _NOTHING else Level.WARN, said, "make room")
    else:
        yield Check("disk", Level.OK, said)


def _sandbox(config: Config) -> Iterator[Check]:
    """Look whether calendars can be read: in processes of their own, within limits."""
    sandbox = Sandbox(limits_of(config.limits))
    try:
        sandbox(_TINY, Owner(ZoneInfo("UTC"), frozenset()), None)
    except ProviderError as error:
        remedy = "see that processes may be started, and limits.memory in config.toml"
        yield Check("reading", Level.FAIL, str(error), remedy)
    else:
        yield Check("reading", Level.OK, "a calendar was read in a process of its own")
    finally:
        sandbox.close()
