"""A guard at the door: ``policy`` and ``providers`` are names that other packages have too."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from syncd.errors import Misconfigured

_OURS = {"policy": "rules.py", "providers": "base.py"}
"""Our packages beside this one, each with a module that shows it is ours."""
_HOME = Path(__file__).resolve().parent.parent


def foreign(home: Path = _HOME) -> str | None:
    """Return the sentence about a package that is not ours and has the name of one of ours, if there is one."""
    for package, mark in _OURS.items():
        there = _folder(package)
        if there is None:
            return f"the package {package!r} is missing beside {home / 'syncd'}; install syncd again"
        if there != home / package or not (there / mark).is_file():
            return (
                f"the package {package!r} comes from {there}{_owner(package)}, not from {home}; "
                "install syncd in an environment of its own"
            )
    return None


def check() -> None:
    """Let the program start only with packages of our own.

    :raises Misconfigured: if one of them is somebody else's.
    """
    if (sentence := foreign()) is not None:
        raise Misconfigured(sentence)


def _folder(package: str) -> Path | None:
    spec = find_spec(package)
    if spec is None:
        return None
    if spec.origin:
        return Path(spec.origin).resolve().parent
    folders = list(spec.submodule_search_locations or ())
    return Path(folders[0]).resolve() if folders else None


def _owner(package: str) -> str:
    from importlib.metadata import packages_distributions  # noqa: PLC0415 - slow, and hardly ever needed

    others = sorted(set(packages_distributions().get(package, ())) - {"syncd"})
    return f" (of {' and '.join(others)})" if others else ""
