"""What is wrong with a configuration, as sentences that name the line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from syncd.config.lines import Place, lines
from syncd.config.model import NESTED, PREFIX, Config

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_AT_LINE = re.compile(r"(.*) \(at line (\d+), column \d+\)", re.DOTALL)
_AT_END = " (at end of document)"
_KINDS = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "string": "text; write it in quotes",
    "tuple": 'a list; write it like ["one", "two"]',
    "path": "a file; write its path in quotes",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """Where the values of a configuration came from."""

    file: Path
    text: str
    environment: Mapping[str, str] = field(repr=False)
    """The variables that are settings, by name."""

    def of(self, place: Place) -> tuple[int, str]:
        """Return where the value at *place* was written: a line to sort by, and its name."""
        found = lines(self.text)
        for n in range(len(place), 0, -1):
            if variable := next((name for name in self.environment if parts(name)[:n] == place[:n]), None):
                return 0, variable
            if line := found.get(place[:n]):
                return line, f"{self.file.name}:{line}"
        return 0, self.file.name


def parts(variable: str) -> Place:
    """Return the place that an environment variable sets."""
    return tuple(variable[len(PREFIX) :].lower().split(NESTED))


def sentences(error: ValidationError, source: Source) -> list[str]:
    """Return one sentence for each thing that is wrong, in the order of the file."""
    told = [(source.of(_place(one)), _sentence(one)) for one in error.errors()]
    return [f"{where}: {said}" for (_, where), said in sorted(dict.fromkeys(told))]


def strangers(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each variable that names no section: pydantic never sees those."""
    for name in environment:
        if (place := parts(name))[0] not in Config.model_fields:
            yield f"{name}: {_no_such(place)}"


def syntax(error: tomllib.TOMLDecodeError, file: Path, text: str) -> str:
    """Return the sentence for a file that is not TOML."""
    if found := _AT_LINE.fullmatch(str(error)):
        return f"{file.name}:{found[2]}: not TOML: {found[1]}"
    last = text.count("\n", 0, len(text.rstrip())) + 1
    return f"{file.name}:{last}: not TOML: {str(error).removesuffix(_AT_END)}, at the end of the file"


def _place(error: ErrorDetails) -> Place:
    """Return where the error is, without the names that pydantic gives to branches of a union."""
    place = error["loc"]
    return tuple(one for n, one in enumerate(place) if n < 2 or isinstance(one, int))  # noqa: PLR2004 - section.key


def _sentence(error: ErrorDetails) -> str:
    place = _place(error)
    if error["type"] == "extra_forbidden":
        return _no_such(place)
    return f"{_dotted(place)}: {_what(error)}"


def _what(error: ErrorDetails) -> str:
    kind, given = error["type"], error["input"]
    limits: dict[str, Any] = error.get("ctx", {})
    if kind == "value_error":
        return str(limits["error"])
    if kind in ("model_type", "model_attributes_type"):
        name = _dotted(_place(error))
        return f"is a table; write its keys under [{name}], or {PREFIX}{name.upper()}{NESTED}KEY in the environment"
    if kind == "literal_error":
        return f"{given!r} is none of {limits['expected']}"
    for sign, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
        if sign in limits:
            return f"{given!r} must be {words} {limits[sign]}"
    if wanted := _KINDS.get(kind.split("_")[0]):
        return f"{given!r} is not {wanted}"
    return f"{given!r}: {error['msg']}"


def _dotted(place: Place) -> str:
    dotted = ".".join(one for one in place if isinstance(one, str))
    return dotted + "".join(f"[{one + 1}]" for one in place if isinstance(one, int))


def _no_such(place: Place) -> str:
    kind = "key" if len(place) > 1 else "section or key"
    near = _nearest(place)
    return f"{_dotted(place)}: no such {kind}" + (f"; did you mean {near}?" if near else "")


def _nearest(place: Place) -> str | None:
    """Return the key that was meant: alike beside it, of that name elsewhere, or alike anywhere."""
    known = {(section, key) for section, model in _sections().items() for key in model.model_fields}
    section, name = str(place[0]), str(place[-1])
    beside = {key: f"{section}.{key}" for table, key in known if table == section}
    elsewhere = {key: f"{table}.{key}" for table, key in sorted(known, reverse=True)}
    tables = {table: _moved(table, place[1:]) for table in _sections()}
    for wanted, names, cutoff in (
        (name, beside, 0.6),
        (section, tables if section not in tables else {}, 0.7),
        (name, elsewhere, 0.8),
    ):
        if close := get_close_matches(wanted, names, n=1, cutoff=cutoff):
            return names[close[0]]
    return None


def _moved(table: str, keys: Place) -> str:
    return ".".join([table, *map(str, keys)])


def _sections() -> Mapping[str, type[BaseModel]]:
    found = {name: one.annotation for name, one in Config.model_fields.items()}
    return {
        name: kind for name, kind in found.items() if isinstance(kind, type) and issubclass(kind, BaseModel)
    }
