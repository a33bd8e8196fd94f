"""What a benchmark found, and how it is shown: a Markdown table for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

OURS = "syncd"
"""How the name of every line of ours begins."""


@dataclass(frozen=True, slots=True)
class Line:
    """One contestant."""

    who: str
    figure: float | None
    """The figure to trust, in the result's unit; ``None`` if there is none, and *details* say why."""
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """One benchmark at one size; the first line is the one that the others are compared with."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    rounds: int
    remark: str = ""
    versus: bool = True
    """Whether the lines do the same work, so that ratios mean something."""


def ratio(result: Result, line: Line) -> float | None:
    """Return how many times the first line's figure *line* takes: more than one is dearer than ours."""
    first = result.lines[0].figure
    return line.figure / first if result.versus and first and line.figure is not None else None


def markdown(result: Result) -> str:
    """Return *result* as a heading and a table."""
    columns = list(dict.fromkeys(name for line in result.lines for name in line.details))
    head = ["", result.unit, "times ours", *columns]
    rows = [
        [
            line.who,
            _number(line.figure),
            _times(ratio(result, line)),
            *(line.details.get(c, "") for c in columns),
        ]
        for line in result.lines
    ]
    shown = [f"### {result.title}", "", _row(head), _row(["---", *["---:"] * 2, *["---"] * len(columns)])]
    shown += [_row(row) for row in rows]
    words = f"Median of {result.rounds} interleaved rounds." if result.rounds > 1 else "One round."
    return "\n".join([*shown, "", f"{words} {result.remark}".strip(), ""])


def as_json(machine: Mapping[str, object], results: Iterable[Result]) -> dict[str, object]:
    """Return everything as plain values, ratios included."""
    return {"machine": dict(machine), "results": [_plain(result) for result in results]}


def _plain(result: Result) -> dict[str, object]:
    lines = [{**asdict(line), "times_ours": ratio(result, line)} for line in result.lines]
    return {**asdict(result), "lines": lines}


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(figure: float | None) -> str:
    if figure is None:
        return "-"
    for least, digits in ((100, 0), (10, 1), (1, 2)):
        if figure >= least:
            return f"{figure:,.{digits}f}"
    return f"{figure:.3f}"


def _times(times: float | None) -> str:
    if times is None:
        return "-"
    return f"{times:,.1f}" if times >= 10 else f"{times:.2f}"  # noqa: PLR2004 - three digits are enough
