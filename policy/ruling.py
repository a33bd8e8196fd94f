"""What is decided about an act: the outcome, the doubt, and the evidence it rests on."""

from __future__ import annotations

from datetime import datetime

from policy.facts import Act, Actor
from policy.life import Pending, Session, Sight
from policy.notice import Doubt, Outcome, Verdict, judge


def rule(session: Session, pending: Pending) -> Verdict:
    """Return the verdict on the act *pending*, with all it rests on."""
    outcome, doubt, reasons = _outcome(session, pending)
    moved = session.request.made if session.request else None
    sights = (session.present, pending.gone, pending.confirmed, pending.other_stood, moved)
    student = pending.actor is Actor.STUDENT and not pending.both
    return Verdict(
        outcome=outcome,
        doubt=doubt,
        actor=Actor.MENTOR if pending.both else pending.actor,
        act=pending.act,
        deadline=session.deadline,
        present_at=session.present.at if session.present else None,
        gone_at=pending.gone.at,
        stamp=pending.stamp if student else None,
        reasons=reasons,
        evidence=tuple(sorted({1} | {sight.seq for sight in sights if sight is not None})),
        rules_version=session.rules.version,
    )


def _outcome(session: Session, pending: Pending) -> tuple[Outcome, Doubt | None, tuple[str, ...]]:
    if pending.both:
        return Outcome.NOT_STUDENT, None, (_BOTH,)
    if pending.actor is not Actor.STUDENT:
        return Outcome.NOT_STUDENT, None, (_NOT_STUDENT.get((pending.actor, pending.act), _GAVE_UP),)
    if session.request is not None:  # moved in time, and no new time was agreed
        how = "moved in time, and no new time was agreed while the request was open"
        # The deadline may be later by now than it was taken to be when it was moved.
        doubt = session.request.doubt if pending.gone.at > session.deadline else None
        return Outcome.TIMELY, doubt, (how,)
    outcome, unsure, reason = judge(
        session.deadline,
        present_at=session.present.at if session.present else None,
        gone_at=pending.gone.at,
        stamp=pending.stamp,
    )
    if not pending.is_confirmed and pending.gone.at > session.deadline and outcome is Outcome.FORFEIT:
        late = "it was first seen gone after the deadline, and no second look could confirm it"
        return Outcome.TIMELY, Doubt.UNCONFIRMED, (late,)
    if session.contested and outcome is Outcome.FORFEIT:
        return Outcome.TIMELY, Doubt.REPLACED, (_CONTESTED,)
    return outcome, cause(session, session.present, pending.gone.at) if unsure else None, (reason,)


_CONTESTED = "its calendar was replaced or emptied before it was proven to stand at the deadline, and it was written anew"
_BOTH = "both copies went and the order cannot be proven, so it counts as the mentor's"
_GAVE_UP = "the mentor gave it up while the student's copy still stood"
_NOT_STUDENT = {
    (Actor.MENTOR, Act.ASKED): "the mentor cancelled",
    (Actor.SCHOOL, Act.ASKED): "the school cancelled",
    (Actor.SCHOOL, Act.UNWRITTEN): "it never reached the student's calendar",
}

_TROUBLES = {str(doubt): doubt for doubt in (Doubt.SERVER_DOWN, Doubt.ACCESS_LOST, Doubt.UNREADABLE)}


def cause(session: Session, proven: Sight | None, until: datetime) -> Doubt:
    """Return why nothing is known between the last *proven* sight and *until*."""
    trouble = session.trouble
    if session.restored is not None and proven is None:
        return Doubt.RESTORED
    since = proven.at if proven else session.agreed_at
    if trouble is not None and trouble.since <= until and (trouble.until is None or trouble.until >= since):
        return _TROUBLES.get(trouble.cause, Doubt.SERVER_DOWN)
    if session.seen is not None and session.seen.at - session.rules.lag >= session.deadline:
        return Doubt.CLOCK_UNSURE
    return Doubt.DAEMON_DOWN
