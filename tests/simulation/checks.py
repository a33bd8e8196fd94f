"""What must hold of every session, whatever was done to it and whatever the verdict is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from policy.facts import LOSSES, Agreed, parse
from policy.life import Effect, Session
from policy.notice import Doubt, Outcome
from policy.session import advance, begin
from providers.base import PartStat
from syncd import brake
from syncd.invariants import check
from syncd.store.rows import SessionId
from tests.simulation.places import SYNCD, Body, Entry, Shelf
from tests.simulation.plan import Act
from tests.simulation.school import School
from tests.simulation.truth import LAG, Truth
from tests.simulation.weather import DAY, HOUR, MINUTE, SECOND, Kind

Found = Iterator[tuple[str, str]]


def notices(school: School) -> dict[str, list[datetime]]:
    """Return when an act was noticed, by session; the feed is long, and read once."""
    told: dict[str, list[datetime]] = {}
    with school.db.read() as tx:
        for row in tx.feed.after(0):
            if row.kind == Effect.NOTICED and row.session_id is not None:
                told.setdefault(row.session_id, []).append(row.at)
    return told


def of_school(school: School) -> Iterator[tuple[str, str, str]]:
    """Yield the session, the rule and the words of whatever the program's own checks find, or once found."""
    with school.db.read() as tx:
        for one in tx.incidents.all():
            if one.kind == brake.BREACH:
                yield one.session_id or "", "withheld", one.what
        for breach in check(tx):
            yield breach.session, breach.rule, breach.what


def of_session(truth: Truth, session: Session, told: Iterable[datetime]) -> Found:
    """Yield what is wrong about one session, of which acts were noticed at those moments."""
    yield from _deadline(truth, session)
    yield from _verdict(session)
    yield from _undone(truth, session)
    yield from _noticed(truth, session, told)
    yield from _written_over(truth, session)
    yield from _written_again(truth, session)
    yield from _idle(truth.school, session)


# --- the book by itself --------------------------------------------------------------------


def _deadline(truth: Truth, session: Session) -> Found:
    """Yield a deadline that is another one than the rules make of the same three instants."""
    deadline = session.verdict.deadline if session.verdict else session.deadline
    free = [session.start - DAY, session.agreed_at + HOUR]
    free += [session.first_seen.at + HOUR] if session.first_seen else []
    least = min(session.start, max(free))
    if deadline != least:
        yield "deadline", f"{deadline} instead of {least}"
    seen = (truth.written or truth.meeting.agreed_at) + HOUR
    sure = min(session.start, max(session.start - DAY, seen))
    sick = truth.clock_was_wrong(session.agreed_at) or truth.clock_was_wrong(seen - HOUR)
    if session.first_seen is not None and deadline < sure - SECOND and not sick:
        yield "deadline", f"{deadline} is before {sure}"


def _verdict(session: Session) -> Found:
    """Yield a verdict that does not follow from the instants that it names."""
    verdict = session.verdict
    if verdict is None or verdict.gone_at is None:
        return
    deadline, gone = verdict.deadline, verdict.gone_at
    if verdict.outcome is Outcome.FORFEIT:
        if gone <= deadline or verdict.present_at is None or verdict.present_at < deadline:
            yield "forfeit", f"gone at {gone}, proven until {verdict.present_at}, deadline {deadline}"
    elif verdict.doubt not in {None, Doubt.RESTORED} and gone <= deadline:
        yield "doubt", f"it was seen gone at {gone}, by {deadline}, and {verdict.doubt} is said of it"


def _idle(school: School, session: Session) -> Found:
    """Yield a fact that says nothing new: a quiet round leaves no trace."""
    with school.db.read() as tx:
        rows = tx.ledger.facts(SessionId(session.id))
    first = parse(rows[0].body)
    assert isinstance(first, Agreed)
    told, _ = begin(first)
    for row in rows[1:]:
        after, effects = advance(told, parse(row.body))
        if not effects and after.model_copy(update={"seq": told.seq}) == told:
            yield "I8", f"fact {row.seq} ({row.kind}) says nothing new"
            return
        told = after


# --- against what happened -----------------------------------------------------------------


def _undone(truth: Truth, session: Session) -> Found:
    """Yield an act that was decided although it was undone, for all to see, before its hold was over."""
    verdict = session.verdict
    if verdict is None or verdict.gone_at is None or verdict.act not in LOSSES:
        return
    gone = verdict.gone_at
    if verdict.outcome is not Outcome.TIMELY or truth.clock_was_wrong(gone) or truth.mentors:
        return
    hold = min(session.rules.hold, max(timedelta(0), session.start - gone) / 4)
    last = gone + hold - LAG - MINUTE
    backs = [at for at in truth.restorations if at <= last]
    if not backs or not all(
        change.stands for change in truth.changes if backs[-1] <= change.at <= gone + hold
    ):
        return
    if any(at <= backs[-1] for at in truth.moves) or not truth.clear(
        gone, gone + session.rules.confirm_limit
    ):
        return
    if gone - MINUTE <= backs[-1]:
        yield "undone", f"it was restored at {backs[-1]}, within the hold after {gone}"


def _noticed(truth: Truth, session: Session, told: Iterable[datetime]) -> Found:
    """Yield a notice of something that nobody did, and no fault made us see."""
    for at in told:
        if not (truth.clock_was_wrong(at) or _fooled(truth, at) or _reason(truth, session, at)):
            yield "noticed", f"an act was noticed at {at}, and nobody did anything"


