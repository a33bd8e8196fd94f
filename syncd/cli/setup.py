"""Commands for whoever sets syncd up: ``init``, ``paths``, ``check``, ``config show``."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli import frame
from syncd.errors import Misconfigured, Problem

if TYPE_CHECKING:
    from syncd.config import Config


def register(app: typer.Typer) -> None:
    """Add these commands to *app*."""
    app.command()(init)
    app.command()(paths)
    app.command()(check)
    config = typer.Typer(help="Look at the configuration.")
    config.command()(show)
    app.add_typer(config, name="config")


def example() -> str:
    """Return the commented configuration that comes with the program."""
    packaged = files("syncd").joinpath("config.example.toml")
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return Path(__file__).parents[2].joinpath("config.example.toml").read_text(encoding="utf-8")


def init(
    folder: Annotated[Path, typer.Option("--dir", metavar="D", help="Where to write.")] = Path(),
    as_json: frame.JsonOption = False,
) -> None:
    """Write a commented configuration, a key and a systemd unit; nothing is ever overwritten."""
    from syncd.cli.unit import unit
    from syncd.vault import Vault

    home = folder.absolute()
    names = ("config.toml", "key", "syncd.service")
    there = [name for name in names if os.path.lexists(home / name)]
    try:
        home.mkdir(parents=True, exist_ok=True)
        for name, text in (("config.toml", example()), ("syncd.service", unit(home, _script()))):
            if name not in there:
                _write(home / name, text)
    except OSError as error:
        raise Problem(
            f"{error.filename or home}: cannot be written: {error.strerror}; choose another --dir"
        ) from None
    if "key" not in there:
        Vault.create(home / "key")
    _told([_Made(home / name, written=name not in there) for name in names], as_json=as_json)


def _write(file: Path, text: str) -> None:
    with file.open("x", encoding="utf-8") as opened:
        opened.write(text)


@dataclass(frozen=True, slots=True)
class _Made:
    file: Path
    written: bool


def _told(made: list[_Made], *, as_json: bool) -> None:
    if as_json:
        frame.emit(made)
        return
    for one in made:
        frame.say(f"{'wrote' if one.written else 'kept '} {one.file}")
    frame.talk("Next: look through config.toml, then: syncd check")


def _script() -> str:
    """Return the command that starts this very installation."""
    beside = Path(sys.executable).with_name("syncd")
    return str(beside) if beside.is_file() else shutil.which("syncd") or f"{sys.executable} -m syncd"


@dataclass(frozen=True, slots=True)
class _There:
    path: str
    exists: bool


def paths(*, as_json: frame.JsonOption = False) -> None:
    """Print where the configuration, the database, the key and the details of errors are."""
    config = frame.configuration()
    found = _paths(config)
    if as_json:
        frame.emit(found)
        return
    frame.table(
        ("what", "exists", "path"),
        [(name, "yes" if one.exists else "no", one.path) for name, one in found.items()],
    )


def _paths(config: Config) -> dict[str, _There]:
    from syncd.cli.unexpected import state_directory

    url = _without_password(config.database.url)
    file = Path(url.removeprefix("sqlite:///"))
    local = url.startswith("sqlite:///")
    return {
        "config": _There(str(config.file), exists=True),
        "database": _There(str(file) if local else url, exists=file.exists() if local else True),
        "key": _There(str(config.key_file), exists=config.key_file.exists()),
        "log": _There("stderr", exists=True),
        "errors": _There(str(state_directory()), exists=state_directory().is_dir()),
    }


def check(
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no server.")] = False,
    as_json: frame.JsonOption = False,
) -> None:
    """Look at everything that must be right, one line each, with what to do about it."""
    from syncd.cli.checks import Level, look

    done = []
    for one in look(frame.explicit(), offline=offline):
        done.append(one)
        if not as_json:
            frame.say(f"{one.level:<4} {one.name}: {one.says}{f' -> {one.remedy}' if one.remedy else ''}")
    if as_json:
        frame.emit(done)
    failed = {one.name for one in done if one.level is Level.FAIL}
    if failed:
        raise typer.Exit(Misconfigured.exit_code if "config" in failed else Problem.exit_code)


def show(*, as_json: frame.JsonOption = False) -> None:
    """Print the configuration in force, the environment's word included, without passwords."""
    config = frame.configuration()
    tree = config.model_dump(mode="json")
    tree["database"]["url"] = _without_password(config.database.url)
    tree["mail"]["url"] = config.mail.url and _without_password(config.mail.url)
    if as_json:
        frame.emit(tree)
        return
    frame.table(
        ("key", "value"),
        [(f"{section}.{key}", value) for section, keys in tree.items() for key, value in keys.items()],
    )


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    account, at, server = rest.rpartition("@")
    return f"{scheme}://{account.partition(':')[0]}{at}{server}"
