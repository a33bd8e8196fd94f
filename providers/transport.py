"""The program's one way out over HTTP: a bounded ``requests`` session.

A 3xx is never followed for a write: a redirected PUT or DELETE that becomes a GET looks
like success. Reads keep their method (a PROPFIND that became a GET reads a web page),
and credentials never leave the origin that they were given for.
"""

from __future__ import annotations

import re
import ssl
import zlib
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit

import certifi
import requests
from requests.exceptions import ConnectTimeout, RequestException, Timeout
from urllib3.exceptions import HTTPError

from providers.deadline import Deadline
from providers.errors import ProviderError, Unavailable, Unsupported
from providers.guard import Adapter, Gate, Network
from providers.reasons import causes, reason

READS = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
"""The methods that change nothing (RFC 9110, 9.2.1): only they may be redirected."""

_REDIRECTS = 3
_CHUNK = 64 * 1024
_PORTS = {"http": 80, "https": 443}
_HEADERS = 100
_HEAD = 64 * 1024
_HOST = re.compile(r"[0-9a-z_](?:[0-9a-z_.-]*[0-9a-z_.])?|[0-9a-f:.]+")
_AUTHORITY = re.compile(r"(?:[^/]*:)?//([^/]*)")
_HIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True)
class TransportRules:
    """What a session may reach, and how long and how much it takes."""

    ca_file: Path | None = None
    """Further authorities, beside the public ones."""
    allow: frozenset[str] = frozenset()
    """The ``host:port`` that IT permits beyond public https, each exactly as people type it."""
    connect_timeout: float = 5.0
    """Seconds for a connection to stand."""
    read_timeout: float = 10.0
    """Seconds between two pieces of an answer."""
    timeout: float = 30.0
    """Seconds for a request as a whole, redirects and the last byte of the answer included."""
    max_body: int = 8 * 1024 * 1024
    """Bytes of an answer, counted as they come and again after decompression."""
    user_agent: str = "syncd"


class TooLong(Unavailable):
    """The answer is longer than the limit: ask for less at a time."""


class Session(requests.Session):
    """A session that bounds every request, and fails with :class:`~providers.errors.ProviderError` only."""

    def __init__(self, rules: TransportRules, gate: Gate, context: ssl.SSLContext) -> None:
        super().__init__()
        self._rules, self._gate = rules, gate
        self.trust_env = False  # no .netrc, no proxy variables
        self.headers.update({"User-Agent": rules.user_agent, "Accept-Encoding": "gzip"})
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = Adapter(context, gate)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Return the request as it will be sent.

        :raises Unsupported: if no request can be made of it.
        """
        url = str(request.url)
        if hides(url):
            raise Unsupported("this is not an address that can be asked", where=shown(url))
        try:
            return super().prepare_request(request)
        except (RequestException, ValueError):
            raise Unsupported("this is not an address that can be asked", where=shown(url)) from None

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send *request* and return its whole answer.

        :raises Unavailable: if no complete answer comes.
        :raises Unsupported: if the address is not permitted.
        """
        kwargs |= {"stream": True, "allow_redirects": False, "proxies": {}, "verify": True, "cert": None}
        kwargs["timeout"] = kwargs.get("timeout") or (self._rules.connect_timeout, self._rules.read_timeout)
        with self._gate.turn(self._rules.timeout) as deadline:
            for _ in range(_REDIRECTS + 1):
                self._permit(str(request.url))
                answer = self._once(request, deadline, kwargs)
                target = answer.headers.get("Location") if _may_follow(request, answer) else None
                if target is None:
                    return answer
                request = _redirected(request, target)
        raise Unavailable("it sends us on again and again", where=shown(str(request.url)))

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """Return nothing: the library would read the body without a limit before following."""
        return None

    def _permit(self, url: str) -> None:
        scheme, host, port = origin(url)
        if not _HOST.fullmatch(host) or not port:
            raise Unsupported("this is not an address that can be asked", where=shown(url))
        try:
            self._gate.permit(scheme, host, port)
        except Unsupported as error:
            error.where = shown(url)
            raise

    def _once(
        self, request: requests.PreparedRequest, deadline: Deadline, kwargs: dict[str, Any]
    ) -> requests.Response:
        where = shown(str(request.url))
        try:
            answer = super().send(request, **kwargs)
            try:
                _look_at_head(answer)
                _load(answer, self._rules.max_body)
            finally:
                answer.close()
        # A thousand "100 Continue" end in a RecursionError; a bad header in a ValueError.
        except (RequestException, HTTPError, HTTPException, OSError, ValueError, RecursionError) as error:
            raise Unavailable(self._plain(error, deadline), where=where) from None
        except ProviderError as error:
            error.where = where
            raise
        if deadline.passed:  # a body that ends with the connection looks whole where it was cut
            raise Unavailable(self._late(), where=where)
        return answer

    def _plain(self, error: BaseException, deadline: Deadline) -> str:
        rules, chain = self._rules, tuple(causes(error))
        if not deadline.left:
            return self._late()
        for one in chain:
            if (words := reason(one)) is not None:
                return words
        if any(isinstance(one, ConnectTimeout) for one in chain):
            return f"no connection stood within {rules.connect_timeout:g} s"
        if any(isinstance(one, Timeout | TimeoutError) or "Timeout" in type(one).__name__ for one in chain):
            return f"it did not answer within {rules.read_timeout:g} s"
        return "no complete answer came: the connection was cut, or this is no web server"

    def _late(self) -> str:
        return f"it did not finish within {self._rules.timeout:g} s"


