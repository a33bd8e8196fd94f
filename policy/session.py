"""The life of one session, as a table.

Rule 1: every state, and every way from one to another, is in this file; the ways in and out
of ``suspect`` are in :mod:`policy.stopping`, verdicts in :mod:`policy.deciding`.
Rule 2: this file does not know which provider spoke, nor what time it is now.

A session is the fold of its facts: :func:`begin` with the agreement, then
:func:`advance` for each further fact. The same facts give the same session, always.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from policy import passing, stopping
from policy.deciding import Step, back, changed, decide, decide_if_over
from policy.facts import (
    LOSSES,
    Act,
    Actor,
    Agreed,
    Asked,
    Blinded,
    Braked,
    Doubts,
    Fact,
    Missing,
    Passed,
    PutBack,
    Replaced,
    Restored,
    Side,
    Sighted,
    Stop,
    Unbraked,
    Via,
)
from policy.life import ENDED, CalendarState, Effect, Pending, Request, Session, Sight, State, Trouble
from policy.notice import Doubt, Outcome, judge
from policy.ruling import cause


class IllegalFact(ValueError):
    """A fact that cannot follow: an agreement inside a session's life."""


def begin(agreed: Agreed) -> Step:
    """Return the session that *agreed* founds."""
    session = Session(
        id=agreed.id,
        student=agreed.student,
        mentor=agreed.mentor,
        start=agreed.start,
        end=agreed.end,
        agreed_at=agreed.at,
        rules=agreed.rules,
    )
    return session, (Effect.PLANNED,)


def advance(session: Session, fact: Fact) -> Step:
    """Return the session after *fact*, and what the world must now be told.

    :raises IllegalFact: if *fact* is a second agreement.
    """
    if isinstance(fact, Agreed):
        raise IllegalFact(f"session {session.id} is agreed already")
    session = changed(session, seq=session.seq + 1)
    if session.state in ENDED:
        return _after_the_end(session, fact)
    match fact:
        case Sighted():
            return (_student_sighted if fact.side is Side.STUDENT else _mentor_sighted)(session, fact)
        case Missing():
            return (_student_missing if fact.side is Side.STUDENT else _mentor_missing)(session, fact)
        case Blinded():
            return _blinded(session, fact)
        case Asked():
            return _asked(session, fact)
        case PutBack() | Replaced():
            return _written(session, fact)
        case Passed():
            return passing.advance(session, fact)
        case Braked() | Unbraked() | Doubts() | Restored():
            return stopping.advance(session, fact)


# --- the student's copy stands -------------------------------------------------------


def _student_sighted(session: Session, fact: Sighted) -> Step:
    seen = _take_sight(session, fact)
    match session.state:
        case State.NOTICED | State.SUSPECT:
            return _sighted_in_an_act(session, seen, fact)
        case State.PLANNED:
            return _settle(session, changed(seen, state=State.BOOKED), fact, (Effect.BOOKED,))
        case State.INCIDENT:
            return _settle(session, changed(seen, state=State.BOOKED), fact, (Effect.SEEN_AGAIN,))
        case _:
            return _settle(session, seen, fact, ())


def _sighted_in_an_act(before: Session, session: Session, fact: Sighted) -> Step:
    if session.act.act not in LOSSES:
        return _sighted_in_doubt(session, session.act, fact)
    by_student = _by(session, Actor.STUDENT)
    return _reappeared(before, session, fact) if by_student else _stood_after(session, fact)


def _sighted_in_doubt(session: Session, pending: Pending, fact: Sighted) -> Step:
    """Take a move back that somebody was to decide about; a word stays said, wherever the event stands."""
    if pending.act is Act.MOVED and fact.start == session.start:
        return back(session, State.BOOKED, request=None), (Effect.MOVE_WITHDRAWN,)
    return session, ()


def _take_sight(session: Session, fact: Sighted) -> Session:
    """Note what the sight proves, and that the calendar can be seen."""
    sight = Sight(at=fact.sent - session.rules.lag, seq=session.seq)
    at_start = fact.start == session.start
    pending = _by(session, Actor.STUDENT)
    return changed(
        session,
        first_seen=_first_seen(session, fact),
        seen=_later(session.seen, Sight(at=fact.received, seq=session.seq)),
        present=_later(session.present, sight) if fact.proves else session.present,
        stood=_later(session.stood, sight) if fact.proves and at_start else session.stood,
        version=session.version if pending else fact.version,
        followed=session.followed or fact.via is Via.FOLLOW,
        calendar_state=CalendarState.PRESENT if at_start else CalendarState.MOVED,
        trouble=None if fact.proves else _mended(session.trouble, fact.received),
        restored=None if fact.proves else session.restored,
        stamp=_stamp(session, fact) or session.stamp,
    )


