"""What is served over HTTP: the only place that knows the web framework."""

from __future__ import annotations

from syncd.web.pages import Pages as Pages
