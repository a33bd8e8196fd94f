"""The web server, in a thread of its own: it takes no signals, and the rest of the program never waits for it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
import uvicorn

from syncd.errors import Problem
from syncd.health import Pulse
from syncd.house import House
from syncd.web.app import app
from syncd.web.patience import Impatient

_START = 30.0
"""Seconds for the server to begin; it has nothing to wait for."""
_LAST_WORD = 2.0
"""Seconds for answers that are cut off."""
_BACKLOG = 64
_LAST_PORT = 65535
_CONNECTIONS = 32
"""More are told to come later: each costs a thread while it is answered."""
_HEAD = 16 * 1024
"""Bytes of a request's head at most."""
_log = structlog.get_logger(__name__)


class Pages:
    """The pages of one process."""

    def __init__(self, listen: str, house: Callable[[], House], pulse: Callable[[], Pulse]) -> None:
        self._listen = listen
        self._house = house
        self._pulse = pulse
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.address = listen
        """Where it is served, once it is: with the port that was given, if 0 was asked for."""

    def start(self) -> None:
        """Serve, from now on.

        :raises Problem: if the address is taken, or none of this computer's.
        """
        listening = _bound(self._listen)
        host, port = listening.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        server = _Server(_settings(app(self._house, self._pulse, self._house().clock.now())))
        self._server = server
        self._thread = threading.Thread(target=server.run, args=([listening],), name="syncd-web", daemon=True)
        self._thread.start()
        if not server.up.wait(_START):
            self.stop(timedelta(0))
            raise Problem(f"{self.address}: the web server does not start; try again, or see the log")
        _log.info("web.started", listen=self.address)

    def stop(self, grace: timedelta) -> None:
        """Take no more questions, and let those that are being answered end within *grace*."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        server.config.timeout_graceful_shutdown = max(1, int(grace.total_seconds()))
        server.should_exit = True
        thread.join(grace.total_seconds())
        if thread.is_alive():
            server.force_exit = True
            thread.join(_LAST_WORD)
        self._server = self._thread = None
        _log.info("web.stopped", clean=not thread.is_alive())


class _Server(uvicorn.Server):
    """Says when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


def _settings(served: object) -> uvicorn.Config:
    return uvicorn.Config(
        served,  # type: ignore[arg-type]  # uvicorn's own spelling of ASGI is narrower than starlette's
        loop="asyncio",
        http=Impatient,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=5,
        h11_max_incomplete_event_size=_HEAD,
    )


def _bound(listen: str) -> socket.socket:
    """Return a socket that listens at *listen*.

    :raises Problem: if it is taken, or none of this computer's.
    """
    host, _, port = listen.rpartition(":")
    try:
        family, kind, protocol, _, at = socket.getaddrinfo(
            host.strip("[]"), _port(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
    except (OSError, ValueError) as error:
        raise _unusable(listen, error) from None
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(at)
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        raise _unusable(listen, error) from None
    return made


def _port(text: str) -> int:
    number = int(text)
    if number > _LAST_PORT:  # the resolver would take what is left of it by the last port
        raise ValueError(text)
    return number


def _unusable(listen: str, error: Exception) -> Problem:
    why = (error.strerror if isinstance(error, OSError) else None) or "it is no host and port"
    return Problem(
        f"{listen}: the pages cannot be served there: {why[:1].lower()}{why[1:]}; "
        "stop the other program, or choose another address: web.listen in config.toml"
    )
