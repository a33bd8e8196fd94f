"""Calendar text is read as people mean it, and what cannot be read is never free."""

from __future__ import annotations
