"""The kinds of due work, their keys, and which goes first.

One ticket touches one account: ``excl`` holds it, so that no two work on its events at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from policy.facts import Side
from syncd.store.rows import AccountId, Pace, SessionId, Ticket
from syncd.store.tx import Tx

LOOK = "look"
"""Look at one event by its id: a deadline look, a second look, the end of a hold. Key: session/side."""
TIME = "time"
"""Let time pass for a session that needs no look. Key: session."""
WRITE = "write"
"""Bring one event of a session in line. Key: session/side."""
SYNC = "sync"
"""One round of an account. Key: account."""

PUSH = "push"
"""Open, renew and stop the channels over which a server calls us. Key: account; it touches no event, and excludes
nothing."""

LEASE = timedelta(seconds=60)
"""How long a ticket is held without being renewed."""

PRIO = {LOOK: 3, TIME: 2, WRITE: 1, SYNC: 0, PUSH: 0}
"""A larger number goes first: a backlog of rounds delays no deadline."""


def side_key(session_id: SessionId | str, side: Side) -> str:
    """Return the key of work on one side of a session."""
    return f"{session_id}/{side}"


def of_side(key: str) -> tuple[SessionId, Side]:
    """Return the session and the side that *key* names."""
    session_id, _, side = key.rpartition("/")
    return SessionId(session_id), Side(side)


def account_key(account_id: AccountId) -> str:
    """Return the key of an account's rounds, and what excludes other work on it."""
    return str(account_id)


class Fenced(Exception):
    """The work was given to somebody else meanwhile: raised inside the transaction, so that nothing of it stays."""


def finish(tx: Tx, ticket: Ticket, next_at: datetime | None) -> None:
    """Give *ticket* back until *next_at*, or for good.

    :raises Fenced: if it is somebody else's by now.
    """
    if not tx.due.finish(ticket, next_at):
        raise Fenced


def set_back(
    tx: Tx, ticket: Ticket, error: str, retry_after: timedelta | None = None, pace: Pace | None = None
) -> None:
    """Give *ticket* back to be tried again later.

    :raises Fenced: if it is somebody else's by now.
    """
    if not tx.due.fail(ticket, error, retry_after, pace or Pace()):
        raise Fenced


def hold(tx: Tx, ticket: Ticket) -> None:
    """Make sure, before anything leaves, that *ticket* is still ours.

    :raises Fenced: if it is somebody else's by now.
    """
    if not tx.due.renew([ticket], LEASE):
        raise Fenced
