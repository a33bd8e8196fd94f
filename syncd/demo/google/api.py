"""The methods of the API: which path and verb each has, and what a person must have allowed for it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

from syncd.demo.google import calendars, events, freebusy
from syncd.demo.google.answers import Answer, Request, saying
from syncd.demo.google.calls import Call
from syncd.demo.google.fields import masked
from syncd.demo.google.listing import list_events, list_instances
from syncd.demo.google.pages import Pages
from syncd.demo.google.refusals import Body, Refusal, invalid, no_scope, not_found
from syncd.demo.google.scopes import PREFIX
from syncd.demo.google.state import World
from syncd.demo.google.tokens import Tokens
from syncd.demo.google.watch import Channels

BASE = "/calendar/v3"
_READ = (
    *(
        "calendar",
        "calendar.app.created",
        "calendar.events",
        "calendar.events.freebusy",
        "calendar.events.owned",
    ),
    *("calendar.events.owned.readonly", "calendar.events.public.readonly", "calendar.events.readonly"),
    "calendar.readonly",
)
_WRITE = ("calendar", "calendar.app.created", "calendar.events", "calendar.events.owned")
_LIST = ("calendar", "calendar.calendarlist", "calendar.calendarlist.readonly", "calendar.readonly")
_STOP = (
    *("calendar.acls", "calendar.acls.readonly", "calendar.calendarlist", "calendar.calendarlist.readonly"),
    *("calendar.settings", "calendar.settings.readonly"),
)
_CALENDAR, _EVENT = "calendars/{calendarId}", "calendars/{calendarId}/events/{eventId}"
METHODS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "calendarList.list": ("GET", "users/me/calendarList", _LIST),
    "calendarList.get": ("GET", "users/me/calendarList/{calendarId}", (*_LIST, "calendar.app.created")),
    "calendars.get": (
        *("GET", _CALENDAR),
        (
            *("calendar", "calendar.app.created", "calendar.calendars"),
            *("calendar.calendars.readonly", "calendar.readonly"),
        ),
    ),
    "calendars.insert": ("POST", "calendars", ("calendar", "calendar.app.created", "calendar.calendars")),
    "calendars.delete": ("DELETE", _CALENDAR, ("calendar", "calendar.app.created", "calendar.calendars")),
    "events.list": ("GET", "calendars/{calendarId}/events", _READ),
    "events.insert": ("POST", "calendars/{calendarId}/events", _WRITE),
    "events.watch": ("POST", "calendars/{calendarId}/events/watch", _READ),
    "events.get": ("GET", _EVENT, _READ),
    "events.update": ("PUT", _EVENT, _WRITE),
    "events.patch": ("PATCH", _EVENT, _WRITE),
    "events.delete": ("DELETE", _EVENT, _WRITE),
    "events.move": (
        *("POST", "calendars/{calendarId}/events/{eventId}/move"),
        ("calendar", "calendar.events", "calendar.events.owned"),
    ),
    "events.instances": ("GET", "calendars/{calendarId}/events/{eventId}/instances", _READ),
    "freebusy.query": (
        *("POST", "freeBusy"),
        ("calendar", "calendar.events.freebusy", "calendar.freebusy", "calendar.readonly"),
    ),
    "channels.stop": ("POST", "channels/stop", (*_READ, *_STOP)),
}
"""Verb, path and scopes of each method, as the discovery document has them."""


@dataclass(frozen=True)
class _Route:
    method: str
    verb: str
    path: re.Pattern[str]
    scopes: frozenset[str]


def _route(method: str) -> _Route:
    verb, path, scopes = METHODS[method]
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
    return _Route(method, verb, re.compile(f"{BASE}/{pattern}"), frozenset(scopes))


_ROUTES = tuple(_route(method) for method in METHODS)


class Api:
    """The API of one world."""

    def __init__(self, world: World, tokens: Tokens, channels: Channels) -> None:
        self._world, self._tokens = world, tokens
        pages = Pages(world.manners)
        self._methods: dict[str, Callable[[Call], Body | None]] = {
            "calendarList.list": lambda call: calendars.list_calendars(call, pages),
            "calendarList.get": calendars.get_entry,
            "calendars.get": calendars.get,
            "calendars.insert": calendars.insert,
            "calendars.delete": calendars.delete,
            "events.list": lambda call: list_events(call, pages),
            "events.insert": events.insert,
            "events.watch": channels.watch,
            "events.get": events.get,
            "events.update": events.update,
            "events.patch": events.patch,
            "events.delete": events.delete,
            "events.move": events.move,
            "events.instances": lambda call: list_instances(call, pages),
            "freebusy.query": freebusy.query,
            "channels.stop": channels.stop,
        }

    def answer(self, request: Request) -> Answer:
        """Answer a request."""
        try:
            with self._world.act():
                given = self._answer(request)
        except Refusal as refused:
            return saying(refused.body(), refused.status, refused.headers)
        if given is None:
            return Answer(HTTPStatus.NO_CONTENT)
        etag, fields = {"ETag": str(given["etag"])} if "etag" in given else {}, request.query.get("fields")
        try:
            return saying(masked(given, fields[-1]) if fields else given, HTTPStatus.OK, etag)
        except Refusal as refused:
            return saying(refused.body(), refused.status)

    def _answer(self, request: Request) -> Body | None:
        for route in _ROUTES:
            found = route.path.fullmatch(request.path)
            if found and route.verb == request.method:
                at = {name: unquote(value) for name, value in found.groupdict().items()}
                return self._methods[route.method](self._call(request, route, at))
        raise not_found()

    def _call(self, request: Request, route: _Route, at: Mapping[str, str]) -> Call:
        access = self._tokens.bearer(request.headers.get("authorization", ""))
        scopes = route.scopes & {one.removeprefix(PREFIX) for one in access.scopes}
        method = f"calendar.{route.method}"
        if not scopes:
            raise no_scope(method)
        match = request.headers.get("if-match")
        return Call(self._world, method, access.person, scopes, at, request.query, _body(request), match)


def _body(request: Request) -> Body:
    if not request.body:
        return {}
    try:
        read = json.loads(request.body)
    except ValueError as wrong:
        raise invalid("Parse Error") from wrong
    if not isinstance(read, dict):
        raise invalid("Parse Error")
    return read
