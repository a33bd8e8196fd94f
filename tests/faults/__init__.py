"""Every commit and every call of a boundary by name: killed there, paused there, made to fail there."""

from __future__ import annotations