def _stamp(session: Session, fact: Sighted | Missing) -> datetime | None:
    """Return the provider's stamp of what *fact* shows, if it can be: one that the event bore before is an older one's.

    A stamp of a time to come is nobody's.
    """
    if fact.stamp is None or fact.stamp > fact.received:
        return None
    return fact.stamp if session.stamp is None or fact.stamp > session.stamp else None


def _first_seen(session: Session, fact: Sighted) -> Sight:
    """Return the first sight, or the first proving one where that is later: only that one is dated right."""
    sight = Sight(at=fact.received, seq=session.seq)
    undated = session.present is None and session.restored is None
    if session.first_seen is None or (undated and fact.proves):
        return _later(session.first_seen, sight)
    return session.first_seen


def _later(old: Sight | None, new: Sight) -> Sight:
    return new if old is None or new.at > old.at else old


def _mended(trouble: Trouble | None, at: datetime) -> Trouble | None:
    if trouble is None or trouble.until is not None:
        return trouble
    return trouble.model_copy(update={"until": at})


def _settle(before: Session, session: Session, fact: Sighted, effects: tuple[Effect, ...]) -> Step:
    """Compare where the event stands in time with where it was agreed to stand."""
    if fact.start == session.start:
        if session.state is State.MOVING:
            return changed(session, state=State.BOOKED, request=None), (*effects, Effect.MOVE_WITHDRAWN)
        return session, effects
    if session.state is State.MOVING and session.request is not None:
        request = session.request.model_copy(update={"to": fact.start})
        return changed(session, request=request), effects
    if session.moved_late:
        return session, effects
    outcome, unsure, _ = judge(
        session.deadline,
        present_at=session.stood.at if session.stood else None,
        gone_at=fact.received,
        stamp=fact.stamp,
    )
    if outcome is Outcome.FORFEIT:
        if fact.received >= session.start:  # too late to put it back
            return session, effects
        return changed(session, moved_late=True), (*effects, Effect.MOVED_LATE)
    doubt = cause(before, before.stood, fact.received) if unsure else None
    request = Request(to=fact.start, made=Sight(at=fact.received, seq=session.seq), doubt=doubt)
    return changed(session, state=State.MOVING, request=request), (*effects, Effect.MOVE_REQUESTED)


def _reappeared(before: Session, session: Session, fact: Sighted) -> Step:
    """Undo the student's act if this sight is newer than the act, and not a stale answer."""
    pending = session.act
    if not _newer(session, pending, fact):
        return _contradicted(session, pending, fact)
    phantom = pending.confirmed is None and fact.version == pending.version and fact.via is not Via.FOLLOW
    count = session.phantoms + (1 if phantom else 0)
    stands = back(session, pending.was, version=fact.version, phantoms=count)
    return _settle(before, stands, fact, (Effect.PHANTOM if phantom else Effect.RESTORED,))


def _newer(session: Session, pending: Pending, fact: Sighted) -> bool:
    """Tell whether this sight cannot have been older than the last one that showed the act."""
    if fact.via is Via.FOLLOW:
        return True
    if not fact.proves:
        return False
    another = None not in (fact.version, pending.version) and fact.version != pending.version
    return another or fact.sent - session.rules.lag > pending.again


def _contradicted(session: Session, pending: Pending, fact: Sighted) -> Step:
    return changed(session, pending=pending.model_copy(update={"contradicted": fact.received})), ()


# --- the student's copy is gone ------------------------------------------------------

_GONE_AS = {
    Act.REMOVED: CalendarState.GONE,
    Act.DECLINED: CalendarState.DECLINED,
    Act.CANCELLED: CalendarState.CANCELLED,
}


def _student_missing(session: Session, fact: Missing) -> Step:
    effects: tuple[Effect, ...] = ()
    before = session
    session = changed(
        session, calendar_state=_GONE_AS[fact.act], trouble=_mended(session.trouble, fact.received)
    )
    if session.state is State.PLANNED:
        if fact.act is Act.REMOVED:  # never seen standing: its absence counts against nobody
            return changed(before, trouble=session.trouble), ()
        first = Sight(at=fact.received, seq=session.seq)
        session, effects = changed(session, state=State.BOOKED, first_seen=first), (Effect.BOOKED,)
    if session.pending is not None:
        if _by(session, Actor.STUDENT):
            return _seen_again_gone(session, fact)
        return _both_gone(session, fact)
    if fact.received > session.start and session.proven_at_deadline:
        return session, effects  # deleted during or after the session: not notice
    return _notice(session, fact, Actor.STUDENT, effects)


