"""When a person can be met, from what is stored: the answer names how old it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from policy.availability import Availability, Slot, derive, slots
from policy.grid import Horizon
from policy.interval import Interval, subtract
from policy.weekly import Weekly
from syncd.house import House
from syncd.store.rows import Block, Calendar, Health, Person
from syncd.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Free:
    """The availability of one person in a window."""

    person: Person
    window: Interval
    as_of: datetime | None
    """When the calendar that was read least recently was read; ``None`` if one never was."""
    slots: tuple[Slot, ...]


def availability(house: House, person: Person, window: Interval) -> Free:
    """Return the hours of *person* in *window*, each free, busy or unknown.

    :raises ValueError: if *window* is longer than eight weeks.
    """
    zone = ZoneInfo(person.zone)
    with house.db.read() as tx:
        calendars = [each for each in tx.calendars.of_person(person.id) if each.busy]
        grid = _grid(house, tx, person, zone, calendars, Horizon.around(window))
    seen = [each.verified_at for each in calendars]
    as_of = min((at for at in seen if at is not None), default=None) if None not in seen else None
    return Free(person, window, as_of, slots(grid, zone, window))


def _grid(
    house: House, tx: Tx, person: Person, zone: ZoneInfo, calendars: list[Calendar], horizon: Horizon
) -> Availability:
    config = house.config
    buffer = config.grid.buffer
    wider = Interval(horizon.window.start - buffer, horizon.window.end + buffer)
    blocks = tx.calendars.blocks([each.id for each in calendars], wider)
    pins = tx.overrides.of(person.id, wider, tx.now)
    return derive(
        horizon,
        zone,
        Weekly.parse(person.weekly) if person.weekly else config.grid.weekly,
        readable=bool(calendars) and all(_fresh(house, tx, each) for each in calendars),
        busy=_kind(blocks, "busy"),
        tentative=_kind(blocks, "tentative"),
        unknown=(*_kind(blocks, "unknown"), *_unread(calendars, wider)),
        tentative_is_busy=config.grid.tentative == "busy",
        sessions=[Interval(each.start, each.end) for each in tx.sessions.live_of(person.id, wider)],
        buffer=buffer,
        closures=[days.interval(config.school.zone) for days in config.school.closures],
        opened=[Interval(pin.start, pin.end) for pin in pins if pin.open],
        blocked=[Interval(pin.start, pin.end) for pin in pins if not pin.open],
    )


def _kind(blocks: tuple[Block, ...], kind: str) -> list[Interval]:
    return [Interval(block.start, block.end) for block in blocks if block.kind == kind]


def _fresh(house: House, tx: Tx, calendar: Calendar) -> bool:
    """Tell whether what is stored of *calendar* still says something about the present."""
    if calendar.health is Health.LOST or calendar.verified_at is None:
        return False
    return tx.now - calendar.verified_at <= house.config.poll.stale_after


def _unread(calendars: list[Calendar], window: Interval) -> list[Interval]:
    """Return the parts of *window* for which a calendar's busy time was never derived."""
    return [
        hole
        for calendar in calendars
        for hole in subtract([window], [calendar.window] if calendar.window else [])
    ]
