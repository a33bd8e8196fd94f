"""Our UIDs as Google writes them.

Google lets us choose an event's id, in the letters of base32hex, and makes the UID from it: an
invitation that leaves Google, by mail or to another server, bears ``<id>@google.com``. The
id that we choose is the UID in other letters, so that every copy of an event is known anywhere.
"""

from __future__ import annotations

from base64 import b32hexdecode, b32hexencode

OURS = "syncd-"
"""How the UID of every event of ours begins."""

_DOMAIN = "@google.com"
_GROUP = 8  # letters of base32hex that stand for five bytes


def google_id(uid: str) -> str:
    """Return *uid* as the id of an event at Google: lower case, without padding."""
    return b32hexencode(uid.encode()).decode().rstrip("=").lower()


def named_by(event_id: str) -> str | None:
    """Return the UID of ours that *event_id* stands for, if it stands for one."""
    padding = "=" * (-len(event_id) % _GROUP)
    try:
        uid = b32hexdecode((event_id + padding).upper()).decode("ascii")
    except ValueError:
        return None
    # Only the one way in which we write it: two ids must never be one event.
    ours = uid.startswith(OURS) and uid.isprintable() and google_id(uid) == event_id
    return uid if ours else None


def own_uid(uid: str) -> str:
    """Return the UID that we gave, if *uid* is what Google made of it; any other as it is."""
    event_id, domain, rest = uid.partition(_DOMAIN)
    named = named_by(event_id) if domain and not rest else None
    return uid if named is None else named
