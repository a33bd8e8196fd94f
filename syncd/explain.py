"""The evidence and the arithmetic of one session, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from policy import facts as f
from policy.facts import Act, Decision, Fact, Side, Stop
from policy.life import CalendarState, Session, State
from policy.notice import Outcome, Verdict
from policy.rules import shown
from policy.schedule import hold_ends, request_ends
from syncd.invitation import local
from syncd.store.rows import Person


@dataclass(frozen=True, slots=True)
class Told:
    """All that an explanation needs."""

    session: Session
    student: Person
    mentor: Person
    facts: tuple[tuple[int, Fact], ...]


def explain(told: Told) -> Iterator[str]:
    """Yield the explanation line by line."""
    zone = ZoneInfo(told.student.zone)
    session = told.session
    yield f"Session {session.id}"
    yield f"  {told.student.name} <{told.student.email}> with {told.mentor.name} <{told.mentor.email}>"
    yield f"  starts {local(session.start, zone)}, for {shown(session.end - session.start)}; all times are in this zone"
    yield f"  is {session.state}: {_STATE[session.state]}"
    yield f"  in the calendar: {_CALENDAR[session.calendar_state]}"
    yield ""
    yield from _deadline(session, zone)
    yield ""
    yield "What was seen"
    marked = set(session.verdict.evidence) if session.verdict else set[int]()
    for seq, fact in told.facts:
        yield f"  {'*' if seq in marked else ' '} {seq:>3}  {_when(fact.at, zone)}  {_fact(session, fact, zone)}"
    yield ""
    yield from _verdict(session, session.verdict, zone) if session.verdict else _open(session, zone)


def _deadline(session: Session, zone: ZoneInfo) -> Iterator[str]:
    rules = session.rules
    yield f"Free to cancel until {_when(session.deadline, zone)}, the latest of"
    yield f"    {_when(session.start - rules.notice, zone)}  start less {shown(rules.notice)} of notice"
    yield f"    {_when(session.agreed_at + rules.grace, zone)}  agreement plus {shown(rules.grace)} of grace"
    if session.first_seen is not None:
        first = _when(session.first_seen.at + rules.grace, zone)
        yield f"    {first}  first seen in the calendar plus {shown(rules.grace)} of grace"
    yield f"  and never after the start (rules {rules.version})"


def _verdict(session: Session, verdict: Verdict, zone: ZoneInfo) -> Iterator[str]:
    doubt = f", with doubt: {verdict.doubt}" if verdict.doubt else ""
    yield f"Verdict: {_OUTCOME[verdict.outcome]}{doubt}"
    for reason in verdict.reasons:
        yield f"  because {reason}"
    yield f"  act        {_ACT[verdict.act]} (by the {verdict.actor})"
    yield f"  deadline   {_when(verdict.deadline, zone)}"
    if verdict.gone_at is not None:
        label = "moved at" if verdict.act is Act.MOVED else "gone at"
        yield f"  {label:<10} {_when(verdict.gone_at, zone)}  {_against(verdict.gone_at, verdict.deadline)}"
    if verdict.outcome is not Outcome.NOT_STUDENT:
        yield f"  present at {_present(session, verdict, zone)}"
    if verdict.stamp is not None:
        yield f"  stamp      {_when(verdict.stamp, zone)}  written by the provider"
    yield f"  evidence   {', '.join(map(str, verdict.evidence))} (marked * above)"


def _present(session: Session, verdict: Verdict, zone: ZoneInfo) -> str:
    if verdict.present_at is None:
        return "never proven"
    lag = f"the read was sent {shown(session.rules.lag)} later, in case the server lags"
    against = _against(verdict.present_at, verdict.deadline)
    return f"{_when(verdict.present_at, zone)}  {against}; {lag}"


def _against(moment: datetime, deadline: datetime) -> str:
    if moment == deadline:
        return "exactly at the deadline"
    side = "before" if moment < deadline else "after"
    return f"{_span(abs(moment - deadline))} {side} the deadline"


def _open(session: Session, zone: ZoneInfo) -> Iterator[str]:
    yield "No verdict."
    if session.state is State.NOTICED:
        pending = session.act
        seen = "confirmed" if pending.is_confirmed else "to be confirmed by a second look"
        yield f"  {_ACT[pending.act]} (by the {pending.actor}), {seen}"
        yield f"  can be undone until {_when(hold_ends(session, pending), zone)}"
    if session.state is State.SUSPECT:
        yield from _suspect(session, zone)
    if session.state is State.MOVING and session.request is not None:
        yield f"  a request for another time is open until {_when(request_ends(session, session.request), zone)}"


def _suspect(session: Session, zone: ZoneInfo) -> Iterator[str]:
    pending = session.act
    confirmed = "confirmed" if pending.is_confirmed else "not confirmed by a second look"
    yield f"  {_ACT[pending.act]} at {_when(pending.gone.at, zone)} (by the {pending.actor}), {confirmed}"
    for stop in session.stops:
        yield f"  {_STOP[stop]}"
    if session.proposed is not None and session.proposed.doubt is not None:
        before = f"; {session.doubts or 0} such cases came before it" if Stop.DOUBT in session.stops else ""
        yield f"  the doubt: {session.proposed.doubt}{before}"
    yield "  all evidence is kept, and no time decides it; see: syncd brake show"


def _fact(session: Session, fact: Fact, zone: ZoneInfo) -> str:
    match fact:
        case f.Braked() | f.Unbraked() | f.Doubts() | f.Restored():
            return _stopping(fact)
        case f.Agreed():
            return "agreed by both sides"
        case f.Sighted():
            return f"{_whose(fact.side)} stood{_where(session, fact, zone)} ({_VIA[fact.via]}{_weak(fact)})"
        case f.Missing():
            return f"{_whose(fact.side)}: {_ACT[fact.act]} ({_VIA[fact.via]})"
        case f.Blinded():
            return f"it could not be seen: {fact.cause.removesuffix(' in between')}"
        case f.Asked():
            return f"cancelled by the {fact.by} in so many words" + (
                f": {fact.reason}" if fact.reason else ""
            )
        case f.PutBack():
            return "moved too late, so it was put back to the agreed time"
        case f.Passed():
            return "the time for an answer, or for another look, was over"
        case f.Replaced():
            return "another calendar stands in the place of the one that held the event: it is written anew"


def _stopping(fact: f.Braked | f.Unbraked | f.Doubts | f.Restored) -> str:
    match fact:
        case f.Braked():
            return f"stopped: {_STOP[fact.scope]}"
        case f.Unbraked():
            return f"{_DECISION[fact.decision]} by {fact.by}"
        case f.Doubts():
            return f"doubtful again, for a cause on the student's side: {fact.count} cases came before"
        case f.Restored():
            return "our records were restored from a backup: what was proven before proves nothing any more"


def _where(session: Session, fact: f.Sighted, zone: ZoneInfo) -> str:
    if fact.start == session.start:
        return " at the agreed time"
    return f" at another time, {_when(fact.start, zone)}" if fact.start else " at no readable time"


def _weak(fact: f.Sighted) -> str:
    return "" if fact.proves else ", which proves nothing: cached, or the clock is not known to be right"


def _whose(side: Side) -> str:
    return "the event" if side is Side.STUDENT else "the mentor's copy"


def _when(moment: datetime, zone: ZoneInfo) -> str:
    there = moment.astimezone(zone)
    return f"{there:%a %d %b %Y %H:%M:%S %Z}"


def _span(length: timedelta) -> str:
    if length < timedelta(seconds=1):
        return "less than a second"
    return shown(timedelta(seconds=int(length.total_seconds())))


_STATE = {
    State.PLANNED: "agreed, and not yet seen in the student's calendar",
    State.BOOKED: "it stands",
    State.MOVING: "the student asks for another time",
    State.NOTICED: "an act was seen, and can still be undone or must be confirmed",
    State.INCIDENT: "the calendar cannot be seen; nothing is decided from that",
    State.SUSPECT: "a person must decide",
    State.CANCELLED: "cancelled in time",
    State.RELEASED: "not the student's doing; the session is owed",
    State.FORFEITED: "cancelled too late, so it counts as used",
    State.PAUSED: "inside a pause",
    State.ELAPSED: "its time has passed",
}
_STOP = {
    Stop.PERSON: "too many of this student's sessions were gone within an hour, so a person decides about all of them",
    Stop.SCHOOL: "too many sessions of the whole school were gone within an hour, so a person decides about all of them",
    Stop.DOUBT: "the student's doubtful cases repeat, so a person decides: timely, or it stands",
    Stop.BREACH: "our own check did not find the proof of a forfeit, so a person decides: timely, or it stands",
}
_DECISION = {
    Decision.RELEASE: "released: it counts, judged by its own evidence,",
    Decision.DISMISS: "dismissed: it does not count, and the session stands,",
}
_CALENDAR = {
    CalendarState.UNWRITTEN: "not written yet",
    CalendarState.PRESENT: "stands at the agreed time",
    CalendarState.MOVED: "stands at another time",
    CalendarState.DECLINED: "declined",
    CalendarState.CANCELLED: "marked as cancelled",
    CalendarState.GONE: "not there",
    CalendarState.UNREADABLE: "cannot be read",
    CalendarState.UNREACHABLE: "cannot be reached",
}
_OUTCOME = {
    Outcome.TIMELY: "TIMELY, the session is not lost",
    Outcome.FORFEIT: "FORFEIT, the session counts as used",
    Outcome.NOT_STUDENT: "NOT THE STUDENT'S DOING, the session is owed",
}
_ACT = {
    Act.REMOVED: "gone from the calendar",
    Act.DECLINED: "declined",
    Act.CANCELLED: "marked as cancelled",
    Act.ASKED: "cancelled in so many words",
    Act.MOVED: "moved to another time",
    Act.UNWRITTEN: "never written to the calendar",
}
_VIA = {
    f.Via.LOOK: "read by its id",
    f.Via.LISTING: "a row of a complete listing",
    f.Via.CHANGE: "among the changes",
    f.Via.FOLLOW: "found in another connected calendar",
}
