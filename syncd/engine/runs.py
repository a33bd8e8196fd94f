"""One run of a piece of work: how it ends, and what that means for its ticket; the same for every runner."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from types import TracebackType
from typing import Self

from syncd import work
from syncd.house import House
from syncd.store.errors import (
    SchemaMissing,
    SchemaTooNew,
    StoreBusy,
    StoreDamaged,
    StoreUnreachable,
)
from syncd.store.rows import Ticket
from syncd.work import Fenced

Handler = Callable[[House, Ticket], None]
"""Does one piece of work, and ends its ticket in the transaction that keeps the result."""

UNUSABLE = (StoreUnreachable, StoreDamaged, SchemaMissing, SchemaTooNew)
"""What says that the database cannot be used at all: the next piece of work would meet it too."""


class End(Enum):
    """How a run ended."""

    DONE = auto()
    FENCED = auto()
    """Its result was thrown away, because the work had been given to somebody else."""
    BUSY = auto()
    """It met a locked database: the work is still to be done."""
    UNUSABLE = auto()
    """It met a database that cannot be used: the work is still to be done."""
    FAILED = auto()
    """Any other error: this piece of work is set back, and no other."""


@dataclass(slots=True)
class Attempt:
    """Keeps to itself whatever is raised inside: ``with Attempt() as attempt: ...``."""

    error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        del kind, trace
        self.error = error
        return True


def end_of(error: BaseException | None) -> End:
    """Return what *error* says of the run that ended with it."""
    match error:
        case None:
            return End.DONE
        case Fenced():
            return End.FENCED
        case StoreBusy():
            return End.BUSY
        case _ if isinstance(error, UNUSABLE):
            return End.UNUSABLE
        case _:
            return End.FAILED


def set_back(house: House, ticket: Ticket, why: str) -> None:
    """Let the work of *ticket* be tried again later; nothing happens if it is somebody else's by now.

    :raises StoreError: if the database cannot be used; the work waits for the end of its lease then.
    """
    with suppress(Fenced), house.db.write() as tx:
        work.set_back(tx, ticket, why)


def name_of(error: BaseException) -> str:
    """Return what is kept of *error* beside the work: its kind, for its text may quote a calendar."""
    return type(error).__name__
