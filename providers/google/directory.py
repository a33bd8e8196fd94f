"""The calendars of an account (``calendarList``), and whether this is Google at all."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from providers.answers import readable
from providers.base import CalendarEntry, CalendarId
from providers.errors import Unavailable, Unsupported
from providers.google.answer import Answer, Json, objects, text
from providers.google.api import Api
from providers.google.pages import follow
from providers.google.reasons import refusal

_MOST = 250
_FIELDS = "kind,nextPageToken,items(id,summary,summaryOverride,accessRole,primary,deleted)"
_ROLES = frozenset({"freeBusyReader", "reader", "writer", "owner"})
_KIND = "calendar#calendarList"


def reached(api: Api) -> None:
    """Return if Google lets the account in.

    :raises Unsupported: if this is not Google's calendar API.
    """
    _read(api, None, 1)


def calendars(api: Api) -> tuple[CalendarEntry, ...]:
    """Return every calendar of the account, sorted by name.

    :raises Unsupported: if this is not Google's calendar API.
    """
    pages = follow(lambda page: _read(api, page, _MOST))
    found = {one.id: one for answer in pages for one in _entries(answer)}
    return tuple(sorted(found.values(), key=lambda one: (one.name, one.id)))


def _read(api: Api, page: str | None, most: int) -> Answer:
    answer = api.read(api.on.calendars.list(maxResults=most, pageToken=page, fields=_FIELDS))
    if answer.fine:
        if answer.object().get("kind") != _KIND:
            raise Unavailable("the answer is no list of calendars", where=api.where)
        return answer
    if answer.status == HTTPStatus.NOT_FOUND:
        words = "this is not Google's calendar API (google.api_endpoint)"
        raise Unsupported(words, where=api.where, status=answer.status)
    raise refusal(answer, write=False)


def _entries(answer: Answer) -> Iterator[CalendarEntry]:
    rows = objects(answer.object().get("items"))
    if rows is None:
        raise Unavailable("the answer is no list of calendars", where=answer.where)
    for row in rows:
        calendar, role = text(row.get("id")), text(row.get("accessRole"))
        if calendar is None or row.get("deleted") is True or role not in _ROLES:
            continue  # with no role there is nothing to be seen
        yield CalendarEntry(
            id=CalendarId(calendar),
            name=readable(_name(row) or calendar),
            writable=role == "owner",
            events=True,
            default=row.get("primary") is True,
            # The scope that writes sessions shows events of calendars that the account owns, and of no others.
            times_only=role != "owner",
        )


def _name(row: Json) -> str:
    return next(
        (one for name in ("summaryOverride", "summary") if isinstance(one := row.get(name), str) and one), ""
    )
