"""What people write, read strictly: time zones, times, days and mail addresses.

Everything here raises ``ValueError`` with a sentence for whoever wrote it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_ADDRESS = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@[^\s@<>\"(),:;\[\]\\.]+(?:\.[^\s@<>\"(),:;\[\]\\.]+)*")
_LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
_ZONE_AT_THE_END = re.compile(r"(?<=\d)\s+([A-Za-z][A-Za-z0-9_+\-/]*)$")
_FORMS = 'write it like "2026-12-01T15:00:00Z" or "2026-12-01 16:00"'


def zone_named(name: str) -> ZoneInfo:
    """Return the time zone of the IANA database with this name.

    :raises ValueError: if there is none; the sentence names the nearest.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = _nearest_zone(name)
        hint = f"did you mean {near}?" if near else 'write it like "Europe/Berlin"'
        raise ValueError(f"{name!r} is not a time zone; {hint}") from None


def _nearest_zone(name: str) -> str | None:
    zones = sorted(available_timezones())
    by_name = {zone.casefold(): zone for zone in zones}
    by_city = {zone.rpartition("/")[2].casefold(): zone for zone in reversed(zones)}
    whole = name.strip().replace(" ", "_").casefold()
    city = whole.rpartition("/")[2]
    for wanted, names, cutoff in ((whole, by_name, 0.8), (city, by_city, 0.8), (whole, by_name, 0.6)):
        if close := get_close_matches(wanted, names, n=1, cutoff=cutoff):
            return names[close[0]]
    return None


def mail_address(text: str) -> str:
    """Return a bare e-mail address in lower case.

    :raises ValueError: if it is none.
    """
    bare = text.strip()
    if _ADDRESS.fullmatch(bare) is None or len(bare) > _LONGEST_ADDRESS:
        raise ValueError(f'{text!r} is not an e-mail address; write it like "name@school.example"')
    return bare.lower()


def day(text: str) -> date:
    """Return a day written like ``2026-12-01``.

    :raises ValueError: if it is none.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f'{text!r} is not a day; write it like "2026-12-01"') from None


def instant_at(text: str, zone: ZoneInfo) -> datetime:
    """Return a time as an instant in UTC: RFC 3339, or a wall time of *zone* or of a zone named after it.

    :raises ValueError: if it is none, or if that wall time comes twice or never on its day.
    """
    bare = text.strip()
    if named := _ZONE_AT_THE_END.search(bare):
        bare, zone = bare[: named.start()], zone_named(named[1])
    try:
        moment = datetime.fromisoformat(bare)
    except ValueError:
        raise ValueError(f"{text!r} is not a time; {_FORMS}") from None
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    return _on_the_wall(moment, zone)


def _on_the_wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the one instant at which a clock in *zone* shows *moment*."""
    first, second = (moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    if first > second:
        raise ValueError(f"{moment} is skipped in {zone.key}: clocks go forward there; choose another time")
    both = " or ".join(f'"{one.astimezone(zone).isoformat()}"' for one in (first, second))
    raise ValueError(f"{moment} comes twice in {zone.key}: clocks go back there; write {both}")
