"""Each wall of the house is climbed once in a copy of the tree, and import-linter must see it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.shape.tree import PACKAGES, ROOT

LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
VERDICT = re.compile(r"^(?P<name>.+?) (?P<verdict>KEPT|BROKEN)(?: \(.*\))?$", re.MULTILINE)


@dataclass(frozen=True)
class Breach:
    contract: str
    module: str
    line: str

    @property
    def file(self) -> Path:
        return Path(*self.module.split(".")).with_suffix(".py")


POLICY = "policy is arithmetic: standard library and pydantic only"
LAYERS = "the house is layered: syncd over providers over policy"
INTERVALS = "providers take nothing but intervals from policy"
ADAPTERS = "adapters never import each other"
WIRING = "only wiring names a concrete adapter"
SQL = "SQL lives in the store"
ICALENDAR = "icalendar is imported by providers.ical only"
CALDAV = "caldav is imported by its adapter only"
GOOGLE = "Google's libraries are imported by their adapter only"
WEB = "the web framework lives in syncd.web"

BREACHES = (
    Breach(POLICY, "policy.breach_socket", "import socket"),
    Breach(POLICY, "policy.breach_file", "from pathlib import Path"),
    Breach(POLICY, "policy.breach_clock", "import time"),
    Breach(POLICY, "policy.breach_log", "import structlog"),
    Breach(LAYERS, "policy.breach_up", "import providers.base"),
    Breach(LAYERS, "providers.breach_up", "from syncd.clock import Clock"),
    Breach(INTERVALS, "providers.breach_rules", "from policy.rules import Rules"),
    Breach(ADAPTERS, "providers.caldav.breach_memory", "import providers.memory"),
    Breach(ADAPTERS, "providers.memory.breach_caldav", "from providers import caldav"),
    Breach(ADAPTERS, "providers.google.breach_caldav", "import providers.caldav"),
    Breach(ADAPTERS, "providers.memory.breach_google", "import providers.google"),
    Breach(WIRING, "syncd.breach_google", "from providers.google import GoogleProvider"),
    Breach(WIRING, "syncd.breach_adapter", "import providers.caldav"),
    Breach(WIRING, "syncd.store.breach_adapter", "from providers import memory"),
    Breach(SQL, "syncd.breach_sql", "from sqlalchemy import select"),
    Breach(SQL, "syncd.cli.breach_sql", "import sqlite3"),
    Breach(SQL, "providers.breach_sql", "import psycopg"),
    Breach(ICALENDAR, "providers.caldav.breach_ical", "from icalendar import Calendar"),
    Breach(ICALENDAR, "syncd.breach_ical", "import recurring_ical_events"),
    Breach(CALDAV, "providers.breach_caldav", "import caldav"),
    Breach(CALDAV, "syncd.breach_caldav", "from caldav import DAVClient"),
    Breach(GOOGLE, "providers.breach_google", "from googleapiclient.discovery import build"),
    Breach(GOOGLE, "providers.caldav.breach_httplib2", "import httplib2"),
    Breach(GOOGLE, "syncd.breach_credentials", "from google.oauth2.credentials import Credentials"),
    Breach(GOOGLE, "syncd.cli.breach_flow", "import google_auth_oauthlib.flow"),
    Breach(WEB, "syncd.breach_web", "from fastapi import FastAPI"),
    Breach(WEB, "syncd.cli.breach_web", "import uvicorn"),
    Breach(WEB, "providers.breach_web", "from starlette.requests import Request"),
    Breach(WEB, "syncd.engine.breach_web", "import prometheus_client"),
)


def linted(folder: Path) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", LINT], cwd=folder, check=False, capture_output=True, text=True
    )
    assert VERDICT.search(ended.stdout), ended.stdout + ended.stderr
    return ended.stdout


def verdicts(said: str) -> dict[str, str]:
    return {found["name"]: found["verdict"] for found in VERDICT.finditer(said)}


def house(folder: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.fixture(scope="module")
def climbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = house(tmp_path_factory.mktemp("climbed"))
    for one in BREACHES:
        assert not (folder / one.file).exists()
        (folder / one.file).write_text(f"{one.line}\n", encoding="utf-8")
    return linted(folder)


def test_the_walls_stand(tmp_path: Path) -> None:
    said = linted(house(tmp_path))
    assert set(verdicts(said).values()) == {"KEPT"}, said
    assert set(verdicts(said)) == {one.contract for one in BREACHES}, "a wall that no breach is tried on"


@pytest.mark.parametrize("breach", BREACHES, ids=lambda one: one.module)
def test_a_breach_is_seen_by_the_contract_that_is_there_for_it(climbed: str, breach: Breach) -> None:
    assert verdicts(climbed)[breach.contract] == "BROKEN"
    # The details of each broken contract stand under its name, underlined.
    _, _, details = climbed.rpartition(f"\n{breach.contract}\n---")
    details = re.split(r"\n[^\n]+\n-{10,}\n", details, maxsplit=1)[0]
    assert re.search(rf"\b{re.escape(breach.module)}\b", details), details
