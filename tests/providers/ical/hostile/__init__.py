"""Documents that mean harm, each with what must come of it: made when they are needed, never stored."""

from __future__ import annotations

from tests.providers.ical.hostile import dates, documents, rules, sizes, zones
from tests.providers.ical.hostile.case import Case

CORPUS: tuple[Case, ...] = (
    *documents.cases(),
    *rules.cases(),
    *dates.cases(),
    *zones.cases(),
    *sizes.cases(),
)

__all__ = ["CORPUS", "Case"]
