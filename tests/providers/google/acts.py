"""Every act of the protocol, to be tried on one and the same answer."""

from __future__ import annotations

from collections.abc import Callable

from policy.interval import Interval
from providers.base import ETag, EventDraft, EventRef, SyncToken
from providers.google import GoogleProvider
from providers.google.listing import bound
from providers.uids import google_id
from tests.providers.google.answers import CALENDAR

UID = "syncd-0f0f-1"
REF = EventRef(google_id(UID))
ONE = ETag('"1"')
TOKEN: SyncToken = bound(CALENDAR, "sync-0")

Act = Callable[[GoogleProvider, Interval, EventDraft], object]

READS: dict[str, Act] = {
    "capabilities": lambda provider, _, __: provider.capabilities(),
    "calendars": lambda provider, _, __: provider.calendars(),
    "busy": lambda provider, window, _: provider.busy([CALENDAR], window),
    "a delta": lambda provider, window, _: provider.changes(CALENDAR, TOKEN, known={}, window=window),
    "a listing": lambda provider, window, _: provider.changes(CALENDAR, None, known={}, window=window),
    "fetch": lambda provider, _, __: provider.fetch(CALENDAR, REF),
}
WRITES: dict[str, Act] = {
    "create": lambda provider, _, draft: provider.create(CALENDAR, draft),
    "update": lambda provider, _, draft: provider.update(CALENDAR, REF, draft, ONE),
    "delete": lambda provider, _, __: provider.delete(CALENDAR, REF, ONE),
}
ACTS = {**READS, **WRITES}
