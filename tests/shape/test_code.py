from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator

import pytest

from tests.shape.tree import Module, imports, modules

CLOCKS = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
    ("time", "time"), ("time", "time_ns"), ("time", "localtime"), ("time", "gmtime"), ("time", "strftime"),
}  # fmt: skip
THE_CLOCK = "syncd/clock.py"
OURS = {"policy", "providers"}
TELLTALE = {"capabilities", "calendars", "changes", "fetch"}
"""A class with these is a provider."""


def asks_the_time(tree: ast.Module) -> Iterator[int]:
    known = imports(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else ast.unparse(node.value)
            if (owner.rpartition(".")[2], node.attr) in CLOCKS and owner.split(".")[0] in {
                *known,
                "datetime",
            }:
                yield node.lineno
        elif isinstance(node, ast.Name) and known.get(node.id) in {"time.time", "time.time_ns"}:
            yield node.lineno


def providers_in(module: Module) -> Iterator[ast.ClassDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            methods = {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
            if methods >= TELLTALE:
                yield node


def foreign_types(tree: ast.Module, provider: ast.ClassDef) -> Iterator[str]:
    known = imports(tree)
    for method in provider.body:
        if not isinstance(method, ast.FunctionDef) or method.name.startswith("_"):
            continue
        every = (*method.args.posonlyargs, *method.args.args, *method.args.kwonlyargs)
        for annotation in (method.returns, *(one.annotation for one in every)):
            for node in ast.walk(annotation) if annotation else ():
                if isinstance(node, ast.Name) and not at_home(known.get(node.id), node.id):
                    yield f"{provider.name}.{method.name}: {node.id}"


def at_home(origin: str | None, name: str) -> bool:
    if origin is None:
        return True  # of this module, or built in
    top = origin.split(".")[0]
    return top in OURS or top in sys.stdlib_module_names or hasattr(builtins, name)


def test_only_the_clock_asks_what_time_it_is() -> None:
    asking = [
        f"{module.name}:{line}"
        for module in modules()
        if module.name != THE_CLOCK
        for line in asks_the_time(module.tree)
    ]
    assert asking == []


@pytest.mark.parametrize(
    "planted",
    [
        "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.datetime.now(datetime.UTC)",
        "from datetime import date\ndate.today()",
        "import time\ntime.time()",
        "from time import time\ntime()",
        "from datetime import datetime\nfield(default_factory=datetime.utcnow)",
    ],
)
def test_whoever_asks_would_be_found(planted: str) -> None:
    assert list(asks_the_time(ast.parse(planted))) == [2]


def test_a_monotonic_clock_may_be_asked() -> None:
    assert not list(asks_the_time(ast.parse("import time\ntime.monotonic()\ntime.sleep(1)")))


def test_the_clock_is_where_it_is_looked_for() -> None:
    (clock,) = (module for module in modules("syncd") if module.name == THE_CLOCK)
    assert list(asks_the_time(clock.tree))


def test_no_provider_lets_out_a_type_of_a_library() -> None:
    found = [(module, provider) for module in modules("providers") for provider in providers_in(module)]
    assert len(found) > 1, "the protocol and at least one adapter"
    for module, provider in found:
        assert list(foreign_types(module.tree, provider)) == [], module.name


def test_a_type_of_a_library_would_be_found() -> None:
    tree = ast.parse(
        "import caldav\nfrom requests import Response\n"
        "class P:\n"
        "    def fetch(self, a: caldav.Event, *, b: int) -> Response | None: ...\n"
        "    def _own(self) -> Response: ...\n"
    )
    (provider,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    assert sorted(foreign_types(tree, provider)) == ["P.fetch: Response", "P.fetch: caldav"]


def test_no_module_swallows_every_error() -> None:
    broad = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
    ]
    assert broad == []
