"""Which host an account's requests go to."""

from __future__ import annotations

from urllib.parse import urlsplit

_PORTS = {"https": 443, "http": 80}


def host_of(url: str) -> str:
    """Return host:port of *url*, the same for every spelling; empty if it names none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return ""
    host = host.rstrip(".")
    return f"{host}:{port}" if host and port else host
