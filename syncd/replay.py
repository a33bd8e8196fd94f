"""The ledger folded anew, and compared with what the book keeps: nothing is ever written here.

A page of sessions is read in one transaction and compared outside it, so that the memory is
bounded and a daemon beside it is never held up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from policy.facts import Agreed, Fact, parse
from policy.life import LIVE, Session
from policy.notice import Verdict
from policy.session import IllegalFact, advance, begin
from syncd.store.chronicle import Chapter, Kept
from syncd.store.database import Database
from syncd.store.rows import FactRow, SessionId

PAGE = 200
"""How many sessions are in memory at once."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the book keeps otherwise than the ledger tells it."""

    session: SessionId
    what: str
    stored: object
    replayed: object

    def __str__(self) -> str:
        return (
            f"session {self.session}: {self.what} is {self.stored} in the book, {self.replayed} by the ledger"
        )


@dataclass(frozen=True, slots=True)
class Replayed:
    """One session folded anew."""

    session: SessionId
    facts: int
    verdicts: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class _Fold:
    """What the facts of a session make of it."""

    session: Session | None
    given: dict[int, dict[str, Any]]
    """The verdicts by the fact that brought each about."""
    broken: tuple[str, str, str] = ("the ledger", "empty", "an agreement")
    """Where it cannot be followed, if there is no session: what, as it is, as it should be."""


def replay(db: Database, after: str = "", limit: int | None = None, page: int = PAGE) -> Iterator[Replayed]:
    """Fold the sessions whose ids come after *after*, *limit* at most, and compare each with the book.

    :raises StoreError: if the database cannot be read.
    """
    left = limit
    while left is None or left > 0:
        with db.read() as tx:
            chapters = tx.chronicle.page(after, page if left is None else min(page, left))
        if not chapters:
            return
        after, left = chapters[-1].kept.id, None if left is None else left - len(chapters)
        done = [compared(chapter) for chapter in chapters]
        del chapters  # before the next page comes
        yield from done


def compared(chapter: Chapter) -> Replayed:
    """Return how the book differs from *chapter*'s facts folded anew."""
    fold = _folded(chapter.facts)
    if fold.session is None:
        found = [Difference(chapter.kept.id, *fold.broken)]
    else:
        found = [*_of_session(chapter.kept, fold.session), *_of_verdicts(chapter, fold.given)]
    return Replayed(chapter.kept.id, len(chapter.facts), len(chapter.verdicts), tuple(found))


def _folded(rows: tuple[FactRow, ...]) -> _Fold:
    """Fold *rows*; what cannot be followed makes no session."""
    session: Session | None = None
    given: dict[int, dict[str, Any]] = {}
    for number, row in enumerate(rows, 1):
        if row.seq != number:
            return _Fold(None, {}, ("the next fact", str(row.seq), str(number)))
        try:
            after = _after(session, parse(row.body))
        except (ValueError, AssertionError, KeyError):  # what the fact says is not repeated
            return _Fold(None, {}, (f"fact {number}", f"a {row.kind} that cannot follow", "one that can"))
        if after.verdict is not None and (session is None or after.verdict != session.verdict):
            given[after.seq] = after.verdict.model_dump(mode="json")
        session = after
    return _Fold(session, given)


def _after(session: Session | None, fact: Fact) -> Session:
    if session is not None:
        return advance(session, fact)[0]
    if not isinstance(fact, Agreed):
        raise IllegalFact("nothing was agreed before it")
    return begin(fact)[0]


def _of_session(kept: Kept, session: Session) -> Iterator[Difference]:
    """Compare the columns, then the rest of the snapshot."""
    wanted: dict[str, object] = {
        "student_id": session.student,
        "mentor_id": session.mentor,
        "start": session.start,
        "end": session.end,
        "state": session.state.value,
        "live": session.state in LIVE,
        "deadline": session.deadline,
        "calendar_state": session.calendar_state.value,
    }
    for name, value in wanted.items():
        if getattr(kept, name) != value:
            yield Difference(kept.id, name.removesuffix("_id"), getattr(kept, name), value)
    told, stored = session.model_dump(mode="json"), _normal(Session, kept.snapshot)
    for name in sorted(told.keys() | stored.keys()):
        if (one := stored.get(name)) != (other := told.get(name)):
            yield Difference(kept.id, f"the snapshot's {name}", one, other)


def _of_verdicts(chapter: Chapter, given: dict[int, dict[str, Any]]) -> Iterator[Difference]:
    stored = {row.seq: row for row in chapter.verdicts}
    for seq in sorted(stored.keys() | given.keys()):
        row, body = stored.get(seq), given.get(seq)
        what = f"the verdict by fact {seq}"
        if row is None or body is None:
            one, other = ("given" if each is not None else "not there" for each in (row, body))
            yield Difference(chapter.kept.id, what, one, other)
            continue
        said = (row.outcome, row.doubt, _normal(Verdict, row.body))
        if said != (body["outcome"], body["doubt"] is not None, body):
            yield Difference(chapter.kept.id, what, row.body, body)


def _normal(model: type[BaseModel], stored: dict[str, Any]) -> dict[str, Any]:
    """Return *stored* with what a later version of *model* added, as it reads it; as it is, if it cannot."""
    try:
        return model.model_validate(stored).model_dump(mode="json")
    except ValidationError:
        return stored
