"""The guard at the door: names become addresses here, and every address is looked at.

A check before the connection is a check of another answer: a name can be public when it
is looked at and ours when it is connected (DNS rebinding). So the look-up, the check and
the connection are one step, inside the connection itself, and TLS is asked for the name.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from providers.addresses import Address, permissible, public, read
from providers.deadline import Deadline, Watchdog
from providers.errors import Unsupported
from providers.heads import WholeHead

PORTS = frozenset({443, 8443})
"""Where https is asked for without IT's word."""

_WATCHDOG = Watchdog()


def looked_up(host: str, port: int) -> Sequence[str]:
    """Return every address of *host*, as the system knows them.

    :raises OSError: if there are none.
    """
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def dialled(address: str, port: int, seconds: float) -> socket.socket:
    """Return a connection to an *address*, which is no name.

    :raises OSError: if there is none.
    """
    return socket.create_connection((address, port), seconds)


@dataclass(frozen=True, slots=True)
class Network:
    """How names become addresses, and addresses connections."""

    resolve: Callable[[str, int], Sequence[str]] = looked_up
    dial: Callable[[str, int, float], socket.socket] = dialled


def place(host: str, port: int) -> str:
    """Return ``host:port`` as it is written in a list; an IPv6 address has brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Gate:
    """What one session may connect to, and until when."""

    def __init__(self, allow: frozenset[str], network: Network) -> None:
        self._allow = frozenset(one.lower() for one in allow)
        self._network = network
        self._deadline: Deadline | None = None

    def permit(self, scheme: str, host: str, port: int) -> None:
        """Return if such a server may be asked at all.

        :raises Unsupported: if it is not https at a usual port, and IT has not listed it.
        """
        here = place(host, port)
        if here.lower() in self._allow:
            return
        if scheme != "https":
            raise Unsupported(f"it is not https, and {here} is not listed in caldav.allow")
        if port not in PORTS:
            words = (
                f"port {port} is not one that we ask (443, 8443), and {here} is not listed in caldav.allow"
            )
            raise Unsupported(words)

    @contextmanager
    def turn(self, seconds: float) -> Iterator[Deadline]:
        """Give one request its time: every connection that it uses is shut when that is over."""
        self._deadline = deadline = Deadline(seconds)
        _WATCHDOG.watch(deadline)
        try:
            yield deadline
        finally:
            self._deadline = None
            deadline.release()

    def hold(self, connection: socket.socket | None) -> None:
        """Bind a connection that is kept from an earlier request to the present one's end."""
        if connection is not None and self._deadline is not None:
            self._deadline.hold(connection)

    def connect(self, host: str, port: int, seconds: float | None) -> socket.socket:
        """Return a connection to *host*, at an address that was looked at.

        :raises Unsupported: if any of its addresses leads inside.
        :raises OSError: if no connection stands.
        """
        failure: OSError = TimeoutError()
        addresses = self._addresses(host, port)
        for address in addresses:
            try:
                left = self._left()
                connection = self._network.dial(str(address), port, min(seconds or left, left))
            except OSError as error:
                failure = error
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.hold(connection)
            return connection
        raise failure

    def _addresses(self, host: str, port: int) -> list[Address]:
        """Return all addresses of *host*: one that leads inside spoils the others."""
        here, found = place(host, port), self._found(host, port)
        listed = here.lower() in self._allow
        if not all((permissible if listed else public)(one) for one in found):
            # Which address it was is nobody's business who can only type names.
            raise Unsupported(_INSIDE_LISTED if listed else _INSIDE.format(here))
        return found

    def _found(self, host: str, port: int) -> list[Address]:
        if _is_address(host):
            return [read(host)]
        try:
            found = [read(one) for one in self._asked(host, port)]
        except ValueError:  # a label too long, or an answer that is no address
            found = []
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return found

    def _asked(self, host: str, port: int) -> Sequence[str]:
        """Ask for addresses in a thread: the system's resolver knows no deadline."""
        heard: SimpleQueue[Sequence[str] | Exception] = SimpleQueue()

        def ask() -> None:
            try:
                heard.put(self._network.resolve(host, port))
            except (OSError, ValueError) as error:
                heard.put(error)

        Thread(target=ask, name="resolver", daemon=True).start()
        try:
            said = heard.get(timeout=self._left())
        except Empty:
            raise socket.gaierror(socket.EAI_AGAIN, "the look-up took too long") from None
        if isinstance(said, Exception):
            raise said
        return said

    def _left(self) -> float:
        if self._deadline is None:
            raise TimeoutError  # outside a turn nobody would shut the connection
        if not (left := self._deadline.left):
            raise TimeoutError
        return left


