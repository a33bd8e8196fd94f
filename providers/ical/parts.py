"""What one VEVENT says: when it is, how it recurs, and whether it takes time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto

from providers.base import Owner, PartStat, Status
from providers.ical.limits import Limits
from providers.ical.lines import Block
from providers.ical.notes import Note, Unclear
from providers.ical.rules import Rule, parse
from providers.ical.values import Dates, Length, Moment, Property, between, length, split

_CODE = re.compile(r"\d(?:\.\d+){1,2}", re.ASCII)
"""A status code (RFC 5545, 3.8.8.3); Xandikos adds its text."""


class Takes(Enum):
    """What an event takes of its owner's time."""

    NOTHING = auto()
    TENTATIVE = auto()
    BUSY = auto()


@dataclass(frozen=True, slots=True)
class Part:
    """One VEVENT of a series: the master, or an override of one instance or of all from there on."""

    start: Moment
    length: Length
    takes: Takes
    sequence: int = 0
    rules: tuple[Rule, ...] = ()
    added: tuple[tuple[Moment, Length | None], ...] = ()
    """RDATE."""
    excluded: tuple[Moment, ...] = ()
    """EXDATE."""
    replaces: Moment | None = None
    """RECURRENCE-ID."""
    onwards: bool = False
    """RANGE=THISANDFUTURE."""


def understand(block: Block, dates: Dates, owner: Owner) -> Part:
    """Return what a VEVENT says.

    :raises Unclear: if a property that decides about time cannot be read.
    """
    if block.note is not None:
        raise Unclear(block.note)
    start, size = span(block, dates)
    replaces, onwards = _replaces(block, dates)
    recurs = any(block.all(name) for name in ("RRULE", "RDATE"))
    if replaces is not None and recurs:
        raise Unclear(Note.OVERRIDE_RECURS)
    if block.all("EXRULE"):
        raise Unclear(Note.RULE_EXCLUDES)
    return Part(
        start=start,
        length=size,
        takes=takes(block, owner),
        sequence=sequence(block),
        rules=_rules(block, dates.limits),
        added=tuple((_in_zone(at, start), size) for at, size in _listed(block, "RDATE", dates)),
        excluded=tuple(_in_zone(at, start) for at, _ in _listed(block, "EXDATE", dates)),
        replaces=replaces,
        onwards=onwards,
    )


def span(block: Block, dates: Dates) -> tuple[Moment, Length]:
    """Return when a VEVENT starts and how long it is (RFC 5545, 3.6.1).

    :raises Unclear: if it does not say, or ends before it starts.
    """
    first = only(block, "DTSTART")
    if first is None:
        raise Unclear(Note.START_MISSING)
    start = dates.one(first)
    if (end := only(block, "DTEND")) is not None:
        return start, between(start, dates.one(end))
    if (duration := only(block, "DURATION")) is not None:
        return start, length(duration.value)
    return start, Length(nominal=timedelta(days=1 if start.is_date else 0))


def only(block: Block, name: str) -> Property | None:
    """Return the one property of this name.

    :raises Unclear: if there are two that differ.
    """
    lines = dict.fromkeys(block.all(name))
    if len(lines) > 1:
        raise Unclear(Note.PROPERTY_TWICE)
    return next((split(line) for line in lines), None)


def takes(block: Block, owner: Owner) -> Takes:
    """Return what an event takes of its owner's time, whenever it is."""
    standing = status(block)
    own = [line for line in block.all("ATTENDEE") if any(one in line.lower() for one in owner.addresses)]
    answers = _answers(own)
    declined = any(answers.get(address) is PartStat.DECLINED for address in owner.addresses)
    if declined or standing is Status.CANCELLED or _word(block, "TRANSP") == "TRANSPARENT":
        return Takes.NOTHING
    return Takes.TENTATIVE if standing is Status.TENTATIVE else Takes.BUSY


def status(block: Block) -> Status:
    """Return the STATUS; what is none reads as confirmed."""
    word = _word(block, "STATUS")
    return next((one for one in Status if one == word), Status.CONFIRMED)


def partstats(block: Block) -> dict[str, PartStat]:
    """Return the answers of the guests; a guest whose line cannot be read has none."""
    return _answers(block.all("ATTENDEE"))


def deliveries(block: Block) -> dict[str, str]:
    """Return the first code that the server gave each guest's message (RFC 6638, 7.3)."""
    codes = {_address(guest): guest.params.get("SCHEDULE-STATUS", "") for guest in _guests(block)}
    return {address: found[0] for address, code in codes.items() if (found := _CODE.match(code))}


def silent(block: Block) -> bool:
    """Tell whether a guest is somebody else's to invite, not the server's (RFC 6638, 7.1)."""
    agents = (guest.params.get("SCHEDULE-AGENT", "").upper() for guest in _guests(block))
    return any(agent in {"CLIENT", "NONE"} for agent in agents)


def _guests(block: Block) -> Iterator[Property]:
    return _split(block.all("ATTENDEE"))


def _answers(lines: Iterable[str]) -> dict[str, PartStat]:
    answers: dict[str, PartStat] = {}
    for guest in _split(lines):
        word = guest.params.get("PARTSTAT", "").upper()
        answers[_address(guest)] = next((one for one in PartStat if one == word), PartStat.NEEDS_ACTION)
    return answers


def _split(lines: Iterable[str]) -> Iterator[Property]:
    for line in lines:
        try:
            yield split(line)
        except Unclear:
            continue


def _address(guest: Property) -> str:
    address = guest.value.lower()
    if not address.startswith("mailto:") and guest.params.get("EMAIL"):
        # iCloud names a guest by urn:uuid: or a path, and puts the address beside it (RFC 7986, 6.2).
        address = guest.params["EMAIL"].lower()
    return address.removeprefix("mailto:").strip()


def sequence(block: Block) -> int:
    """Return the SEQUENCE; what is no number reads as 0."""
    word = _word(block, "SEQUENCE")
    return int(word) if word.isascii() and word.isdigit() and len(word) <= len("2147483647") else 0


def _word(block: Block, name: str) -> str:
    for line in block.all(name)[:1]:
        return line.rpartition(":")[2].strip().upper()
    return ""


def _replaces(block: Block, dates: Dates) -> tuple[Moment | None, bool]:
    instance = only(block, "RECURRENCE-ID")
    if instance is None:
        return None, False
    reach = instance.params.get("RANGE", "").upper()
    if reach not in {"", "THISANDFUTURE"}:
        raise Unclear(Note.RANGE_UNKNOWN)
    return dates.one(instance), bool(reach)


def _rules(block: Block, limits: Limits) -> tuple[Rule, ...]:
    lines = dict.fromkeys(block.all("RRULE"))
    if len(lines) > limits.rules:
        raise Unclear(Note.RULE_TOO_WIDE)
    return tuple(parse(split(line).value, limits) for line in lines)


def _listed(block: Block, name: str, dates: Dates) -> list[tuple[Moment, Length | None]]:
    lines = block.all(name)
    if sum(line.count(",") + 1 for line in lines) > dates.limits.dates:
        raise Unclear(Note.TOO_MANY_DATES)
    return [one for line in lines for one in dates.many(split(line))]


def _in_zone(at: Moment, start: Moment) -> Moment:
    """Return a date of a list as the series means it: without a zone of its own it has that of the start."""
    return replace(at, zone=start.zone) if at.floating or at.is_date else at
