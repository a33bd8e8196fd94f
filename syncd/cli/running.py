"""``syncd run``: the daemon."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli import frame

if TYPE_CHECKING:
    from syncd.daemon import Daemon

_ONLY_OURS = 0o077


def register(app: typer.Typer) -> None:
    """Add this command to *app*."""
    app.command()(run)


def run(
    *,
    no_web: Annotated[bool, typer.Option("--no-web", help="Serve no pages and no metrics.")] = False,
) -> None:
    """Look after every calendar, until SIGTERM; SIGHUP reads the configuration again."""
    from syncd import log
    from syncd.config import load
    from syncd.daemon import Daemon
    from syncd.fitting import parts
    from syncd.notify_socket import from_environment

    os.umask(_ONLY_OURS)
    explicit = frame.explicit()
    config = load(explicit)
    log.configure(config.log.level, config.log.format)
    made = parts(lambda: load(explicit), pages=not no_web)
    _live(Daemon(config, made, socket=from_environment()))


def _live(daemon: Daemon) -> None:
    daemon.run()
    if daemon.hung:
        # The interpreter would wait for what hangs; the next start picks up what it had.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
