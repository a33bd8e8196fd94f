"""Who may do what: grants that people gave, and the tokens that prove them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncd.demo.google.refusals import no_credentials
from syncd.demo.google.state import World


@dataclass(frozen=True)
class Refresh:
    """What a refresh token brings."""

    scopes: frozenset[str]
    given: datetime


@dataclass(eq=False)
class Grant:
    """What a person has allowed a client, or an administrator in their name."""

    person: str
    client: str
    refresh: dict[str, Refresh] = field(default_factory=dict)
    """The refresh tokens that are good."""
    older: dict[str, list[str]] = field(default_factory=dict)
    """The refresh tokens that die as soon as another one is used."""


@dataclass(frozen=True)
class Access:
    """What an access token opens."""

    person: str
    scopes: frozenset[str]
    until: datetime
    grant: Grant | None


class Tokens:
    """Every grant, and every token that is good."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._access: dict[str, Access] = {}
        self._grants: list[Grant] = []

    def bearer(self, header: str) -> Access:
        """Return what an ``Authorization`` header opens.

        :raises Refusal: if it opens nothing, or not any more.
        """
        scheme, _, token = header.partition(" ")
        found = self._access.get(token.strip()) if scheme.lower() == "bearer" else None
        if found is None or found.until <= self._world.clock.now():
            raise no_credentials()
        return found

    def access(
        self, person: str, scopes: frozenset[str], grant: Grant | None = None, life: timedelta | None = None
    ) -> str:
        """Return a new access token."""
        token = f"ya29.{secrets.token_urlsafe(32)}"
        until = self._world.clock.now() + (life or self._world.manners.token_life)
        self._access[token] = Access(person, scopes, until, grant)
        return token

    def refresh(self, grant: Grant, scopes: frozenset[str]) -> str:
        """Return a new refresh token of a grant."""
        token = f"1//{secrets.token_urlsafe(32)}"
        grant.refresh[token] = Refresh(scopes, self._world.clock.now())
        return token

    def rotated(self, grant: Grant, token: str) -> str | None:
        """Use a refresh token; return the one that takes its place, if Google gives out another one."""
        for one in grant.older.pop(token, []):
            grant.refresh.pop(one, None)
        rotation = self._world.manners.rotation
        if rotation == "never":
            return None
        new = self.refresh(grant, grant.refresh[token].scopes)
        if rotation == "kills":
            del grant.refresh[token]
        else:
            grant.older[new] = [token]
        return new

    def grant_of(self, token: str) -> Grant | None:
        """Return the grant that a refresh token proves, if it is good."""
        life = self._world.manners.refresh_life
        for one in self._grants:
            found = one.refresh.get(token)
            if found and (life is None or self._world.clock.now() < found.given + life):
                return one
        return None

    def granted(self, person: str, client: str) -> Grant:
        """Return what a person has allowed a client; at first, nothing yet."""
        for one in self._grants:
            if (one.person, one.client) == (person, client):
                return one
        self._grants.append(Grant(person, client))
        return self._grants[-1]

    def revoke(self, token: str) -> bool:
        """Let the whole grant of a token be worth nothing; tell whether the token was good."""
        access = self._access.get(token)
        grant = access.grant if access else self.grant_of(token)
        if grant is None:
            return self._access.pop(token, None) is not None
        self._end(grant)
        return True

    def revoke_all(self, person: str) -> None:
        """Let everything that a person has allowed anybody be worth nothing."""
        for one in [one for one in self._grants if one.person == person]:
            self._end(one)
        self._access = {token: one for token, one in self._access.items() if one.person != person}

    def expire(self) -> None:
        """Let every access token be worth nothing, before its time."""
        self._access.clear()

    def _end(self, grant: Grant) -> None:
        if grant in self._grants:
            self._grants.remove(grant)
        self._access = {token: one for token, one in self._access.items() if one.grant is not grant}
