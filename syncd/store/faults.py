"""What the drivers say, in our own words: no error of SQLAlchemy, and no stored value, gets past here."""

from __future__ import annotations

import sqlite3
from typing import TypeAlias

import psycopg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from syncd.store.errors import (
    Refused,
    SchemaMissing,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreUnreachable,
    Taken,
)

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_USED = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNREACHABLE = {
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: see that its directory exists and may be read",
    sqlite3.SQLITE_IOERR: "cannot be read or written: see the disk",
    sqlite3.SQLITE_PERM: "may not be used: see its owner and mode",
    sqlite3.SQLITE_AUTH: "may not be used: see its owner and mode",
}
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
_MISSING_IN_PG = {"42P01", "42703", "3F000"}
_BUSY_IN_PG = {"40001", "40P01", "55P03", "53300"}
_FULL_IN_PG = "53100"


_Told: TypeAlias = SQLAlchemyError | sqlite3.Error | psycopg.Error


class _Words:
    """What :func:`in_our_words` gives: a class, for a generator costs more than many a statement."""

    __slots__ = ("_name", "_writing")

    def __init__(self, name: str, writing: bool) -> None:
        self._name = name
        self._writing = writing

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, _Told):
            return
        wrong = error.orig if isinstance(error, StatementError) else None
        if isinstance(wrong, ValueError | TypeError):
            raise wrong from None
        raise said(error, self._name, writing=self._writing) from None


def in_our_words(name: str, *, writing: bool = True) -> _Words:
    """Turn every error of SQLAlchemy, or of a driver, about the database *name* into a :class:`StoreError`.

    The original is dropped: its text and its parameters hold rows, sealed grants among them.

    :raises StoreError: the child that says what to do next.
    :raises ValueError: if a value cannot be stored at all, such as an instant without a zone.
    :raises TypeError: if a value is none that the column knows.
    """
    return _Words(name, writing)


def said(error: _Told, name: str, *, writing: bool) -> StoreError:
    """Return what *error* means."""
    match error.orig if isinstance(error, DBAPIError) else error:
        case sqlite3.Error() as cause:
            return _sqlite(cause, name, writing=writing)
        case psycopg.Error() as cause:
            return _postgresql(cause, name)
        case PoolTimeout():
            return StoreBusy(f"{name}: every connection has been in use for too long; try again")
        case cause:
            return StoreError(f"{name}: {type(cause).__name__}")


def _sqlite(error: sqlite3.Error, name: str, *, writing: bool) -> StoreError:
    # Errors of the Python module itself (a closed connection, a wrong binding) carry no code.
    told = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    code = told & 0xFF
    if _FULL & {told, code}:
        return _full(name)
    if code in _DAMAGED:
        return StoreDamaged(f"{name} is damaged or not a database ({error}): restore a backup")
    if code in _BUSY:
        return StoreBusy(f"{name} is locked by another process; try again")
    if code == sqlite3.SQLITE_READONLY:
        if not writing:
            return Refused("a reading transaction cannot write")
        return StoreUnreachable(
            f"{name} cannot be written: see the owner and mode of it and of its directory"
        )
    if code in _UNREACHABLE:
        return StoreUnreachable(f"{name} {_UNREACHABLE[code]}")
    if str(error).startswith(("no such table", "no such column")):
        return SchemaMissing(f"{name} has no tables, or old ones: run `syncd db upgrade`")
    if code == sqlite3.SQLITE_CONSTRAINT:
        return (Taken if error.sqlite_errorcode in _USED else Refused)(str(error))
    return StoreError(f"{name}: {error}")


def _full(name: str) -> StoreFull:
    return StoreFull(
        f"{name} cannot grow: the disk is full; nothing is lost, but nothing can be written until there is room"
    )


def _postgresql(error: psycopg.Error, name: str) -> StoreError:
    state = error.sqlstate
    words = error.diag.message_primary or type(error).__name__
    if state is None or state[:2] in {"08", "28", "3D", "57", "58"}:
        reason = error.diag.message_primary or str(error).strip().splitlines()[-1:]
        return StoreUnreachable(
            f"{name} cannot be reached: {reason if isinstance(reason, str) else ''.join(reason)}"
        )
    if state == _FULL_IN_PG:
        return _full(name)
    if state in _BUSY_IN_PG:
        return StoreBusy(f"{name} is busy ({words}); try again")
    if state in _MISSING_IN_PG:
        return SchemaMissing(f"{name} has no tables, or old ones: run `syncd db upgrade`")
    if state == "25006":
        return Refused("a reading transaction cannot write")
    if state[:2] == "23":
        return (Taken if state == "23505" else Refused)(error.diag.constraint_name or words)
    if state[:2] == "XX":
        return StoreDamaged(f"{name} is damaged ({words}): restore a backup")
    return StoreError(f"{name}: {words}")