def session(rules: TransportRules, network: Network | None = None) -> requests.Session:
    """Return a new session for one account's turn; whoever takes it closes it.

    *network* is the system's own, if none is given.

    :raises Unsupported: if the file of authorities cannot be read.
    """
    return Session(rules, Gate(rules.allow, network or Network()), _context(rules.ca_file))


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of *url*; empty and 0 where there are none."""
    try:
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        return scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(scheme, 0)
    except ValueError:
        return "", "", 0


def shown(url: str) -> str:
    """Return *url* as it may be shown: without user name, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit(SplitResult(parts.scheme, netloc, parts.path, "", ""))


def hides(url: str) -> bool:
    """Tell whether *url* holds what parsers drop, turn or read in two ways; look before any of them does."""
    if _HIDDEN.search(url):
        return True
    address = re.split("[?#]", url, maxsplit=1)[0]
    named = _AUTHORITY.match(address)
    authority = named[1] if named else ""
    path = address[named.end() :] if named else address
    return "@" in authority or any(unquote(segment) in {".", ".."} for segment in path.split("/"))


@lru_cache(maxsize=8)
def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError:
            raise Unsupported(f"caldav.ca_file {ca_file} holds no certificates that can be read") from None
    return context


def _may_follow(request: requests.PreparedRequest, answer: requests.Response) -> bool:
    moved = {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
    return request.method in READS and answer.status_code in moved


def _redirected(request: requests.PreparedRequest, target: str) -> requests.PreparedRequest:
    old = str(request.url)
    following = request.copy()
    if hides(target):
        raise Unavailable("it sends us on to something that is no address", where=shown(old))
    try:
        following.prepare_url(urljoin(old, target), None)
    except (RequestException, ValueError):
        raise Unavailable("it sends us on to something that is no address", where=shown(old)) from None
    if origin(str(following.url)) != origin(old):
        following.headers.pop("Authorization", None)
    following.headers.pop("Host", None)
    return following


def _look_at_head(answer: requests.Response) -> None:
    """Refuse a head that is no answer yet, or longer than any server needs."""
    if answer.status_code < HTTPStatus.OK:
        raise Unavailable("it answers with something that is no answer", status=answer.status_code)
    fields = list(answer.raw.headers.items())
    if len(fields) > _HEADERS or sum(len(name) + len(value) for name, value in fields) > _HEAD:
        raise Unavailable(f"the head of the answer is longer than {_HEAD} bytes or {_HEADERS} lines")


def _load(answer: requests.Response, limit: int) -> None:
    """Read the whole body into *answer*, with the bytes counted as they unfold."""
    coding = answer.headers.get("Content-Encoding", "").strip().lower()
    if coding in {"", "identity"}:
        body = _collect(answer, limit)
    elif coding in {"gzip", "x-gzip"}:
        body = _unfold(_collect(answer, limit), limit)
    else:
        raise Unavailable("the answer is packed in a way that was not asked for")
    answer._content = body  # noqa: SLF001 - requests has no other way to keep a counted body
    answer._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001


def _collect(answer: requests.Response, limit: int) -> bytes:
    body = bytearray()
    for chunk in answer.raw.stream(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > limit:
            raise TooLong(f"the answer is longer than {limit} bytes")
    return bytes(body)


def _unfold(packed: bytes, limit: int) -> bytes:
    if not packed:
        return b""
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        body = unpack.decompress(packed, limit + 1)
    except zlib.error:
        raise Unavailable("the answer cannot be unpacked") from None
    if len(body) > limit:
        raise TooLong(f"the answer is longer than {limit} bytes")
    if not unpack.eof or unpack.unused_data:
        raise Unavailable("the answer was cut")
    return body
