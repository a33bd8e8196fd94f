"""Who knows the truth: every act at its true moment, and what anybody could have known of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from policy.facts import Act as Kind_
from policy.facts import Actor
from policy.life import Session, State
from policy.notice import Outcome, Verdict
from tests.simulation.places import SYNCD, Body, Shelf
from tests.simulation.plan import Act, Deed, Meeting
from tests.simulation.school import School
from tests.simulation.weather import DAY, HOUR, MINUTE, SECOND, Kind

LAG = 2 * MINUTE
_MENTORS = frozenset(
    {Act.MENTOR_REMOVE, Act.MENTOR_DECLINE, Act.MENTOR_GUEST, Act.MENTOR_MOVE, Act.MENTOR_ASK, Act.SCHOOL_ASK}
)
_PERSONAL = frozenset({Act.DROP_CALENDAR, Act.REVOKE, Act.DISCONNECT})
_BLIND = frozenset({Kind.OUTAGE, Kind.ERRORS, Kind.SLOW, Kind.CACHE, Kind.BLUR})
_SICK = frozenset({Kind.DOWN, Kind.CLOCK, Kind.FULL, Kind.LOCKED})
_SETTLE = 10 * MINUTE
"""After a fault the program needs a while: a wrong clock is not believed at once."""


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


@dataclass(frozen=True, slots=True)
class Change:
    """One change of whether, or when, the event stands in what the program may see of the student's calendars."""

    at: datetime
    stands: bool
    start: datetime | None
    author: str


class Truth:
    """All that truly happened to one session."""

    def __init__(self, school: School, meeting: Meeting, session: Session | None) -> None:
        self.school = school
        self.meeting = meeting
        self.session = session

    @cached_property
    def shelves(self) -> tuple[Shelf, ...]:
        """The student's calendars that the program was given, gone ones included."""
        place = self.school.homes[self.meeting.student]
        every = (*place.past, *place.shelves.values())
        return tuple(one for one in every if one.owner == self.meeting.student and one.connected)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Every change, by time."""
        if self.session is None:
            return ()
        own, mark = f"{self.meeting.student}@school.example", f"syncd-{self.session.id}-"
        entries = sorted(
            (
                (entry.at, number, (shelf.id, shelf.born), entry)
                for shelf in self.shelves
                for number, entry in enumerate(shelf.log)
                if _of(shelf, entry.ref, mark) and not entry.ref.endswith("mirror.ics")
            ),
            key=lambda one: (one[0], one[3].body is None, one[1]),
        )
        there: dict[tuple[str, int, str], Body | None] = {}
        found: list[Change] = []
        for at, _, shelf, entry in entries:
            there[*shelf, entry.ref] = entry.body
            live = [
                body
                for (id_, born, _), body in there.items()
                if body is not None and body.stands_for(own) and not self._was_gone(id_, born, at)
            ]
            found.append(Change(at, bool(live), live[-1].start if live else None, entry.author))
        return tuple(found)

    def _was_gone(self, id_: str, born: int, at: datetime) -> bool:
        return any(
            shelf.gone is not None and shelf.gone <= at and (shelf.id, shelf.born) == (id_, born)
            for shelf in self.shelves
        )

    def stood(self, at: datetime) -> bool:
        """Tell whether it stood at *at*."""
        before = [change for change in self.changes if change.at <= at]
        return bool(before) and before[-1].stands

    @cached_property
    def removals(self) -> tuple[datetime, ...]:
        """When the student took it away."""
        return tuple(now.at for before, now in self._pairs() if before and not now.stands and self._own(now))

    @cached_property
    def restorations(self) -> tuple[datetime, ...]:
        """When the student put it back."""
        return tuple(now.at for before, now in self._pairs() if not before and now.stands and self._own(now))

    @cached_property
    def moves(self) -> tuple[datetime, ...]:
        """When the student moved it to another time."""
        return tuple(
            now.at
            for _, now in self._pairs()
            if now.stands and now.start != self.meeting.start and self._own(now)
        )

    def _pairs(self) -> Iterator[tuple[bool, Change]]:
        before = False
        for change in self.changes:
            yield before, change
            before = change.stands

    def _own(self, change: Change) -> bool:
        return change.author == self.meeting.student

    @cached_property
    def written(self) -> datetime | None:
        """When it first stood there."""
        return next((change.at for change in self.changes if change.stands), None)

    @cached_property
    def deeds(self) -> tuple[Deed, ...]:
        """What was done about this session, and took effect."""
        return tuple(
            deed
            for deed, effective in self.school.done
            if effective and deed.meeting == self.meeting.number and deed.act is not Act.AGREE
        )

    @cached_property
    def personal(self) -> tuple[Deed, ...]:
        """What the two did to their accounts, while this session could be touched by it."""
        two = {self.meeting.student, self.meeting.mentor}
        return tuple(
            deed
            for deed, effective in self.school.done
            if effective and deed.person in two and deed.act in _PERSONAL | {Act.RECONNECT}
        )

    def words(self, *acts: Act) -> tuple[datetime, ...]:
        """Return when one of *acts* was done."""
        return tuple(deed.at for deed in self.deeds if deed.act in acts)

    @cached_property
    def mentors(self) -> tuple[datetime, ...]:
        """When the mentor, or the school, did something."""
        return self.words(*_MENTORS)

    # --- what could be known -------------------------------------------------------------

    @cached_property
    def dark(self) -> tuple[tuple[datetime, datetime], ...]:
        """Every time in which nobody could look for sure."""
        weather, where = self.school.weather, self.school.homes[self.meeting.student].url
        times = [(since, until + _SETTLE) for since, until in weather.bad(_BLIND, where)]
        times += [(since, until + _SETTLE) for since, until in weather.bad(_SICK, "")]
        times += [(since, until + 2 * MINUTE) for since, until in weather.bad(frozenset({Kind.KILL}), "")]
        times += list(self._unseen())
        return tuple(times)

    def _unseen(self) -> Iterator[tuple[datetime, datetime]]:
        since: datetime | None = None
        for deed in self.personal:
            if deed.person != self.meeting.student:
                continue
            if deed.act is Act.RECONNECT and since is not None:
                yield since, deed.at + _SETTLE
                since = None
            elif deed.act is not Act.RECONNECT:
                since = since or deed.at
        if since is not None:
            yield since, self.meeting.start + 30 * DAY

    def clear(self, since: datetime, until: datetime) -> bool:
        """Tell whether nothing was in the way of looking between the two."""
        return not any(begin < until and since < end for begin, end in self.dark)

    def clock_was_wrong(self, about: datetime) -> bool:
        """Tell whether the clock was wrong about then."""
        spells = self.school.weather.bad(frozenset({Kind.CLOCK}), "")
        return any(since - 15 * MINUTE <= about <= until + 15 * MINUTE for since, until in spells)

    def decidable(self, removed: datetime, deadline: datetime) -> bool:
        """Tell whether somebody who looks at our pace could have known what was first."""
        plan = self.school.plan
        pace, near = plan.every * 1.15, plan.near * 1.15
        if removed > deadline:
            looked = self.clear(deadline, min(removed, deadline + LAG + MINUTE))
            seen = self.clear(removed, removed + 3 * pace + 3 * HOUR)
            return removed > deadline + LAG + 2 * MINUTE and looked and seen
        if removed > deadline - near - LAG - MINUTE:
            return False
        since = max(removed, deadline - HOUR)
        return self.clear(removed, removed + pace + LAG + MINUTE) or self.clear(since, deadline)


def _of(shelf: Shelf, ref: str, mark: str) -> bool:
    body = shelf.last(ref)  # type: ignore[arg-type]  # a ref by name
    return body is not None and body.uid.startswith(mark)


# --- what must be --------------------------------------------------------------------------


def wrongs(school: School) -> Iterator[Wrong]:
    """Yield everything in which the program's book differs from the truth."""
    for meeting in school.plan.meetings:
        session = school.session(meeting.number)
        truth = Truth(school, meeting, session)
        if session is None:
            continue
        for rule, what in (*_verdict(truth, session), *_standing(truth, session)):
            yield Wrong(school.plan.seed, meeting.number, rule, what)
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
    least = min(session.start, max(session.start - DAY, session.agreed_at + HOUR, _grace(truth)))
    if deadline < least - SECOND and not truth.clock_was_wrong(session.agreed_at):
        yield "deadline", f"{deadline} is before {least}"
    if verdict.doubt is not None:
        yield "forfeit", "with doubt"
    late = [at for at in (*truth.removals, *truth.words(Act.ASK)) if at > deadline]
    if not late:
        yield "forfeit", f"nothing was taken away after {deadline}: {truth.removals}"
        return
    if not truth.stood(deadline):
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


