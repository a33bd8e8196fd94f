"""What must hold of the rows of a session, whatever has happened; each question is asked by whoever looks.

The doctor asks them of all sessions when a person wants to know, the daemon of a few each minute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from policy.facts import Fact, Stop, parse
from policy.life import Session, State
from policy.notice import Outcome
from policy.schedule import Next, next_step
from syncd import brake, doubts, work
from syncd.invariants.breach import Breach
from syncd.invariants.proof import unproven
from syncd.pictures import Base, Op, intent_of
from syncd.replay import compared
from syncd.store.chronicle import Chapter
from syncd.store.inquiry import Open, Placed, Waits
from syncd.store.rows import FactRow, SessionId, Side, VerdictRow
from syncd.store.tx import Tx

PAGE = 50
"""Sessions that are read together."""
_OLD = timedelta(days=1)
"""A write that nobody follows up is given so long."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some sessions that follow each other by their ids."""

    after: str
    """The id that comes before them."""
    chapters: tuple[Chapter, ...]

    @property
    def last(self) -> str:
        """The last id."""
        return self.chapters[-1].kept.id


def page(tx: Tx, after: str, limit: int = PAGE) -> Page | None:
    """Return the sessions whose ids come after *after*, *limit* at most; ``None`` if there are none."""
    chapters = tx.chronicle.page(after, limit)
    return Page(after, chapters) if chapters else None


def broken(tx: Tx, page: Page) -> Iterator[Breach]:
    """Yield what is broken of the sessions of *page*."""
    yield from promised(tx, page)
    yield from left_alone(tx, page)
    yield from retold(page)


def promised(tx: Tx, page: Page) -> Iterator[Breach]:
    """Yield of that what concerns verdicts, places, and people who are asked."""
    yield from forfeits(page)
    yield from places(tx, page)
    yield from unasked(tx, page)
    yield from flags(tx, page)


# --- I1: no forfeit without proof ----------------------------------------------------


def forfeits(page: Page) -> Iterator[Breach]:
    """Yield the forfeits that the ledger does not prove."""
    for chapter in page.chapters:
        for verdict in chapter.verdicts:
            if verdict.outcome == Outcome.FORFEIT and (why := _unproven(chapter.facts, verdict)):
                yield Breach("I1", chapter.kept.id, f"a forfeit is not proven: {why}")


def _unproven(rows: tuple[FactRow, ...], verdict: VerdictRow) -> str | None:
    before = [row for row in rows if row.seq <= verdict.seq]
    try:
        facts, stated = parsed(before), datetime.fromisoformat(verdict.body["deadline"])
    except (ValueError, KeyError, TypeError):  # what they say is not repeated
        return "its ledger cannot be read"
    return unproven(facts, stated)


def lacking(tx: Tx, session: Session, fact: Fact) -> str | None:
    """Return what the forfeit that *fact* is about to bring about lacks; ``None`` if it is proven.

    *session* is only asked for its id and for the deadline that its verdict names.
    """
    if session.verdict is None:
        return "there is no verdict"
    copies = tx.copies.of(SessionId(session.id))
    own = (intent_of(copy) for copy in copies if copy.side is Side.STUDENT)
    if any(intent is not None and intent.op is Op.DELETE for intent in own):
        return "its event is being taken away by ourselves"
    try:
        facts = parsed(tx.ledger.facts(SessionId(session.id)))
    except ValueError:  # what it says is not repeated
        return "its ledger cannot be read"
    return unproven([*facts, fact], session.verdict.deadline)


def parsed(rows: Iterable[FactRow]) -> list[Fact]:
    """Return the facts that *rows* keep.

    :raises ValueError: if one cannot be read.
    """
    return [parse(row.body) for row in rows]


# --- I2 and I9: one event a calendar, and that is its owner's ------------------------


def places(tx: Tx, page: Page) -> Iterator[Breach]:
    """Yield events that stand twice in one calendar, or in somebody else's."""
    kept = {chapter.kept.id: chapter.kept for chapter in page.chapters}
    seen: Counter[tuple[SessionId, Side, int]] = Counter()
    for one in tx.inquiry.placed(list(kept)):
        session = kept[one.session_id]
        owner = session.student_id if one.side is Side.STUDENT else session.mentor_id
        if one.owner != owner:
            yield Breach("I9", one.session_id, f"the {one.side}'s event is in a calendar of somebody else")
        seen[one.session_id, one.side, one.calendar_id] += _stands(one)
    for (session_id, _, calendar), count in seen.items():
        if count > 1:
            yield Breach("I2", session_id, f"{count} events of it stand in calendar {calendar}")


