from __future__ import annotations

import pytest

from tests.shape.tree import Module, modules

MODULE_WARNS, MODULE_FAILS = 400, 600
FUNCTION_WARNS, FUNCTION_FAILS = 60, 100


def lines_of(module: Module) -> int:
    return sum(1 for line in module.text.splitlines() if line.strip())


def too_large(modules_at_most: int, functions_at_most: int) -> list[str]:
    everything = modules("benchmarks", "policy", "providers", "syncd", "tests")
    large = [f"{one.name}: {lines_of(one)} lines" for one in everything if lines_of(one) > modules_at_most]
    for module in everything:
        for function in module.functions():
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > functions_at_most:
                large.append(f"{module.name}:{function.lineno}: {function.name}: {length} lines")
    return large


def test_no_module_and_no_function_is_too_large(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        for one in too_large(MODULE_WARNS, FUNCTION_WARNS):
            print(f"\nlarge: {one}", end="")  # noqa: T201 - the warning
    assert too_large(MODULE_FAILS, FUNCTION_FAILS) == []


def test_what_is_too_large_would_be_found() -> None:
    assert any("test_sizes.py: " in one for one in too_large(10, 10_000))
    assert any(": too_large: " in one for one in too_large(10_000, 3))
