"""What can go wrong with the database, each with a sentence for a person."""

from __future__ import annotations

from syncd.store.rows import PersonId, SessionId


class StoreError(Exception):
    """The database did not do what was asked; its children name the next step."""


class StoreDamaged(StoreError):
    """The file is not a database, or its content is broken: restore a backup."""


class StoreBusy(StoreError):
    """Somebody else kept the database locked for too long: try again."""


class StoreUnreachable(StoreError):
    """There is no database where one should be, or it cannot be read or written."""


class StoreFull(StoreUnreachable):
    """The disk is full: what is there can be read, nothing can be written until somebody makes room."""


class SchemaTooNew(StoreError):
    """A newer syncd has worked on this database: this one must not touch it."""


class SchemaMissing(StoreError):
    """The tables are not there, or are older than this program: upgrade them."""


class Refused(StoreError):
    """A write broke a rule of the schema, and nothing of it was kept."""


class Taken(Refused):
    """Something with this name is there already."""


class Unknown(StoreError):
    """There is nothing with this id."""


class Clash(Refused):
    """Another live session of the same person overlaps."""

    def __init__(self, session_id: SessionId, person_id: PersonId) -> None:
        super().__init__(f"person {person_id} has session {session_id} at that time")
        self.session_id = session_id
        """The session that is in the way."""
        self.person_id = person_id
        """Whose time it takes."""