def _notice(session: Session, fact: Missing, actor: Actor, effects: tuple[Effect, ...] = ()) -> Step:
    pending = Pending(
        actor=actor,
        act=fact.act,
        gone=Sight(at=fact.received, seq=session.seq),
        again=fact.received,
        sure=fact.received if _is_sure(fact) else None,
        version=session.version if actor is Actor.STUDENT else None,
        stamp=_stamp(session, fact),
        cascades=fact.cascades,
        was=State.BOOKED if session.state is State.INCIDENT else session.state,
    )
    return changed(session, state=State.NOTICED, pending=pending), (*effects, Effect.NOTICED)


def _seen_again_gone(session: Session, fact: Missing) -> Step:
    """Confirm the act by a second look, and decide once nothing can undo it any more."""
    pending = session.act
    effects: tuple[Effect, ...] = ()
    values: dict[str, Any] = {"again": max(pending.again, fact.received), "contradicted": None}
    if (stamp := _stamp(session, fact)) is not None:  # the act is not later than any of its stamps
        values["stamp"] = min(stamp, pending.stamp or stamp)
    second = fact.via is Via.LOOK and fact.sent >= pending.gone.at + session.rules.confirm_after
    if sure := _is_sure(fact):
        values |= {"sure": fact.received, "hidden": None}
    if second and pending.confirmed is None:
        values["confirmed"] = Sight(at=fact.received, seq=session.seq)
        # A copy that may have gone with the student's is nobody's act before that one was seen to stand.
        effects = () if pending.cascades and pending.other_stood is None else (Effect.CONFIRMED,)
    elif pending.confirmed is not None and not sure and fact.via is Via.CHANGE:
        values["hidden"] = fact.received
    session = changed(session, pending=pending.model_copy(update=values))
    return decide_if_over(session, fact.received, effects) if sure else (session, effects)


def _is_sure(fact: Missing) -> bool:
    """Tell whether *fact* leaves nothing open: of a removal only a look asks where else the event stands by now."""
    return fact.act is not Act.REMOVED or fact.via is Via.LOOK


def _both_gone(session: Session, fact: Missing) -> Step:
    """Tell a mentor's act from a copy that only vanished with the student's."""
    pending = session.act
    if pending.other_stood is not None:
        return session, ()
    if pending.cascades:
        noticed, told = _notice(changed(session, state=pending.was), fact, Actor.STUDENT)
        return changed(noticed, state=session.state), told  # what is stopped stays stopped
    session = changed(session, pending=pending.model_copy(update={"both": True}))
    return decide_if_over(session, fact.received, ())


# --- the mentor's copy ---------------------------------------------------------------


def _mentor_sighted(session: Session, fact: Sighted) -> Step:
    pending = session.pending
    if pending is None or pending.actor is not Actor.MENTOR:
        return session, ()
    if not _newer(session, pending, fact):
        return _contradicted(session, pending, fact)
    return back(session, pending.was), (Effect.RESTORED,)


def _mentor_missing(session: Session, fact: Missing) -> Step:
    if session.pending is not None:
        if _by(session, Actor.STUDENT):
            return _mentor_too(session, fact)
        return _seen_again_gone(session, fact)
    if session.state is State.PLANNED or fact.received > session.start:
        return session, ()
    if fact.cascades and session.followed:
        return session, ()  # a server took it along when the student's was moved
    return _notice(session, fact, Actor.MENTOR)


def _mentor_too(session: Session, fact: Missing) -> Step:
    """Leave it the student's act if that was confirmed before, or took the mentor's copy along."""
    if fact.cascades or session.act.confirmed is not None:
        return session, ()
    return changed(session, pending=session.act.model_copy(update={"both": True})), ()


def _stood_after(session: Session, fact: Sighted) -> Step:
    """Note that the student's copy outlived the mentor's act."""
    pending = session.act
    if pending.cascades and fact.via is Via.FOLLOW:
        return back(session, pending.was), (Effect.RESTORED,)
    if not fact.proves or fact.sent - session.rules.lag < pending.gone.at:
        return session, ()
    stood = Sight(at=fact.received, seq=session.seq)
    known = pending.cascades and pending.confirmed is not None and pending.other_stood is None
    session = changed(session, pending=pending.model_copy(update={"other_stood": stood}))
    return decide_if_over(session, fact.received, (Effect.CONFIRMED,) if known else ())


