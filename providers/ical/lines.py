"""From bytes to components with their raw content lines (RFC 5545, 3.1 and 3.4).

A document counts only when it is complete: what an empty, cut or foreign one does not say
would read as free time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from providers.errors import Unreadable
from providers.ical.limits import Limits

_FOLD = re.compile(rb"\r?\n[ \t]")
_NAME = re.compile(r"[A-Za-z0-9-]+")
_KEPT = frozenset(
    {
        *("VERSION", "CALSCALE"),
        *("UID", "SEQUENCE", "STATUS", "TRANSP", "ATTENDEE", "X-SYNCD-SESSION"),
        *("DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID"),
        *("TZID", "TZOFFSETFROM", "TZOFFSETTO"),
    }
)
"""Nothing else of a document is looked at: no title, no text, no place."""


@dataclass(slots=True)
class Block:
    """One component: its kept lines by property name, unfolded, and the components in it."""

    name: str
    lines: dict[str, list[str]] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """Return the lines of a property."""
        return self.lines.get(name, [])

    def inner(self, *names: str) -> list[Block]:
        """Return the components in this one that have one of these names."""
        return [block for block in self.blocks if block.name in names]


def calendar(body: bytes, limits: Limits) -> Block:
    """Return the one complete VCALENDAR that *body* is.

    :raises Unreadable: if it is anything else.
    """
    if len(body) > limits.body:
        raise Unreadable(f"the document is larger than {limits.body} bytes")
    top = _tree(_text(body), limits)
    if any(line.partition(":")[2].strip() == "1.0" for line in top.all("VERSION")):
        raise Unreadable("the document is a vCalendar 1.0")
    if any(line.partition(":")[2].strip().upper() != "GREGORIAN" for line in top.all("CALSCALE")):
        raise Unreadable("the document's calendar scale is not Gregorian")
    return top


def _text(body: bytes) -> str:
    # Unfolded before it is decoded: writers that count bytes fold inside a character.
    try:
        return _FOLD.sub(b"", body).decode("utf-8-sig").strip("\r\n \t\0")
    except UnicodeDecodeError:
        raise Unreadable("the document is not UTF-8") from None


def _tree(text: str, limits: Limits) -> Block:
    if not text:
        raise Unreadable("the document is empty")
    if text[:15].upper() != "BEGIN:VCALENDAR":
        raise Unreadable("the document does not begin with BEGIN:VCALENDAR")
    top: Block | None = None
    path: list[Block] = []
    count = 0
    for raw in text.split("\n"):
        line = raw.rstrip("\r")
        word, _, value = line.partition(":")
        match word.strip().upper():
            case "BEGIN":
                if top is not None and not path:
                    raise Unreadable("the document goes on after END:VCALENDAR")
                count += 1
                top = _open(value, path) if top is None else (_open(value, path), top)[1]
            case "END":
                if not path or path.pop().name != value.strip().upper():
                    raise Unreadable("the document's components do not nest")
            case _:
                _keep(line, path, limits)
        if count > limits.components:
            raise Unreadable(f"the document has more than {limits.components} components")
    if top is None or path:
        raise Unreadable("the document is cut off before END:VCALENDAR")
    return top


def _open(value: str, path: list[Block]) -> Block:
    block = Block(value.strip().upper())
    if path:
        path[-1].blocks.append(block)
    path.append(block)
    return block


def _keep(line: str, path: list[Block], limits: Limits) -> None:
    if not line.strip():
        return
    if not path:
        raise Unreadable("the document goes on after END:VCALENDAR")
    found = _NAME.match(line)
    name = found.group().upper() if found else ""
    if name in _KEPT:
        if len(line) > limits.line:
            raise Unreadable(f"a line of the document is longer than {limits.line} characters")
        path[-1].lines.setdefault(name, []).append(line)
