"""Requests to a CalDAV server, and what an answer other than the expected one means.

python-caldav's client carries the requests. Answers are kept from it: it would log whole
bodies, believe any page with status 200 on a write, and fail with a dozen kinds of error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import requests
from caldav.davclient import DAVClient
from caldav.lib.error import DAVError
from requests.auth import HTTPBasicAuth

from providers.answers import receipt, wait
from providers.base import Receipt
from providers.caldav.dav import ROWS, Multistatus, conditions, multistatus
from providers.errors import AccessLost, Loss, ProviderError, Unavailable, Unsupported
from providers.transport import origin, shown

_XML = {"Content-Type": "application/xml; charset=utf-8"}
_CANNOT = {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.NOT_IMPLEMENTED}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, whatever it was."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    """Where the answer came from, after redirects."""
    conditions: frozenset[str] = field(default_factory=frozenset)
    """The conditions that a refusal names (RFC 4918, 16)."""

    @property
    def kind(self) -> str:
        """The media type, in lower case and without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def receipt(self) -> Receipt:
        """How far the answer can be trusted as a sight of the present."""
        return receipt(self.headers)


class Wire:
    """One account's connection: every failure of it is a :class:`~providers.errors.ProviderError`."""

    def __init__(
        self, url: str, username: str, password: str, session: requests.Session, max_rows: int = ROWS
    ) -> None:
        self._session = session
        self._max_rows = max_rows
        self._ear = _Ear(session)
        # As bytes, the name and the password are sent in UTF-8 (RFC 7617, 2.1).
        auth: Any = HTTPBasicAuth(username.encode(), password.encode())
        # An auth object is sent at once; without it, each first request would draw a 401.
        client = DAVClient(
            url,
            auth=auth,
            enable_rfc6764=False,
            rate_limit_handle=False,
            headers={"User-Agent": str(session.headers["User-Agent"])},
        )
        client.session.close()
        client.session = self._ear  # type: ignore[assignment]  # all that it asks of a session
        self._client = client

    def ask(
        self,
        method: str,
        url: str,
        *,
        where: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to one request, whatever it is; *where* names it in errors.

        :raises Unavailable: if no answer comes.
        :raises Unsupported: if the address is not permitted.
        """
        try:
            self._client.request(url, method, body, dict(headers or {}))  # type: ignore[arg-type]  # bytes do
        except ProviderError as error:
            error.where = shown(where)
            raise
        except DAVError:
            pass  # its reading of a 401, 403, 429 or 503: the answer itself is read here
        heard = self._ear.heard
        refused = heard.status_code >= HTTPStatus.BAD_REQUEST
        return Answer(
            heard.status_code,
            heard.headers,
            heard.content,
            heard.url,
            conditions(heard.content) if refused else frozenset(),
        )

    def xml(self, method: str, url: str, body: bytes, *, where: str, depth: int | None) -> Answer:
        """Return the answer to a PROPFIND or REPORT, whatever it is.

        :raises Unavailable: if no answer comes.
        :raises Unsupported: if the address is not permitted.
        """
        headers = _XML if depth is None else {**_XML, "Depth": str(depth)}
        return self.ask(method, url, where=where, body=body, headers=headers)

    def rows(self, answer: Answer, *, asked: str, where: str) -> Multistatus:
        """Return the multistatus that *answer* must be.

        :raises Unavailable: if it is anything else, and nothing worse.
        :raises AccessLost: if it is a refusal.
        :raises Unsupported: if the server cannot do this.
        """
        if answer.status != HTTPStatus.MULTI_STATUS:
            raise refusal(answer, asked=asked, where=where)
        same_origin(answer, asked=asked, where=where)
        return parsed(answer, where=where, most=self._max_rows)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


class _Ear:
    """A session for python-caldav that keeps each answer for us, and shows it the head alone."""

    def __init__(self, session: requests.Session) -> None:
        self._session = session
        self.heard = requests.Response()

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        self.heard = heard = self._session.request(method, url, **kwargs)
        head = requests.Response()
        head.status_code, head.reason, head.url = heard.status_code, heard.reason, heard.url
        head.headers.update(heard.headers)
        head._content = b""  # noqa: SLF001 - an answer without a body
        return head


def parsed(answer: Answer, *, where: str, most: int = ROWS) -> Multistatus:
    """Return the multistatus in *answer*, whatever its status.

    :raises Unavailable: if there is none.
    """
    try:
        return multistatus(answer.body, answer.headers.get("Content-Type", ""), answer.url, most)
    except ProviderError as error:
        error.where, error.status = shown(where), answer.status
        raise


def refusal(answer: Answer, *, asked: str, where: str) -> ProviderError:
    """Return the error that an unexpected *answer* stands for; never one about a single event."""
    same_origin(answer, asked=asked, where=where)
    status, place = answer.status, shown(where)
    match status:
        case HTTPStatus.UNAUTHORIZED:
            words = "the server refuses the user name or the password"
            return AccessLost(words, loss=Loss.CREDENTIALS, where=place, status=status)
        case HTTPStatus.FORBIDDEN if not answer.conditions - {"need-privileges"}:
            words = "the server refuses this calendar"
            return AccessLost(words, loss=Loss.FORBIDDEN, where=place, status=status)
        case _ if status in _CANNOT:
            return Unsupported("this is no calendar server, or it cannot do this", where=place, status=status)
    return Unavailable(_unexpected(status), where=place, status=status, retry_after=wait(answer.headers))


def same_origin(answer: Answer, *, asked: str, where: str) -> None:
    """Let *answer* pass if it came from where it was asked for.

    :raises Unavailable: if another server gave it: it was asked without credentials.
    """
    if origin(answer.url) == origin(asked):
        return
    # Its host alone: what else is in an address may be a token.
    host = origin(answer.url)[1]
    raise Unavailable(f"it sends us on to {host}: connect that address", where=shown(where))


def _unexpected(status: int) -> str:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "the server asks us to wait"
    if status == HTTPStatus.LOCKED:
        return "the calendar is locked just now"
    if status in range(500, 600):
        return f"the server fails ({status})"
    if status in range(300, 400):
        return f"the server sends us on to another address ({status})"
    if status in range(200, 300):
        return f"the answer is not that of a calendar server ({status}): perhaps a log-in page"
    return f"the server does not take the request ({status})"
