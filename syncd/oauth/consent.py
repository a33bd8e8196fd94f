"""Asking a person in the browser: an address to send them to, and what comes back from there.

The answer is taken once, from whoever was sent, within ten minutes (RFC 9700, 2.1 and 4.7):
a state that nobody can guess binds it to the question, PKCE binds the code to us.
"""

from __future__ import annotations

import hmac
import re
import secrets
import threading
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NoReturn
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from providers.oauth import Answer, Grant, Refusal, ask
from providers.transport import session
from syncd.config import Config
from syncd.errors import Problem
from syncd.oauth.files import GUIDE, client_of, rules_of

SCOPES: Mapping[str, str] = {
    "https://www.googleapis.com/auth/calendar.freebusy": (
        "see when you are busy, and nothing else of your events: without it nobody can tell your free hours"
    ),
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly": (
        "see the list of your calendars: without it you cannot choose which of them count"
    ),
    "https://www.googleapis.com/auth/calendar.events.owned": (
        "see and write events of your own calendars: without it no session can be written into yours, and nobody"
        " notices when you take one out, which is how you cancel it"
    ),
}
"""What is asked for, each with what it is for."""
LASTS = timedelta(minutes=10)
"""How long an answer is waited for."""
_ISSUER = "https://accounts.google.com"
_CODE = re.compile(r"[\x21-\x7e]{1,2048}")
_ERROR = re.compile(r"[a-z_]{1,40}")
_AGAIN = "nothing was connected; begin again"


@dataclass(slots=True)
class Pending:
    """A person who was sent to Google and has not come back yet."""

    state: str = field(repr=False)
    """Keep it where only that person's browser, or terminal, leads to it."""
    verifier: str = field(repr=False)
    redirect_uri: str
    until: datetime
    _open: bool = field(default=True, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def take(self, now: datetime) -> None:
        """Take the one answer that is waited for.

        :raises Problem: if it was taken before, or comes too late.
        """
        with self._lock:
            was_open, self._open = self._open, False
        if not was_open:
            raise Problem(f"this answer of Google's was used before; {_AGAIN}")
        if not now <= self.until:
            raise Problem(f"Google's answer came more than {_minutes(LASTS)} after the question; {_AGAIN}")


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person has permitted."""

    grant: Grant
    first: Answer
    """The access token that came with it."""


def begin(
    config: Config, redirect_uri: str, now: datetime, *, hint: str | None = None
) -> tuple[str, Pending]:
    """Return the address to send a person to, and what their answer is to be met with.

    *redirect_uri* is where Google sends them back, to the letter as it was registered; *hint* is
    the address that Google proposes to them.

    :raises Misconfigured: if the school has no client at Google.
    """
    client = client_of(config).client
    pending = Pending(
        state=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(64),  # RFC 7636, 4.1: 43 to 128 letters
        redirect_uri=redirect_uri,
        until=now + LASTS,
    )
    asked = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(SCOPES),
        "state": pending.state,
        "code_challenge": _challenge(pending.verifier),
        "code_challenge_method": "S256",
        # Only so does Google give a refresh token, and gives it again to whoever consented before.
        "access_type": "offline",
        "prompt": "consent",
        **({"login_hint": hint} if hint else {}),
    }
    return _with_query(config.google.auth_uri, asked), pending


def finish(config: Config, pending: Pending, query: str, now: datetime) -> Consent:
    """Return what was permitted, from the *query* of the address that Google sent the person back to.

    :raises Problem: if it is not the answer to this question, is a no, or permits too little.
    :raises ProviderError: if Google does not answer in its turn.
    """
    said = _fields(query)
    if not hmac.compare_digest(said.get("state", "").encode(), pending.state.encode()):
        raise Problem(f"this is Google's answer to another question than ours (its state differs); {_AGAIN}")
    pending.take(now)
    # RFC 9207: an answer that names another server may be a trick to have its code sent there.
    if "iss" in said and said["iss"] not in {_ISSUER, _origin(config.google.auth_uri)}:
        raise Problem(f"this answer comes from another server than Google's; {_AGAIN}")
    if "error" in said:
        _refused(said["error"])
    return _exchange(config, pending, said.get("code", ""))


def finish_typed(config: Config, pending: Pending, typed: str, now: datetime) -> Consent:
    """Return what was permitted, from what a person copied: the address they were sent back to, or the code in it.

    :raises Problem: if it is not the answer to this question, is a no, or permits too little.
    :raises ProviderError: if Google does not answer in its turn.
    """
    typed = typed.strip()
    address, mark, query = typed.partition("?")
    if not mark:
        # Without its state a code is still bound to us: Google gives nothing for it without the verifier.
        pending.take(now)
        return _exchange(config, pending, unquote(typed.removeprefix("code=").partition("&")[0]))
    if "://" in address and address.rstrip("/") != pending.redirect_uri.rstrip("/"):
        raise Problem(
            f"this is not the address that Google sent you back to, which begins with {pending.redirect_uri};"
            f" {_AGAIN}"
        )
    return finish(config, pending, query.partition("#")[0], now)


def missing(scopes: frozenset[str] | None) -> tuple[str, ...]:
    """Return what was asked for and not permitted; if the answer does not say, all of it was (RFC 6749, 5.1)."""
    return () if scopes is None else tuple(scope for scope in SCOPES if scope not in scopes)


def short(scope: str) -> str:
    """Return the name of *scope* as Google's pages show it."""
    return scope.rpartition("/")[2]


def _exchange(config: Config, pending: Pending, code: str) -> Consent:
    if not _CODE.fullmatch(code):
        raise Problem(f"there is no code in this answer; {_AGAIN}")
    client = client_of(config).client
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": pending.redirect_uri,
        "client_id": client.id,
        "client_secret": client.secret,
        "code_verifier": pending.verifier,
    }
    with session(rules_of(config)) as http:
        said = ask(http, config.google.token_uri, fields)
    if isinstance(said, Refusal):
        _not_exchanged(said)
    return _whole(said)


