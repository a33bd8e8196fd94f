"""Contestants for the tests of the benchmarks."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.contestant import Turn


@contextmanager
def counting(by: int) -> Iterator[Turn]:
    turns: list[int] = []
    yield Turn(lambda: turns.append(by), lambda _: {"turns": len(turns), "by": by})


@contextmanager
def missing() -> Iterator[Turn]:
    importlib.import_module("no_such_library")
    yield Turn(lambda: None)
