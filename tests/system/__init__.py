"""The whole program, as a person starts it."""

from __future__ import annotations
