"""Every place in the adapter at which a request leaves for Google, enumerated from the code itself."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import providers.google
import syncd
from providers.transport import Session
from tests.faults.points import Point, Unnamed, in_module

_ROOT = Path(providers.google.__file__).resolve().parent
_MODULES = (*sorted(_ROOT.glob("*.py")), Path(syncd.__file__).resolve().parent / "oauth" / "connecting.py")
"""The adapter, and what takes a permission back."""
_OF_THE_API, _OF_OAUTH = frozenset({"read", "write"}), frozenset({"ask", "revoke"})


def _what(node: ast.Call) -> str | None:
    match node.func:
        case ast.Attribute(value=owner, attr=name) if name in _OF_THE_API:
            return name if ast.unparse(owner).rpartition(".")[2].lstrip("_") == "api" else None
        case ast.Name(id=name) if name in _OF_OAUTH and node.args and ast.unparse(node.args[0]) == "http":
            return name
    return None


def in_text(text: str, module: str, file: Path = _ROOT) -> tuple[Point, ...]:
    """Return the calls in one module's *text* that make a request."""
    return in_module(text, module, file, _what)


@cache
def calls() -> tuple[Point, ...]:
    """Return every call that makes a request."""
    return tuple(one for file in _MODULES for one in in_text(file.read_text("utf-8"), file.stem, file))


@contextmanager
def watched() -> Iterator[set[str]]:
    """Yield the names of the calls that make a request meanwhile."""
    met: set[str] = set()
    send = Session.send

    def watching(session: Session, *given: Any, **named: Any) -> Any:
        met.add(_here())
        return send(session, *given, **named)

    with patch.object(Session, "send", watching):
        yield met


def _here() -> str:
    """Return at which call the program is now.

    :raises Unnamed: if none of them makes the request.
    """
    frame = sys._getframe(1)
    while frame is not None:
        file, line = frame.f_code.co_filename, frame.f_lineno
        for one in calls():
            if one.file == file and one.first <= line <= one.last:
                return one.name
        if frame.f_back is None:
            break
        frame = frame.f_back
    raise Unnamed("a request from a place that nobody enumerated")
