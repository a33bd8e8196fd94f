from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.shape.tree import ROOT

COPYLEFT = re.compile(r"\b(?:A|L)?GPL|GNU|\bMPL|Mozilla|\bEPL|\bEUPL|\bCDDL|\bCC-BY-SA", re.IGNORECASE)
PAGE = ROOT / "docs" / "licences.md"


def project() -> tuple[list[str], dict[str, list[str]]]:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table["dependencies"], table["optional-dependencies"]


def closure(requirements: Iterable[str]) -> dict[str, Distribution]:
    """Return every installed distribution that *requirements* bring with them."""
    found: dict[str, Distribution] = {}
    left = [(Requirement(one), "") for one in requirements]
    while left:
        wanted, extra = left.pop()
        name = canonicalize_name(wanted.name)
        if name == "syncd" or (wanted.marker and not wanted.marker.evaluate({"extra": extra})):
            continue
        try:
            there = distribution(name)
        except PackageNotFoundError:
            continue
        new = found.setdefault(name, there) is there
        for one in there.requires or () if new else ():
            left += [(Requirement(one), each) for each in ("", *wanted.extras)]
    return found


def licence(one: Distribution) -> str:
    told = [text.partition("\n")[0] for key in ("License-Expression", "License") for text in all_of(one, key)]
    return " ".join(told + [line for line in all_of(one, "Classifier") if line.startswith("License")])


def all_of(one: Distribution, key: str) -> list[str]:
    return one.metadata.get_all(key) or []


def section(title: str) -> str:
    _, _, rest = PAGE.read_text().partition(f"\n## {title}")
    return rest.partition("\n## ")[0]


def copyleft(requirements: Iterable[str]) -> Iterator[str]:
    for name, one in sorted(closure(requirements).items()):
        if COPYLEFT.search(licence(one)):
            yield name


def test_every_copyleft_package_that_the_daemon_brings_is_named() -> None:
    dependencies, _ = project()
    listed = section("With the daemon")
    found = list(copyleft(dependencies))
    assert {"psycopg", "recurring-ical-events", "certifi"} <= set(found)
    assert [name for name in found if f"`{name}`" not in listed] == []


def test_every_copyleft_package_of_demo_and_tests_is_named() -> None:
    dependencies, extras = project()
    extra = extras["demo"] + [one for one in extras["test"] if not one.startswith("syncd")]
    found = set(copyleft(extra)) - set(copyleft(dependencies))
    assert {"radicale", "xandikos"} <= found
    listed = section("With the extras")
    assert [name for name in sorted(found) if f"`{name}`" not in listed] == []


def test_no_gpl_without_a_choice_comes_with_the_daemon() -> None:
    dependencies, _ = project()
    for name, one in closure(dependencies).items():
        told = licence(one)
        strong = re.search(r"(?<!L)GPL|(?<!Lesser )General Public", told.replace("Lesser General Public", ""))
        assert not strong or " OR " in told, f"{name}: {told}"
