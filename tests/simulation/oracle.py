"""Who judges the judge: everything in which the program's book differs from what truly happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.facts import Act as Kind_
from policy.facts import Actor
from policy.life import Session, State
from policy.notice import Doubt, Outcome, Verdict
from tests.simulation import checks
from tests.simulation.places import SYNCD, Shelf
from tests.simulation.plan import Act
from tests.simulation.school import School
from tests.simulation.truth import LAG, Truth
from tests.simulation.weather import HOUR, MINUTE, SECOND, Kind


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that must not be."""

    seed: int
    meeting: int
    rule: str
    what: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"seed {self.seed}, session {self.meeting}: {self.rule}: {self.what}"


# --- what must be --------------------------------------------------------------------------


def wrongs(school: School) -> Iterator[Wrong]:
    """Yield everything in which the program's book differs from the truth."""
    told = checks.notices(school)
    for meeting in school.plan.meetings:
        session = school.session(meeting.number)
        truth = Truth(school, meeting, session)
        if session is None:
            continue
        found = (
            *_verdict(truth, session),
            *_standing(truth, session),
            *checks.of_session(truth, session, told.get(session.id, [])),
        )
        for rule, what in found:
            yield Wrong(school.plan.seed, meeting.number, rule, what)
    numbers = {id_: number for number, id_ in school.hands.ids.items()}
    for id_, rule, what in checks.of_school(school):
        yield Wrong(school.plan.seed, numbers.get(id_, -1), rule, what)
    for place in school.places.values():
        for what in place.foreign:
            yield Wrong(school.plan.seed, -1, "I7", what)


def _verdict(truth: Truth, session: Session) -> Iterator[tuple[str, str]]:
    verdict = session.verdict
    if verdict is None:
        yield from _undecided(truth, session)
        return
    if not (truth.deeds or truth.removals or verdict.act is Kind_.UNWRITTEN):
        yield "no act", f"{verdict.outcome} ({verdict.act}), and nobody did anything"
        return
    match verdict.outcome:
        case Outcome.FORFEIT:
            yield from _forfeit(truth, session, verdict)
        case Outcome.TIMELY:
            yield from _timely(truth, session, verdict)
        case Outcome.NOT_STUDENT:
            yield from _released(truth, verdict)


def _forfeit(truth: Truth, session: Session, verdict: Verdict) -> Iterator[tuple[str, str]]:
    deadline = verdict.deadline
    if verdict.doubt is not None:
        yield "forfeit", "with doubt"
    late = [at for at in (*truth.removals, *truth.words(Act.ASK)) if at > deadline]
    if not late:
        yield "forfeit", f"nothing was taken away after {deadline}: {truth.removals}"
        return
    before = [at for at in truth.removals if at <= deadline]
    if not truth.stood(deadline) and not (before and _looks_moved(truth, before[-1])):
        yield "forfeit", f"it did not stand at {deadline}"
    if truth.mentors and truth.mentors[0] < late[0] and _heard(truth, truth.mentors[0]):
        yield "forfeit", f"the mentor was first: {truth.mentors[0]}"
    yield from _undone(truth, session, verdict, late[-1])


def _heard(truth: Truth, at: datetime) -> bool:
    first = next(deed for deed in truth.deeds if deed.at == at)
    return first.act in {Act.MENTOR_ASK, Act.SCHOOL_ASK}


def _undone(truth: Truth, session: Session, verdict: Verdict, removed: datetime) -> Iterator[tuple[str, str]]:
    gone = verdict.gone_at
    if gone is None or verdict.act is Kind_.ASKED or truth.clock_was_wrong(gone):
        return
    hold = min(session.rules.hold, max(timedelta(0), session.start - gone) / 4)
    for back in truth.restorations:
        if removed < back <= gone + hold:
            yield "forfeit", f"it was restored at {back}, within the hold after {gone}"


