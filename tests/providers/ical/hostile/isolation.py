"""How much one hanging calendar slows nineteen others: ``python -m tests.providers.ical.hostile.isolation``."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from providers.ical import Note, TooMuch
from providers.ical.sandbox import Sandbox
from tests.providers.ical.texts import BERLIN, between, document, event

APRIL = between("2026-04-01 00:00", "2026-05-01 00:00")
HOUR = ("DTSTART:20260410T080000Z", "DTEND:20260410T090000Z")
CALENDARS = [[document(event(*HOUR, uid=f"{c}-{n}")) for n in range(100)] for c in range(19)]


def hanging(sandbox: Sandbox, number: int) -> Note | None:
    """Read a document that hangs, and return what is said of it."""
    try:
        sandbox.calendar()(document(event(*HOUR, f"X-SPIN:{number}")), BERLIN, APRIL)
    except TooMuch as why:
        return why.note
    return None


def seconds(sandbox: Sandbox, beside: int | None) -> float:
    """Return how long nineteen calendars take, four at a time, alone or beside one that hangs."""

    def one(bodies: Sequence[bytes]) -> float:
        calendar = sandbox.calendar()
        for body in bodies:
            calendar(body, BERLIN, APRIL)
        return time.monotonic()

    with ThreadPoolExecutor(4) as pool, ThreadPoolExecutor(1) as other:
        began = time.monotonic()
        stuck = None if beside is None else other.submit(hanging, sandbox, beside)
        taken = max(pool.map(one, CALENDARS)) - began
        if stuck is not None and stuck.result() is not Note.TOO_SLOW:
            raise AssertionError("it did not hang")
    return taken


def main(tries: int = 5) -> int:
    """Print what each of some tries took."""
    sandbox = Sandbox(worker="tests.providers.ical.wild")
    hanging(sandbox, -1)  # both processes have been started
    for number in range(tries):
        alone, beside = seconds(sandbox, None), seconds(sandbox, number)
        said = (
            f"19 calendars alone {alone:.2f} s, beside one that hangs {beside:.2f} s: {beside / alone:.2f} x"
        )
        print(said)  # noqa: T201 - the figure
    sandbox.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
