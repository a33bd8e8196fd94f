"""OAuth as far as calendars need it (RFC 6749): a grant, and the endpoint that turns it into access tokens.

Nothing here is tried again: a code works once, and a refresh token may have been replaced
by an answer that was lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import requests

from providers import answers
from providers.errors import Unavailable
from providers.transport import shown

_LONGEST = 64 * 1024
_LONGEST_LIFE = timedelta(days=1)
_SHORT_LIFE = timedelta(minutes=5)
"""How long a token is used whose lifetime was not told (RFC 6749, 5.1: it need not be)."""
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]{1,4096}=*")  # b64token (RFC 6750, 2.1)
_LASTING = re.compile(r"[\x21-\x7e]{1,4096}")  # RFC 6749, A.17, without the space
_CODE = re.compile(r"[a-z_]{1,40}")
_PASSING = frozenset({"internal_failure", "server_error", "temporarily_unavailable"})
_OAUTH, _DELEGATED = "oauth", "delegated"


@dataclass(frozen=True, slots=True)
class Client:
    """The school's own program, as the provider knows it (RFC 6749, 2.2)."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """The key of a service account."""

    email: str
    id: str
    """The number by which an administrator delegates to it."""
    key: str = field(repr=False)
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person permitted, for as long as they do not take it back."""

    refresh_token: str = field(repr=False)
    scopes: tuple[str, ...] = ()
    previous: str | None = field(default=None, repr=False)
    """The refresh token before this one, until this one has worked."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """What the administrator of a domain permitted for everybody in it."""

    subject: str
    """In whose name the service account acts: an e-mail address of the domain."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a token endpoint gave (RFC 6749, 5.1)."""

    access_token: str = field(repr=False)
    lifetime: timedelta
    refresh_token: str | None = field(default=None, repr=False)
    scopes: frozenset[str] | None = None
    """``None`` if it did not say: then all that was asked for."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why it gave nothing (RFC 6749, 5.2)."""

    error: str
    """One of the codes of the standard, or of the server's own; nothing else than small letters."""
    status: int
    description: str = field(default="", repr=False)
    """The server's own words: to be matched, never to be shown."""


def text_of(grant: Grant | Delegation) -> str:
    """Return *grant* as it is sealed; the same grant is always the same text."""
    if isinstance(grant, Delegation):
        return json.dumps({"kind": _DELEGATED, "subject": grant.subject})
    kept: dict[str, object] = {"kind": _OAUTH, "refresh_token": grant.refresh_token}
    if grant.previous is not None:
        kept["previous"] = grant.previous
    return json.dumps({**kept, "scopes": list(grant.scopes)})


def grant_in(text: str) -> Grant | Delegation:
    """Return the grant that :func:`text_of` wrote.

    :raises ValueError: if it is none.
    """
    match _object(text):
        case {"kind": "delegated", "subject": str(subject)}:
            return Delegation(subject)
        case {"kind": "oauth", "refresh_token": str(token), "scopes": [*scopes], **rest}:
            previous = rest.get("previous")
            return Grant(token, tuple(map(str, scopes)), previous if isinstance(previous, str) else None)
    raise ValueError("this is no grant")


def ask(http: requests.Session, uri: str, fields: Mapping[str, str]) -> Answer | Refusal:
    """Ask a token endpoint, once.

    :raises Unavailable: if it does not answer, or with nothing that means anything.
    :raises Unsupported: if the address is not permitted.
    """
    answer = http.post(uri, data=dict(fields), headers={"Accept": "application/json"})
    said = _object(answer.content)
    if answer.status_code == HTTPStatus.OK:
        return _given(said, shown(uri))
    error = said.get("error") if _refuses(answer.status_code) else None
    if isinstance(error, str) and _CODE.fullmatch(error) and error not in _PASSING:
        return Refusal(error, answer.status_code, str(said.get("error_description", "")))
    raise _unclear(answer, shown(uri))


def revoke(http: requests.Session, uri: str, token: str) -> None:
    """Take a refresh token back (RFC 7009); one that is not valid any more is no error.

    :raises Unavailable: if it does not answer, or with nothing that means anything.
    :raises Unsupported: if the address is not permitted.
    """
    answer = http.post(uri, data={"token": token}, headers={"Accept": "application/json"})
    if answer.status_code == HTTPStatus.OK:
        return
    # Google says "invalid_token" to what was revoked before; the standard says nothing (RFC 7009, 2.2).
    if _refuses(answer.status_code) and _object(answer.content).get("error") == "invalid_token":
        return
    raise _unclear(answer, shown(uri))


def _given(said: Mapping[str, Any], where: str) -> Answer:
    token, lasting, scope = said.get("access_token"), said.get("refresh_token"), said.get("scope")
    if not isinstance(token, str) or not _BEARER.fullmatch(token):
        raise Unavailable("the answer holds no access token: perhaps it is a log-in page", where=where)
    if lasting is not None and not (isinstance(lasting, str) and _LASTING.fullmatch(lasting)):
        raise Unavailable("the answer holds no refresh token that can be kept", where=where)
    scopes = frozenset(scope.split()) if isinstance(scope, str) else None
    return Answer(token, _lifetime(said.get("expires_in")), lasting, scopes)


def _lifetime(given: object) -> timedelta:
    """Return how long a token lives; some servers write the number as text."""
    text = str(given)
    if not (text.isascii() and text.isdigit()):
        return _SHORT_LIFE
    return min(timedelta(seconds=int(text[:9])), _LONGEST_LIFE)


def _refuses(status: int) -> bool:
    passing = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in passing


def _unclear(answer: requests.Response, where: str) -> Unavailable:
    # Without a status: where no token is to be had, no calendar of the account can be asked.
    said = f"it gives no token, and no reason either ({answer.status_code})"
    return Unavailable(said, where=where, retry_after=answers.wait(answer.headers))


def _object(text: str | bytes) -> dict[str, Any]:
    """Return the JSON object that *text* is; an empty one if it is none, as a log-in page is not."""
    if len(text) > _LONGEST:
        return {}  # lists of nothing take a hundred times their length
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