def _whole(said: Answer) -> Consent:
    if lacking := missing(said.scopes):
        lines = [f"not permitted: {short(scope)}, to {SCOPES[scope]}" for scope in lacking]
        raise Problem("\n".join([*lines, f"{_AGAIN}, and leave every box ticked on Google's page"]))
    if said.refresh_token is None:
        raise Problem(
            "Google gave a permission for an hour only; take syncd out at https://myaccount.google.com/permissions"
            f" and begin again: {_AGAIN.partition(';')[0]}"
        )
    granted = tuple(sorted(said.scopes)) if said.scopes is not None else tuple(SCOPES)
    return Consent(Grant(said.refresh_token, granted), said)


def _refused(error: str) -> NoReturn:
    if error == "access_denied":
        raise Problem(
            "whoever sat at Google's page did not permit it, or their administrator does not let them;"
            " nothing was connected; begin again, or ask the administrator of the Google account"
        )
    named = f" ({error})" if _ERROR.fullmatch(error) else ""
    raise Problem(f"Google did not ask the person at all{named}; nothing was connected; IT reads {GUIDE}")


def _not_exchanged(said: Refusal) -> NoReturn:
    if said.error == "invalid_grant":
        raise Problem(
            "Google does not take the code: it works once, for some minutes, and with this question only;"
            f" {_AGAIN}"
        )
    if said.error in {"invalid_client", "unauthorized_client", "deleted_client"}:
        raise Problem(
            f"Google does not accept the school's own client ({said.error}); nothing was connected; IT looks at"
            " google.client_id and google.client_secret_file"
        )
    raise Problem(f"Google gives nothing for the code ({said.error}); {_AGAIN}")


def _fields(query: str) -> dict[str, str]:
    """Return the fields of an answer.

    :raises Problem: if one comes twice (RFC 6749, 3.1), or there are far too many.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        pairs = []
    if len(said := dict(pairs)) != len(pairs):
        raise Problem(f"this answer says something twice; {_AGAIN}")
    return said


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")  # RFC 7636, 4.2


def _with_query(address: str, fields: Mapping[str, str]) -> str:
    parts = urlsplit(address)
    query = "&".join(each for each in (parts.query, urlencode(fields)) if each)
    return urlunsplit(parts._replace(query=query))


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _minutes(length: timedelta) -> str:
    return f"{length // timedelta(minutes=1)} minutes"
