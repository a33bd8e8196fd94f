"""A calendar server in dictionaries, and the adapter for it: simulations, dry runs, tests."""

from __future__ import annotations

from providers.memory.provider import MemoryProvider
from providers.memory.server import Invitation, MemoryServer, Resource

__all__ = ["Invitation", "MemoryProvider", "MemoryServer", "Resource"]
