"""Where an error came from, told without what it says.

A library's error quotes what it could not understand: a line of a calendar, an address with
its token, a row of the database. Only our own errors are sentences without content.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator

_OURS = frozenset({"policy", "providers", "syncd"})


def told(error: BaseException) -> str:
    """Return the tracebacks of *error* and of what led to it, the first cause first."""
    return "\n".join(_one(each) for each in reversed(list(_chain(error))))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _one(error: BaseException) -> str:
    kind = type(error)
    named = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    said = f": {error}" if kind.__module__.partition(".")[0] in _OURS else ""
    frames = "".join(traceback.format_tb(error.__traceback__))
    inner = "".join(f"\n{told(one)}" for one in getattr(error, "exceptions", ()))
    return f"Traceback (most recent call last):\n{frames}{named}{said}\n{inner}"
