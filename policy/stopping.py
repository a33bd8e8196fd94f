"""What a person must decide: how an act comes to be stopped, and what becomes of it.

Rule 1: what is stopped loses nothing; its evidence is completed as if nobody had stopped it.
Rule 2: a release asks for what the rules ask for, a dismissal for nothing; where our own check
did not find the proof of a forfeit, a release acquits.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from policy.deciding import Step, acquitted, back, changed, decide_if_over, give
from policy.facts import LOSSES, Actor, Braked, Decision, Doubts, Restored, Stop, Unbraked
from policy.life import CalendarState, Effect, Pending, Session, Sight, State
from policy.notice import Doubt, Outcome
from policy.ruling import rule

_GONE = frozenset({CalendarState.GONE, CalendarState.DECLINED, CalendarState.CANCELLED})


def advance(session: Session, fact: Braked | Unbraked | Doubts | Restored) -> Step:
    """Return the session after *fact*, and what the world must now be told."""
    match fact:
        case Braked():
            return _braked(session, fact)
        case Unbraked():
            return _unbraked(session, fact)
        case Doubts(count=count):
            return changed(session, doubts=count), ()
        case Restored(at=at):
            return _restored(session, at)


def _braked(session: Session, fact: Braked) -> Step:
    """Stop what a calendar showed; all else goes on, but no word forfeits what our own check found unproven."""
    pending = session.pending
    if fact.scope in session.stops:
        return session, ()
    if pending is None or pending.act not in LOSSES:
        return changed(session, unproven=session.unproven or fact.scope is Stop.BREACH), ()
    told = (Effect.SUSPECT,) if session.state is not State.SUSPECT else ()
    return changed(session, state=State.SUSPECT, stops=(*session.stops, fact.scope)), told


def _unbraked(session: Session, fact: Unbraked) -> Step:
    """Judge what was stopped by its own evidence, or let the session stand."""
    if fact.scope not in session.stops:
        return session, ()
    if fact.decision is Decision.DISMISS:
        return _dismissed(session, session.act, fact.at)
    left = tuple(stop for stop in session.stops if stop is not fact.scope)
    session = changed(session, stops=left)
    if fact.scope is Stop.BREACH:
        session = _never_forfeited(session)
    return (session, ()) if left else _released(session, session.act)


def _never_forfeited(session: Session) -> Session:
    verdict = rule(session, session.act)
    if session.proposed is not None or verdict.outcome is not Outcome.FORFEIT:
        return session
    return changed(session, proposed=acquitted(verdict))


def _released(session: Session, pending: Pending) -> Step:
    """Go on where the act was stopped: what was not looked at twice is looked at again."""
    if (verdict := session.proposed) is not None:
        evidence = (*verdict.evidence, session.seq)
        why = "a person" if verdict.doubt is Doubt.UNPROVEN else "doubt had repeated, so a person"
        reasons = (*verdict.reasons, f"{why} decided")
        return give(session, verdict.model_copy(update={"evidence": evidence, "reasons": reasons}))
    noticed = changed(session, state=State.NOTICED)
    return decide_if_over(noticed, pending.sure or pending.gone.at, (Effect.UNSTOPPED,))


def _dismissed(session: Session, pending: Pending, at: datetime) -> Step:
    told = (Effect.STANDS_AGAIN,)
    if at >= session.start:  # its time has come: there is nothing left to put back
        return back(session, State.ELAPSED, request=None), (*told, Effect.ELAPSED)
    own = pending.actor is Actor.STUDENT and pending.act in LOSSES
    if own or session.calendar_state in _GONE:
        return _written_anew(session, at), told
    moved = session.calendar_state is CalendarState.MOVED
    values = {"request": None, "moved_late": moved or session.moved_late, "put_back": False}
    return back(session, State.BOOKED, **values), told


def _written_anew(session: Session, at: datetime) -> Session:
    """Return a session whose event is to be written again: proof, and the grace after the first sight, begin anew."""
    values = {
        "present": None,
        "stood": None,
        "seen": None,
        "version": None,
        "request": None,
        "restored": None,
    }
    first = Sight(at=at, seq=session.seq)
    return back(session, State.PLANNED, first_seen=first, moved_late=False, put_back=False, **values)


def _restored(session: Session, at: datetime) -> Step:
    """Take away all proof, and drop an act that nobody has stopped: both are looked for anew."""
    values: dict[str, Any] = {"present": None, "stood": None, "seen": None, "restored": at}
    if session.present is None:  # no sight was dated for sure: the next one that proves dates the first
        values["first_seen"] = None
    if session.state is State.NOTICED:
        return back(session, session.act.was, **values), ()
    return changed(session, **values), ()
