"""Calendar text: bytes to the model and back (RFC 5545)."""

from __future__ import annotations

from providers.ical.limits import Limits
from providers.ical.notes import Note, TooMuch
from providers.ical.read import Document, Series, read
from providers.ical.write import render

__all__ = ["Document", "Limits", "Note", "Series", "TooMuch", "read", "render"]
