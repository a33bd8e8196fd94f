"""Tables and long texts of the demo, for a terminal of any width or none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.text import Text

_COLOURS = {"timely": "green", "forfeit": "red", "not_student": "cyan"}
_WORDS = {"timely": "TIMELY", "forfeit": "FORFEIT", "not_student": "NOT THE STUDENT"}
_NONE = "no verdict"
_WIDEST = 120
_COLUMN = re.compile(r".*\d\d:\d\d:\d\d \([^)]*\)  |\s*")
"""What stands before the text of a line: a time with its zone, or an indent."""
_LEAST = 20
"""A line is never broken into less than this."""


@dataclass(frozen=True, slots=True)
class Row:
    """One session as it ended."""

    when: str
    who: str
    how: str
    verdict: str | None


class Playbill:
    """Shows what is more than one step of the story."""

    def __init__(self, out: TextIO) -> None:
        self._console = Console(file=out, highlight=False, emoji=False, markup=False)
        self._width = min(self._console.width, _WIDEST)

    def heading(self, text: str, below: str = "") -> None:
        """Begin something new."""
        self._say(Text())
        self._say(Text(text, style="bold"))
        if below:
            self._say(Text(below, style="dim"))
        self._say(Text())

    def table(self, rows: Sequence[Row]) -> None:
        """Show how sessions ended, one a line."""
        whens, whos, hows = (
            max(map(len, cells))
            for cells in zip(*((row.when, row.who, row.how) for row in rows), strict=True)
        )
        for row in rows:
            colour = _COLOURS.get(row.verdict or "", "yellow")
            verdict = Text(_WORDS.get(row.verdict or "", _NONE), style=f"bold {colour}")
            self._say(
                Text.assemble(
                    (f"  {row.when:<{whens}}  ", "dim"), f"{row.who:<{whos}}  {row.how:<{hows}}  ", verdict
                )
            )

    def explanation(self, lines: Iterable[str]) -> None:
        """Show the lines of an explanation, broken under their own column where they are too long."""
        for line in lines:
            for piece in self._broken(line):
                self._say(Text(f"  {piece}".rstrip(), style=_style(line)))

    def _broken(self, line: str) -> list[str]:
        room = self._width - 2
        if len(line) <= room:
            return [line]
        found = _COLUMN.match(line)
        margin = found.end() if found else 0
        words = Text(line[margin:]).wrap(self._console, max(room - margin, _LEAST))
        first, *rest = [piece.plain.rstrip() for piece in words]
        return [line[:margin] + first, *(" " * margin + piece for piece in rest)]

    def _say(self, text: Text) -> None:
        encoding = self._console.encoding
        if text.plain.isascii() or encoding.startswith("utf"):
            self._console.print(text, soft_wrap=True)
            return
        sayable = Text(text.plain.encode(encoding, "replace").decode(encoding))
        self._console.print(sayable, soft_wrap=True)


def _style(line: str) -> str:
    if line.startswith("Verdict:"):
        return "bold red" if "FORFEIT" in line else "bold green"
    if line.lstrip().startswith("* "):
        return "bold"
    return "" if line.startswith(" ") or not line else "bold"