_INSIDE = (
    "it is not on the public internet; if this is a server of the school, IT can list {} in caldav.allow"
)
_INSIDE_LISTED = "no server stands at such an address, whatever caldav.allow lists"


class _Plain(HTTPConnection):
    """A connection without TLS."""

    gate: Gate
    response_class = WholeHead  # type: ignore[assignment]  # urllib3-future has its own, which ends by itself

    def _new_conn(self) -> socket.socket:
        return _opened(self)

    def request(self, *args: Any, **kwargs: Any) -> Any:
        self.gate.hold(self.sock)
        return super().request(*args, **kwargs)


class _Sealed(_Plain, HTTPSConnection):
    """A connection with TLS: certificate and SNI are about the name, whatever the address."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain

    def __init__(self, gate: Gate, *args: Any, **kwargs: Any) -> None:
        self._gate = gate
        self._made: Any = None
        super().__init__(*args, **kwargs)

    def _new_conn(self, **kwargs: Any) -> Any:
        self._made = super()._new_conn(**kwargs)
        self._made.gate = self._gate
        return self._made

    def _get_conn(self, *args: Any, **kwargs: Any) -> Any:
        _leave_stuck(self._made)
        return super()._get_conn(*args, **kwargs)


class _SealedPool(_PlainPool, HTTPSConnectionPool):
    ConnectionCls = _Sealed


class Adapter(HTTPAdapter):
    """A small pool of connections through one gate, that trusts one shared TLS context."""

    def __init__(self, context: ssl.SSLContext, gate: Gate) -> None:
        self._context, self._gate = context, gate
        # A prefork server pins a worker to each idle connection: one per host is enough.
        super().__init__(pool_connections=4, pool_maxsize=1, max_retries=0)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        """Make the pool of connections around the shared context and the gate."""
        pool_kwargs |= {"ssl_context": self._context, **_only_http1()}
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_PlainPool, self._gate),
            "https": partial(_SealedPool, self._gate),
        }

    def cert_verify(self, conn: Any, url: str, verify: bool | str, cert: Any) -> None:  # noqa: ARG002
        """Ask for a valid certificate; the authorities are in the context already."""
        # requests would load its bundle into the shared context again for each connection.
        conn.cert_reqs = "CERT_REQUIRED"


def _opened(connection: _Plain | _Sealed) -> socket.socket:
    """Return a socket for *connection*, with failures in the library's own words."""
    host, port = connection._dns_host, connection.port or connection.default_port  # noqa: SLF001
    try:
        return connection.gate.connect(host, port, connection.timeout)
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "no connection in time") from error
    except OSError as error:
        raise NewConnectionError(connection, "no connection") from error


def _leave_stuck(connection: Any) -> None:
    """Close a connection that still owes something, as after two answers to one question.

    A session asks one thing at a time: urllib3-future would wait for ever for the other to end.
    """
    if getattr(connection, "is_saturated", False):
        connection.close()


def _only_http1() -> dict[str, Any]:
    """Return what keeps urllib3-future from HTTP/2 and QUIC, whose other doors nobody guards."""
    versions: Any = getattr(urllib3, "HttpVersion", None)
    return {} if versions is None else {"disabled_svn": {versions.h2, versions.h3}}


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
