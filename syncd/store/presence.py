"""Whether a daemon works on the database, found out without standing in its way.

Whoever tried to take its lock to find out would, for a moment, be the daemon.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from syncd.store.link import Link
from syncd.store.sole import KEY, lock_of

_LOCKS = Path("/proc/locks")
"""proc(5): every lock, its process, and the inode of its file."""
_HELD = text(
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
    "WHERE datname = current_database() AND locktype = 'advisory' AND granted "
    "AND classid = :high AND objid = :low AND objsubid = 1"
)


class Presence:
    """Looks for the daemon."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def daemon(self) -> bool | None:
        """Tell whether a daemon works on this database; ``None`` if that cannot be found out here."""
        if self._link.postgresql:
            held = self._link.value(_HELD.bindparams(high=KEY >> 32, low=KEY & 0xFFFFFFFF))
            return int(held) > 0
        (main,) = (row.file for row in self._link.rows(text("PRAGMA database_list")) if row.name == "main")
        return _locked(Path(main))


def _locked(database: Path) -> bool | None:
    try:
        inode = lock_of(database).stat().st_ino
    except OSError:
        return False
    try:
        lines = _LOCKS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    # By inode alone: some file systems show another device here than stat(2) does.
    return any(_is(line.split(), inode) for line in lines)


def _is(words: list[str], inode: int) -> bool:
    return "FLOCK" in words and any(word.endswith(f":{inode}") for word in words)