def _stands(one: Placed) -> bool:
    """Tell whether the event stands uncancelled by our doing: a server's own copy goes as the server pleases.

    An older one that its owner brought back is theirs, until we have taken it away again.
    """
    if one.base is None:
        return False
    try:
        base = Base.model_validate(one.base)
    except ValidationError:
        return True
    return base.act is None and not base.served and not base.beside


# --- I3: none is lost ----------------------------------------------------------------


def left_alone(tx: Tx, page: Page) -> Iterator[Breach]:
    """Yield the live sessions that nothing will ever bring on: no work is due, or a write is forgotten."""
    live = {chapter.kept.id: chapter for chapter in page.chapters if chapter.kept.live}
    if not live:
        return
    for each in tx.inquiry.waiting((work.LOOK, work.TIME), page.after, len(live)):
        if each.id in live and not each.rows and due_by_itself(each, tx.now):
            yield Breach("I3", each.id, "nothing is due for it")
    lost = {one.session_id for one in unfollowed(tx) if one.row is None}
    yield from (
        Breach("I3", one, "a write of it was never followed up") for one in sorted(lost & live.keys())
    )


def due_by_itself(each: Waits, now: datetime) -> Next | None:
    """Return when the session asks for attention by itself; what cannot be read is the replay's to name."""
    try:
        return next_step(Session.model_validate(each.snapshot), now)
    except (ValidationError, AssertionError):
        return None


def unfollowed(tx: Tx) -> tuple[Open, ...]:
    """Return the writes that left more than a day ago and are not confirmed."""
    writes = tx.inquiry.open(work.WRITE)
    return tuple(one for one in writes if datetime.fromisoformat(one.intent["at"]) < tx.now - _OLD)


_ASKED = {
    Stop.SCHOOL: frozenset({brake.SCHOOL, brake.BREACH}),
    Stop.PERSON: frozenset({brake.PERSON}),
    Stop.DOUBT: frozenset({doubts.INCIDENT}),
    Stop.BREACH: frozenset({brake.BREACH}),
}
"""The kinds of incident by which somebody is asked about what is stopped."""


def unasked(tx: Tx, page: Page) -> Iterator[Breach]:
    """Yield what is stopped while nobody is asked about it."""
    suspect = [chapter.kept for chapter in page.chapters if chapter.kept.state == State.SUSPECT]
    kinds = {one.kind for one in tx.incidents.open()} if suspect else set()
    for kept in suspect:
        for stop in kept.snapshot.get("stops", ()):
            if not kinds & _ASKED.get(stop, frozenset()):
                yield Breach("I3", kept.id, f"it is stopped ({stop}), and nobody is asked about it")


# --- I4: the ledger tells it ---------------------------------------------------------


def retold(page: Page) -> Iterator[Breach]:
    """Yield the sessions that their facts, folded anew, tell otherwise."""
    for chapter in page.chapters:
        for one in compared(chapter).differences[:1]:
            yield Breach("I4", one.session, f"the ledger tells {one.what} otherwise than the book")


# --- I5: doubt is flagged ------------------------------------------------------------


def flags(tx: Tx, page: Page) -> Iterator[Breach]:
    """Yield the sessions whose doubtful verdict was not told exactly once."""
    doubtful = [chapter for chapter in page.chapters if any(one.doubt for one in chapter.verdicts)]
    if not doubtful:
        return
    ids = [chapter.kept.id for chapter in doubtful]
    told = Counter(tx.inquiry.told(ids, [f"verdict.{outcome}" for outcome in Outcome]))
    for chapter in doubtful:
        given = Counter(one.outcome for one in chapter.verdicts)
        for outcome in sorted({one.outcome for one in chapter.verdicts if one.doubt}):
            count = told[chapter.kept.id, f"verdict.{outcome}"]
            if count != given[outcome]:
                yield Breach(
                    "I5", chapter.kept.id, f"{given[outcome]} {outcome} given, and told {count} times"
                )
