"""The one reader of this program, with the school's limits."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING

from providers.ical import Limits
from providers.ical.sandbox import Sandbox

if TYPE_CHECKING:
    from syncd.config.model import Limits as Section


def limits_of(section: Section) -> Limits:
    """Return the limits of reading that a configuration sets."""
    return Limits(**{one.name: getattr(section, one.name) for one in fields(Limits)})


@cache
def sandbox(limits: Limits) -> Sandbox:
    """Return the sandbox with these limits: one for the whole program, for each of its processes costs memory."""
    return Sandbox(limits)
