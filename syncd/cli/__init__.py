"""The command line: ``main`` is what the installed script calls."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; without *args* it owns the process and takes the process's."""
    from syncd.cli import unexpected
    from syncd.errors import Misconfigured
    from syncd.guard import check

    if args is None:
        unexpected.install()
    try:
        check()
    except Misconfigured as wrong:
        print(wrong.sentence, file=sys.stderr)  # noqa: T201 - the frame may not be imported yet
        return wrong.exit_code
    from syncd.cli import frame

    words = sys.argv[1:] if args is None else args
    if list(words) == ["--version"]:
        return frame.run((), words)  # answered before the commands are loaded
    from syncd.cli import attention, booking, calendars, demo, oversight, people, reading, running, setup

    return frame.run((setup, people, calendars, booking, running, oversight, attention, reading, demo), words)
