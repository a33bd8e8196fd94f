"""The CalDAV adapter against answers that no good server gives."""

from __future__ import annotations
