"""When a session asks for attention by itself, and what the calendars should show of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from policy.facts import LOSSES, Actor, Stop
from policy.life import CalendarState, Pending, Request, Session, State

SOON = timedelta(hours=12)
"""So long before the start it is told that nobody can see a session, or has decided about it."""


def hold_ends(session: Session, pending: Pending) -> datetime:
    """Return until when an act can be undone: at most a quarter of the time left to the start."""
    left = max(timedelta(0), session.start - pending.gone.at)
    return pending.gone.at + min(session.rules.hold, left / 4)


def request_ends(session: Session, request: Request) -> datetime:
    """Return when a request for another time lapses: half the notice before the start at the latest."""
    latest = max(session.start - session.rules.notice / 2, request.made.at + session.rules.hold)
    return min(request.made.at + session.rules.request_expires, latest, session.start)


def limit(session: Session, pending: Pending) -> datetime:
    """Return until when a confirmation is waited for."""
    return max(hold_ends(session, pending), pending.gone.at + session.rules.confirm_limit)


class Next(BaseModel):
    """When the session asks for attention without anybody's doing."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    look: bool
    """The calendar must be looked at; otherwise only time has to pass."""
    mentor: datetime | None = None
    """When the mentor's own event is looked at, if that is later: it is the student's that says nothing."""


_MARGIN = timedelta(seconds=1)


def next_step(session: Session, now: datetime) -> Next | None:
    """Return what comes next for *session* by itself; ``None`` when nothing does."""
    match session.state:
        case State.PLANNED:
            return Next(at=session.start, look=False)
        case State.BOOKED:
            return _next_booked(session)
        case State.MOVING if session.request is not None:
            return Next(at=request_ends(session, session.request), look=True)
        case State.NOTICED:
            return _next_noticed(session)
        case State.INCIDENT:
            look_at = session.deadline + session.rules.lag
            if now < look_at:
                return Next(at=look_at, look=True)
            return Next(at=session.end + session.rules.elapse_after, look=False)
        case State.SUSPECT:
            return _next_suspect(session, now)
        case _:
            return None


def warning(session: Session, now: datetime) -> datetime | None:
    """Return when it is to be told that the start is near and nobody can see the session, or has decided."""
    waits = session.state in {State.INCIDENT, State.SUSPECT}
    return session.start - SOON if waits and not session.warned and now < session.start else None


def _next_suspect(session: Session, now: datetime) -> Next | None:
    """Return the next look at what is stopped: the evidence is completed as if nobody had stopped it."""
    pending = session.act
    over = pending.is_confirmed and pending.sure is not None and pending.sure >= hold_ends(session, pending)
    done = over and pending.contradicted is None and _other_is_clear(pending)
    if Stop.DOUBT in session.stops or pending.act not in LOSSES or done or now >= limit(session, pending):
        return None
    return _next_noticed(session)


def _other_is_clear(pending: Pending) -> bool:
    return pending.actor is not Actor.MENTOR or pending.both or pending.other_stood is not None


def _next_booked(session: Session) -> Next:
    look_at = session.deadline + session.rules.lag
    if session.restored is not None and session.seen is None:
        return Next(at=session.restored, look=True)
    if session.proven_at_deadline:
        return Next(at=session.end, look=False)
    if session.seen is None or session.seen.at < look_at:
        return Next(at=look_at, look=True)
    # What proves nothing now, a cached answer or one under a wrong clock, may do so for long: ask ever less often.
    long = (session.seen.at - look_at) / 4
    retry = session.seen.at + max(session.rules.confirm_after, session.rules.lag, _MARGIN, long)
    return Next(at=min(retry, session.end), look=retry < session.end)


def _next_noticed(session: Session) -> Next:
    pending = session.act
    if pending.contradicted is not None:
        after = max(pending.again, pending.contradicted) + session.rules.lag + _MARGIN
    elif not pending.is_confirmed:
        after = _next_confirmation(session, pending)
    elif pending.actor is Actor.MENTOR:
        after = _next_of_student(session, pending)
    else:
        after = hold_ends(session, pending)
    last = limit(session, pending)
    mentor = max(after, _less_often(session, pending)) if _waits_for_student(session, pending) else None
    return Next(at=min(after, last), look=True, mentor=min(mentor, last) if mentor else None)


def _next_confirmation(session: Session, pending: Pending) -> datetime:
    """Return when an absence is looked at again that nothing has confirmed yet: soon, then ever less often."""
    if pending.again <= pending.gone.at:
        return pending.gone.at + session.rules.confirm_after
    return _less_often(session, pending)


def _less_often(session: Session, pending: Pending) -> datetime:
    long = (pending.again - pending.gone.at) / 4
    return pending.again + max(session.rules.confirm_after, session.rules.lag / 2, _MARGIN, long)


def _next_of_student(session: Session, pending: Pending) -> datetime:
    """Return when the student's copy can show whether it outlived the mentor's act."""
    after = _outlives(session, pending)
    if session.seen is None or session.seen.at < after:
        return after
    return session.seen.at + session.rules.lag + _MARGIN


def _outlives(session: Session, pending: Pending) -> datetime:
    return max(hold_ends(session, pending), pending.gone.at + session.rules.lag)


def _waits_for_student(session: Session, pending: Pending) -> bool:
    """Tell whether the mentor's act was seen for as long as need be, and the student's copy was not seen since."""
    sure = pending.is_confirmed and pending.contradicted is None
    after = _outlives(session, pending)
    unseen = session.seen is None or session.seen.at < after
    return pending.actor is Actor.MENTOR and sure and pending.again >= after and unseen


class Want(StrEnum):
    """What the calendars should show of a session."""

    STANDING = "standing"
    """One event at the agreed time."""
    AS_IS = "as_is"
    """Whatever is there: people are being asked, or it is over."""
    ABSENT = "absent"


_WANT = {
    State.PLANNED: Want.STANDING,
    State.BOOKED: Want.STANDING,
    State.CANCELLED: Want.ABSENT,
    State.RELEASED: Want.ABSENT,
    State.FORFEITED: Want.ABSENT,
    State.PAUSED: Want.ABSENT,
}


def want(session: Session) -> Want:
    """Return what the calendars should show of *session*."""
    return _WANT.get(session.state, Want.AS_IS)


def must_be_put_back(session: Session) -> bool:
    """Tell whether the event was moved too late and has not been put back yet."""
    moved = session.moved_late and session.calendar_state is CalendarState.MOVED
    return session.state is State.BOOKED and moved and not session.put_back
