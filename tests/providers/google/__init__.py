"""The Google adapter: what it reads, writes and makes of what goes wrong on the wire."""

from __future__ import annotations
