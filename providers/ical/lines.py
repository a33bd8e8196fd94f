"""From bytes to components with their raw content lines (RFC 5545, 3.1 and 3.4).

A document counts only when it is complete: what an empty, cut or foreign one does not say
would read as free time.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, field

from providers.errors import Unreadable
from providers.ical.limits import Limits
from providers.ical.notes import Note, TooMuch

_FOLD = re.compile(rb"\r?\n[ \t]")
_KEPT = frozenset(
    {
        *("VERSION", "CALSCALE"),
        *("UID", "SEQUENCE", "STATUS", "TRANSP", "ATTENDEE", "X-SYNCD-SESSION"),
        *("DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID"),
        *("TZID", "TZOFFSETFROM", "TZOFFSETTO"),
    }
)
"""Nothing else of a document is looked at: no title, no text, no place."""
_LINE = re.compile(
    rf"^(?:[ \t]*(BEGIN|END)[ \t]*:(.*)|({'|'.join(sorted(_KEPT))})(?![A-Z0-9-]).*)$",
    re.MULTILINE | re.IGNORECASE | re.ASCII,
)
_FIRST = "BEGIN:VCALENDAR"
_FOREIGN = f"the document does not begin with {_FIRST}"
_LOOK = 1024


@dataclass(slots=True)
class Block:
    """One component: its kept lines by property name, unfolded, and the components in it."""

    name: str
    lines: dict[str, list[str]] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    depth: int = 0
    """In how many components it stands."""
    note: Note | None = None
    """Why it is not read, if it is not."""

    def all(self, name: str) -> list[str]:
        """Return the lines of a property."""
        return self.lines.get(name, [])

    def inner(self, *names: str) -> list[Block]:
        """Return the components in this one that have one of these names."""
        return [block for block in self.blocks if block.name in names]

    def within(self, name: str) -> Iterator[Block]:
        """Yield the components of this name in this one and in those in it, in their order."""
        for block in self.blocks:
            if block.name == name:
                yield block
            if block.blocks:
                yield from block.within(name)


def calendar(body: bytes, limits: Limits) -> Block:
    """Return the one complete VCALENDAR that *body* is.

    :raises TooMuch: if it is a calendar and beyond a limit.
    :raises Unreadable: if it is anything else.
    """
    if len(body) > limits.document:
        raise TooMuch(Note.TOO_LARGE) if begins(body) else Unreadable(_FOREIGN)
    top = _tree(_text(body), limits)
    if any(line.partition(":")[2].strip() == "1.0" for line in top.all("VERSION")):
        raise Unreadable("the document is a vCalendar 1.0")
    if any(line.partition(":")[2].strip().upper() != "GREGORIAN" for line in top.all("CALSCALE")):
        raise Unreadable("the document's calendar scale is not Gregorian")
    return top


def begins(body: bytes) -> bool:
    """Tell whether *body* begins as a calendar does, whatever follows."""
    return body[:_LOOK].removeprefix(BOM_UTF8).lstrip(b"\r\n \t\0").upper().startswith(_FIRST.encode())


def _text(body: bytes) -> str:
    # Unfolded before it is decoded: writers that count bytes fold inside a character.
    try:
        return _FOLD.sub(b"", body).decode("utf-8-sig").strip("\r\n \t\0")
    except UnicodeDecodeError:
        raise Unreadable("the document is not UTF-8") from None


def _tree(text: str, limits: Limits) -> Block:
    if not text:
        raise Unreadable("the document is empty")
    first, _, _ = text[:_LOOK].partition("\n")
    if first.strip().upper() != _FIRST:
        raise Unreadable(_FOREIGN)
    top = Block("VCALENDAR")
    path = [top]
    count = 1
    for found in _LINE.finditer(text, len(_FIRST)):
        word, value, name = found.groups()
        if name is not None:
            _keep(path[-1], name, found, limits)
        elif word.upper() == "BEGIN":
            count += 1
            _open(value, path, count, limits)
        elif path.pop().name != value.strip().upper():
            raise Unreadable("the document's components do not nest")
        if not path:
            if text[found.end() :].strip():
                raise Unreadable("the document goes on after END:VCALENDAR")
            return top
    raise Unreadable("the document is cut off before END:VCALENDAR")


def _open(value: str, path: list[Block], count: int, limits: Limits) -> None:
    if count > limits.components:
        raise TooMuch(Note.TOO_MANY_COMPONENTS)
    if len(path) >= limits.depth:
        raise TooMuch(Note.TOO_DEEP)
    block = Block(value.strip().upper(), depth=len(path))
    path[-1].blocks.append(block)
    path.append(block)


def _keep(block: Block, name: str, found: re.Match[str], limits: Limits) -> None:
    if found.end() - found.start() > limits.line:
        block.note = Note.LINE_TOO_LONG
    else:
        block.lines.setdefault(name.upper(), []).append(found.group().rstrip("\r"))
