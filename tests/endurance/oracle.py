"""The oracle: what must have become of each session, given what people did and when."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from policy.facts import Act, Fact, Missing, Side
from policy.facts import parse as parse_fact
from policy.life import ENDED, Session, State
from policy.notice import Outcome
from tests.endurance.deeds import REMOVALS, Deed, Fate, Record
from tests.endurance.ground import Ground
from tests.endurance.places import Somebody
from tests.endurance.story import Story

Life = tuple[datetime, datetime]


class End(StrEnum):
    """How a session ended."""

    STANDS = "stands"
    """It is still to come, or its time passed without an act."""
    TIMELY = "timely"
    DOUBTFUL = "timely with doubt"
    FORFEIT = "forfeit"
    NOT_STUDENT = "not the student's doing"
    UNWRITTEN = "never written"
    """The daemon was killed so often that it never reached the calendar: the session is owed."""
    OPEN = "undecided"


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must never be."""

    session: str | None
    what: str


def end_of(session: Session) -> End:
    """Return how *session* ended."""
    verdict = session.verdict
    if verdict is not None:
        if verdict.act is Act.UNWRITTEN:
            return End.UNWRITTEN
        if verdict.outcome is Outcome.TIMELY:
            return End.DOUBTFUL if verdict.doubt else End.TIMELY
        return End.FORFEIT if verdict.outcome is Outcome.FORFEIT else End.NOT_STUDENT
    return End.STANDS if session.state in {State.BOOKED, State.ELAPSED} else End.OPEN


def allowed(record: Record, session: Session, facts: list[Fact], *, stamped: bool) -> set[End]:
    """Return every end that the truth leaves open; *stamped*, if the student's server tells it itself."""
    if not record.deeds:
        return {End.STANDS}
    first, unseen = record.deeds[0], not _seen_before_the_start(session, facts, record)
    match record.fate:
        case fate if fate in REMOVALS:
            return _of_removal(first, session, unseen=unseen, stamped=stamped)
        case Fate.RESTORED:
            in_time = _within(record, session.rules.confirm_after)
            either = _of_removal(first, session, unseen=unseen, stamped=stamped)
            return {End.STANDS} | (set() if in_time else either)
        case Fate.MOVED_BACK:
            in_time = _within(record, min(session.rules.hold, session.rules.request_expires))
            return {End.STANDS} | (set() if in_time else {End.TIMELY, End.DOUBTFUL})
        case Fate.MOVED_DELETED if len(record.deeds) > 1:
            return _of_removal(record.deeds[1], session, unseen=unseen, stamped=False)
        case Fate.MOVED | Fate.MOVED_DELETED:
            return (
                {End.DOUBTFUL}
                | ({End.TIMELY} if first.began <= session.deadline else set())
                | ({End.STANDS} if first.ended > session.deadline else set())
            )
        case Fate.MENTOR_DELETED:
            return {End.NOT_STUDENT} | ({End.STANDS} if unseen else set())
        case Fate.SAID:
            return {End.TIMELY} if first.ended <= session.deadline else {End.FORFEIT, End.DOUBTFUL}
        case Fate.MENTOR_SAID | Fate.SCHOOL_SAID:
            return {End.NOT_STUDENT}
        case _:
            return {End.STANDS}


def _of_removal(deed: Deed, session: Session, *, unseen: bool, stamped: bool) -> set[End]:
    found: set[End] = set()
    if deed.began <= session.deadline:
        found |= {End.TIMELY} if stamped else {End.TIMELY, End.DOUBTFUL}
    if deed.ended > session.deadline:  # removed during the session, as far as anybody could see: no notice
        found |= {End.FORFEIT, End.DOUBTFUL} | ({End.STANDS} if unseen else set())
    return found


def _within(record: Record, length: timedelta) -> bool:
    """Tell whether a second deed undid the first before that could be taken for its owner's will."""
    return len(record.deeds) > 1 and record.deeds[1].ended - record.deeds[0].began < length


def _seen_before_the_start(session: Session, facts: list[Fact], record: Record) -> bool:
    side = Side.MENTOR if record.fate is Fate.MENTOR_DELETED else Side.STUDENT
    return any(
        isinstance(fact, Missing) and fact.side is side and fact.received <= session.start for fact in facts
    )


# --- what stands on the servers ------------------------------------------------------

_OURS = re.compile(r"^syncd-(\S+)-\d+$")


def standing(one: Somebody, title: str) -> Counter[str]:
    """Return how many events of each session stand in one calendar."""
    uids = one.hand.uids(one.calendars[title])
    return Counter(ours[1] for uid in uids if (ours := _OURS.match(uid)))


def judged(story: Story, lives: Sequence[Life], enough: timedelta) -> Iterator[Violation]:
    """Yield everything that is not as the truth demands.

    *lives* are the times in which the daemon worked: after *enough* of that a session must be written.
    """
    yield from _foreign(story)
    known = {record.id for record in story.records}
    there: dict[tuple[int, str], Counter[str]] = {}
    for one in story.ground.everybody:
        for title, calendar in one.calendars.items():
            found = there[one.person.id, title] = standing(one, title)
            for session_id, times in found.items():
                if session_id not in known:
                    yield Violation(
                        None, f"{calendar} holds an event of {session_id}, which nobody agreed to"
                    )
                if times > 1:
                    yield Violation(session_id, f"doubled: {times} events in {calendar}")
    book = _book(story.ground, lives, enough)
    for record in story.records:
        yield from _of_session(story.ground, record, book, there)


