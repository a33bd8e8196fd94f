"""What has to hold, as sentences."""

from __future__ import annotations
