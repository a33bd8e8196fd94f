"""The log: events with ids, counts and codes on stderr; never a title, a name or a secret.

A person at a terminal reads lines, a journal gets JSON, and NO_COLOR is honoured. Libraries
quote what they work on, so of them only warnings come through, and of these only where they
were given: neither the text of a library's warning nor that of its errors is written.
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

from syncd.traces import told

QUIET = (
    *("caldav", "niquests", "urllib3", "urllib3_future", "requests", "lxml", "dns"),
    *("icalendar", "recurring_ical_events", "x_wr_timezone", "dateutil"),
    *("googleapiclient", "google", "httpx", "alembic", "sqlalchemy"),
)
"""Libraries whose chatter names other people's events: from them only warnings, and not their text."""
OURS = frozenset({"policy", "providers", "syncd"})
HIDDEN = "[hidden]"
_SECRET = re.compile(
    r"passw|secret|token|grant|authorization|cookie|credential|summary|title|description|location|attendee"
    r"|\bname$|e_?mail|address",
    re.IGNORECASE,
)
_URL = re.compile(r"\b([a-z][a-z0-9+.-]*://)(?:[^\s/@\"']*@)?([^\s?#\"']*)(?:[?#][^\s\"']*)?", re.IGNORECASE)
_WARNING = re.compile(r"(?P<where>[^\n]*:\d+): (?P<kind>\w+): ")
_BEARER = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]+", re.IGNORECASE)


class _Lines(logging.Handler):
    """Writes one line an event; what cannot be written is lost, never an error of whoever logged it."""

    def __init__(self, stream: IO[str] | None) -> None:
        super().__init__()
        self._stream = stream
        self.addFilter(lambda record: _ours(record) or record.levelno >= logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record*."""
        with suppress(OSError, ValueError):
            print(
                self.format(record if _ours(record) else _where_alone(record)),
                file=self._stream or sys.stderr,
                flush=True,
            )


def _ours(record: logging.LogRecord) -> bool:
    # What structlog hands over is a dictionary still.
    return isinstance(record.msg, dict) or record.name.partition(".")[0] in OURS


def _where_alone(record: logging.LogRecord) -> logging.LogRecord:
    """Return of a library's record only where it was made; a warning of Python's is told by its kind."""
    given = _WARNING.match(record.getMessage()) if record.name == "py.warnings" else None
    where = f"a {record.levelname} of {record.name}, at {record.module}:{record.lineno}"
    said = f"{given['kind']} at {given['where']}" if given else where
    return logging.makeLogRecord(
        {"name": record.name, "levelno": record.levelno, "levelname": record.levelname, "msg": said}
    )


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
    # Tracebacks in our own words: every other kind shows texts or local values, and those hold secrets.
    steps += [_traced, _without_secrets]
    return [*steps, structlog.processors.JSONRenderer() if plain else _console(out)]


def _traced(_logger: object, _method: str, event: EventDict) -> EventDict:
    what = event.pop("exc_info", None)
    error = (
        what if isinstance(what, BaseException) else what[1] if isinstance(what, tuple) else sys.exception()
    )
    if what and error is not None:
        event["exception"] = told(error)
    return event


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
