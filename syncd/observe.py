"""What a look at one event shows, against what we knew and what we have under way. Pure.

A difference between *base* and *there* that no intent of ours explains is somebody's
act: it becomes a fact before anything is written over it. One that an intent explains is
our own doing, and counts against nobody; neither does the absence of an event whose
creation was never confirmed by a read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from policy.facts import Act, Missing, Side, Sighted, Via
from providers.base import ETag, Event, PartStat, Status
from syncd.pictures import Base, Intent, Op


@dataclass(frozen=True, slots=True)
class Glance:
    """The circumstances of one look."""

    side: Side
    owner: str
    """The e-mail address whose answer counts as the owner's own."""
    via: Via
    sent: datetime
    received: datetime
    proves: bool
    cascades: bool = False
    stamp: datetime | None = None
    """The provider's own stamp of a removal."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What follows from one look."""

    fact: Sighted | Missing | None
    base: Base | None
    intent: Intent | None
    put_back: bool = False
    """It stands where a write of ours was to put it back, whether or not that write was answered."""


def observe(base: Base | None, intent: Intent | None, there: Event | None, glance: Glance) -> Observed:
    """Return the fact, the new base and the intent that is still open after a look."""
    if there is None:
        return _absent(base, intent, glance)
    act = act_in(there, glance.owner)
    now = Base(etag=there.etag, start=there.start, sequence=there.sequence, act=act)
    fact = _missing(act, there.etag, there.stamp, glance) if act else _sighted(there, glance)
    put_back = act is None and intent is not None and intent.op is Op.UPDATE and there.start == intent.start
    # Whatever was meant: it is there, and the next plan starts from here.
    return Observed(fact, now, None, put_back=put_back)


def act_in(there: Event, owner: str) -> Act | None:
    """Return what *owner* did to an event that still stands."""
    if there.status is Status.CANCELLED:
        return Act.CANCELLED
    if there.partstats.get(owner) is PartStat.DECLINED:
        return Act.DECLINED
    return None


def standing(base: Base, glance: Glance) -> Observed:
    """Return what a row of a complete listing shows whose version is the one we know."""
    if base.act is not None:
        return Observed(_missing(base.act, base.etag, None, glance), base, None)
    return Observed(_sight(base.start, base.etag, None, glance), base, None)


def _absent(base: Base | None, intent: Intent | None, glance: Glance) -> Observed:
    if intent is not None and intent.op is Op.CREATE:
        return Observed(None, base, intent)
    version = base.etag if base else None
    return Observed(_missing(Act.REMOVED, version, glance.stamp, glance), None, None)


def _sighted(there: Event, glance: Glance) -> Sighted:
    return _sight(there.start, there.etag, there.stamp, glance)


def _sight(start: datetime | None, etag: ETag, stamp: datetime | None, glance: Glance) -> Sighted:
    return Sighted(
        side=glance.side,
        via=glance.via,
        sent=glance.sent,
        received=glance.received,
        start=start,
        version=etag,
        proves=glance.proves,
        stamp=stamp,
    )


def _missing(act: Act, version: ETag | None, stamp: datetime | None, glance: Glance) -> Missing:
    return Missing(
        side=glance.side,
        via=glance.via,
        act=act,
        sent=glance.sent,
        received=glance.received,
        version=version,
        stamp=stamp,
        cascades=glance.cascades,
    )
