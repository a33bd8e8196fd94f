"""A contestant in a process of its own: ``python -m benchmarks.contestant MODULE:FUNCTION JSON``.

The function makes its contestant ready and yields what is measured. For each line on stdin
one round is run and told on stdout as a line of JSON. So neither memory nor imports mix,
and the clock of each process counts one contestant alone.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from benchmarks.cpu import resident, spent

Facts = Mapping[str, Any]


def _nothing(found: Any) -> Facts:
    del found
    return {}


@dataclass(frozen=True, slots=True)
class Turn:
    """One round of one contestant."""

    run: Callable[[], Any]
    """What is measured."""
    facts: Callable[[Any], Facts] = _nothing
    """What is told of its result, unmeasured."""
    ready: Callable[[], None] = lambda: None
    """What must be done before each round, unmeasured."""
    per: int = 1
    """How often one round does it: the cost that is told is that of once."""


Contestant = Callable[..., AbstractContextManager[Turn]]


def main() -> None:
    """Run the contestant that the command line names."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is not taken for an answer
    module, _, name = sys.argv[1].partition(":")
    contestant: Contestant = getattr(importlib.import_module(module), name)
    with contestant(**json.loads(sys.argv[2])) as turn:
        _tell(out, {"ready": True})
        for _ in sys.stdin:
            _tell(out, measured(turn))


def measured(turn: Turn) -> dict[str, Any]:
    """Return what one round cost, and what came of it."""
    turn.ready()
    gc.collect()
    began, at = spent(), time.perf_counter()
    found = turn.run()
    wall, cpu = time.perf_counter() - at, spent() - began
    cost = {"cpu": cpu / turn.per, "wall": wall / turn.per, "total": spent(), "resident": resident()}
    return {**cost, "per": turn.per, "facts": dict(turn.facts(found))}


def _tell(out: Any, told: Mapping[str, Any]) -> None:
    out.write(json.dumps(told) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
