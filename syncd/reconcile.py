"""The next step for one event of a session, from the pictures of it. Pure.

``there`` is not among the pictures here: whatever a look showed is already in ``base``,
or has become a fact that changed what is wanted. A write is conditional on the version in
``base``, so a change that nobody has seen yet refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass

from policy.facts import Act, Side
from policy.life import Session, State
from policy.schedule import Want, must_be_put_back, want
from syncd.pictures import Base, Intent


@dataclass(frozen=True, slots=True)
class Create:
    """Write a new event."""


@dataclass(frozen=True, slots=True)
class Update:
    """Write the agreed time over the event."""

    base: Base


@dataclass(frozen=True, slots=True)
class Delete:
    """Take the event away."""

    base: Base


@dataclass(frozen=True, slots=True)
class Look:
    """Find out what became of a write."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do."""


Plan = Create | Update | Delete | Look | Rest


def plan(session: Session, side: Side, base: Base | None, intent: Intent | None) -> Plan:
    """Return the one next step for the event on *side*."""
    if intent is not None:
        return Look()
    wanted = want(session)
    if wanted is Want.ABSENT:
        return Rest() if base is None or _restored(session, side, base) else Delete(base)
    if wanted is Want.AS_IS:
        return Rest()
    return _student(session, base) if side is Side.STUDENT else _mentor(base)


def _restored(session: Session, side: Side, base: Base) -> bool:
    """Tell whether the event stands as before the act that ended it: its owner's doing, and not ours to undo."""
    verdict = session.verdict
    if verdict is None or verdict.actor.value != side.value:
        return False
    match verdict.act:
        case Act.REMOVED:
            return True
        case Act.DECLINED | Act.CANCELLED:
            return base.act is None
        case Act.MOVED:
            return base.start == session.start
        case _:
            return False


def _student(session: Session, base: Base | None) -> Plan:
    if base is None:
        # Once it was seen, its absence is for the ledger to explain, never a reason to write.
        return Create() if session.state is State.PLANNED else Rest()
    return Update(base) if must_be_put_back(session) and base.start != session.start else Rest()


def _mentor(base: Base | None) -> Plan:
    return Create() if base is None else Rest()
