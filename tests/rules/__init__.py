"""Every row of the rules as a named test; ``python -m tests.rules`` writes them side by side into docs/rows.md."""

from __future__ import annotations