def _foreign(story: Story) -> Iterator[Violation]:
    for innocent in story.innocents:
        if innocent.touched:
            yield Violation(None, f"a foreign event was touched: {innocent.ref} in {innocent.calendar}")


@dataclass(frozen=True, slots=True)
class _Book:
    """What the daemon has written down."""

    facts: dict[str, list[Fact]]
    verdicts: Counter[str]
    told: dict[str, Counter[str]]
    lives: tuple[Life, ...]
    enough: timedelta

    def lived(self, session: Session) -> timedelta:
        """Return how much time the daemon had to write *session* into a calendar."""
        spans = [(max(one, session.agreed_at), min(other, session.start)) for one, other in self.lives]
        return sum((other - one for one, other in spans if other > one), timedelta(0))


def _book(ground: Ground, lives: Sequence[Life], enough: timedelta) -> _Book:
    with ground.house.db.read() as tx:
        facts = {
            str(row.id): [parse_fact(fact.body) for fact in tx.ledger.facts(row.id)]
            for row in tx.sessions.all()
        }
        verdicts = Counter(str(row.session_id) for row in tx.ledger.verdicts())
        told: dict[str, Counter[str]] = {session_id: Counter() for session_id in facts}
        for row in tx.feed.after(0):
            if row.session_id is not None:
                told[row.session_id][row.kind] += 1
    return _Book(facts, verdicts, told, tuple(lives), enough)


def _of_session(
    ground: Ground, record: Record, book: _Book, there: dict[tuple[int, str], Counter[str]]
) -> Iterator[Violation]:
    facts, told, session = book.facts[record.id], book.told[record.id], ground.session(record.id)
    stamped = ground.whose(session, Side.STUDENT).place.stamps
    end, fine = end_of(session), allowed(record, session, facts, stamped=stamped)
    if not record.deeds and book.lived(session) < book.enough:
        fine |= {End.UNWRITTEN}
    if end not in fine:
        what = (
            f"misjudged: {end} where the truth allows {', '.join(sorted(fine))} ({_truth(record, session)})"
        )
        yield Violation(record.id, what)
    if not session.start - session.rules.notice <= session.deadline <= session.start:
        yield Violation(record.id, f"a deadline that cannot be: {session.deadline}")
    if (given := book.verdicts[record.id]) != (session.verdict is not None):
        yield Violation(record.id, f"{given} verdicts in the ledger")
    for kind, times in told.items():
        if times > 1 and (kind.startswith("verdict.") or kind in {"session.planned", "session.booked"}):
            yield Violation(record.id, f"told {times} times: {kind}")
    for side in Side:
        owner = ground.whose(session, side)
        times = sum(there[owner.person.id, title][record.id] for title in owner.calendars)
        if times != _events(ground, record, session, side) and not _is_owed(session, side, times, book):
            yield Violation(record.id, f"{times} events on the {side}'s side of a session that {end}")


def _is_owed(session: Session, side: Side, times: int, book: _Book) -> bool:
    """Tell whether the daemon lived too short to write the mentor's event, which comes after the student's."""
    return side is Side.MENTOR and not times and book.lived(session) < 2 * book.enough


def _events(ground: Ground, record: Record, session: Session, side: Side) -> int:
    """Return how many events of the session stand in all calendars of one side."""
    if session.verdict is not None or side in _away(ground, record, session):
        return 0
    carried = record.fate is Fate.CARRIED and record.deeds and side is Side.STUDENT
    return 2 if carried and not ground.whose(session, side).place.carries_whole else 1


def _away(ground: Ground, record: Record, session: Session) -> set[Side]:
    """Return whose event people have taken away, and nobody has written again."""
    student, mentor = (ground.whose(session, side).place for side in (Side.STUDENT, Side.MENTOR))
    match record.fate:
        case Fate.MENTOR_DELETED if record.deeds:
            return {Side.MENTOR}
        case Fate.DELETED if record.deeds:
            pass
        case Fate.MARKED if record.deeds and not student.keeps_cancelled:
            pass
        case Fate.RESTORED if len(record.deeds) == 1:
            pass
        case Fate.MOVED_DELETED if len(record.deeds) > 1:
            pass
        case _:
            return set()
    return {Side.STUDENT, Side.MENTOR} if student is mentor and student.delivers else {Side.STUDENT}


def _truth(record: Record, session: Session) -> str:
    moments = "; ".join(f"{deed.began:%H:%M:%S.%f} - {deed.ended:%H:%M:%S.%f}" for deed in record.deeds)
    return f"{record.fate} at {moments or 'no time'}, deadline {session.deadline:%H:%M:%S.%f}"


def settled(ground: Ground, records: list[Record], now: datetime) -> bool:
    """Tell whether everything is decided that can be, and nothing is under way."""
    soon = now + timedelta(minutes=30)
    with ground.house.db.read() as tx:
        rows = tx.sessions.all()
        open_ones = [row for row in rows if State(row.state) not in ENDED]
        if any(row.start < soon or row.state != State.BOOKED for row in open_ones):
            return False
        if any(copy.intent for row in rows for copy in tx.copies.of(row.id)):
            return False
        return all(row.due_at > soon for row in tx.due.all() if row.kind != "sync")
