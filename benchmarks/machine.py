"""The computer that a run was made on: figures without it say little."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = (
    "caldav",
    "google-api-python-client",
    "icalendar",
    "niquests",
    "python-dateutil",
    "radicale",
    "recurring-ical-events",
    "requests",
    "sqlalchemy",
    "vdirsyncer",
)
CALM = 0.5
"""The load per core beyond which a run is called disturbed."""


def machine() -> dict[str, object]:
    """Return what ran this, and how busy it was when it began."""
    return {
        "processor": processor(),
        "cores": os.cpu_count() or 1,
        "load_at_start": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {sys.version.split()[0]}",
        "libraries": libraries(),
    }


def disturbed(load: float, cores: int) -> str | None:
    """Return a warning if so much load makes a run worth little, or nothing."""
    if load <= CALM * cores:
        return None
    return (
        f"the load is {load:.1f} on {cores} cores before anything is measured: trust CPU time and ratios only, "
        "and run it again when the computer is idle"
    )


def libraries() -> dict[str, str | None]:
    """Return the versions of the libraries that are compared."""
    return {name: _version(name) for name in LIBRARIES}


def in_words(found: dict[str, object]) -> str:
    """Return the machine as lines for people."""
    kept = ", ".join(f"{name} {number}" for name, number in libraries().items() if number)
    return (
        f"{found['processor']}, {found['cores']} cores, load {found['load_at_start']} at the start, "
        f"{found['system']}, {found['python']}.\n{kept}."
    )


def processor() -> str:
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
