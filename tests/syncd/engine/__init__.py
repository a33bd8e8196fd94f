"""The engine: what syncd sees, decides and does, round by round, on a calendar server in memory."""

from __future__ import annotations
