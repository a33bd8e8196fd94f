"""Definitions of time zones as calendar programs write them into their documents (RFC 5545, 3.6.5)."""

from __future__ import annotations

_EUROPE = """\
BEGIN:VTIMEZONE
TZID:{name}
BEGIN:DAYLIGHT
TZOFFSETFROM:{winter}
TZOFFSETTO:{summer}
TZNAME:{summer_name}
DTSTART:19810329T{spring}0000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:{summer}
TZOFFSETTO:{winter}
TZNAME:{winter_name}
DTSTART:19961027T{autumn}0000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
END:VTIMEZONE
"""
_NEW_YORK = """\
BEGIN:VTIMEZONE
TZID:America/New_York
BEGIN:DAYLIGHT
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
TZNAME:EDT
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
TZNAME:EST
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
END:STANDARD
END:VTIMEZONE
"""

DEFINITIONS = {
    "Europe/Berlin": _EUROPE.format(
        name="Europe/Berlin",
        winter="+0100",
        summer="+0200",
        winter_name="CET",
        summer_name="CEST",
        spring="02",
        autumn="03",
    ),
    "Europe/London": _EUROPE.format(
        name="Europe/London",
        winter="+0000",
        summer="+0100",
        winter_name="GMT",
        summer_name="BST",
        spring="01",
        autumn="02",
    ),
    "America/New_York": _NEW_YORK,
}