def _timely(truth: Truth, session: Session, verdict: Verdict) -> Iterator[tuple[str, str]]:
    deadline, gone = verdict.deadline, verdict.gone_at
    acts = (*truth.removals, *truth.moves, *truth.words(Act.ASK))
    if not acts and not _half_seen(truth, verdict):
        yield "timely", f"the student did nothing: {[str(deed) for deed in truth.deeds]}"
    if (
        verdict.doubt is not None
        or gone is None
        or truth.clock_was_wrong(gone)
        or truth.clock_was_wrong(deadline)
    ):
        return
    phantom = truth.school.weather.bad(
        frozenset({Kind.PHANTOM}), truth.school.homes[truth.meeting.student].url
    )
    if any(since - SECOND <= gone <= until + SECOND for since, until in phantom):
        return
    # The stamp of what left its calendar is that of its leaving, wherever else it was taken away later.
    left = truth.words(Act.CARRY) if truth.school.homes[truth.meeting.student].google else ()
    if acts and min((*acts, *left)) > deadline and not _half_seen(truth, verdict):
        yield "unmarked", f"the first act was at {min(acts)}, after {deadline}, and nothing says so"


def _half_seen(truth: Truth, verdict: Verdict) -> bool:
    """Tell whether it was carried to a calendar that could not be asked: that is seen missing, and no more."""
    pace = truth.school.plan.every * 1.15 + 4 * HOUR
    carried = truth.words(Act.CARRY)
    late = verdict.gone_at is None or verdict.gone_at > verdict.deadline
    return (verdict.doubt is not None or not late) and any(not truth.clear(at, at + pace) for at in carried)


def _released(truth: Truth, verdict: Verdict) -> Iterator[tuple[str, str]]:
    if verdict.act is Kind_.UNWRITTEN:
        seen_by = truth.meeting.start - LAG  # what stands then is shown at the start, by whatever replica
        if (
            truth.written is not None
            and truth.written < seen_by
            and truth.clear(truth.written, truth.meeting.start)
        ):
            yield "unwritten", f"it stood there from {truth.written}"
    elif not truth.mentors and not truth.words(Act.MENTOR_RESTORE):
        yield "not student", f"only the student did anything: {[str(deed) for deed in truth.deeds]}"
    elif verdict.actor is Actor.STUDENT:
        yield "not student", "and the student did it"


def _undecided(truth: Truth, session: Session) -> Iterator[tuple[str, str]]:
    """Yield acts that were there to be seen, and were not."""
    if session.state is not State.ELAPSED or truth.stood(session.start - MINUTE):
        return
    gone = [at for at in truth.removals if at < session.start - HOUR]
    if not gone or truth.mentors or not _stayed(truth, gone[-1]) or _looks_moved(truth, gone[-1]):
        return
    latest = gone[-1] + 1.2 * truth.school.plan.every + MINUTE
    seen = latest < session.start and truth.clear(gone[-1], latest + 3 * HOUR)
    if seen and not _dismissed(truth, gone[-1]):
        yield "missed", f"it was taken away at {gone[-1]}, and nobody noticed"


def _stayed(truth: Truth, removed: datetime) -> bool:
    return not any(change.stands for change in truth.changes if change.at > removed)


def _looks_moved(truth: Truth, removed: datetime) -> bool:
    """Tell whether a copy with the UID appeared so shortly before that nobody saw both: it moved there.

    So it seems, too, if nobody could read the copy when it appeared: it is read again only when the event is gone.
    Once the event was written anew into another calendar, the copy is one of two that stand, and one of them still does.
    """
    pace = truth.school.plan.every * 1.15 + 2 * LAG
    copied = [at for at in truth.words(Act.MIRROR) if at <= removed + pace]
    replaced = truth.seemed_replaced(removed)
    return any(replaced or truth.lit(at) > removed - pace or not truth.clear(at, at + pace) for at in copied)


def _dismissed(truth: Truth, since: datetime) -> bool:
    return any(
        effective and deed.act is Act.DISMISS and deed.at >= since for deed, effective in truth.school.done
    )


def _standing(truth: Truth, session: Session) -> Iterator[tuple[str, str]]:
    yield from _lost(truth, session)
    yield from _doubled(truth, session)


