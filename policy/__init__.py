"""The rules of the house as arithmetic: no clock, no log, no I/O."""

from __future__ import annotations
