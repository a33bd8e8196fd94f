"""Access tokens of Google accounts: kept in memory, renewed one at a time, never written anywhere.

A refresh token that Google replaces is kept beside the old one before it is used, and the old
one until the new one has worked: an answer that was lost, or a process that was killed in
between, takes nobody's grant away.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Protocol

import requests
from google.auth import jwt
from google.auth.crypt import RSASigner

from providers.errors import AccessLost, Loss, ProviderError, Unavailable
from providers.oauth import Answer, Client, Delegation, Grant, Refusal, ServiceKey, ask, grant_in, text_of
from providers.transport import shown

_MARGIN = timedelta(minutes=5)
"""How long before its end a token is not used any more, or a fifth of its life if that is shorter."""
_SILENCE = timedelta(days=1)
"""How long a grant that was refused is not tried again: an account that was locked may be opened again."""
_ASSERTED = timedelta(hours=1)  # the longest that Google takes
_INVALID = "invalid_grant"
_UNKNOWN_CLIENT = frozenset({"invalid_client", "unauthorized_client", "deleted_client", "disabled_client"})
_NOT_DELEGATED = frozenset({"unauthorized_client", "access_denied", "invalid_scope"})
_BROKEN_KEY = ("signature", "account not found")
_WRONG_CLOCK = "timeframe"
_REMEMBERED = 8
_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Shelf(Protocol):
    """Where the grant of one account lies."""

    def look(self) -> str | None:
        """Return the grant that lies there now; ``None`` if the account was taken away."""
        ...

    def replace(self, old: str, new: str) -> bool:
        """Put *new* in the place of *old*; do nothing and return false if something else lies there."""
        ...


class Renewal(Protocol):
    """A way to come by a new access token."""

    def renew(self, http: requests.Session) -> Answer:
        """Return a new access token.

        :raises AccessLost: if there is no more to be had.
        :raises Unavailable: if nobody can tell.
        """
        ...

    def knows(self, secret: str) -> bool:
        """Tell whether *secret* is the grant that this works with, or was so before."""
        ...


class Source:
    """The access tokens of one account; any number of threads may ask for one."""

    def __init__(self, renewal: Renewal, now: Callable[[], datetime], first: Answer | None = None) -> None:
        """Start with the token of *first*, if there is one already."""
        self._renewal, self._now = renewal, now
        self._lock = threading.Lock()
        self._token: str | None = None
        self._since = self._until = now()
        self._scopes: frozenset[str] | None = None
        if first is not None:
            self._take(first, self._since)

    def knows(self, secret: str) -> bool:
        """Tell whether *secret* is the grant that these tokens come from."""
        return self._renewal.knows(secret)

    def token(self, http: requests.Session, refused: str | None = None) -> str:
        """Return an access token, but not the one that was *refused*.

        :raises AccessLost: if there is no more to be had.
        :raises Unavailable: if nobody can tell.
        """
        with self._lock:
            if self._token is not None and self._token != refused and self._lasts():
                return self._token
            return self._renewed(http)

    def renew(self, http: requests.Session) -> frozenset[str] | None:
        """Ask for a new token, however good the last one is; return what it opens, if Google says so.

        :raises AccessLost: if there is no more to be had.
        :raises Unavailable: if nobody can tell.
        """
        with self._lock:
            self._renewed(http)
            return self._scopes

    def bearer(self, http: requests.Session) -> Callable[[bool], str]:
        """Return what gives the tokens of one turn over *http*: called with true, the last one was refused."""
        given: str | None = None

        def token(refused: bool) -> str:
            nonlocal given
            given = self.token(http, given if refused else None)
            return given

        return token

    def _renewed(self, http: requests.Session) -> str:
        self._token, asked = None, self._now()
        return self._take(self._renewal.renew(http), asked)

    def _take(self, answer: Answer, asked: datetime) -> str:
        self._token, self._scopes = answer.access_token, answer.scopes
        self._until = asked + answer.lifetime - min(_MARGIN, answer.lifetime / 5)
        self._since = asked
        return answer.access_token

    def _lasts(self) -> bool:
        # A clock that was set back makes no token live longer.
        return self._since <= self._now() < self._until


class Personal:
    """The grant of a person, renewed by its refresh token (RFC 6749, 6)."""

    def __init__(
        self, secret: str, shelf: Shelf, client: Callable[[], Client], uri: str, now: Callable[[], datetime]
    ) -> None:
        self._secret, self._shelf = secret, shelf
        self._client, self._uri, self._now = client, uri, now
        self._known = deque([secret], _REMEMBERED)
        self._unkept: str | None = None
        """What could not be put on the shelf yet: nothing is asked before it lies there."""
        self._refused_at: datetime | None = None

    def knows(self, secret: str) -> bool:
        """Tell whether *secret* is the grant that this works with, or was so before."""
        return secret in self._known

    def renew(self, http: requests.Session) -> Answer:
        """Return a new access token, whatever of the grant still works.

        :raises AccessLost: if none of it does, or none did less than a day ago.
        :raises Unavailable: if Google does not answer, or does not know the school's client.
        """
        if self._unkept is not None:
            self._keep(self._unkept)
        if self._refused_at is not None and abs(self._now() - self._refused_at) < _SILENCE:
            raise _taken_back(self._uri)
        for grant, token in self._every():
            said = self._ask(http, token)
            if isinstance(said, Answer):
                self._refused_at = None
                self._worked(grant, token, said)
                return said
            if said.error != _INVALID:
                raise _no_client(said, self._uri)
        self._refused_at = self._now()
        raise _taken_back(self._uri)

    def _every(self) -> Iterator[tuple[Grant, str]]:
        """Yield each refresh token that may work: ours, the one before it, and those that lie on the shelf by now."""
        tried: set[str] = set()
        for secret in self._secrets():
            grant = _personal(secret, self._uri)
            for token in (grant.refresh_token, grant.previous):
                if token is not None and token not in tried:
                    tried.add(token)
                    self._secret = secret
                    yield grant, token

    def _secrets(self) -> Iterator[str]:
        yield self._secret
        # Another process may have renewed it, or its owner connected the account anew.
        lies = self._shelf.look()
        if lies is not None and lies != self._secret and _granted(lies) is not None:
            self._known.append(lies)
            yield lies

    def _ask(self, http: requests.Session, token: str) -> Answer | Refusal:
        client = self._client()
        fields = {"grant_type": "refresh_token", "refresh_token": token}
        return ask(http, self._uri, {**fields, "client_id": client.id, "client_secret": client.secret})

    def _worked(self, grant: Grant, token: str, said: Answer) -> None:
        fresh = said.refresh_token or token
        secret = text_of(Grant(fresh, grant.scopes, token if fresh != token else None))
        if secret != self._secret:
            self._unkept = secret
            self._keep(secret)

    def _keep(self, secret: str) -> None:
        # If something else lies there by now, the next turn begins with that.
        self._shelf.replace(self._secret, secret)
        self._known.append(secret)
        self._secret, self._unkept = secret, None


class Delegated:
    """The word of an administrator, renewed by the key of a service account (RFC 7523, 2.1)."""

    def __init__(
        self,
        secret: str,
        key: Callable[[], ServiceKey],
        scopes: tuple[str, ...],
        uri: str,
        now: Callable[[], datetime],
    ) -> None:
        self._secret, self._key = secret, key
        self._scopes, self._uri, self._now = scopes, uri, now

    def knows(self, secret: str) -> bool:
        """Tell whether *secret* is the grant that this works with."""
        return secret == self._secret

    def renew(self, http: requests.Session) -> Answer:
        """Return a new access token in the name of the person.

        :raises AccessLost: if the administrator has not delegated, or there is no such person.
        :raises Unavailable: if Google does not answer, or does not take the key.
        """
        key, subject = self._key(), _delegation(self._secret, self._uri).subject
        said = ask(http, self._uri, {"grant_type": _JWT, "assertion": self._assertion(key, subject)})
        if isinstance(said, Refusal):
            raise _not_delegated(said, key, self._scopes, self._uri)
        return said

    def _assertion(self, key: ServiceKey, subject: str) -> str:
        now = self._now()
        claims = {
            "iss": key.email,
            "sub": subject,
            "scope": " ".join(self._scopes),
            "aud": self._uri,
            "iat": int(now.timestamp()),
            "exp": int((now + _ASSERTED).timestamp()),
        }
        try:
            signer = RSASigner.from_string(key.key, key.key_id)  # type: ignore[no-untyped-call]
            signed: bytes = jwt.encode(signer, claims)  # type: ignore[no-untyped-call]
        except (ValueError, TypeError):
            words = "google.service_account_file holds no key that can be used: IT loads it down anew"
            raise Unavailable(words, where=shown(self._uri)) from None
        return signed.decode()


def renewal(
    secret: str,
    shelf: Shelf,
    client: Callable[[], Client],
    key: Callable[[], ServiceKey],
    scopes: tuple[str, ...],
    uri: str,
    now: Callable[[], datetime],
) -> Renewal:
    """Return the way in which the grant in *secret* is renewed."""
    try:
        personal = isinstance(grant_in(secret), Grant)
    except ValueError:
        personal = True  # told when a token is asked for: opening an account makes no errors
    return Personal(secret, shelf, client, uri, now) if personal else Delegated(secret, key, scopes, uri, now)


def _personal(secret: str, uri: str) -> Grant:
    if (grant := _granted(secret)) is None:
        raise _lost("what is kept of this account is no grant: connect the account again", uri)
    return grant


def _granted(secret: str) -> Grant | None:
    try:
        grant = grant_in(secret)
    except ValueError:
        return None
    return grant if isinstance(grant, Grant) else None


def _delegation(secret: str, uri: str) -> Delegation:
    grant = grant_in(secret)
    if not isinstance(grant, Delegation):
        raise _lost("what is kept of this account is no delegation: connect the account again", uri)
    return grant


def _taken_back(uri: str) -> AccessLost:
    return _lost(
        "Google does not renew the permission: it was taken back, was not used for six months, or the school's app is"
        " still in Testing, where it ends after 7 days; connect the account again",
        uri,
    )


def _no_client(said: Refusal, uri: str) -> ProviderError:
    if said.error in _UNKNOWN_CLIENT:
        words = (
            f"Google does not accept the school's own client ({said.error}): IT looks at google.client_id and"
        )
        return Unavailable(f"{words} google.client_secret_file", where=shown(uri))
    if said.error == "admin_policy_enforced":
        return _lost("the administrator of this account does not permit syncd: IT asks them", uri)
    return Unavailable(f"Google renews no permission ({said.error})", where=shown(uri))


def _not_delegated(said: Refusal, key: ServiceKey, scopes: tuple[str, ...], uri: str) -> ProviderError:
    if said.error in _NOT_DELEGATED:
        return _lost(
            "the administrator has not delegated this domain to the service account, or not all of it: IT enters"
            f" client id {key.id} with {','.join(scopes)} in the Admin console",
            uri,
        )
    words = said.description.lower()
    if _WRONG_CLOCK in words:
        wrong = "Google finds our clock wrong: IT starts a time service"
    elif any(one in words for one in _BROKEN_KEY):
        wrong = "Google does not take the service account's key: IT puts a new one into google.service_account_file"
    elif said.error == _INVALID:
        return _lost(
            "Google knows nobody of this address in the school's Workspace, or has locked them out", uri
        )
    else:
        wrong = f"Google gives no token to the service account ({said.error})"
    return Unavailable(wrong, where=shown(uri))


def _lost(words: str, uri: str) -> AccessLost:
    return AccessLost(words, loss=Loss.CREDENTIALS, where=shown(uri))
