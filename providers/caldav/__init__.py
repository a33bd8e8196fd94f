"""CalDAV accounts (RFC 4791): the only importer of python-caldav."""

from __future__ import annotations

from providers.caldav.discovery import Discovered, DnsResolver, Resolver, Service, discover
from providers.caldav.provider import CalDavProvider

__all__ = ["CalDavProvider", "Discovered", "DnsResolver", "Resolver", "Service", "discover"]
