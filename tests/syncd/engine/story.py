"""A busy story with every act in it, and what must come of it whatever fails on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from policy.facts import Side
from policy.life import State
from policy.notice import Outcome
from providers.errors import ProviderError
from syncd.clock import MovableClock
from syncd.store.rows import Role
from tests.syncd.engine.faults import MAY_RAISE, Crash, MortalDatabase
from tests.syncd.engine.house import DAY, HOUR, LAG, MINUTE, NOW, START, Play
from tests.syncd.store.grounds import Ground


@contextmanager
def fragile_school(ground: Ground) -> Iterator[Play]:
    """Open a school whose process can be killed."""
    url, clock = ground.migrated(), MovableClock(NOW)
    db = MortalDatabase.open(url, clock, chance=Random(1))  # noqa: S311 - a back-off is no secret
    try:
        one = Play(db, clock)
        one.person("amina", Role.STUDENT, "life", "lessons")
        one.person("mo", Role.MENTOR, "work")
        one.person("una", Role.MENTOR)
        yield one
    finally:
        db.close()
        ground.drop(url)


def doom(play: Play, where: str, countdown: int | None) -> None:
    """Kill the process at the n-th writing transaction from now, or never."""
    assert isinstance(play.db, MortalDatabase)
    play.db.where, play.db.countdown = where, countdown


def story(play: Play) -> Iterator[None]:
    """Play a story with every act in it; whoever runs it looks at the end of each step."""
    play.names = {
        "in time": play.agree(),
        "late": play.agree(mentor="una", start=START + HOUR),
        "moved": play.agree(mentor="una", start=START + 2 * HOUR),
        "kept": play.agree(mentor="una", start=START + 3 * HOUR),
        "given up": play.agree(start=START + 4 * HOUR),
    }
    yield
    play.clock.move(NOW + HOUR)
    yield
    play.clock.move(NOW + 3 * HOUR)
    play.delete(play.names["in time"])
    play.carry(play.names["kept"], "life")
    play.delete(play.names["given up"], Side.MENTOR)
    yield
    play.clock.sleep(MINUTE)
    yield
    play.clock.sleep(40 * MINUTE)
    yield
    play.clock.move(NOW + 5 * HOUR)
    yield
    play.clock.move(NOW + DAY + 3 * HOUR + LAG)
    yield
    play.clock.sleep(HOUR)
    play.delete(play.names["late"])
    play.drag(play.names["moved"], START + 6 * HOUR)
    yield
    play.clock.sleep(MINUTE)
    yield
    play.clock.sleep(HOUR)
    yield
    play.clock.move(START + 10 * HOUR)
    yield


ENDS = {
    "in time": (State.CANCELLED, Outcome.TIMELY, {}),
    "late": (State.FORFEITED, Outcome.FORFEIT, {}),
    "moved": (State.ELAPSED, None, {"lessons": 1}),
    "kept": (State.ELAPSED, None, {"life": 1}),
    "given up": (State.RELEASED, Outcome.NOT_STUDENT, {}),
}


def ending(play: Play, name: str) -> tuple[State, Outcome | None, dict[str, int]]:
    session = play.session(play.names[name])
    verdict = session.verdict.outcome if session.verdict else None
    return session.state, verdict, dict(play.standing(session.id))


def crash_once(play: Play, where: str, number: int) -> bool:
    """Play the story, killed once at the n-th writing transaction of a look; tell whether it was."""
    killed, left = False, number
    for _ in story(play):
        doom(play, where, None if killed else left)
        try:
            play.sync()
        except Crash:
            killed = True
            doom(play, where, None)
            play.restart()
            play.sync()
        assert isinstance(play.db, MortalDatabase)
        left = play.db.countdown if play.db.countdown is not None else left
        doom(play, where, None)
    return killed


def crashed(ground: Ground, where: str, number: int) -> tuple[bool, list[str]]:
    """Return whether the story was killed at that write, and what is wrong with its end."""
    with fragile_school(ground) as play:
        done = crash_once(play, where, number)
        play.after(2 * HOUR)
        play.check()
        found = {name: ending(play, name) for name in ENDS}
        wrong = [f"{name}: {found[name]}" for name in ENDS if found[name] != ENDS[name]]
        return done, [f"killed {where} write {number}: {one}" for one in wrong]


def faults(calls: list[str]) -> Iterator[tuple[int, ProviderError, bool]]:
    """Yield every failure there can be: of which call, how, and whether it took effect."""
    for number, name in enumerate(calls):
        for error in MAY_RAISE[name]:
            yield number, error, False
            if name in {"create", "update", "delete"}:
                yield number, error, True


def calls_of_the_story(ground: Ground) -> list[str]:
    """Return the calls that the story makes when nothing fails."""
    with fragile_school(ground) as play:
        before = len(play.faults.calls)
        for _ in story(play):
            play.sync()
        return play.faults.calls[before:]


def failed(ground: Ground, number: int, error: ProviderError, *, after: bool) -> list[str]:
    """Return what is wrong with the end of the story if that call fails."""
    with fragile_school(ground) as play:
        play.faults.nth(number, error, after=after)
        for _ in story(play):
            play.sync()
        play.faults.mend()
        play.until(play.clock.now() + 3 * HOUR)
        play.check()
        where = f"call {number} failed {'after' if after else 'before'} its effect with {error!r}"
        return [f"{where}: {wrong}" for name in ENDS for wrong in wronged(play, name)]


def wronged(play: Play, name: str) -> Iterator[str]:
    """Yield what no single failure excuses."""
    state, outcome, standing = found = ending(play, name)
    if name == "late" and outcome is Outcome.TIMELY:
        outcome = Outcome.FORFEIT  # a proof that could not be had acquits
        state = State.FORFEITED
    if name == "given up" and (state, outcome) == (State.ELAPSED, None):
        return  # the proof of the mentor's act could not be had in time: the mentor is asked
    if (state, outcome, standing) != ENDS[name]:
        yield f"{name}: {found}"
