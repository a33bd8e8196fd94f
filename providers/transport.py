"""The program's one way out over HTTP: a bounded ``requests`` session.

A 3xx is never followed for a write: a redirected PUT or DELETE that becomes a GET looks
like success. Reads keep their method (a PROPFIND that became a GET reads a web page),
and credentials never leave the origin that they were given for.
"""

from __future__ import annotations

import socket
import ssl
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

import certifi
import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout, RequestException, Timeout
from urllib3.exceptions import HTTPError

from providers.errors import ProviderError, Unavailable, Unsupported

READS = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
"""The methods that change nothing (RFC 9110, 9.2.1): only they may be redirected."""

_REDIRECTS = 3
_CHUNK = 64 * 1024
_PORTS = {"http": 80, "https": 443}
_UNKNOWN_ISSUER = frozenset({18, 19, 20, 21})  # X509_V_ERR_* of OpenSSL
_WRONG_NAME = frozenset({62, 64})
_EXPIRED, _NOT_YET = 10, 9


@dataclass(frozen=True, slots=True)
class TransportRules:
    """What a session may reach, and how long and how much it takes."""

    ca_file: Path | None = None
    """Further authorities, beside the public ones."""
    allow: frozenset[str] = frozenset()
    """The ``host:port`` that IT permits beyond public https."""
    connect_timeout: float = 5.0
    """Seconds for a connection to stand."""
    read_timeout: float = 30.0
    """Seconds between two pieces of an answer."""
    max_body: int = 8 * 1024 * 1024
    """Bytes of an answer, counted after decompression."""
    user_agent: str = "syncd"


class TooLong(Unavailable):
    """The answer is longer than the limit: ask for less at a time."""


class Adapter(HTTPAdapter):
    """A small pool of connections that trusts the certificates of one shared TLS context."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        # A prefork server pins a worker to each idle connection: one per host is enough.
        super().__init__(pool_connections=4, pool_maxsize=1, max_retries=0)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        """Make the pool of connections around the shared context."""
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **pool_kwargs)

    def cert_verify(self, conn: Any, url: str, verify: bool | str, cert: Any) -> None:  # noqa: ARG002
        """Ask for a valid certificate; the authorities are in the context already."""
        # requests would load its bundle into the shared context again for each connection.
        conn.cert_reqs = "CERT_REQUIRED"


class Session(requests.Session):
    """A session that bounds every request, and fails with :class:`~providers.errors.ProviderError` only."""

    def __init__(self, rules: TransportRules, adapter: HTTPAdapter) -> None:
        super().__init__()
        self._rules = rules
        self.trust_env = False  # no .netrc, no proxy variables
        self.headers.update({"User-Agent": rules.user_agent, "Accept-Encoding": "gzip"})
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Return the request as it will be sent.

        :raises Unsupported: if no request can be made of it.
        """
        try:
            return super().prepare_request(request)
        except (RequestException, ValueError):
            where = shown(str(request.url))
            raise Unsupported("this is not an address that can be asked", where=where) from None

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send *request* and return its whole answer.

        :raises Unavailable: if no complete answer comes.
        :raises Unsupported: if the address is not permitted.
        """
        kwargs |= {"stream": True, "allow_redirects": False, "proxies": {}}
        kwargs["timeout"] = kwargs.get("timeout") or (self._rules.connect_timeout, self._rules.read_timeout)
        for _ in range(_REDIRECTS + 1):
            self._permit(str(request.url))
            answer = self._once(request, kwargs)
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
        if scheme == "https" or (scheme == "http" and f"{host}:{port}" in self._rules.allow):
            return
        raise Unsupported(
            f"it is not https, and {host}:{port} is not listed in caldav.allow", where=shown(url)
        )

    def _once(self, request: requests.PreparedRequest, kwargs: dict[str, Any]) -> requests.Response:
        try:
            answer = super().send(request, **kwargs)
            try:
                _load(answer, self._rules.max_body)
            finally:
                answer.close()
        # A thousand "100 Continue" end in a RecursionError; a bad header in a ValueError.
        except (RequestException, HTTPError, HTTPException, OSError, ValueError, RecursionError) as error:
            raise Unavailable(self._plain(error), where=shown(str(request.url))) from None
        except ProviderError as error:
            error.where = shown(str(request.url))
            raise
        return answer

    def _plain(self, error: BaseException) -> str:
        rules, chain = self._rules, tuple(_causes(error))
        for one in chain:
            if (words := _words(one)) is not None:
                return words
        if any(isinstance(one, ConnectTimeout) for one in chain):
            return f"no connection stood within {rules.connect_timeout:g} s"
        if any(isinstance(one, Timeout | TimeoutError) or "Timeout" in type(one).__name__ for one in chain):
            return f"it did not answer within {rules.read_timeout:g} s"
        return "the connection was cut before the answer was complete"


def session(
    rules: TransportRules, adapter: Callable[[ssl.SSLContext], HTTPAdapter] = Adapter
) -> requests.Session:
    """Return a new session for one account's turn; whoever takes it closes it.

    *adapter* opens the connections.

    :raises Unsupported: if the file of authorities cannot be read.
    """
    return Session(rules, adapter(_context(rules.ca_file)))


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
    try:
        following.prepare_url(urljoin(old, target), None)
    except (RequestException, ValueError):
        raise Unavailable("it sends us on to something that is no address", where=shown(old)) from None
    if origin(str(following.url)) != origin(old):
        following.headers.pop("Authorization", None)
    following.headers.pop("Host", None)
    return following


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


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and what is behind it: the libraries wrap by argument, reason, cause and context."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]


def _words(error: BaseException) -> str | None:
    """Return what *error* means in plain words, if it is one with a meaning of its own."""
    match error:
        case ssl.SSLCertVerificationError():
            return _certificate(error)
        case ssl.SSLError():
            return "it does not speak TLS as we do"
        case socket.gaierror():
            return "there is no such name, or it cannot be looked up now"
        case ConnectionRefusedError():
            return "connection refused: nothing answers at this address"
    return None


def _certificate(error: ssl.SSLCertVerificationError) -> str:
    code = error.verify_code
    if code == _EXPIRED:
        return "its certificate has expired"
    if code == _NOT_YET:
        return "its certificate is not valid yet"
    if code in _WRONG_NAME:
        return "its certificate is for another name"
    if code in _UNKNOWN_ISSUER:
        return "its certificate is from an authority that we do not know (caldav.ca_file can name it)"
    return "its certificate is not valid"