def _grace(truth: Truth) -> datetime:
    return (truth.written or truth.meeting.agreed_at) + HOUR


def _timely(truth: Truth, session: Session, verdict: Verdict) -> Iterator[tuple[str, str]]:
    deadline, gone = verdict.deadline, verdict.gone_at
    acts = (*truth.removals, *truth.moves, *truth.words(Act.ASK))
    if not acts:
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
    if acts and min(acts) > deadline:
        yield "unmarked", f"the first act was at {min(acts)}, after {deadline}, and nothing says so"


def _released(truth: Truth, verdict: Verdict) -> Iterator[tuple[str, str]]:
    if verdict.act is Kind_.UNWRITTEN:
        if (
            truth.written is not None
            and truth.written < truth.meeting.start
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
    """Tell whether a copy with the UID appeared so shortly before that nobody could have seen both: it moved there."""
    pace = truth.school.plan.every * 1.15 + 2 * LAG
    return any(removed - pace < at <= removed + pace for at in truth.words(Act.MIRROR))


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
    calm = truth.clear(session.agreed_at, session.agreed_at + HOUR)
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
    for shelf in truth.shelves:
        for number, entry in enumerate(shelf.log):
            mine = entry.author == SYNCD and entry.body is not None and entry.body.session == session.id
            if not mine or entry.body is None or not _is_first(shelf, number):
                continue
            beside = _beside(truth, session.id, own, entry.ref, entry.at)
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
        unsure = not truth.decidable(truth.removals[0], verdict.deadline)
        undecidable += unsure
        if verdict.doubt is not None:
            marked += 1
            if not unsure and len(truth.deeds) == 1:
                excess.append(meeting.number)
    return Doubts(undecidable, marked, tuple(excess))
