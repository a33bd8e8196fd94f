"""From what a person types to the address of their calendars (RFC 6764).

The password is sent to the server that was named, and to its neighbours over https. What
unsigned DNS, or a redirect, says about other servers is told to the person and not followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import dns.exception
import dns.resolver
import requests
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.SRV import SRV

from providers.caldav.account import Account, locate, whose
from providers.caldav.href import neighbours
from providers.caldav.wire import Wire
from providers.errors import AccessLost, Loss, ProviderError, Unavailable, Unsupported
from providers.transport import origin, shown

_WELL_KNOWN = "/.well-known/caldav"
_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Service:
    """Where DNS says that a domain's calendars are (RFC 2782)."""

    host: str
    port: int
    priority: int = 0
    weight: int = 0


class Resolver(Protocol):
    """What discovery asks of DNS."""

    def services(self, name: str) -> Sequence[Service]:
        """Return the SRV records of *name*, none if it has none or cannot be asked."""
        ...

    def texts(self, name: str) -> Sequence[str]:
        """Return the TXT records of *name*, none if it has none or cannot be asked."""
        ...


class DnsResolver:
    """The system's own resolver."""

    def services(self, name: str) -> Sequence[Service]:
        """Return the SRV records of *name*, none if it has none or cannot be asked."""
        return [
            Service(str(one.target).rstrip("."), one.port, one.priority, one.weight)
            for one in _records(name, "SRV")
            if isinstance(one, SRV)
        ]

    def texts(self, name: str) -> Sequence[str]:
        """Return the TXT records of *name*, none if it has none or cannot be asked."""
        texts = (one for one in _records(name, "TXT") if isinstance(one, TXT))
        return [b"".join(one.strings).decode(errors="replace") for one in texts]


@dataclass(frozen=True, slots=True)
class Discovered:
    """An account that was found."""

    url: str
    """The address to keep: the principal, or a calendar that was named itself."""
    home: str
    """The collection that holds the calendars; the calendar itself, if there is none."""
    homes: tuple[str, ...] = ()


def discover(
    address: str, username: str, password: str, session: requests.Session, resolver: Resolver
) -> Discovered:
    """Return the account behind a URL, a host or an e-mail address.

    :raises AccessLost: if the server refuses the user name or the password.
    :raises Unsupported: if there is no calendar server; the sentence says what was tried.
    :raises Unavailable: if no server answered.
    """
    failures: list[tuple[str, ProviderError]] = []
    for url in _candidates(address.strip(), resolver):
        if isinstance(url, ProviderError):
            failures.append((url.where, url))
            continue
        wire = Wire(url, username, password, session)
        try:
            return _try(wire, url)
        except ProviderError as error:
            failures.append((url, error))
            if _final(error):
                break
    raise _verdict(failures)


def _try(wire: Wire, url: str) -> Discovered:
    answer = whose(wire, url)
    if origin(answer.url) != origin(url):
        # Redirected past its own origin a request bears no password: ask there again, if it may be known there.
        if not neighbours(url, answer.url):
            host = origin(answer.url)[1]
            words = f"it sends us on to {host}: connect that address, if you trust it"
            raise Unsupported(words, where=shown(url))
        url = answer.url
        answer = whose(wire, url)
    return _discovered(locate(wire, url, answer))


def _discovered(account: Account) -> Discovered:
    if account.calendar is not None:
        return Discovered(account.calendar, (*account.homes, account.calendar)[0], account.homes)
    return Discovered(account.url, account.homes[0], account.homes)


def _candidates(address: str, resolver: Resolver) -> Iterator[str | ProviderError]:
    """Yield where to look, in order: what was typed, the well-known address, DNS, the root."""
    if "://" in address:
        yield from _of_url(address)
        return
    typed = address.rpartition("@")[2]
    host, slash, path = typed.partition("/")
    if not host:
        raise Unsupported("this is no address of a calendar server")
    base = f"https://{host}"
    if path:
        yield f"{base}/{path}"
    yield base + _WELL_KNOWN
    if _is_domain(host):
        yield from _of_dns(host, resolver)
    yield base + "/"
    if ":" in host:
        # Only a host:port that IT has permitted is asked without TLS: the session sees to that.
        yield f"http://{host}{slash}{path}"
        yield f"http://{host}{_WELL_KNOWN}"


def _of_url(address: str) -> Iterator[str]:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise Unsupported("this is no address of a calendar server")
    root = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], "", "", ""))
    path = parts.path or "/"
    yield root + path
    yield root + _WELL_KNOWN
    if path != "/":
        yield root + "/"


def _of_dns(domain: str, resolver: Resolver) -> Iterator[str | ProviderError]:
    """Yield what SRV and TXT say of *domain*, for TLS alone (RFC 6764, 6)."""
    name = f"_caldavs._tcp.{domain}"
    found = sorted(resolver.services(name), key=lambda one: (one.priority, -one.weight))
    paths = [text.partition("=")[2] for text in resolver.texts(name) if text.lower().startswith("path=/")]
    for one in found:
        if not one.host:
            continue  # RFC 2782: the service is decidedly not there
        base = f"https://{one.host}" + ("" if one.port == 443 else f":{one.port}")  # noqa: PLR2004 - https
        if not neighbours(f"https://{domain}", base):
            words = f"its DNS names {one.host}: connect that address, if you trust it"
            yield Unsupported(words, where=f"https://{domain}")
            continue
        yield base + (paths[0] if paths else _WELL_KNOWN)


def _is_domain(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return ":" not in host and "." in host
    return False


def _final(error: ProviderError) -> bool:
    return isinstance(error, AccessLost) and error.loss is Loss.CREDENTIALS


def _verdict(failures: Sequence[tuple[str, ProviderError]]) -> ProviderError:
    """Return the one error that all *failures* come to."""
    for _, error in failures:
        if _final(error):
            return error
    words = _words(failures)
    if failures and all(isinstance(error, Unavailable) and error.status is None for _, error in failures):
        return Unavailable(words)
    return Unsupported(words)


def _words(failures: Sequence[tuple[str, ProviderError]]) -> str:
    """Return what was tried and what came of it; what came of all alike is said once."""
    whats = {error.what for _, error in failures}
    if len(whats) == 1:
        return f"{whats.pop()} (asked {', '.join(shown(url) for url, _ in failures)})"
    tried = "; ".join(f"{shown(url)}: {error.what}" for url, error in failures)
    return f"no calendars were found. Tried {tried}"


def _records(name: str, kind: str) -> Sequence[dns.rdata.Rdata]:
    try:
        return list(dns.resolver.resolve(name, kind, lifetime=_SECONDS))
    except dns.exception.DNSException:
        return []
