"""The page of rows and tests: what is tied to what, read from the tests as they are written."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.rules.rows import ROWS, SECTIONS, Row, Section

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "rows.md"
_TIE = "row"
_TOP = """\
# The rules, row by row

Every row of [the rules](rules.md) that is built has tests that play it, most of them through the whole program: a server in memory, the real database, the
real loop, and a clock that moves. What is not built yet is listed with what it waits for.

{rows} rows: {tested} hold, shown by {tests} tests; {waiting} wait. This page is written by `python -m tests.rules`; a test compares the two.
"""


@dataclass(frozen=True, slots=True)
class Tie:
    """A test and a row that it proves."""

    row: str
    file: str
    test: str


def ties() -> Iterator[Tie]:
    """Yield what the tests are tied to, in the order in which they stand."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text("utf-8")
        if "from tests.rules.rows import" in text:
            file = str(path.relative_to(ROOT))
            yield from (Tie(row, file, test) for test, row in _in(ast.parse(text)))


def _in(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            for call in node.decorator_list:
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == _TIE:
                    yield from ((node.name, ast.literal_eval(one)) for one in call.args)


def page() -> str:
    """Return the page as it must be."""
    found: defaultdict[str, list[Tie]] = defaultdict(list)
    tests = set()
    for tie in ties():
        found[tie.row].append(tie)
        tests.add((tie.file, tie.test))
    waiting = sum(row.waits is not None for row in ROWS.values())
    top = _TOP.format(rows=len(ROWS), tested=len(ROWS) - waiting, tests=len(tests), waiting=waiting)
    return "\n".join([top, *(line for section in SECTIONS for line in _section(section, found))])


def _section(section: Section, found: Mapping[str, list[Tie]]) -> Iterator[str]:
    yield f"## {section.number}. {section.title}"
    yield ""
    yield "| row | what holds | tests |"
    yield "|---|---|---|"
    for row in section.rows:
        yield f"| {row.id} | {_way(row)}{row.words} | {_shown(row, found.get(row.id, []))} |"
    yield ""


def _way(row: Row) -> str:
    parts = row.id.split(".")
    return f"{parts[1]} to {parts[2]}: " if len(parts) == 3 else ""


def _shown(row: Row, tests: list[Tie]) -> str:
    if row.waits is not None:
        return f"*waits for {row.waits}*"
    return "<br>".join(f"[{_sentence(tie.test)}](../{tie.file})" for tie in tests) or "**none**"


def _sentence(test: str) -> str:
    return test.removeprefix("test_").replace("_", " ")
