"""What happened, told in the log once each: the feed is written with the state, so it knows every edge.

A level is never logged: an account that fails is told when it begins and when it is well
again. An entry of the log has ids, counts and codes of the feed's entry, and no word of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from syncd.house import House
from syncd.store.errors import StoreError
from syncd.store.rows import FeedRow

_AT_ONCE = 500
"""Entries a transaction: after a long trouble there may be many."""
_LOUD = frozenset(
    {
        *("account.lost", "account.failing", "calendar.lost", "calendar.unreachable", "brake.on"),
        *("session.incident", "session.suspect", "session.unseen_soon", "session.undecided_soon"),
    }
)
"""What somebody may have to see to."""
_GRAVE = frozenset({"brake.breach"})
"""What must never happen."""
_IDS = frozenset({"account", "accounts", "calendar", "incident", "session", "sessions"})
_CODES = frozenset({"cause", "count", "doubt", "how", "kind", "rule", "scope", "side", "state"})
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_log = structlog.get_logger("syncd.feed")


class Follower:
    """Reads on in the feed from where it stood when this process began."""

    def __init__(self, house: Callable[[], House]) -> None:
        """Begin after the last entry.

        :raises StoreError: if the database cannot be read.
        """
        self._house = house
        with house().db.read() as tx:
            self._last = tx.feed.last()

    def step(self) -> int:
        """Log what is new, oldest first, and return how many entries that were.

        While the database cannot be read nothing is new; whoever works with it tells of that.
        """
        told = 0
        while True:
            try:
                with self._house().db.read() as tx:
                    rows = tx.feed.after(self._last, _AT_ONCE)
            except StoreError:
                return told
            for row in rows:
                self._last = row.id
                _tell(row)
            told += len(rows)
            if len(rows) < _AT_ONCE:
                return told


def _tell(row: FeedRow) -> None:
    ids = {"session": row.session_id, "person": row.person_id}
    said = {name: value for name, value in ids.items() if value is not None}
    say = _log.error if row.kind in _GRAVE else _log.warning if row.kind in _LOUD else _log.info
    say(row.kind, entry=row.id, **(_of(row.body) | said))


def _of(body: Mapping[str, Any]) -> dict[str, object]:
    """Return of an entry what is an id, a count or a code."""
    return {name: value for name, value in body.items() if _fit(name, value)}


def _fit(name: str, value: object) -> bool:
    if isinstance(value, bool | int):
        return name in _IDS | _CODES
    if isinstance(value, list):
        return name in _IDS and all(_fit(name, one) for one in value)
    return isinstance(value, str) and name in _IDS | _CODES and _CODE.fullmatch(value) is not None
