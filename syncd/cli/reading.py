"""``syncd read``: how syncd understands a calendar file, with no account, configuration or database."""

from __future__ import annotations

from datetime import UTC, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli import frame, given
from syncd.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from policy.interval import Interval
    from providers.ical import Limits
    from syncd.understood import Understood

_DEFAULT_SPAN = timedelta(weeks=8)
_SHOWN = 12
"""Days of one file that are printed for a person."""


def register(app: typer.Typer) -> None:
    """Add these commands to *app*."""
    app.command()(read)


def read(
    files: Annotated[list[str], typer.Argument(metavar="FILE.ics...", help="The files.")],
    start: Annotated[
        str | None, typer.Option("--from", metavar="T", help="From when; now, if not given.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="T", help="Until when; eight weeks later, if not given.")
    ] = None,
    zone: Annotated[
        str, typer.Option(metavar="Z", help="The owner's zone, for all-day events and times without one.")
    ] = "UTC",
    *,
    as_json: frame.JsonOption = False,
) -> None:
    """Read calendar files as they would be read in somebody's calendar, and print what time they take."""
    from providers.base import Owner
    from syncd.reader import sandbox
    from syncd.understood import REJECT, understood

    limits = _limits()
    owner = Owner(given.zone(zone))
    window = _window(start, end, owner.zone, limits)
    rejected = 0
    if not as_json:
        frame.talk(f"{_day(window.start, owner.zone)} to {_day(window.end, owner.zone)}, {owner.zone.key}")
    for name in files:
        found = understood(name, owner, window, sandbox(limits))
        rejected += found.verdict == REJECT
        if as_json:
            frame.emit(found)
        else:
            _print(found, owner.zone)
    if rejected:
        raise typer.Exit(1)


def _limits() -> Limits:
    """Return the limits of the configuration that was named; one that merely lies around has no say."""
    from providers.ical import Limits

    if (named := frame.explicit()) is None:
        return Limits()
    from syncd.config import load
    from syncd.reader import limits_of

    return limits_of(load(named).limits)


def _window(start: str | None, end: str | None, zone: ZoneInfo, limits: Limits) -> Interval:
    from policy.interval import Interval
    from syncd.clock import SystemClock

    first = given.instant(start, zone) if start else SystemClock().now().replace(microsecond=0)
    last = given.instant(end, zone) if end else first + _DEFAULT_SPAN
    if not (limits.first_year < first.year and last.year < limits.last_year):
        raise Usage(f"--from and --to must lie between {limits.first_year} and {limits.last_year}")
    if last <= first:
        raise Usage(f"--to {frame.rfc3339(last)} is not after --from {frame.rfc3339(first)}")
    return Interval(first, last)


def _print(found: Understood, zone: ZoneInfo) -> None:
    from syncd.understood import REJECT

    name = _visible(found.file)
    if found.verdict == REJECT:
        frame.say(f"{name}  {found.verdict}  {found.notes[0]}")
        return
    parts = ((found.busy, "busy"), (found.unknown, "unknown"))
    counts = [f"{len(part)} {word}" for part, word in parts if part]
    frame.say(f"{name}  {found.verdict}  {', '.join(counts) or 'nothing in this time'}")
    _print_notes(found)
    days = list(_days(found, zone))
    for line in days[:_SHOWN]:
        frame.say(f"  {line}")
    if len(days) > _SHOWN:
        frame.say(f"  and {len(days) - _SHOWN} more days (all of them: --json)")


def _print_notes(found: Understood) -> None:
    if found.notes:
        from syncd.notes import WORDS

        for note in found.notes:
            frame.say(f"  {WORDS.get(note, note.replace('-', ' '))}")


def _days(found: Understood, zone: ZoneInfo) -> Iterator[str]:
    """Yield a line a day on which something begins."""
    every = sorted([*((one, "") for one in found.busy), *((one, "unknown ") for one in found.unknown)])
    for day, spans in groupby(every, key=lambda span: _day(span[0].start, zone)):
        yield f"{day}  {', '.join(word + _hours(one, zone) for one, word in spans)}"


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %d %b %Y}"


def _hours(one: Interval, zone: ZoneInfo) -> str:
    first, last = one.start.astimezone(zone), one.end.astimezone(zone)
    same = (last.astimezone(UTC) - first.astimezone(UTC)) < timedelta(days=1) and last.date() == first.date()
    return f"{first:%H:%M}-{last:%H:%M}" if same else f"{first:%H:%M} to {_day(one.end, zone)} {last:%H:%M}"


def _visible(name: str) -> str:
    """Return a file's name without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)
