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
from syncd.pictures import Base, Intent, Invite, Route
from syncd.store.rows import CopyId


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
class Withdraw:
    """Take our copy away: the server's own stands beside it."""

    base: Base


@dataclass(frozen=True, slots=True)
class Thin:
    """Take an older event away: the session stands twice."""

    copy: CopyId
    base: Base


@dataclass(frozen=True, slots=True)
class Search:
    """Find out whether the server's invite has turned up at the mentor's."""


@dataclass(frozen=True, slots=True)
class Look:
    """Find out what became of a write."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do."""


Plan = Create | Update | Delete | Withdraw | Thin | Search | Look | Rest


def plan(
    session: Session,
    side: Side,
    base: Base | None,
    intent: Intent | None,
    invite: Invite | None = None,
    *,
    beside: bool = False,
    double: Thin | None = None,
) -> Plan:
    """Return the one next step for the event on *side*.

    *invite* is how the mentor hears of it; *beside*: a server's own copy stands beside the mentor's;
    *double*: what there is to do about an older event that stands beside this one.
    """
    if intent is not None:
        return Look()
    wanted = want(session)
    if wanted is Want.ABSENT:
        return Rest() if base is None or _over(session, side, base) else Delete(base)
    if wanted is Want.AS_IS:
        return Rest()
    step = _student(session, base, invite) if side is Side.STUDENT else _mentor(base, invite, beside=beside)
    return double if double is not None and isinstance(step, Rest) and _stands_for_sure(base) else step


def _stands_for_sure(base: Base | None) -> bool:
    """Tell whether the event was seen to stand since the last time when that was in question."""
    return base is not None and base.act is None and not base.untold


def _over(session: Session, side: Side, base: Base) -> bool:
    """Tell whether what still stands is not ours to take away: restored, or an invite that is called off."""
    return _restored(session, side, base) or (base.served and base.act is not None)


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


def _student(session: Session, base: Base | None, invite: Invite | None) -> Plan:
    if base is None:
        # Once it was seen, its absence is for the ledger to explain, never a reason to write.
        return Create() if session.state is State.PLANNED else Rest()
    moved = must_be_put_back(session) and base.start != session.start
    return Update(base) if moved or _misses_its_guest(session, base, invite) else Rest()


def _misses_its_guest(session: Session, base: Base, invite: Invite | None) -> bool:
    """Tell whether the student's app dropped the mentor for the first time."""
    once = invite is None or not invite.returned
    return base.dropped and once and base.act is None and base.start == session.start


def _mentor(base: Base | None, invite: Invite | None, *, beside: bool) -> Plan:
    if base is not None:
        return Withdraw(base) if beside and not base.served else Rest()
    if invite is None or invite.route is not Route.PROVIDER:
        return Create()
    return Search() if invite.asked is not None and not invite.taken else Rest()
