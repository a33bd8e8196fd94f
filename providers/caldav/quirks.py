"""What single server products do otherwise, as a table.

Nothing here is needed to be right with a server that keeps the standards, and no state is
kept: a product is recognised each time by what it just said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from providers.base import ETag


@dataclass(frozen=True, slots=True)
class Quirks:
    """What to expect of one product beyond, or below, the standards."""

    product: str
    scheduling: bool = True
    """Its word that it sends invitations (``calendar-auto-schedule``) can be taken."""
    counted_etags: bool = False
    """Its etags count per href: after a removal another event may stand in a known version."""
    blind_delete: bool = False
    """It removes whatever the condition says: the version is looked at first."""
    boxes: frozenset[str] = frozenset()
    """Names of inboxes and outboxes that it lists as plain calendars."""


STANDARD = Quirks("")
"""What the RFCs say."""

SOGO = Quirks("SOGo", counted_etags=True, blind_delete=True)
"""SOGo 5.8: etags ``gcs00000000`` start again after a removal; a stale If-Match still deletes."""

DAVICAL = Quirks("DAViCal", scheduling=False, boxes=frozenset({".in", ".out"}))
"""DAViCal 1.1.12: delivers an invitation, then fails every change and answer with 500."""

_BY_HEADER: tuple[tuple[str, re.Pattern[str], Quirks], ...] = (
    ("X-DAViCal-Version", re.compile(""), DAVICAL),
    ("Server", re.compile(r"\bSOGo\b", re.IGNORECASE), SOGO),
)
_BY_ETAG: tuple[tuple[re.Pattern[str], Quirks], ...] = ((re.compile(r'"?gcs\d{8}"?'), SOGO),)


def of_headers(headers: Mapping[str, str]) -> Quirks:
    """Return the quirks of the product that sent *headers*."""
    for name, pattern, quirks in _BY_HEADER:
        if name in headers and pattern.search(headers[name]):
            return quirks
    return STANDARD


def of_etag(etag: ETag) -> Quirks:
    """Return the quirks of the product that gave *etag*: the only mark that each answer of SOGo bears."""
    for pattern, quirks in _BY_ETAG:
        if pattern.fullmatch(etag):
            return quirks
    return STANDARD
