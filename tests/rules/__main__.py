"""``python -m tests.rules``: write docs/rows.md."""

from __future__ import annotations

from tests.rules.page import PAGE, page

PAGE.write_text(page(), "utf-8")
