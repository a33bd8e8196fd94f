"""Other people's calendars behind one small protocol and eight errors."""

from __future__ import annotations
