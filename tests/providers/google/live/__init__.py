"""The adapter on a Google with a memory."""

from __future__ import annotations
