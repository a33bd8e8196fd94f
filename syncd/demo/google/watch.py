"""Push: channels on which a calendar's changes are told, without what has changed."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from syncd.demo.google.calls import Call
from syncd.demo.google.refusals import Body, Refusal, invalid, not_found, required
from syncd.demo.google.state import World
from syncd.demo.google.times import milliseconds

Deliver = Callable[[str, Mapping[str, str]], int]
"""Posts a message without a body to an address and returns the status."""
_ID = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}")
_TOKEN = 256
_WEEK = timedelta(days=7)
_PATIENCE = 5.0


@dataclass
class Channel:
    """One channel, open until it is stopped or expires."""

    id: str
    viewer: str
    calendar: str
    resource: str
    uri: str
    address: str
    token: str | None
    until: datetime
    number: int = 0


@dataclass(frozen=True)
class Message:
    """What was posted, and what was answered: no status if nobody was there."""

    address: str
    headers: Mapping[str, str]
    status: int | None


@dataclass
class Channels:
    """Every channel that is open, and what was posted on them."""

    world: World
    deliver: Deliver
    uri: str = ""
    """Where the API is, as channels name it."""
    messages: list[Message] = field(default_factory=list)
    dropped: int = 0
    """So many of the next messages get lost, as Google says some do."""
    _open: dict[str, Channel] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _waiting: list[tuple[Channel, str]] = field(default_factory=list)

    def watch(self, call: Call) -> Body:
        """Answer ``events.watch``.

        :raises Refusal: if the channel's id is taken, or there is nowhere to post to.
        """
        calendar = call.calendar()
        given = call.body
        name, address = given.get("id"), given.get("address")
        if not name or not address:
            raise required("Missing required field: " + ("address" if name else "id"))
        if not isinstance(name, str) or not _ID.fullmatch(name) or len(given.get("token") or "") > _TOKEN:
            raise invalid("Invalid channel.")
        if given.get("type") not in {"web_hook", "webhook"}:
            raise invalid("Unknown channel type.")
        if name in self._used:
            raise Refusal(
                HTTPStatus.BAD_REQUEST, "channelIdNotUnique", f"Channel id {name} not unique", domain="push"
            )
        resource = blake2b(f"{call.viewer} {calendar.id}".encode(), digest_size=20).hexdigest()
        uri = f"{self.uri}/calendars/{quote(calendar.id, safe='')}/events?alt=json"
        channel = Channel(
            name, call.viewer, calendar.id, resource, uri, address, given.get("token"), self._until(given)
        )
        self._used.add(name)
        self._open[name] = channel
        self._waiting.append((channel, "sync"))
        return self._said(channel)

    def stop(self, call: Call) -> None:
        """Answer ``channels.stop``.

        :raises Refusal: if there is no such channel of this person's.
        """
        found = self._open.get(call.body.get("id") or "")
        if not found or found.viewer != call.viewer or found.resource != call.body.get("resourceId"):
            raise not_found()
        del self._open[found.id]

    def tell(self, calendars: frozenset[str]) -> None:
        """Post what is to be told of *calendars*, and what was left to be told."""
        with self.world.lock:
            now = self.world.clock.now()
            told = [
                (one, "exists")
                for one in self._open.values()
                if one.calendar in calendars and one.until > now
            ]
            waiting, self._waiting = [*self._waiting, *told], []
            messages = [(one.address, self._headers(one, state)) for one, state in waiting]
        for address, headers in messages:
            if self.dropped and headers["X-Goog-Resource-State"] != "sync":
                self.dropped -= 1
                continue
            status = None
            with suppress(OSError, http.client.HTTPException):
                status = self.deliver(address, headers)
            self.messages.append(Message(address, headers, status))

    def _until(self, given: Body) -> datetime:
        now = self.world.clock.now()
        wanted = given.get("expiration")
        life = timedelta(seconds=int((given.get("params") or {}).get("ttl") or _WEEK.total_seconds()))
        at = datetime.fromtimestamp(int(wanted) / 1000, UTC) if wanted else now + life
        return min(at, now + _WEEK)

    def _said(self, channel: Channel) -> Body:
        token = {"token": channel.token} if channel.token else {}
        return {
            "kind": "api#channel",
            "id": channel.id,
            "resourceId": channel.resource,
            "resourceUri": channel.uri,
            "expiration": str(milliseconds(channel.until)),
            **token,
        }

    def _headers(self, channel: Channel, state: str) -> Mapping[str, str]:
        channel.number += 1
        return {
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Channel-Expiration": format_datetime(channel.until, usegmt=True),
            "X-Goog-Message-Number": str(channel.number),
            "X-Goog-Resource-ID": channel.resource,
            "X-Goog-Resource-State": state,
            "X-Goog-Resource-URI": channel.uri,
            **({"X-Goog-Channel-Token": channel.token} if channel.token else {}),
        }


def post(address: str, headers: Mapping[str, str]) -> int:
    """Post a message without a body and return the status.

    :raises OSError: if nobody is there.
    """
    at = urlsplit(address)
    server = http.client.HTTPConnection(at.hostname or "", at.port, timeout=_PATIENCE)
    try:
        server.request("POST", at.path or "/", b"", {"User-Agent": "APIs-Google", **headers})
        return server.getresponse().status
    finally:
        server.close()
