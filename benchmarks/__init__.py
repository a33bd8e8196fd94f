"""What syncd costs, side by side with others on the same work in the same run: ``python -m benchmarks``."""

from __future__ import annotations
