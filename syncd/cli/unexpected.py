"""Errors that nobody foresaw: a person reads one sentence, the details go to a file of their own.

The details say where it happened and what kind of error it is, not what a library's error says:
that quotes what it could not understand.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
import warnings
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from syncd.traces import told


def install() -> None:
    """From here on no traceback reaches the terminal, from whatever thread, and no word of a library."""
    logging.getLogger().addHandler(logging.NullHandler())  # else Python prints what nobody takes
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    sys.excepthook = _report
    threading.excepthook = _from_thread
    sys.unraisablehook = _from_nowhere


def state_directory() -> Path:
    """Return where details are written: systemd's StateDirectory=, else the directory for temporary files."""
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else Path(tempfile.gettempdir())


def _report(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    written = _written(told(error))
    details = f"the details are in {written}" if written else "and the details could not be written"
    with suppress(OSError, ValueError):
        print(  # noqa: T201 - the last word, on stderr
            f"syncd met an error that it does not know, {kind.__name__}; {details}: "
            "show them to whoever looks after syncd",
            file=sys.stderr,
        )


def _from_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        _report(args.exc_type, args.exc_value, args.exc_traceback)


def _from_nowhere(args: sys.UnraisableHookArgs) -> None:
    if args.exc_value is not None:
        _report(args.exc_type, args.exc_value, args.exc_traceback)


def _written(details: str) -> Path | None:
    for folder in (state_directory(), Path(tempfile.gettempdir())):
        with suppress(OSError):
            handle, name = tempfile.mkstemp(prefix="syncd-error-", suffix=".txt", dir=folder)  # 0600
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(details)
            return Path(name)
    return None
