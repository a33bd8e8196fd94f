"""Who runs what when: the runners that work the ``due`` table."""

from __future__ import annotations
