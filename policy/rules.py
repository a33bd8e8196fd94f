"""Every number and choice of the school's rules, with the defaults; a version names them all.

An agreement freezes the rules it was made under, so a change here touches new agreements only.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+)([smhdw])")


def duration(text: object) -> timedelta:
    """Read ``90s``, ``5m``, ``24h``, ``21d``, ``8w`` (or several in a row, ``1h30m``) as a length of time.

    :raises ValueError: if it is none of these.
    """
    if isinstance(text, timedelta):
        return _not_negative(text)
    if not isinstance(text, str):
        raise ValueError(_none(text))  # noqa: TRY004 - pydantic takes it for what is wrong with the value
    return _read(text)


def _none(text: object) -> str:
    return f'{text!r} is not a length of time; write it like "90s", "5m", "24h", "8w"'


@lru_cache(maxsize=256)  # a session's rules are read again with each of its facts
def _read(text: str) -> timedelta:
    parts = _DURATION.findall(text)
    if not parts or "".join(n + unit for n, unit in parts) != text:
        raise ValueError(_none(text))
    try:
        return timedelta(seconds=sum(int(n) * _UNITS[unit] for n, unit in parts))
    except OverflowError:
        raise ValueError(f"{text!r} is longer than any length of time here can be") from None


def _not_negative(length: timedelta) -> timedelta:
    if length < timedelta(0):
        raise ValueError(f"a length of time is not negative: {length}")
    return length


@lru_cache(maxsize=256)
def shown(length: timedelta) -> str:
    """Return *length* in the form that :func:`duration` reads, as people say it: 24h, 7d, 90d, 8w."""
    rest, parts = int(length.total_seconds()), []
    if rest >= _UNITS["w"] * 8 and rest % _UNITS["w"] == 0:
        return f"{rest // _UNITS['w']}w"
    for unit in ("d", "h", "m", "s") if rest >= 2 * _UNITS["d"] else ("h", "m", "s"):
        count, rest = divmod(rest, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


Duration = Annotated[timedelta, BeforeValidator(duration), PlainSerializer(shown, return_type=str)]


def share(text: object) -> object:
    """Read ``5%`` as 0.05; anything else is left to the field."""
    if isinstance(text, str) and text.endswith("%"):
        return float(text.removesuffix("%")) / 100
    return text


Share = Annotated[float, BeforeValidator(share), Field(gt=0, le=1)]


class Rules(BaseModel):
    """The rules of one school."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    notice: Duration = timedelta(hours=24)
    """How long before the start a session can be cancelled without losing it."""
    grace: Duration = timedelta(hours=1)
    """Free cancelling after the agreement, and after the event was first seen in the student's calendar."""
    lag: Duration = timedelta(minutes=2)
    """How old an answer can be at most when it arrives: replicas and caches."""
    confirm_after: Duration = timedelta(seconds=30)
    """How long after the first sight of a removal the second look is taken."""
    confirm_limit: Duration = timedelta(hours=2)
    """How long a confirmation is waited for."""
    clock_bound: Duration = timedelta(seconds=5)
    """How wrong the local clock may be while what it dates still proves."""
    hold: Duration = timedelta(minutes=30)
    """How long an act can be undone before it counts, at most a quarter of the time left to the start."""
    request_expires: Duration = timedelta(hours=24)
    """How long a request for another time stays open."""
    elapse_after: Duration = timedelta(days=7)
    """How long after its end an unseen session waits for its calendar to come back."""
    doubts_allowed: int = Field(default=2, ge=0)
    """How many doubtful cases of a person are timely without anybody being asked."""
    doubts_window: Duration = timedelta(days=90)
    """Over how long doubtful cases are counted."""
    nudge: Duration = timedelta(hours=6)
    """How long before the deadline somebody who has not answered is reminded."""
    brake_person: int = Field(default=3, ge=1)
    """More sessions of one person than this gone within an hour: the person is asked first."""
    brake_share: Share = 0.05
    """More than this share of all sessions gone within an hour stops the judging for the whole school."""
    brake_least: int = Field(default=10, ge=1)
    """Fewer sessions than this never stop the whole school."""
    offers: int = Field(default=5, ge=0)
    """How many new times are offered after a timely notice."""
    offer_days: Duration = timedelta(days=14)
    """How far ahead new times are offered."""
    offer_lapse: Duration = timedelta(days=7)
    """How long an offer stays open."""
    appeal: Duration = timedelta(hours=72)
    """How long a forfeit can be appealed."""
    pause_days: int = Field(default=21, ge=0)
    """How many days of pause keep the place with the mentor."""
    forfeits_alert: int = Field(default=2, ge=1)
    """How many forfeits within 30 days tell the success manager."""

    @property
    def version(self) -> str:
        """A name for exactly these rules: the start of the SHA-256 of their canonical JSON."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).hexdigest()[:12]
