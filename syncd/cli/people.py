"""Commands about people and their hours: ``person``, ``availability``, ``override``."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli import frame, given, opened
from syncd.errors import Problem, Usage
from syncd.store.errors import Taken
from syncd.store.rows import Person, Role

if TYPE_CHECKING:
    from datetime import datetime

    from policy.availability import Slot
    from policy.interval import Interval
    from syncd.free import Free
    from syncd.house import House

_DEFAULT_SPAN = timedelta(days=7)
_LONGEST_SPAN = timedelta(weeks=8)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="Whose.")]
From = Annotated[str | None, typer.Option("--from", metavar="T", help="From when; now, if not given.")]
To = Annotated[str | None, typer.Option("--to", metavar="T", help="Until when; a week, if not given.")]


def register(app: typer.Typer) -> None:
    """Add these commands to *app*."""
    person = typer.Typer(help="People whom the school knows.")
    person.command()(add)
    person.command("list")(list_)
    person.command()(show)
    app.add_typer(person, name="person")
    app.command()(availability)
    app.command()(override)


def add(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Their e-mail address.")],
    name: Annotated[str, typer.Option(metavar="N", help="Their name, as others read it.")],
    role: Annotated[Role, typer.Option(help="What they are at the school.")],
    zone: Annotated[
        str | None, typer.Option(metavar="Z", help="Their zone; the school's, if not given.")
    ] = None,
    weekly: Annotated[
        str | None,
        typer.Option(metavar="HOURS", help='When they can be met: "Mon-Fri 16:00-21:00, Sat 10:00-14:00".'),
    ] = None,
) -> None:
    """Add a student or a mentor."""
    address = given.address(email)
    where = given.zone(zone) if zone else None
    hours = str(given.weekly(weekly)) if weekly else None
    if not name.strip():
        raise Usage("--name is empty; give the name that others read")
    with opened.house() as house:
        key = where.key if where else house.config.school.zone.key
        try:
            with house.db.write() as tx:
                person = tx.people.add(address, name.strip(), role, key, hours)
                tx.audit.note("command", "person.add", address, {"role": role.value})
        except Taken:
            raise Problem(
                f"{address}: this person is here already; see: syncd person show {address}"
            ) from None
    frame.say(f"{person.email}  {person.role}  {person.zone}")


def list_(*, as_json: frame.JsonOption = False) -> None:
    """List everybody."""
    with opened.house() as house, house.db.read() as tx:
        people = tx.people.all()
    if as_json:
        frame.emit([_person(each) for each in people])
        return
    frame.table(
        ("email", "name", "role", "zone", "weekly hours"),
        [(each.email, each.name, each.role, each.zone, each.weekly or "(default)") for each in people],
    )


def show(email: Email, *, as_json: frame.JsonOption = False) -> None:
    """Show one person with their calendars, and what cannot be read in them."""
    from syncd.notes import limited

    with opened.house() as house:
        person = opened.person(house, email)
        with house.db.read() as tx:
            calendars = tx.calendars.of_person(person.id)
            wrong = limited(tx, person)
    rows = [
        {
            "calendar": each.name,
            "busy": each.busy,
            "sessions": each.sessions,
            "health": each.health,
            "trouble": each.trouble,
            "verified_at": each.verified_at,
        }
        for each in calendars
    ]
    if as_json:
        frame.emit({**_person(person), "calendars": rows, "limited": wrong})
        return
    for name, value in _person(person).items():
        frame.say(f"{name:<8} {value or '(default)'}")
    if rows:
        frame.say("")
        frame.table(tuple(rows[0]), [tuple(row.values()) for row in rows])
    for one in wrong:
        frame.say(f"{one.what}, since {frame.rfc3339(one.since.replace(microsecond=0))}")


def _person(person: Person) -> dict[str, object]:
    return {
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "zone": person.zone,
        "weekly": person.weekly,
    }


# --- availability --------------------------------------------------------------------


def availability(
    email: Email, start: From = None, end: To = None, *, as_json: frame.JsonOption = False
) -> None:
    """Print the hours of a person: free, busy or unknown."""
    from syncd import free
    from syncd.notes import limited

    with opened.house() as house:
        person = opened.person(house, email)
        found = free.availability(house, person, _window(house, person, start, end))
        with house.db.read() as tx:
            wrong = [one.what for one in limited(tx, person)]
    if as_json:
        frame.emit(
            {
                "person": person.email,
                "zone": person.zone,
                "from": found.window.start,
                "to": found.window.end,
                "as_of": found.as_of,
                "slots": found.slots,
            }
        )
        return
    _print(found)
    for sentence in wrong:
        frame.talk(sentence)


def _window(house: House, person: Person, start: str | None, end: str | None) -> Interval:
    from policy.interval import Interval

    zone = opened.zone_of(person)
    first = given.instant(start, zone) if start else house.clock.now()
    last = given.instant(end, zone) if end else first + _DEFAULT_SPAN
    if last <= first:
        raise Usage(f"--to {frame.rfc3339(last)} is not after --from {frame.rfc3339(first)}")
    if last - first > _LONGEST_SPAN:
        raise Usage("at most eight weeks can be shown at once; bring --from and --to closer together")
    return Interval(first, last)


def _print(found: Free) -> None:
    """Print a line a day, with its free and its unknown hours; what is left is busy."""
    zone = opened.zone_of(found.person)
    as_of = found.as_of.astimezone(zone) if found.as_of else None
    seen = f"as of {as_of:%a %d %b %H:%M}" if as_of else "not every calendar has been read"
    frame.talk(f"{found.person.name}, {zone.key}, {seen}")

    def day(slot_start: datetime) -> str:
        return f"{slot_start.astimezone(zone):%a %d %b %Y}"

    for name, slots in groupby(found.slots, key=lambda slot: day(slot.start)):
        runs = [
            f"{state} {first.start.astimezone(zone):%H:%M}-{last.end.astimezone(zone):%H:%M}"
            for state, group in groupby(slots, key=lambda slot: slot.state.value)
            for first, *_, last in [_twice(list(group))]
            if state != "busy"
        ]
        frame.say(f"{name}  {', '.join(runs) or 'busy'}")


def _twice(slots: list[Slot]) -> list[Slot]:
    return slots * 2  # so that one alone is both first and last


class Pin(StrEnum):
    """What a pin does to hours."""

    OPEN = "open"
    BLOCK = "block"


def override(
    email: Email,
    pin: Annotated[Pin, typer.Argument(help="open: can be met; block: cannot be met.")],
    start: Annotated[str, typer.Option("--from", metavar="T", help="From when.")],
    end: Annotated[str, typer.Option("--to", metavar="T", help="Until when.")],
    reason: Annotated[str, typer.Option(metavar="R", help="Why; the person reads it.")] = "",
    until: Annotated[str | None, typer.Option(metavar="T", help="When the pin itself ends.")] = None,
) -> None:
    """Pin hours of a person open, or block them, whatever the calendars say."""
    with opened.house() as house:
        person = opened.person(house, email)
        zone = opened.zone_of(person)
        first, last = given.instant(start, zone), given.instant(end, zone)
        if last <= first:
            raise Usage(f"--to {frame.rfc3339(last)} is not after --from {frame.rfc3339(first)}")
        expires = given.instant(until, zone) if until else None
        with house.db.write() as tx:
            tx.overrides.add(
                person.id,
                open=pin is Pin.OPEN,
                start=first,
                end=last,
                reason=reason,
                author="command",
                until=expires,
            )
            tx.audit.note("command", "override", person.email, {"pin": pin.value})
    frame.say(f"{person.email}  {pin.value}  {frame.rfc3339(first)} to {frame.rfc3339(last)}")
