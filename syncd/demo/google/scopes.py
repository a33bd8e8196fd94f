"""What a person can allow a program, in the words in which Google asks them."""

from __future__ import annotations

from collections.abc import Mapping

PREFIX = "https://www.googleapis.com/auth/"
"""What every scope of Google's begins with."""
WORDS: Mapping[str, str] = {
    "calendar": "See, edit, share, and permanently delete all the calendars you can access using Google Calendar",
    "calendar.acls": "See and change the sharing permissions of Google calendars you own",
    "calendar.acls.readonly": "See the sharing permissions of Google calendars you own",
    "calendar.app.created": "Make secondary Google calendars, and see, create, change, and delete events on them",
    "calendar.calendarlist": "See, add, and remove Google calendars you're subscribed to",
    "calendar.calendarlist.readonly": "See the list of Google calendars you're subscribed to",
    "calendar.calendars": "See and change the properties of Google calendars you have access to, and create secondary calendars",
    "calendar.calendars.readonly": "See the title, description, default time zone, and other properties of Google calendars you have access to",
    "calendar.events": "View and edit events on all your calendars",
    "calendar.events.freebusy": "See the availability on Google calendars you have access to",
    "calendar.events.owned": "See, create, change, and delete events on Google calendars you own",
    "calendar.events.owned.readonly": "See the events on Google calendars you own",
    "calendar.events.public.readonly": "See the events on public calendars",
    "calendar.events.readonly": "View events on all your calendars",
    "calendar.freebusy": "View your availability in your calendars",
    "calendar.readonly": "See and download any calendar you can access using your Google Calendar",
    "calendar.settings": "View and edit your Calendar settings",
    "calendar.settings.readonly": "View your Calendar settings",
}
"""Each scope of the calendar without its prefix, as the discovery document describes it."""
IDENTITY = frozenset(("openid", "email", "profile", f"{PREFIX}userinfo.email", f"{PREFIX}userinfo.profile"))
"""Scopes that tell who a person is, and open none of their calendars."""


def whole(scope: str) -> str:
    """Return a scope with its prefix."""
    return scope if "/" in scope or scope in IDENTITY else f"{PREFIX}{scope}"


def known(scope: str) -> bool:
    """Tell whether there is such a scope."""
    return scope in IDENTITY or scope.removeprefix(PREFIX) in WORDS
