"""The configuration: found, read whole or not at all, every wrong line named."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from syncd.config.lines import lines
from syncd.config.model import NESTED, PREFIX, Config
from syncd.config.values import Days, HostPort
from syncd.config.wrong import Source, parts, sentences, strangers, syntax
from syncd.errors import Misconfigured

__all__ = ["VARIABLE", "Config", "Days", "HostPort", "find", "load", "place_of"]

VARIABLE = "SYNCD_CONFIG"
"""The environment variable that names the configuration."""
_PLACES = (Path("config.toml"), Path("/etc/syncd/config.toml"))


def find(explicit: Path | None = None) -> Path:
    """Return the file to read: *explicit*, what SYNCD_CONFIG names, or the first that exists.

    :raises Misconfigured: if there is none; it says where it looked.
    """
    variable = os.environ.get(VARIABLE)
    named, by = (explicit, "--config") if explicit else (Path(variable) if variable else None, VARIABLE)
    if named:
        if named.is_file():
            return named
        raise Misconfigured(
            f"{named}: no such file, and {by} names it; correct it, or write one with: syncd init"
        )
    if there := next((place for place in _PLACES if place.is_file()), None):
        return there
    raise Misconfigured(
        f"no configuration: looked at --config and {VARIABLE} (neither is given), "
        f"{' and '.join(str(place.absolute()) for place in _PLACES)}; write one with: syncd init"
    )


def load(explicit: Path | None = None) -> Config:
    """Return the configuration, with the environment's word over the file's.

    :raises Misconfigured: if there is none, or for everything that is wrong in it, one sentence a line.
    """
    return read(find(explicit))


def read(file: Path) -> Config:
    """Return the configuration in *file*, with the environment's word over the file's.

    :raises Misconfigured: if it cannot be read, or for everything that is wrong in it, one sentence a line.
    """
    text = _text(file)
    try:
        tree: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(syntax(error, file, text)) from None
    environment = _settings()
    wrong = list(strangers(environment))
    try:
        config = Config(**tree)
    except ValidationError as error:
        wrong = sentences(error, Source(file, text, environment)) + wrong
    if wrong:
        raise Misconfigured("\n".join(wrong))
    return config.settled(file)


def place_of(config: Config, section: str, key: str) -> str:
    """Return where *key* is set: a file with its line, or a variable; without any, where it could be."""
    try:
        text = config.file.read_text(encoding="utf-8")
        tomllib.loads(text)
    except (OSError, ValueError):  # it was changed since it was read
        text = ""
    if variable := next((name for name in _settings() if parts(name) == (section, key)), None):
        return variable
    found = lines(text)
    line = found.get((section, key)) or found.get((section,))
    return f"{config.file.name}:{line}" if line else config.file.name


def _settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if _is_setting(name)}


def _is_setting(variable: str) -> bool:
    # Without the double underscore it may be anybody's: Kubernetes sets SYNCD_PORT for a service of our name.
    name = variable.upper()
    section = name.removeprefix(PREFIX).lower()
    return name.startswith(PREFIX) and (NESTED in section or section in Config.model_fields)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"{file}: cannot be read: {error.strerror}; see to its owner and mode") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Misconfigured(f"{file.name}:{line}: not UTF-8; save the file as UTF-8") from None
