"""Every point at which a process can be killed, enumerated from the code itself.

A point is a writing transaction, or a call over the boundary to a calendar server. Its name is
its place: ``poll.sync:commit``, ``act._send:create``; a second one in the same function is ``#2``.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import syncd

ROOT = Path(syncd.__file__).resolve().parent
COMMIT = "commit"
CALLS = frozenset(
    {
        *("capabilities", "calendars", "busy", "changes", "fetch", "create", "update", "delete", "find"),
        *("watch", "renew", "stop"),
    }
)
"""The methods of a provider that ask a server, and how a door finds one."""
_DATABASE, _ABROAD = "db", frozenset({"provider", "doors"})
_NOT_LOOKED_AT = frozenset({"store", "demo"})
"""The store is what the points are made of; the demo's hands are people, not the daemon."""


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One place in the code at which a commit or a call is made."""

    name: str
    what: str
    """``commit``, or the method that is called."""
    file: str
    first: int
    last: int


class _Finder(ast.NodeVisitor):
    def __init__(self, module: str, file: Path, what: Callable[[ast.Call], str | None]) -> None:
        self._module, self._file, self._what = module, str(file), what
        self._stack: list[str] = []
        self._seen: Counter[str] = Counter()
        self.found: list[Point] = []
        self.others: list[str] = []
        """Calls of the same names on something that is no server, as far as its own name tells."""

    def _inside(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        self._stack.append(node.name)
        self.generic_visit(node)
        self._stack.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._inside(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._inside(node)

    def visit_Call(self, node: ast.Call) -> None:
        what = self._what(node)
        if what is not None:
            name = ".".join([self._module, *self._stack]) + f":{what}"
            self._seen[name] += 1
            number = self._seen[name]
            name = name if number == 1 else f"{name}#{number}"
            self.found.append(Point(name, what, self._file, node.lineno, node.end_lineno or node.lineno))
        elif isinstance(node.func, ast.Attribute) and node.func.attr in CALLS:
            self.others.append(".".join([self._module, *self._stack]) + f": {ast.unparse(node.func)}")
        self.generic_visit(node)


def _what(node: ast.Call) -> str | None:
    """Return what kind of point a call is, if it is one."""
    if not isinstance(node.func, ast.Attribute):
        return None
    owner = ast.unparse(node.func.value).rpartition(".")[2].lstrip("_")
    if node.func.attr == "write" and owner == _DATABASE:
        return COMMIT
    return node.func.attr if node.func.attr in CALLS and owner in _ABROAD else None


def in_module(
    text: str, module: str, file: Path = ROOT, what: Callable[[ast.Call], str | None] = _what
) -> tuple[Point, ...]:
    """Return the points in one module's *text*, in order; *what* tells what kind of point a call is, if it is one."""
    return tuple(_found(text, module, file, what).found)


def _found(text: str, module: str, file: Path, what: Callable[[ast.Call], str | None] = _what) -> _Finder:
    finder = _Finder(module, file, what)
    finder.visit(ast.parse(text))
    return finder


def _modules() -> Iterator[tuple[str, Path]]:
    for file in sorted(ROOT.rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        if parts[0] not in _NOT_LOOKED_AT:
            yield ".".join(part for part in parts if part != "__init__"), file


@cache
def points() -> tuple[Point, ...]:
    """Return every point of the program."""
    return tuple(
        one for module, file in _modules() for one in in_module(file.read_text("utf-8"), module, file)
    )


def others() -> tuple[str, ...]:
    """Return the calls that bear the name of a provider's method and are taken for something else."""
    return tuple(
        one for module, file in _modules() for one in _found(file.read_text("utf-8"), module, file).others
    )


@cache
def _by_file() -> dict[str, tuple[Point, ...]]:
    every = points()
    return {file: tuple(one for one in every if one.file == file) for file in {one.file for one in every}}


@cache
def _looked_at(file: str) -> bool:
    path = Path(file)
    return path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] != "store"


class Unnamed(AssertionError):
    """A commit or a call was made at a place that the enumeration does not know."""


def here(what: str) -> Point | None:
    """Return the point at which the program is now; ``None`` if it is a test that asks, or the demo.

    :raises Unnamed: if the place was not enumerated.
    """
    frame = sys._getframe(1)
    while frame is not None and not _looked_at(frame.f_code.co_filename):
        if frame.f_back is None:
            return None
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    for one in _by_file().get(file, ()):
        if one.what == what and one.first <= line <= one.last:
            return one
    raise Unnamed(f"{file}:{line}: a {what} that nobody enumerated")
