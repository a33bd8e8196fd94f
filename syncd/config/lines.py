"""On which line of a TOML file a key stands: the parser knows and does not tell.

Only files that the real parser has accepted come here, so what is not a key, a header,
a string, a bracket or a comment needs no second look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

Place = tuple[str | int, ...]
"""The way to a value: names of tables and keys, numbers of array elements."""

_PART = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*(\.)?""")
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL)
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_LINE = re.compile(r"[^\n]*")


def lines(text: str) -> Mapping[Place, int]:
    """Return the line, counted from 1, of every table, key and array element of a TOML document."""
    found: dict[Place, int] = {}
    for place, at in _places(text):
        found.setdefault(place, text.count("\n", 0, at) + 1)
    return found


def _places(text: str) -> Iterator[tuple[Place, int]]:
    table: tuple[str, ...] = ()
    at = _past(_BLANK, text, 0)
    while at < len(text):
        start = at
        if text[at] == "[":
            table, at = _key(text, at + (2 if text.startswith("[[", at) else 1))
            yield table, start
            at = _past(_LINE, text, at)
        else:
            key, at = _key(text, at)
            yield from ((table + key[:n], start) for n in range(1, len(key) + 1))
            elements, at = _value(text, at + 1)
            for number, element in enumerate(elements):
                yield (*table, *key, number), element
        at = _past(_BLANK, text, at)


def _past(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _key(text: str, at: int) -> tuple[tuple[str, ...], int]:
    parts: list[str] = []
    while part := _PART.match(text, at):
        parts.append(next(name for name in part.groups()[:3] if name is not None))
        at = part.end()
        if part[4] is None:
            break
    return tuple(parts), at


def _value(text: str, at: int) -> tuple[list[int], int]:
    """Return where the elements of the array that starts at *at* start, and where the value ends."""
    elements: list[int] = []
    opened, due = "", False
    while at < len(text) and (opened or text[at] != "\n"):
        char = text[at]
        if due and char not in " \t\r\n,]#":
            elements.append(at)
            due = False
        if char in "\"'":
            at = max(at + 1, _past(_STRING, text, at))
        elif char == "#":
            at = _past(_LINE, text, at)
        else:
            opened = opened + char if char in "[{" else opened[:-1] if char in "]}" else opened
            due = opened == "[" and (char in "[," or due)
            at += 1
    return elements, at
