"""Instants and dates as Google writes them: RFC 3339, read in one zone and written in another."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from syncd.demo.google.refusals import Body, invalid, required

_UTC = ZoneInfo("UTC")


def zone_of(name: str, where: str = "") -> ZoneInfo:
    """Return the zone of that name.

    :raises Refusal: if there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, TypeError, ValueError, OSError) as unknown:
        raise invalid(f"Invalid time zone definition{where}.") from unknown


def instant(text: str, name: str) -> datetime:
    """Return the instant that a parameter names; its offset is mandatory.

    :raises Refusal: if it is none.
    """
    try:
        read = datetime.fromisoformat(text)
    except (TypeError, ValueError) as wrong:
        raise invalid("Bad Request", name) from wrong
    if read.tzinfo is None:
        raise invalid("Bad Request", name)
    return read.astimezone(UTC)


def stored(given: Body | None, which: str, default: ZoneInfo) -> Body:
    """Return the start or the end of an event as it is kept: a date, or an instant in UTC and a zone.

    :raises Refusal: if it is neither.
    """
    given = {name: value for name, value in (given or {}).items() if value is not None}
    if "date" not in given and "dateTime" not in given:
        raise required(f"Missing {which} time.")
    if "date" in given and "dateTime" in given:
        raise invalid(f"Invalid {which} time.")
    named = given.get("timeZone")
    zone = zone_of(named, f" for {which} time") if named else default
    try:
        if "date" in given:
            return {"date": date.fromisoformat(given["date"]).isoformat()}
        at = datetime.fromisoformat(given["dateTime"])
    except (TypeError, ValueError) as wrong:
        raise invalid(f"Invalid {which} time.") from wrong
    if at.tzinfo is None and not named:
        raise required(f"Missing time zone definition for {which} time.")
    at = at if at.tzinfo else at.replace(tzinfo=zone)
    return {"dateTime": written(at, _UTC), "timeZone": zone.key}


def starts(moment: Body, zone: ZoneInfo) -> datetime:
    """Return the instant at which a kept start or end lies; a date begins in *zone*."""
    if "date" in moment:
        return datetime.combine(date.fromisoformat(moment["date"]), time(), zone).astimezone(UTC)
    return datetime.fromisoformat(moment["dateTime"])


def shown(moment: Body, zone: ZoneInfo) -> Body:
    """Return a kept start or end as it is answered: written in *zone*, whatever it was written in once."""
    if "date" in moment:
        return dict(moment)
    return {**moment, "dateTime": written(datetime.fromisoformat(moment["dateTime"]), zone)}


def written(at: datetime, zone: ZoneInfo) -> str:
    """Return an instant in *zone*, to the second."""
    text = at.astimezone(zone).isoformat(timespec="seconds")
    return text.removesuffix("+00:00") + "Z" if zone.key in {"UTC", "Etc/UTC"} else text


def stamped(at: datetime) -> str:
    """Return an instant as ``created`` and ``updated`` have it, with milliseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def milliseconds(at: datetime) -> int:
    """Return the milliseconds since 1970."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def at_millisecond(count: int) -> datetime:
    """Return the instant so many milliseconds after 1970 began."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=count)
