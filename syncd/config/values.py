"""The kinds of value that a configuration holds, each read from text with a sentence if it cannot be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, PlainValidator

from policy.interval import Interval
from policy.rules import Duration, shown
from policy.weekly import Weekly
from syncd.written import mail_address, zone_named

_HOST_PORT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/@\[\]]+):(\d{1,5})")
_LAST_PORT = 65535
_SECRET_LIKE = "GOCSPX-"  # noqa: S105 - how Google's client secrets begin
_DATABASES = ("sqlite", "postgresql", "postgres", "postgresql+psycopg")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HostPort:
    """One server on the network."""

    host: str
    """In lower case; an IPv6 address without its brackets."""
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days of a school's own calendar, first and last included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"

    def interval(self, zone: ZoneInfo) -> Interval:
        """Return the instants of these days in *zone*."""
        ends = (self.first, self.last + timedelta(days=1))
        start, end = (datetime.combine(day, time.min, zone).astimezone(UTC) for day in ends)
        return Interval(start, end)


def _text(read: Callable[[str], T], what: str) -> Callable[[object], T]:
    """Return a reader of *what* that takes text, or a value that has been read before."""

    def reader(given: object) -> T:
        if isinstance(given, str):
            return read(given)
        if isinstance(given, _READ):
            return given  # type: ignore[return-value]  # a default, read by the same reader
        raise ValueError(f"{given!r} is not {what}; write it in quotes")

    return reader


def host_port(text: str) -> HostPort:
    """Read ``host:port``.

    :raises ValueError: if it is not that.
    """
    found = _HOST_PORT.fullmatch(text.strip())
    if found is None or not 0 < int(found[2]) <= _LAST_PORT:
        raise ValueError(f'{text!r} is not a host and port; write it like "calendar.school.example:8443"')
    return HostPort(found[1].strip("[]").lower(), int(found[2]))


def days(text: str) -> Days:
    """Read ``2026-12-21..2027-01-03``, or one day.

    :raises ValueError: if it is not that, or ends before it starts.
    """
    first, dots, last = text.partition("..")
    try:
        range_ = Days(
            date.fromisoformat(first.strip()), date.fromisoformat((last if dots else first).strip())
        )
    except ValueError:
        raise ValueError(f'{text!r} is not a range of days; write it like "2026-12-21..2027-01-03"') from None
    if range_.last < range_.first:
        raise ValueError(f"{text!r} ends before it starts")
    return range_


def _web_address(text: str) -> str:
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f'{text!r} is not a web address; write it like "https://sessions.school.example"')
    return text.strip().rstrip("/")


def _mail_server(text: str) -> str:
    parts = urlsplit(text.strip())
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError('not a mail server; write it like "smtp://mail.school.example:25"')
    return text.strip()


def _database(text: str) -> str:
    scheme, colon, rest = text.strip().partition("://")
    if not colon or scheme not in _DATABASES or (scheme == "sqlite" and not rest.strip("/")):
        # The address may hold a password: it is not repeated.
        raise ValueError('not a database; write "sqlite:///syncd.db" or "postgresql://user@host/name"')
    return text.strip()


def _client_id(text: str) -> str:
    if text.strip().startswith(_SECRET_LIKE):
        # What was typed is a secret: it is not repeated.
        raise ValueError(
            "this is a client's secret, not its id; keep it in the file that client_secret_file names"
        )
    return text.strip()


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text.strip())
    except ValueError:
        raise ValueError(f'{text!r} is not a network; write it like "10.0.0.0/8" or "127.0.0.1"') from None


def _positive(length: timedelta) -> timedelta:
    if length <= timedelta(0):
        raise ValueError(f"{shown(length)!r} is no time at all; write at least 1s")
    return length


def _listed(given: object) -> object:
    """Read a list that came as one text, as from the environment: JSON, or separated by commas."""
    if not isinstance(given, str):
        return given
    if given.lstrip().startswith("["):
        try:
            return json.loads(given)
        except json.JSONDecodeError as error:
            raise ValueError(f'not a list: {error.msg}; write it like "one, two"') from None
    return [one.strip() for one in given.split(",") if one.strip()]


def _blank(given: object) -> object:
    return None if given == "" else given


_READ = (ZoneInfo, Weekly, HostPort, Days, IPv4Network, IPv6Network)
_SHOWN = PlainSerializer(str, return_type=str)
_EMPTY = BeforeValidator(_blank)

Positive = Annotated[Duration, AfterValidator(_positive)]
Zone = Annotated[ZoneInfo, PlainValidator(_text(zone_named, "a time zone")), _SHOWN]
Hours = Annotated[Weekly, PlainValidator(_text(Weekly.parse, "weekly hours")), _SHOWN]
Server = Annotated[HostPort, PlainValidator(_text(host_port, "a host and port")), _SHOWN]
Servers = Annotated[tuple[Server, ...], BeforeValidator(_listed)]
Network = Annotated[IPv4Network | IPv6Network, PlainValidator(_text(_network, "a network")), _SHOWN]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_listed)]
Closures = Annotated[
    tuple[Annotated[Days, PlainValidator(_text(days, "a range of days")), _SHOWN], ...],
    BeforeValidator(_listed),
]
Database = Annotated[str, PlainValidator(_text(_database, "a database"))]
WebAddress = Annotated[str, PlainValidator(_text(_web_address, "a web address"))]
OptionalWebAddress = Annotated[WebAddress | None, _EMPTY]
OptionalMailServer = Annotated[
    Annotated[str, PlainValidator(_text(_mail_server, "a mail server"))] | None, _EMPTY
]
MailAddress = Annotated[str, PlainValidator(_text(mail_address, "an e-mail address"))]
OptionalMailAddress = Annotated[MailAddress | None, _EMPTY]
OptionalClientId = Annotated[Annotated[str, PlainValidator(_text(_client_id, "a client id"))] | None, _EMPTY]
OptionalFile = Annotated[Path | None, _EMPTY]
