"""The log: events with ids, counts and codes on stderr; never a title, a name or a secret.

A person at a terminal reads lines, a journal gets JSON, and NO_COLOR is honoured. What
libraries log comes through the same door.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import IO, Literal

import structlog
from structlog.typing import EventDict, Processor

QUIET = ("caldav", "niquests", "urllib3", "urllib3_future", "googleapiclient", "google", "httpx", "alembic")
"""Libraries whose chatter names other people's events: from them only warnings."""
HIDDEN = "[hidden]"
_SECRET = re.compile(
    r"passw|secret|token|grant|authorization|cookie|credential|summary|title|description|location|attendee"
    r"|\bname$|e_?mail|address",
    re.IGNORECASE,
)
_URL = re.compile(r"\b([a-z][a-z0-9+.-]*://)(?:[^\s/@\"']*@)?([^\s?#\"']*)(?:[?#][^\s\"']*)?", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]+", re.IGNORECASE)


class _Lines(logging.Handler):
    """Writes one line an event; what cannot be written is lost, never an error of whoever logged it."""

    def __init__(self, stream: IO[str] | None) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record*."""
        with suppress(OSError, ValueError):
            print(self.format(record), file=self._stream or sys.stderr, flush=True)


def bare(text: str) -> str:
    """Return *text* without the user names, passwords and queries of the addresses in it."""
    return _BEARER.sub(rf"\1 {HIDDEN}", _URL.sub(r"\1\2", text))


def configure(
    level: str = "info", form: Literal["auto", "json", "console"] = "auto", stream: IO[str] | None = None
) -> None:
    """Send everything that is logged to *stream*, else to stderr."""
    out = sys.stderr if stream is None else stream
    plain = form == "json" or (form == "auto" and not out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _Lines(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last(out, plain=plain))
    )
    root = logging.getLogger()
    root.handlers[:] = [*(one for one in root.handlers if not isinstance(one, _Lines)), handler]
    root.setLevel(level.upper())
    for library in QUIET:
        logging.getLogger(library).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)


def _last(out: IO[str], *, plain: bool) -> list[Processor]:
    steps: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if plain:
        # Tracebacks as text: the pretty kind shows local values, and those hold secrets.
        return [
            *steps,
            structlog.processors.format_exc_info,
            _without_secrets,
            structlog.processors.JSONRenderer(),
        ]
    return [*steps, structlog.processors.format_exc_info, _without_secrets, _console(out)]


def _console(out: IO[str]) -> Processor:
    colors = out.isatty() and not os.environ.get("NO_COLOR")
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)


def _without_secrets(_logger: object, _method: str, event: EventDict) -> Mapping[str, object]:
    return _hidden(event)


def _hidden(event: MutableMapping[str, object]) -> dict[str, object]:
    return {
        key: HIDDEN if key != "event" and _SECRET.search(key) else _bare(value)
        for key, value in event.items()
    }


def _bare(value: object) -> object:
    if isinstance(value, str):
        return bare(value)
    if isinstance(value, dict):
        return _hidden(value)
    if isinstance(value, list | tuple):
        return [_bare(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return bare(str(value))