# --- words, blindness, time ----------------------------------------------------------


def _asked(session: Session, fact: Asked) -> Step:
    """Decide at once: the instant is exact, and nothing has to be confirmed."""
    pending = _first_act(session, fact)
    if session.pending is not None and {Stop.DOUBT, Stop.BREACH}.intersection(session.stops):
        if fact.by is Actor.STUDENT:  # their word confirms the act, and leaves its time as doubtful as it was
            return changed(session, pending=pending or session.act), ()
    elif pending is not None:
        return decide(session, pending)
    said = Pending(
        actor=fact.by,
        act=Act.ASKED,
        gone=Sight(at=fact.at, seq=session.seq),
        again=fact.at,
        version=session.version,
        stamp=None,
        was=session.state,
        confirmed=Sight(at=fact.at, seq=session.seq),
    )
    return decide(session, said)


def _first_act(session: Session, fact: Asked) -> Pending | None:
    """Return the act that the calendar showed before the word; the student's own word confirms it."""
    pending = session.pending
    if pending is None:
        return None
    if pending.actor is Actor.STUDENT:
        if fact.by is Actor.STUDENT:
            word = Sight(at=fact.at, seq=session.seq)
            return pending.model_copy(update={"confirmed": pending.confirmed or word})
        return pending if pending.confirmed is not None else None
    first = fact.by is Actor.STUDENT and not pending.cascades and pending.contradicted is None
    return pending.model_copy(update={"both": True}) if first else None


def _blinded(session: Session, fact: Blinded) -> Step:
    trouble = Trouble(since=fact.at, until=None, cause=fact.cause)
    unreadable = fact.cause == Doubt.UNREADABLE
    kept = session.trouble is not None and (session.trouble.until is None or session.state is State.SUSPECT)
    session = changed(
        session,
        trouble=session.trouble if kept else trouble,
        calendar_state=CalendarState.UNREADABLE if unreadable else CalendarState.UNREACHABLE,
    )
    if fact.lost and session.state is State.BOOKED:
        return changed(session, state=State.INCIDENT), (Effect.INCIDENT,)
    return session, ()


def _written(session: Session, fact: PutBack | Replaced) -> Step:
    """Note that it was put back; or have it written again: what was proven stays, and so does the deadline."""
    if isinstance(fact, PutBack):
        return changed(session, put_back=True), (Effect.PUT_BACK,)
    others = session.pending is not None and _by(session, Actor.MENTOR) and not session.stops
    if not (others or session.state in {State.BOOKED, State.INCIDENT}) or fact.at >= session.start:
        return session, ()
    values: dict[str, Any] = {
        "version": None,
        "calendar_state": CalendarState.UNWRITTEN,
        "moved_late": False,
        "put_back": False,
    }
    trouble = _mended(session.trouble, fact.at)
    # It may have been taken away in time, or did not stand when the deadline came: no fault of the student's.
    unfair = not session.proven_at_deadline and (not fact.sure or fact.at > session.deadline)
    again = changed(session, trouble=trouble, contested=session.contested or unfair, **values)
    if not others:
        return changed(again, state=State.PLANNED), (Effect.WRITTEN_ANEW,)
    if session.act.cascades:  # it went with the student's
        return back(again, State.PLANNED), (Effect.PHANTOM, Effect.WRITTEN_ANEW)
    # Nothing that the student did took the mentor's along; if it is put back, the student's is written again.
    stood = Sight(at=fact.at, seq=session.seq)
    pending = session.act.model_copy(update={"was": State.PLANNED, "other_stood": stood})
    return decide_if_over(changed(again, pending=pending), fact.at, ())


def _after_the_end(session: Session, fact: Fact) -> Step:
    """Note what the calendar shows of a decided session; it changes no decision."""
    if isinstance(fact, Sighted) and fact.side is Side.STUDENT:
        gone_at = session.verdict.gone_at if session.verdict else None
        if gone_at is not None and (not fact.proves or fact.sent - session.rules.lag <= gone_at):
            return session, ()  # it may be older than the act
        state = CalendarState.PRESENT if fact.start == session.start else CalendarState.MOVED
        back = session.calendar_state in set(_GONE_AS.values()) and session.state is not State.ELAPSED
        return changed(session, calendar_state=state), (Effect.RESTORED_LATE,) if back else ()
    if isinstance(fact, Missing) and fact.side is Side.STUDENT:
        return changed(session, calendar_state=_GONE_AS[fact.act]), ()
    return session, ()


def _by(session: Session, actor: Actor) -> bool:
    return session.pending is not None and session.pending.actor is actor