def _homes(truth: Truth) -> set[str]:
    return {truth.school.homes[who].url for who in (truth.meeting.student, truth.meeting.mentor)}


def _fooled(truth: Truth, at: datetime) -> bool:
    """Tell whether a server had just shown what was not so."""
    return any(
        since - SECOND <= at <= until + MINUTE
        for home in _homes(truth)
        for since, until in truth.school.weather.bad(frozenset({Kind.PHANTOM}), home)
    )


def _reason(truth: Truth, session: Session, at: datetime) -> bool:
    """Tell whether anything of the session was gone, or declined, in what an answer could show by *at*."""
    if any(deed <= at for deed in truth.mentors):
        return True
    since = at - LAG - MINUTE
    for home in _homes(truth):
        cached = truth.school.weather.bad(frozenset({Kind.CACHE}), home)
        if any(begin <= at and since <= end for begin, end in cached):
            since = min(since, at - HOUR - LAG)
    return any(
        _was_gone(shelf, ref, f"{who}@school.example", since, at)
        or _was_new(shelf, ref, since, at - LAG - MINUTE)
        for who, shelf in _shelves(truth)
        for ref in {entry.ref for entry in shelf.log if _is_of(shelf, entry, session)}
    )


def _shelves(truth: Truth) -> Iterator[tuple[str, Shelf]]:
    for who in (truth.meeting.student, truth.meeting.mentor):
        place = truth.school.homes[who]
        for shelf in (*place.past, *place.shelves.values()):
            if shelf.owner == who and shelf.connected:
                yield who, shelf


def _is_of(shelf: Shelf, entry: Entry, session: Session) -> bool:
    body = shelf.last(entry.ref)
    ours = body is not None and body.uid.startswith(f"syncd-{session.id}-")
    return ours and not entry.ref.endswith("mirror.ics")


def _was_gone(shelf: Shelf, ref: str, own: str, since: datetime, until: datetime) -> bool:
    """Tell whether what once stood there did not stand at some time between the two, and not by our doing."""
    stood = gone = False
    for entry in (one for one in shelf.log if one.ref == ref and one.at <= until):
        if gone and entry.at >= since:
            return True
        stands = entry.body is not None and entry.body.stands_for(own)
        gone = stood and not stands and entry.author != SYNCD
        stood = stood or stands
    return gone


def _was_new(shelf: Shelf, ref: str, since: datetime, until: datetime) -> bool:
    """Tell whether an answer from *since*, which only a cache still gives at *until*, comes from before the event."""
    born = next(entry.at for entry in shelf.log if entry.ref == ref)
    return since <= born <= until


# --- what we wrote -------------------------------------------------------------------------


def _written_over(truth: Truth, session: Session) -> Found:
    """Yield what we wrote over a student's act that nobody had seen yet."""
    own = f"{truth.meeting.student}@school.example"
    for shelf in truth.shelves:
        before: dict[str, Entry] = {}
        for entry in shelf.log:
            last = before.get(entry.ref)
            if last is not None and entry.author == SYNCD and last.author == truth.meeting.student:
                later = _dismissed(
                    truth, entry.at
                )  # its deadline was another one then: the grace has begun anew since
                yield from _lost_act(session, own, last, entry, later=later)
            before[entry.ref] = entry


def _lost_act(session: Session, own: str, last: Entry, entry: Entry, *, later: bool) -> Found:
    was, now = last.body, entry.body
    if was is None or now is None or now.session != session.id:
        return
    if not was.stands_for(own) and now.stands_for(own):
        yield "written over", f"what the student did at {last.at} was written over at {entry.at}"
    elif was.start != session.start == now.start and last.at <= session.deadline and not later:
        yield "written over", f"the move of {last.at} was written over at {entry.at}"
    elif _refused(was) > _refused(now):
        yield "written over", f"a refusal of {last.at} was written over at {entry.at}"


def _refused(body: Body) -> int:
    return sum(answer is PartStat.DECLINED for _, answer in body.partstats)


def _written_again(truth: Truth, session: Session) -> Found:
    """Yield what we wrote anew after the student had taken it away, and nobody had said that it stands."""
    if truth.personal or session.first_seen is None:
        return
    taken: datetime | None = None
    readable = session.first_seen.at
    for change in truth.changes:
        if not change.stands and change.author == truth.meeting.student:
            taken = change.at
        elif change.stands and change.author == SYNCD and taken is not None:
            known = readable < taken and not _dismissed(truth, taken)
            readable = truth.lit(change.at)  # what nobody could read never stood, for all we know
            told = truth.seemed_replaced(change.at) and _was_told_of(truth, session, taken, change.at)
            if known and not told:
                yield "written again", f"it was taken away at {taken}, and written again at {change.at}"
            taken = None
        elif change.stands:
            taken = None


def _was_told_of(truth: Truth, session: Session, since: datetime, until: datetime) -> bool:
    """Tell whether the ledger says that a calendar was replaced meanwhile, as far as a wrong clock can tell."""
    with truth.school.db.read() as tx:
        facts = tx.ledger.facts(SessionId(session.id))
    slack = 11 * MINUTE
    return any(
        fact.kind == "replaced" and since - slack <= fact.recorded_at <= until + slack for fact in facts
    )


def _dismissed(truth: Truth, since: datetime) -> bool:
    return any(
        effective and deed.act is Act.DISMISS and deed.at >= since for deed, effective in truth.school.done
    )
