"""What time alone does to a session: deadlines run out, holds end, and what nobody denies has taken place."""

from __future__ import annotations

from collections.abc import Callable

from policy.deciding import Step, back, decide, elapse, mentor_proven, warn
from policy.facts import Act, Actor, Passed
from policy.life import Effect, Pending, Session, Sight, State
from policy.schedule import hold_ends, limit, request_ends


def advance(session: Session, fact: Passed) -> Step:
    """Return *session*, which has not ended, after time has passed, and what the world must now be told."""
    return _IN[session.state](session, fact)


def _planned(session: Session, fact: Passed) -> Step:
    if fact.at < session.start:
        return session, ()
    gone = Sight(at=fact.at, seq=session.seq)
    never = Pending(
        actor=Actor.SCHOOL,
        act=Act.UNWRITTEN,
        gone=gone,
        again=fact.at,
        version=None,
        stamp=None,
        was=session.state,
    )
    return decide(session, never)


def _booked(session: Session, fact: Passed) -> Step:
    seen_since = session.seen is not None and session.seen.at >= session.deadline
    if fact.at >= session.end and (session.proven_at_deadline or seen_since):
        return elapse(session)
    return _unseen(session, fact)


def _moving(session: Session, fact: Passed) -> Step:
    request = session.request
    if request is None or fact.at < request_ends(session, request):
        return session, ()
    moved = Pending(
        actor=Actor.STUDENT,
        act=Act.MOVED,
        gone=request.made,
        again=fact.at,
        version=session.version,
        stamp=None,
        was=session.state,
        confirmed=Sight(at=fact.at, seq=session.seq),
    )
    return decide(session, moved)


def _noticed(session: Session, fact: Passed) -> Step:
    pending = session.act
    if fact.at < limit(session, pending):
        return session, ()
    contradicted = pending.contradicted is not None
    if contradicted or (pending.actor is Actor.MENTOR and not mentor_proven(pending)):
        phantoms = session.phantoms + (1 if contradicted else 0)
        return back(session, pending.was, phantoms=phantoms), (Effect.PHANTOM,)
    unsure = pending.sure is None or pending.sure < hold_ends(session, pending)
    if pending.actor is Actor.STUDENT and unsure:  # it may have been brought back
        pending = pending.model_copy(update={"confirmed": None})
    return decide(session, pending)


def _unseen(session: Session, fact: Passed) -> Step:
    if fact.at >= session.end + session.rules.elapse_after:
        return elapse(session)
    return session, ()


def _incident(session: Session, fact: Passed) -> Step:
    warned, told = warn(session, fact.at, Effect.UNSEEN_SOON)
    return (warned, told) if told else _unseen(session, fact)


def _suspect(session: Session, fact: Passed) -> Step:
    """Let the time pass: a person decides, and is told that it runs out."""
    return warn(session, fact.at, Effect.UNDECIDED_SOON)


_IN: dict[State, Callable[[Session, Passed], Step]] = {
    State.PLANNED: _planned,
    State.BOOKED: _booked,
    State.MOVING: _moving,
    State.NOTICED: _noticed,
    State.INCIDENT: _incident,
    State.SUSPECT: _suspect,
}
