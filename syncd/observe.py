"""What a look at one event shows, against what we knew and what we have under way. Pure.

A difference between *base* and *there* that no intent of ours explains is somebody's
act: it becomes a fact before anything is written over it. One that an intent explains is
our own doing, and counts against nobody; neither does the absence of an event whose
creation was never confirmed by a read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from policy.facts import Act, Fact, Missing, Side, Sighted, Via
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
    guest: str = ""
    """In the student's event: the address whose answer is the mentor's."""
    hearsay: bool = False
    """The mentor has an event of their own that we see stand: what the student's event says of them is no act."""
    stamp: datetime | None = None
    """The provider's own stamp of a removal."""
    cached: bool = False
    """A cache may have answered: what it shows is from before."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What follows from one look."""

    fact: Sighted | Missing | None
    base: Base | None
    intent: Intent | None
    put_back: bool = False
    """It stands where a write of ours was to put it back, whether or not that write was answered."""
    others: tuple[Fact, ...] = ()
    """What the student's event shows of the mentor."""
    delivery: str | None = None
    """What became of the mentor's invite, where the server says so (RFC 6638, 7.3)."""
    cached: bool = False
    """A cache may have answered."""


def observe(base: Base | None, intent: Intent | None, there: Event | None, glance: Glance) -> Observed:
    """Return the fact, the new base and the intent that is still open after a look."""
    if there is None:
        return _absent(base, intent, glance)
    act = act_in(there, glance.owner)
    guest = there.partstats.get(glance.guest)
    now = Base(
        etag=there.etag,
        start=there.start,
        sequence=there.sequence,
        act=act,
        served=_served(base, intent, there, glance),
        guest=guest,
        dropped=guest is None and _was_guest(base) and not _left_out(intent, there),
        fresh=glance.via is Via.LOOK and _is_fresh(base, intent),
        made=_made(base, intent, glance),
    )
    # Whatever was meant: it is there, and the next plan starts from here.
    return Observed(
        _fact(now, there.stamp, glance),
        now,
        None,
        put_back=act is None and _puts_back(intent, there),
        others=_of_guest(now, glance, before=base if intent is None else None),
        delivery=there.deliveries.get(glance.guest),
        cached=glance.cached,
    )


def _is_fresh(base: Base | None, intent: Intent | None) -> bool:
    return (intent is not None and intent.op is Op.CREATE) or (base is not None and base.fresh)


def _made(base: Base | None, intent: Intent | None, glance: Glance) -> datetime | None:
    if intent is not None and intent.op is Op.CREATE:
        return glance.received
    return base.made if base is not None else None


def _was_guest(base: Base | None) -> bool:
    return base is not None and (base.dropped or base.guest is not None)


def _left_out(intent: Intent | None, there: Event) -> bool:
    """Tell whether it was our own write, which asks for silence, that left no guest: Google tells every guest."""
    ours = intent is not None and intent.op is Op.UPDATE and not intent.guest
    return ours and there.silent


def _puts_back(intent: Intent | None, there: Event) -> bool:
    moved = intent is not None and intent.op is Op.UPDATE and not intent.guest
    return moved and intent is not None and there.start == intent.start


def _served(base: Base | None, intent: Intent | None, there: Event, glance: Glance) -> bool:
    """Tell whether a server made the mentor's copy, or took ours over: what we write asks servers for silence.

    While one of ours is being written it bears our mark at least, which Google's invite under the same id does not.
    """
    if glance.side is Side.STUDENT:
        return False
    ours = there.silent or (intent is not None and there.session is not None)
    return (base is not None and base.served) or not ours


def act_in(there: Event, owner: str) -> Act | None:
    """Return what *owner* did to an event that still stands."""
    if there.status is Status.CANCELLED:
        return Act.CANCELLED
    if there.partstats.get(owner) is PartStat.DECLINED:
        return Act.DECLINED
    return None


def standing(base: Base, glance: Glance) -> Observed:
    """Return what a row of a complete listing shows whose version is the one we know."""
    told = base.model_copy(update={"fresh": False, "untold": False})
    others = _of_guest(base, glance)
    return Observed(_fact(base, None, glance), told, None, others=others, cached=glance.cached)


def _fact(base: Base, stamp: datetime | None, glance: Glance) -> Sighted | Missing | None:
    if base.act is None:
        return _sight(base.start, base.etag, stamp, glance)
    if base.served and base.act is Act.CANCELLED:
        return None  # the organizer's word, not the mentor's: the student's event tells
    return _missing(base.act, base.etag, stamp, glance)


def _of_guest(base: Base, glance: Glance, before: Base | None = None) -> tuple[Fact, ...]:
    """Return what the student's event shows of the mentor: a refusal, or its end."""
    if glance.hearsay:
        return ()
    mentor = replace(glance, side=Side.MENTOR)
    if base.guest is PartStat.DECLINED:
        return (_missing(Act.DECLINED, base.etag, None, mentor),)
    if before is not None and before.guest is PartStat.DECLINED and base.guest is not None:
        return (_sight(base.start, base.etag, None, mentor),)
    return ()


def _absent(base: Base | None, intent: Intent | None, glance: Glance) -> Observed:
    if intent is not None and intent.op is Op.CREATE:
        return Observed(None, base, intent)
    if intent is not None and intent.op is Op.WITHDRAW:
        return Observed(None, None, None)  # the other copy stands
    version, served = (base.etag, base.served) if base else (None, False)
    return Observed(_missing(Act.REMOVED, version, glance.stamp, glance, cascades=served), None, None)


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


def _missing(
    act: Act, version: ETag | None, stamp: datetime | None, glance: Glance, *, cascades: bool = False
) -> Missing:
    return Missing(
        side=glance.side,
        via=glance.via,
        act=act,
        sent=glance.sent,
        received=glance.received,
        version=version,
        stamp=stamp,
        cascades=cascades,
    )
