"""Google accounts: the only importer of google-api-python-client and of Google's OAuth libraries."""

from __future__ import annotations

from providers.google.provider import GoogleProvider

__all__ = ["GoogleProvider"]
