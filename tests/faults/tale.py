"""What a tale is, and how one is judged: whatever befell the process, everything ends as it must."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from policy.life import Effect, State
from policy.notice import Outcome
from syncd.store.rows import Role
from tests.endurance.quiet import dump
from tests.faults.town import Act, Town
from tests.syncd.engine.house import HOUR
from tests.syncd.store.grounds import file_of

End = tuple[State, Outcome | None, Mapping[str, int]]
"""A session's state, what was decided, and how many events of it stand in which calendar."""
_QUIET = timedelta(minutes=61)
_ONCE = {
    Effect.PLANNED,
    Effect.CONFIRMED,
    Effect.TIMELY,
    Effect.FORFEIT,
    Effect.NOT_STUDENT,
    Effect.ELAPSED,
}
"""What nobody may be told twice."""


def people(town: Town) -> None:
    """Bring in Amina, a student with two calendars, and Mo, a mentor with one."""
    town.person("amina", Role.STUDENT, "life", "lessons")
    town.person("mo", Role.MENTOR, "work")


@dataclass(frozen=True, slots=True)
class Tale:
    """Something that happens to a school: the world acts, and the process does what it is yielded."""

    name: str
    tell: Callable[[Town], Iterator[Act]]
    ends: Mapping[str, End]
    """How each session ends, whatever is killed."""
    excused: Mapping[str, tuple[End, ...]] = field(default_factory=dict)
    """How else a session may end if a proof could not be had: never to the student's harm."""
    setting: Callable[[Town], None] = people
    tells: frozenset[str] = frozenset()
    """The troubles that are told when nothing fails."""


def begun(tale: Tale, town: Town) -> None:
    """Set the scene; from here on the process is mortal."""
    tale.setting(town)
    town.fate.armed = True


def ending(town: Town, name: str) -> End:
    session = town.session(town.names[name])
    verdict = session.verdict.outcome if session.verdict else None
    return session.state, verdict, dict(town.standing(session.id))


def judged(tale: Tale, town: Town, *, lenient: bool = False) -> list[str]:
    """Return what is wrong in the end, once whatever is left to do has been done."""
    town.fate.armed = False
    town.sync()
    town.until(town.clock.now() + 2 * HOUR)
    wrong = list(_endings(tale, town, lenient=lenient))
    try:
        town.check()
    except AssertionError as error:
        wrong.append(str(error))
    return [*wrong, *_told_twice(town), *_disquiet(town)]


def _endings(tale: Tale, town: Town, *, lenient: bool) -> Iterator[str]:
    for name, end in tale.ends.items():
        if name not in town.names:
            yield f"{name}: lost"
            continue
        found = ending(town, name)
        if found != end and not (lenient and found in tale.excused.get(name, ())):
            yield f"{name}: {_words(found)}, not {_words(end)}"
    with town.house.db.read() as tx:
        if len(tx.sessions.all()) != len(tale.ends):
            yield f"{len(tx.sessions.all())} sessions, not {len(tale.ends)}"


def _words(end: End) -> str:
    return f"{end[0]} {end[1] or 'undecided'} {dict(end[2])}"


def _told_twice(town: Town) -> Iterator[str]:
    for name, session in town.names.items():
        for kind, count in Counter(town.feed(session)).items():
            if count > 1 and kind in _ONCE:
                yield f"{name}: {kind} was told {count} times"


def _disquiet(town: Town) -> Iterator[str]:
    """Yield what an hour in which nothing happens changes."""
    file, sent = file_of(town.url), Counter(town.sent())
    before = dump(file, town.touched)
    town.until(town.clock.now() + _QUIET)
    after = dump(file, town.touched)
    if more := Counter(town.sent()) - sent:
        yield f"a quiet hour sent {sorted(more)}"
    for table in before:
        if before[table] != after[table]:
            gone = [row for row in before[table] if row not in after[table]]
            come = [row for row in after[table] if row not in before[table]]
            yield f"a quiet hour changed {table}: {gone[:2]} became {come[:2]}"
