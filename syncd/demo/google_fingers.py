"""A visitor's fingers in the Google calendars of the open demo, from another terminal: the API, with the person's grant."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import quote

from providers.oauth import Answer, Grant, ask, grant_in
from providers.transport import session
from providers.uids import named_by
from syncd.config import Config
from syncd.demo.hand import Stored
from syncd.errors import Problem
from syncd.oauth.files import client_of, rules_of
from syncd.store.rows import Account


@dataclass(frozen=True, slots=True)
class GoogleFingers:
    """One person at Google; every method raises :class:`Problem` if Google does not do it."""

    config: Config
    account: Account
    token: str = field(repr=False)

    @classmethod
    def of(cls, config: Config, account: Account, secret: str) -> Self:
        """Return the fingers of an account, with the token that its grant brings.

        :raises Problem: if it brings none.
        """
        grant, client = grant_in(secret), client_of(config).client
        given = None
        if isinstance(grant, Grant):
            fields = {
                "grant_type": "refresh_token",
                "refresh_token": grant.refresh_token,
                "client_id": client.id,
                "client_secret": client.secret,
            }
            with session(rules_of(config)) as http:
                given = ask(http, config.google.token_uri, fields)
        if not isinstance(given, Answer):
            raise Problem(
                f"Google lets nobody in any more as {account.username}; start another demo: syncd demo"
            )
        return cls(config, account, given.access_token)

    def calendar(self, name: str) -> str:
        """Return the address of a calendar."""
        return f"{self.account.url}/calendars/{quote(name, safe='')}"

    def find(self, calendar: str, uid: str) -> tuple[Stored, ...]:
        """Return the events in a calendar whose UID begins with *uid*; those that were called off are not there."""
        events = self._ask("GET", f"{calendar}/events?maxResults=2500")["items"]
        ours = (one for one in events if (named_by(one["id"]) or "").startswith(uid))
        return tuple(Stored(f"{calendar}/events/{one['id']}", json.dumps(one)) for one in ours)

    def decline(self, event: Stored, address: str) -> None:
        """Answer an invitation to *address* with no."""
        guests = json.loads(event.text).get("attendees", ())
        mine = {"email": address, "responseStatus": "declined"}
        others = [one for one in guests if one["email"] != address]
        self._ask("PATCH", f"{event.url}?sendUpdates=all", {"attendees": [*others, mine]})

    def delete(self, url: str) -> None:
        """Delete an event; its guests are told."""
        self._ask("DELETE", f"{url}?sendUpdates=all")

    def _ask(self, method: str, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        with session(rules_of(self.config)) as http:
            answer = http.request(method, url, json=body, headers={"Authorization": f"Bearer {self.token}"})
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise Problem(f"Google does not do it ({answer.status_code}); see: syncd demo move 1m")
        said: dict[str, Any] = answer.json() if answer.content else {}
        return said
