"""What a calendar provider is, and what each of ours adds to it."""

from __future__ import annotations
