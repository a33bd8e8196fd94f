"""How an act ends: in a verdict, with a person who must decide, or as if it had not been."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from policy.facts import Actor, Stop
from policy.life import Effect, Pending, Session, State
from policy.notice import PERSONAL, Doubt, Outcome, Verdict
from policy.ruling import rule
from policy.schedule import SOON, hold_ends

Step = tuple[Session, tuple[Effect, ...]]


def changed(session: Session, **values: Any) -> Session:
    """Return *session* with other *values*."""
    return session.model_copy(update=values)


_FREE: dict[str, Any] = {"pending": None, "stops": (), "doubts": None, "proposed": None, "unproven": False}


def back(session: Session, state: State, **values: Any) -> Session:
    """Return *session* in *state*, as if the act under way had not been."""
    return changed(session, state=state, **{**_FREE, **values})


def decide_if_over(session: Session, at: datetime, effects: tuple[Effect, ...]) -> Step:
    """Decide what is proven once its hold is over, unless it is stopped."""
    pending = session.act
    if session.stops or not _proven(pending) or at < hold_ends(session, pending):
        return session, effects
    decided, told = decide(session, pending)
    return decided, (*effects, *told)


def _proven(pending: Pending) -> bool:
    looked = pending.is_confirmed if pending.actor is Actor.STUDENT else mentor_proven(pending)
    return looked and pending.contradicted is None


def mentor_proven(pending: Pending) -> bool:
    """Tell whether a mentor's act is confirmed, and the student's copy outlived it."""
    return pending.is_confirmed and (pending.other_stood is not None or pending.both)


def decide(session: Session, pending: Pending) -> Step:
    """Return the session after the verdict on *pending*; one doubt too many is a person's to decide."""
    verdict = rule(session, pending)
    if session.unproven and verdict.outcome is Outcome.FORFEIT:
        return _ask(session, pending, (*session.stops, Stop.BREACH), acquitted(verdict))
    if _is_repeated(session, verdict):
        return _ask(session, pending, (*session.stops, Stop.DOUBT), verdict)
    return give(session, verdict)


def _ask(session: Session, pending: Pending, stops: tuple[Stop, ...], proposed: Verdict) -> Step:
    values = {"pending": pending, "stops": stops, "proposed": proposed}
    return changed(session, state=State.SUSPECT, **values), (Effect.SUSPECT,)


def acquitted(verdict: Verdict) -> Verdict:
    """Return what is left of a forfeit whose proof our own check did not find."""
    reason = f"it would have been a forfeit ({'; '.join(verdict.reasons)}), but {Doubt.UNPROVEN}"
    values = {"outcome": Outcome.TIMELY, "doubt": Doubt.UNPROVEN, "reasons": (reason,)}
    return verdict.model_copy(update=values)


def _is_repeated(session: Session, verdict: Verdict) -> bool:
    count = session.doubts
    return verdict.doubt in PERSONAL and count is not None and count >= session.rules.doubts_allowed


_ENDS = {
    Outcome.TIMELY: (State.CANCELLED, Effect.TIMELY),
    Outcome.FORFEIT: (State.FORFEITED, Effect.FORFEIT),
    Outcome.NOT_STUDENT: (State.RELEASED, Effect.NOT_STUDENT),
}


def give(session: Session, verdict: Verdict) -> Step:
    """Return the session after *verdict*."""
    state, effect = _ENDS[verdict.outcome]
    return back(session, state, verdict=verdict, request=None), (effect,)


def elapse(session: Session) -> Step:
    """Return the session after its time has passed."""
    return back(session, State.ELAPSED), (Effect.ELAPSED,)


def warn(session: Session, at: datetime, effect: Effect) -> Step:
    """Tell once that the start is near."""
    if session.warned or not session.start - SOON <= at < session.start:
        return session, ()
    return changed(session, warned=True), (effect,)