def _lost(truth: Truth, session: Session) -> Iterator[tuple[str, str]]:
    """Yield a session that nobody touched, and that did not stand when it began."""
    if truth.deeds or truth.personal or session.state not in {State.ELAPSED, State.RELEASED}:
        return
    soon = session.agreed_at + HOUR
    calm = truth.clear(session.agreed_at, soon) and not truth.refused(session.agreed_at, soon)
    if session.start - session.agreed_at < 2 * HOUR or not calm:
        return
    last = [change for change in truth.changes if change.at <= session.start]
    if session.state is State.RELEASED:
        yield "lost", "it was never written, and nothing was in the way"
    elif not last or not last[-1].stands or last[-1].start != session.start:
        yield "lost", "nobody touched it, and it did not stand at its start"


def _doubled(truth: Truth, session: Session) -> Iterator[tuple[str, str]]:
    """Yield events that we wrote while another one of the session stood."""
    own = f"{truth.meeting.student}@school.example"
    lags = truth.school.weather.bad(frozenset({Kind.LAG}), truth.school.homes[truth.meeting.student].url)
    for shelf in truth.shelves:
        for number, entry in enumerate(shelf.log):
            mine = entry.author == SYNCD and entry.body is not None and entry.body.session == session.id
            if not mine or entry.body is None or not _is_first(shelf, number):
                continue
            beside = _beside(truth, session.id, own, entry.ref, entry.at)
            if any(
                since <= entry.at < until + LAG for since, until in lags
            ):  # nobody sees what was not there then
                before = _beside(truth, session.id, own, entry.ref, entry.at - LAG)
                beside = [each for each in beside if each in before]
            if beside:
                yield "doubled", f"{entry.ref} was written at {entry.at} beside {beside[0]}"


def _is_first(shelf: Shelf, number: int) -> bool:
    entry = shelf.log[number]
    before = [one for one in shelf.log[:number] if one.ref == entry.ref]
    return not before or before[-1].body is None


def _beside(truth: Truth, session_id: str, own: str, ref: str, at: datetime) -> list[str]:
    found: list[str] = []
    for shelf in truth.shelves:
        if shelf.gone is not None and shelf.gone <= at:
            continue
        for other, body in shelf.standing(shelf.length(at)).items():
            ours = body.uid.startswith(f"syncd-{session_id}-") and not other.endswith("mirror.ics")
            if other != ref and ours and body.stands_for(own):
                found.append(other)
    return found


# --- doubts --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Doubts:
    """How many cases nobody could have decided, and how many were marked as doubtful."""

    undecidable: int
    marked: int
    excess: tuple[int, ...]
    """The sessions that were marked, though somebody at our pace could have known."""


def doubts(school: School) -> Doubts:
    """Count them among the sessions to which one thing was done by the student alone."""
    undecidable = marked = 0
    excess: list[int] = []
    for meeting in school.plan.meetings:
        session = school.session(meeting.number)
        if session is None:
            continue
        truth = Truth(school, meeting, session)
        verdict = session.verdict
        if verdict is None or verdict.outcome is Outcome.NOT_STUDENT or not truth.removals:
            continue
        replaced = verdict.doubt is Doubt.REPLACED and truth.seemed_replaced(verdict.deadline)
        unsure = replaced or not truth.decidable(truth.removals[0], verdict.deadline)
        undecidable += unsure
        if verdict.doubt is not None:
            marked += 1
            surely_late = not replaced and _surely_late(truth, verdict.deadline)
            if (not unsure and len(truth.deeds) == 1) or surely_late:
                excess.append(meeting.number)
    return Doubts(undecidable, marked, tuple(excess))


_OWN = frozenset(
    {
        Act.REMOVE,
        Act.DECLINE,
        Act.CANCEL,
        Act.RESTORE,
        Act.MOVE,
        Act.ALL_DAY,
        Act.BACK,
        Act.EDIT,
        Act.LENGTHEN,
    }
)


def _surely_late(truth: Truth, deadline: datetime) -> bool:
    """Tell whether all was done by the student after a deadline at which anybody could see the event stand."""
    acts = truth.deeds
    if not acts or any(deed.act not in _OWN or deed.at <= deadline + LAG + 2 * MINUTE for deed in acts):
        return False
    return truth.clear(deadline - MINUTE, acts[-1].at + 3 * truth.school.plan.every * 1.15 + 3 * HOUR)
