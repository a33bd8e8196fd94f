"""What holds for every test, and the closing line of a suite that several backends share.

A class, function or parameter that carries the marker ``suite(name, backend)`` is counted
in the closing line of its suite, with pytest-xdist or without::

    @pytest.mark.suite("contract", "Radicale")
    class TestRadicale(CalendarProviderContract): ...

    @pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.suite("store", "SQLite")), ...])
    def store(request): ...

ends the run with ``contract suite: memory 100, Radicale 100, Xandikos 100``.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict

import pytest

pytest.register_assert_rewrite("tests.providers")

_SUITE = "suite"
_UNWELL = ("failed", "error")


def pytest_xdist_auto_num_workers() -> int:
    return 2 * (os.cpu_count() or 1)  # half of the tests wait for a server


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: takes minutes; with --long only")
    config.addinivalue_line(
        "markers", "suite(name, backend): count this test for *backend* in a shared suite"
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run what takes minutes, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        items[:] = [item for item in items if item.get_closest_marker("long") is None]
    # A property of the test travels with its report from an xdist worker; a marker does not.
    for item in items:
        for marker in item.iter_markers(_SUITE):
            item.user_properties.append((_SUITE, list(marker.args)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed, unwell = _counted(terminalreporter, "passed"), _counted(terminalreporter, *_UNWELL)
    suites: defaultdict[str, list[str]] = defaultdict(list)
    for name, backend in sorted({*passed, *unwell}, key=lambda one: (one[0], one[1].casefold())):
        bad = unwell[name, backend]
        suites[name].append(f"{backend} {passed[name, backend]}" + (f" ({bad} failed)" if bad else ""))
    for name, counts in suites.items():
        terminalreporter.write_line(f"{name} suite: {', '.join(counts)}")


def _counted(reporter: pytest.TerminalReporter, *outcomes: str) -> Counter[tuple[str, str]]:
    reports = [one for outcome in outcomes for one in reporter.stats.get(outcome, [])]
    return Counter(
        (value[0], value[1])
        for one in reports
        for key, value in getattr(one, "user_properties", ())  # an error of collection has none
        if key == _SUITE and isinstance(value, list)
    )
