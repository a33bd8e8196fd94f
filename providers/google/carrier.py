"""What carries the library's requests: httplib2's shape, over the guarded session.

httplib2 itself sends a POST again, silently, when a connection closes after it, and mixes up
the answers of threads. The library is shown a head alone: from a refusal it would log the
whole body, and a hostile one makes it fail with errors of a dozen kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests

from providers.errors import ProviderError, Unavailable
from providers.google.answer import Answer
from providers.transport import origin, shown

Token = Callable[[bool], str]
"""Gives the access token; asked with ``True``, a fresh one."""

_NOT_THE_LIBRARYS = frozenset({"content-length", "accept-encoding", "user-agent", "x-goog-api-client"})
"""Its length is counted in letters, and the session says of itself what is to be said."""


@dataclass(frozen=True, slots=True)
class Head:
    """All that the library is told of an answer: there was one."""

    status: int = HTTPStatus.NO_CONTENT
    reason: str = ""


class NoToken(Exception):
    """There is no access token to be had; to ask for one again at once is not the API's business."""

    def __init__(self, why: ProviderError) -> None:
        super().__init__(str(why))
        self.why = why


class Carrier:
    """One account's connection."""

    def __init__(self, endpoint: str, http: requests.Session, token: Token) -> None:
        self.where = shown(endpoint)
        self._http = http
        self._token = token
        self._agent = str(http.headers["User-Agent"]) + " (gzip)"  # Google packs answers for no other

    def ask(self, request: Any, headers: Mapping[str, str]) -> Answer:
        """Return the answer to one *request* of the library's, whatever it is; it is sent once.

        :raises Unavailable: if no answer comes.
        :raises Unsupported: if the address is not permitted.
        :raises NoToken: if there is no access token to be had.
        """
        ear = _Ear(self)
        request.headers.update(headers)
        request.execute(http=ear, num_retries=0)
        if ear.heard is None:
            raise Unavailable("no request was made", where=self.where)
        return ear.heard

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Return the answer to a request with the account's token; once more with a fresh one, if that is refused."""
        answer = self._once(method, url, body, headers, self._bearer(fresh=False))
        if answer.status == HTTPStatus.UNAUTHORIZED:  # nothing was done yet, not even by a write
            answer = self._once(method, url, body, headers, self._bearer(fresh=True))
        return answer

    def _bearer(self, *, fresh: bool) -> str:
        try:
            return self._token(fresh)
        except ProviderError as why:
            raise NoToken(why) from None

    def _once(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], token: str
    ) -> Answer:
        head = {**headers, "User-Agent": self._agent, "Authorization": f"Bearer {token}"}
        try:
            heard = self._http.request(method, url, data=body, headers=head, allow_redirects=False)
        except ProviderError as error:
            error.where = self.where  # calendars are addresses of people
            raise
        if origin(heard.url) != origin(url):
            host = origin(heard.url)[1]
            raise Unavailable(f"it sends us on to {host}, which is not Google's calendar", where=self.where)
        return Answer(heard.status_code, heard.headers, heard.content, self.where)


class _Ear:
    """What the library takes for an ``httplib2.Http``: it keeps the answer for us."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self.heard: Answer | None = None

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        redirections: int = 0,  # noqa: ARG002 - httplib2 has it
        connection_type: object = None,  # noqa: ARG002 - httplib2 has it
        **_: Any,
    ) -> tuple[Head, bytes]:
        head = {name: one for name, one in (headers or {}).items() if name.lower() not in _NOT_THE_LIBRARYS}
        self.heard = self._carrier.send(method, uri, None if body is None else body.encode(), head)
        return Head(), b""
