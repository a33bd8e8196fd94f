"""Contestants side by side: rounds interleaved, in turning order, each in its own process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import IO, Any, Self, cast

_ROOT = Path(__file__).parents[1]
_MISSING = re.compile(r"ModuleNotFoundError: No module named '([^'.]+)")
_OURS = {"benchmarks", "policy", "providers", "syncd"}


class Absent(Exception):
    """A contestant cannot run here; the text says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One contestant as it is entered."""

    who: str
    function: str
    """``module:function`` of a :data:`benchmarks.contestant.Contestant`."""
    given: Mapping[str, Any] = field(default_factory=dict)
    meter: Callable[[], Mapping[str, int]] = dict
    """What is counted outside of the contestant, so far."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round cost, in seconds and MiB."""

    cpu: float
    wall: float
    total: float
    """Computing since the process began, start and imports included."""
    resident: float
    per: int
    """How often it was done in this one round; the costs are those of once."""
    facts: Mapping[str, Any]
    counted: Mapping[str, int] = field(default_factory=dict)
    """What was counted outside, in all of the round."""


class Running:
    """A contestant's process."""

    def __init__(self, entry: Entry) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own arguments
            [sys.executable, "-m", "benchmarks.contestant", entry.function, json.dumps(dict(entry.given))],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._to = cast("IO[str]", self._process.stdin)
        self._from = cast("IO[str]", self._process.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def wait(self) -> None:
        """Wait until it is ready.

        :raises Absent: if it ends instead.
        """
        self._line()

    def round(self) -> Round:
        """Run one round.

        :raises Absent: if it ends in the midst of it.
        """
        self._to.write("\n")
        self._to.flush()
        return Round(**self._line())

    def _line(self) -> dict[str, Any]:
        line = self._from.readline()
        if not line:
            _, errors = self._process.communicate()
            raise Absent(_last(errors))
        found: dict[str, Any] = json.loads(line)
        return found


@dataclass(frozen=True, slots=True)
class Score:
    """All rounds of one contestant, or why there are none."""

    entry: Entry
    rounds: tuple[Round, ...]
    absent: str | None = None

    def middle(self, name: str) -> float | None:
        """Return the median of one of the costs."""
        return median(getattr(one, name) for one in self.rounds) if self.rounds else None

    def counted(self, name: str) -> float:
        """Return the median of what was counted outside, for once."""
        return median(one.counted[name] / one.per for one in self.rounds)

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the last round told."""
        return self.rounds[-1].facts if self.rounds else {}

    @property
    def why(self) -> dict[str, str]:
        """Why it is absent, as a detail of its line."""
        return {} if self.absent is None else {"note": self.absent}


def warm(entries: Sequence[Entry], rounds: int) -> list[Score]:
    """Return what *rounds* rounds cost in processes that have had one round before."""
    with ExitStack() as ends:
        running: dict[int, Running] = {}
        absent: dict[int, str] = {}
        for at, entry in enumerate(entries):
            one = ends.enter_context(Running(entry))
            try:
                one.wait()
                one.round()
                running[at] = one
            except Absent as why:
                absent[at] = str(why)
        found: dict[int, list[Round]] = {at: [] for at in range(len(entries))}
        for number in range(rounds):
            for at in _turned(list(running), number):
                found[at].append(_metered(entries[at], running[at]))
    return [Score(entry, tuple(found[at]), absent.get(at)) for at, entry in enumerate(entries)]


def _metered(entry: Entry, running: Running) -> Round:
    before = entry.meter()
    one = running.round()
    return replace(one, counted={name: count - before[name] for name, count in entry.meter().items()})


def fresh(entries: Sequence[Entry], rounds: int) -> list[Score]:
    """Return what the first round costs in *rounds* new processes each."""
    found: dict[int, list[Round]] = {at: [] for at in range(len(entries))}
    absent: dict[int, str] = {}
    for number in range(rounds):
        for at in _turned([each for each in range(len(entries)) if each not in absent], number):
            with Running(entries[at]) as one:
                try:
                    one.wait()
                    found[at].append(one.round())
                except Absent as why:
                    absent[at] = str(why)
    return [Score(entry, tuple(found[at]), absent.get(at)) for at, entry in enumerate(entries)]


def _turned(order: list[int], by: int) -> list[int]:
    if not order:
        return order
    by %= len(order)
    return [*order[by:], *order[:by]]


def _last(errors: str) -> str:
    lines = errors.strip().splitlines() or ["it ended without a word"]
    missing = _MISSING.match(lines[-1])
    if missing is not None and missing[1] not in _OURS:
        return f'{missing[1]} is not installed: pip install "syncd[bench]"'
    return lines[-1][:200]
