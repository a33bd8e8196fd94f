"""A mark outside the database of how far it had come: a restored backup is behind it.

It stands in systemd's CacheDirectory= and StateDirectory=, or without them beside the key: so
that restoring the database, or the whole directory of the state, does not bring back the mark.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

from syncd.config import Config

NAME = "ledger.mark"
_FOLDERS = ("CACHE_DIRECTORY", "STATE_DIRECTORY")


@dataclass(frozen=True, slots=True)
class Mark:
    """How far one database had come."""

    database: str
    turn: int
    feed: int
    at: str
    """When, as RFC 3339."""

    @property
    def moment(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self.at)


def places(config: Config, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the files that hold the marks."""
    given = [environment.get(name, "").split(":")[0] for name in _FOLDERS]
    folders = [Path(folder) for folder in given if folder] or [config.key_file.parent]
    return tuple(folder / NAME for folder in folders)


def read(files: Sequence[Path]) -> dict[str, Mark]:
    """Return the marks by the identity of their database: of two, the one that is further on."""
    marks: dict[str, Mark] = {}
    for file in files:
        for identity, mark in _marks(file).items():
            other = marks.get(identity)
            if other is None or (other.turn, other.feed) < (mark.turn, mark.feed):
                marks[identity] = mark
    return marks


def write(files: Sequence[Path], identity: str, mark: Mark) -> list[str]:
    """Make *mark* the one of its database, in every file, and return what could not be written and why."""
    wrong = []
    for file in files:
        try:
            _replace(file, {**_marks(file), identity: mark})
        except OSError as error:
            wrong.append(f"{file}: {error.strerror}")
    return wrong


def _marks(file: Path) -> dict[str, Mark]:
    try:
        tree = json.loads(file.read_text(encoding="utf-8"))
        return {str(identity): _mark(one) for identity, one in tree["marks"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}  # none yet, or none any more


def _mark(tree: Mapping[str, object]) -> Mark:
    mark = Mark(**{one.name: tree[one.name] for one in fields(Mark)})  # type: ignore[arg-type]  # checked next
    datetime.fromisoformat(mark.at)
    if not (isinstance(mark.turn, int) and isinstance(mark.feed, int) and isinstance(mark.database, str)):
        raise TypeError
    return mark


def _replace(file: Path, marks: Mapping[str, Mark]) -> None:
    text = json.dumps({"marks": {identity: asdict(one) for identity, one in sorted(marks.items())}}, indent=1)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
    finally:
        with suppress(OSError):
            fresh.unlink()
