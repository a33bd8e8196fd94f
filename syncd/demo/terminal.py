"""How the demo tells its story: a time line on a terminal, plain text in a pipe, JSON to a program."""

from __future__ import annotations

import json as notation
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from syncd.clock import Clock

_VERDICTS: Mapping[str, tuple[str, str]] = {
    "timely": ("TIMELY", "green"),
    "forfeit": ("FORFEIT", "red"),
    "not_student": ("NOT THE STUDENT", "cyan"),
}
_OTHER = "yellow"
_WHEN = len("Mon 12 Oct 09:00")
_WIDEST = 100


@dataclass(frozen=True, slots=True)
class _Marks:
    step: str
    rail: str
    end: str


_DRAWN, _TYPED = _Marks("●", "│", "╰─"), _Marks("*", "|", "`-")


class Stage:
    """Where the story is told, step by step, by the story's own clock."""

    def __init__(
        self, *, json: bool = False, clock: Clock | None = None, zone: str = "UTC", out: TextIO | None = None
    ) -> None:
        self._json = json
        self._clock = clock
        self._zone = ZoneInfo(zone)
        self._out = out or sys.stdout
        self._day = ""
        self._console = Console(file=self._out, highlight=False, emoji=False, markup=False)
        self._encoding = self._console.encoding
        self._marks = _DRAWN if self._encoding.startswith("utf") else _TYPED

    def title(self, text: str, below: str = "") -> None:
        """Open the story or a chapter of it; a program does not hear it."""
        if not self._json:
            self._console.print()
            self._console.print(Text(text, style="bold"))
            if below:
                self._console.print(Text(below, style="dim"))
            self._console.print()

    def table(self, rows: Mapping[str, str]) -> None:
        """Show names and values side by side, such as addresses and passwords; a program does not hear it."""
        if not self._json:
            width = max(map(len, rows), default=0)
            for name, value in rows.items():
                self._console.print(Text.assemble((f"  {name:<{width}}  ", "dim"), value), soft_wrap=True)

    def step(self, step: str, what: str, session: str | None = None, verdict: str | None = None) -> None:
        """Tell one step: what happened, to which session, and the verdict if there is one."""
        if self._json:
            line = {"step": step, "what": what, "session": session, "verdict": verdict}
            self._out.write(f"{notation.dumps(line)}\n")
            self._out.flush()
            return
        label, colour = _VERDICTS.get(verdict, (verdict.upper(), _OTHER)) if verdict else ("", "default")
        head = Text.assemble((self._when(), "dim"), "  ", (self._marks.step, colour), " ", (step, "bold"))
        if session:
            head.append(f"  {session}", style="blue")
        self._console.print(head, soft_wrap=True)
        self._tell(what, closed=not verdict)
        if verdict:
            self._rail(self._marks.end, Text(label, style=f"bold {colour}"))

    def _tell(self, what: str, *, closed: bool) -> None:
        room = min(self._console.width, _WIDEST) - _WHEN - len("  | ")
        sayable = what.encode(self._encoding, "replace").decode(self._encoding)
        for line in Text(sayable).wrap(self._console, max(room, _WHEN)):
            line.rstrip()
            self._rail(self._marks.rail, line)
        if closed:
            self._rail(self._marks.rail, Text())

    def _rail(self, mark: str, text: Text) -> None:
        line = Text.assemble(" " * (_WHEN + 2), (mark, "dim"), " ", text)
        line.rstrip()
        self._console.print(line, soft_wrap=True)

    def _when(self) -> str:
        """Return the time of the story; the day only where it changes."""
        if self._clock is None:
            return " " * _WHEN
        now = self._clock.now().astimezone(self._zone)
        day, said = f"{now:%a %d %b}", self._day
        self._day = day
        return f"{now:%H:%M}".rjust(_WHEN) if day == said else f"{day} {now:%H:%M}"
