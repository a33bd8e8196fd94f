"""Whether the schema is current, and how it gets there."""

from __future__ import annotations

import threading
from importlib.resources import files
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, text

from syncd.store.errors import SchemaTooNew
from syncd.store.migrations import REVISIONS

_ALEMBIC = threading.Lock()
"""Alembic keeps the migration that runs in module globals."""
_UPGRADE_LOCK = 0x53594E43_4401
"""PostgreSQL's advisory lock for one upgrade at a time; on SQLite BEGIN IMMEDIATE is that."""


def current(connection: Connection, name: str) -> bool:
    """Tell whether every migration has been run on the database *name*.

    :raises SchemaTooNew: if it has seen one that this program does not know.
    """
    if not inspect(connection).has_table("alembic_version"):
        return False
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if revision is not None and revision not in REVISIONS:
        raise SchemaTooNew(
            f"{name} was written by a newer syncd: its schema is {revision}, this program knows up to "
            f"{REVISIONS[-1]}. Install that version, or restore a backup"
        )
    return revision == REVISIONS[-1]


def upgrade(connection: Connection, name: str) -> None:
    """Run the migrations that are missing, inside the transaction of *connection*.

    :raises SchemaTooNew: if the database has seen one that this program does not know.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
    if not current(connection, name):
        _run(connection)


def _run(connection: Connection) -> None:
    # Takes a fifth of a second to import, and is needed once in a database's life.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    here = str(Path(str(files("syncd.store.migrations"))))
    config.set_main_option("script_location", here.replace("%", "%%"))
    config.attributes["connection"] = connection
    with _ALEMBIC:
        command.upgrade(config, "head")
