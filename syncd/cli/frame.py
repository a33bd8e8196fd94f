"""The frame of every command: where the configuration is, how to speak, and how to end.

stdout is data, stderr is talk. Whatever goes wrong ends in one sentence and an exit code:
1 a problem was found, 2 usage, 3 configuration.
"""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer
from typer.core import TyperGroup

from providers.errors import AccessLost, ProviderError, Unavailable, Unsupported
from syncd.errors import Problem

if TYPE_CHECKING:
    from syncd.config import Config

INTERRUPTED = 130
PIPE_CLOSED = 141
_EXPLICIT: ContextVar[Path | None] = ContextVar("explicit", default=None)
_NEXT: Mapping[type[Exception], str] = {
    Unavailable: "try again later",
    AccessLost: "connect the account again",
    Unsupported: "check the address",
}

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


class Commands(Protocol):
    """A module of commands."""

    @property
    def register(self) -> Callable[[typer.Typer], None]:
        """What adds its commands to the app."""
        ...


def talk(sentence: str) -> None:
    """Say something to the person, on stderr."""
    print(sentence, file=sys.stderr)  # noqa: T201 - this is the place


def say(line: str) -> None:
    """Print a line of data on stdout."""
    print(line)  # noqa: T201 - this is the place


def emit(value: object) -> None:
    """Print *value* on stdout as one JSON document on one line; times are RFC 3339 in UTC with ``Z``."""
    say(json.dumps(plain(value), ensure_ascii=False, allow_nan=False))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print *rows* on stdout in aligned columns, never cut or wrapped."""
    lines = [tuple(head), *(tuple("-" if cell is None else str(plain(cell)) for cell in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def interactive() -> bool:
    """Tell whether a person sits at a terminal: without one nothing is asked and nothing moves."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def rfc3339(moment: datetime) -> str:
    """Return an instant in UTC with ``Z``.

    :raises ValueError: if *moment* is naive.
    """
    from policy.interval import instant

    return instant(moment).isoformat().replace("+00:00", "Z")


def plain(value: object) -> object:
    """Return *value* as JSON knows it: dataclasses by field, times in UTC, lengths like ``24h``."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float):
        return value
    if (model := getattr(value, "model_dump", None)) is not None:
        return model(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(one) for key, one in value.items()}
    if isinstance(value, frozenset | set):
        return sorted((plain(one) for one in value), key=str)
    if isinstance(value, Iterable):
        return [plain(one) for one in value]
    return _word(value)


def _word(value: object) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, timedelta):
        from policy.rules import shown

        return shown(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def explicit() -> Path | None:
    """Return what ``--config`` names, wherever on the line it stood."""
    return _EXPLICIT.get()


def configuration() -> Config:
    """Return the configuration of this command, and let only warnings into the log.

    :raises Misconfigured: if there is none, or it is wrong.
    """
    from syncd import log
    from syncd.config import load

    config = load(explicit())
    log.configure("debug" if config.log.level == "debug" else "warning", config.log.format)
    return config


def build(modules: Iterable[Commands]) -> TyperGroup:
    """Return the whole command line, with ``--config`` on every command."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, callback=_root)
    for module in modules:
        module.register(app)
    root = typer.main.get_group(app)
    shared = next(option for option in root.params if option.name == "config")
    _everywhere(root, shared)
    return root


def _everywhere(group: TyperGroup, option: object) -> None:
    for command in group.commands.values():
        if isinstance(command, TyperGroup):
            _everywhere(command, option)
        is_command = not isinstance(command, TyperGroup) or command.invoke_without_command
        if is_command and all(one.name != "config" for one in command.params):
            command.params.append(option)  # type: ignore[arg-type]  # click's own class is private to typer


def _remember(value: Path | None) -> Path | None:
    if value is not None:
        _EXPLICIT.set(value)
    return value


def _show_version(*, wanted: bool) -> None:
    if wanted:
        say(f"syncd {installed_version()}")
        raise typer.Exit


def installed_version() -> str:
    """Return the version of the installed distribution."""
    try:
        return version("syncd")
    except PackageNotFoundError:
        return "0 (not installed)"


def _root(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            callback=_remember,
            expose_value=False,
            help="The configuration to use.",
        ),
    ] = None,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Turn the calendars that people already use into reliable 1-on-1 sessions."""


def run(modules: Iterable[Commands], args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; only what nobody foresaw is raised."""
    _EXPLICIT.set(None)
    try:
        return _run(build(modules), sys.argv[1:] if args is None else args)
    except Problem as problem:
        talk(problem.sentence)
        return problem.exit_code
    except typer.TyperException as wrong:
        talk(_usage(wrong))
        return wrong.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        if not _nobody_reads():
            raise
        return PIPE_CLOSED
    except _known() as error:
        talk(_with_next_step(error))
        return Problem.exit_code


def _known() -> tuple[type[Exception], ...]:
    """Return the errors whose text is a sentence for a person; asked only when something has gone wrong."""
    from syncd.store.errors import StoreError

    return ProviderError, StoreError


def _run(root: TyperGroup, args: Sequence[str]) -> int:
    try:
        with root.make_context("syncd", list(args)) as context:
            root.invoke(context)
    except typer.Exit as leave:
        return leave.exit_code
    finally:
        sys.stdout.flush()
    return 0


def _nobody_reads() -> bool:
    """Tell whether it is stdout that broke, and if so let the interpreter end without a word."""
    out = select.poll()
    out.register(sys.stdout.fileno(), select.POLLERR)
    if not out.poll(0):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def _with_next_step(error: Exception) -> str:
    step = next((step for kind, step in _NEXT.items() if isinstance(error, kind)), None)
    return f"{str(error).rstrip('.')}; {step}" if step and step not in str(error) else str(error)


def _usage(wrong: typer.TyperException) -> str:
    said = wrong.format_message().strip().replace(". Did you mean", "; did you mean")
    if near := getattr(wrong, "possibilities", None):
        said = f"{wrong.message}; did you mean {' or '.join(sorted(near))}?"
    context = getattr(wrong, "ctx", None)
    command = context.command_path if context else "syncd"
    return f"{command}: {said[:1].lower()}{said[1:].rstrip('.')} (see: {command} --help)"
