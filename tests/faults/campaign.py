"""Every run there is: each kill, each failing call, statement and reading of the clock, in each tale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, product
from random import Random

from tests.faults import nth
from tests.faults.kills import doomed, met, ways
from tests.faults.points import points
from tests.faults.tale import Tale
from tests.faults.tales import BUSY, TALES
from tests.faults.town import Doom
from tests.syncd.engine.faults import Crash
from tests.syncd.store.grounds import Ground

_PUSH = "comes only where a server calls us, which no server in memory does: tests/syncd/google/test_push.py kills the"
_PUSH += " process there, on a Google of our own; no event and no session hangs on it"
ELSEWHERE: Mapping[str, str] = {
    "act._look_first:commit": "comes only if the newer of two events goes in the second before the older one is taken"
    " away: it asks for a look, and whoever takes the work again finds the same",
    "cli.checks.accounts:calendars": "`syncd check` only reads and writes nothing: nothing is left behind",
    "cli.google_checks.lets_in:calendars": "`syncd check` only reads and writes nothing: nothing is left behind",
    "cli.people.add:commit": "one transaction between two answers to a person, who sees whether it was done",
    "cli.people.override:commit": "one transaction between two answers to a person, who sees whether it was done",
    "engine.drain.Drain._work:commit": "keeps a lease after 20 s of real time; without it others take the work,"
    " which is what a pause shows",
    "oauth.shelf.Stored.replace:commit": "comes only where Google replaces a refresh token: tests/syncd/google ends the"
    " process before it and after it",
    **dict.fromkeys(
        (
            *("push._open:commit", "push._open:watch", "push._open:commit#2", "push._open:commit#3"),
            *(
                "push._open:stop",
                "push._stop:stop",
                "push._stop:commit",
                "push.push:commit",
                "push.keep:commit",
            ),
        ),
        _PUSH,
    ),
    "push.Bell._write:commit": "a call that is lost is one that Google did not make: the next round comes by itself",
    "push.end:stop": "comes before an account is erased, while a person waits; what was not stopped ends by itself",
    "wiring.GoogleAccounts.enter:calendars": "comes before anything of a new account is kept, while a person waits",
    "invariants.sweep.Sweep.step:commit": "comes only to rows that were tampered with; the next sweep finds them again",
}
"""Points that no tale comes to, and why."""
EVERY_TALE = (*TALES, BUSY)
_THREADED = {"worked by threads", "a slow server and a full disk", "a daemon's life"}
"""What runs in several threads comes to a statement or a reading in no fixed order."""

Result = tuple[bool, list[str]]


@dataclass(frozen=True, slots=True)
class Run:
    """One tale with one fault in it."""

    what: str
    go: Callable[[Ground], Result]
    """Tells whether it met its fault, and what is wrong in the end."""


def reached(ground: Ground) -> dict[str, Counter[str]]:
    """Return how often each tale comes to each point."""
    return {tale.name: met(ground, tale) for tale in EVERY_TALE}


def unreached(where: Mapping[str, Counter[str]]) -> set[str]:
    """Return the points that no tale comes to."""
    return {point.name for point in points()} - {name for met_there in where.values() for name in met_there}


def _tale(name: str) -> Tale:
    return next(tale for tale in EVERY_TALE if tale.name == name)


def _kill(tale: Tale, doom: Doom) -> Run:
    return Run(f"{tale.name}: {doom}", lambda ground: doomed(ground, tale, doom))


def kills(where: Mapping[str, Counter[str]]) -> list[Run]:
    """Return every kill and pause: at each point of each tale, each time it comes there."""
    return [
        _kill(_tale(name), Doom(point, when, number))
        for name, times in where.items()
        for point, often in sorted(times.items())
        for when in ways(point)
        for number in range(1, often + 1)
    ]


def every_point(where: Mapping[str, Counter[str]], seed: int) -> list[Run]:
    """Return each kill and pause at each point twice: in the shortest tale that comes there, and in any that does."""
    chance, found = Random(seed), []  # noqa: S311 - a sample is no secret
    for point in sorted({point for times in where.values() for point in times}):
        names = sorted((name for name in where if where[name][point]), key=lambda name: where[name].total())
        for way in ways(point):
            for name in (names[0], chance.choice(names)):
                number = chance.randint(1, where[name][point])
                found.append(_kill(_tale(name), Doom(point, way, number)))
    return found


def calls(ground: Ground, tales: Sequence[Tale] = EVERY_TALE) -> list[Run]:
    """Return every failure of every call."""
    return [
        Run(
            f"{tale.name}: call {number} ({name}) fails {how}",
            lambda ground, tale=tale, number=number, how=how: (  # type: ignore[misc]
                True,
                nth.failed_call(ground, tale, number, how),
            ),
        )
        for tale in tales
        if tale.name not in _THREADED
        for number, name in enumerate(nth.calls_of(ground, tale))
        for how in nth.failures(name)
    ]


def statement(tale: Tale, number: int, how: nth.Trouble) -> Run:
    what = f"{tale.name}: statement {number} fails: {how.name}"
    return Run(what, lambda ground: nth.failed_statement(ground, tale, number, how))


def reading(tale: Tale, number: int, how: int) -> Run:
    by = nth.JUMPS[how]
    what = f"{tale.name}: reading {number} of the clock is off by {by}"
    return Run(what, lambda ground: nth.misread(ground, tale, number, by))


def loops() -> Iterator[Iterator[Run]]:
    """Yield, for each tale and each fault, its n-th runs without end: they are over when one meets no fault."""
    quiet = [tale for tale in EVERY_TALE if tale.name not in _THREADED]
    for tale, how in product(quiet, nth.Trouble):
        yield (statement(tale, number, how) for number in count(1))
    for tale, jump in product(quiet, range(len(nth.JUMPS))):
        yield (reading(tale, number, jump) for number in count(1))


def gone_through(run: Run, ground: Ground) -> Result:
    """Do one run; an error that gets out is a violation, too."""
    try:
        return run.go(ground)
    except Crash:
        return True, [f"{run.what}: killed a second time"]
    except Exception as error:  # noqa: BLE001 - whatever it is, nobody was to see it
        return True, [f"{run.what}: {type(error).__name__} got out: {error}"]
