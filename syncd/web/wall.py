"""What stands between the network and the pages: only small questions get in, every answer says how to be read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ("GET", "HEAD")
CALLS = ("POST",)
"""How a server calls us, where it may."""
_BODY = 16 * 1024
"""Bytes that a call may bring; they are not read."""
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"connection", b"close"),  # an idle connection would keep its place from somebody who asks
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
PROBLEM = "application/problem+json"
"""The media type of RFC 9457, section 3."""


class Wall:
    """Answers what needs no page, and adds the headers that every answer has."""

    def __init__(self, app: ASGIApp, hooks: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._hooks = hooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a question through, or answer it."""
        if scope["type"] != "http":
            return

        async def armoured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        headers = dict(scope["headers"])
        hook = scope["path"] in self._hooks
        methods, most = (CALLS, _BODY) if hook else (METHODS, 0)
        if scope["method"] not in methods:
            await _refuse(armoured, HTTPStatus.METHOD_NOT_ALLOWED, [(b"allow", ", ".join(methods).encode())])
        elif int(headers.get(b"content-length", b"0")) > most or b"transfer-encoding" in headers:
            # RFC 9110, 9.3.1: content in a GET has no meaning, and may be an attack on what stands before us.
            await _refuse(armoured, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, ())
        else:
            await self._app(scope, receive, armoured)


def problem(status: HTTPStatus, detail: str | None = None) -> bytes:
    """Return the body of an answer that says what is wrong (RFC 9457)."""
    said = {"type": "about:blank", "title": status.phrase, "status": status.value}
    return json.dumps(said | ({"detail": detail} if detail else {})).encode()


async def _refuse(send: Send, status: HTTPStatus, headers: Iterable[tuple[bytes, bytes]]) -> None:
    body = problem(status)
    head = [
        (b"content-type", PROBLEM.encode()),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status.value, "headers": head})
    await send({"type": "http.response.body", "body": body})
