"""An HTTP request as it came, and an HTTP answer as it goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

JSON = "application/json; charset=UTF-8"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Request:
    """What was asked."""

    method: str
    path: str
    """Percent-encoded, without the query."""
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What is answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def saying(given: Any, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer in JSON."""
    text = json.dumps(given, ensure_ascii=False).encode()
    return Answer(status, text, {"Content-Type": JSON, "Cache-Control": "no-cache", **(headers or {})})


def page(text: str, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer in HTML."""
    return Answer(status, text.encode(), {"Content-Type": HTML, **(headers or {})})


def redirect(to: str) -> Answer:
    """Return that the answer is elsewhere."""
    return Answer(HTTPStatus.FOUND, b"", {"Location": to})
