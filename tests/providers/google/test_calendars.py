"""The list of an account's calendars."""

from __future__ import annotations

from typing import Any

import pytest

from providers.base import CalendarEntry, CalendarId
from providers.errors import Unavailable
from providers.google import GoogleProvider
from tests.providers.google.answers import CALENDARS, Said
from tests.providers.google.conftest import Server

TEAM = CalendarId("team@group.calendar.google.example")


def listed(*items: Any, **more: Any) -> Said:
    return Said(200, {"kind": "calendar#calendarList", "items": list(items), **more})


def test_an_empty_name_is_that_of_no_page(server: Server, provider: GoogleProvider) -> None:
    server.always = listed(row("a@x"), nextPageToken="")
    assert len(provider.calendars()) == 1


def row(calendar: object, role: object = "owner", **more: Any) -> dict[str, Any]:
    return {"id": calendar, "summary": "Team", "accessRole": role, **more}


def test_calendars_are_sorted_by_the_names_that_their_owner_gave_them(
    server: Server, provider: GoogleProvider
) -> None:
    server.say(
        "GET",
        CALENDARS,
        listed(row("b@x", summaryOverride="Zoo"), row("a@x", primary=True), nextPageToken="p"),
        listed(nextPageToken="q"),
        listed(row("c@x", "reader", summary="Also mine")),
    )
    assert [(one.name, one.id, one.default, one.writable) for one in provider.calendars()] == [
        ("Also mine", "c@x", False, False),
        ("Team", "a@x", True, True),
        ("Zoo", "b@x", False, True),
    ]


@pytest.mark.parametrize(
    ("role", "writable", "times_only"),
    [
        ("owner", True, False),
        ("writer", False, True),
        ("reader", False, True),
        ("freeBusyReader", False, True),
    ],
)
def test_what_can_be_done_follows_from_the_role(
    server: Server, provider: GoogleProvider, role: str, *, writable: bool, times_only: bool
) -> None:
    server.always = listed(row(TEAM, role))
    assert provider.calendars() == (
        CalendarEntry(TEAM, "Team", writable=writable, events=True, default=False, times_only=times_only),
    )


@pytest.mark.parametrize(
    "odd",
    [
        row(TEAM, "none"),
        row(TEAM, None),
        row(TEAM, []),
        row(TEAM, deleted=True),
        row(None),
        row(5),
        row(""),
        row("a\nb"),
        row("x" * 1025),
        {},
    ],
    ids=str,
)
def test_what_cannot_be_asked_for_is_not_listed(
    server: Server, provider: GoogleProvider, odd: dict[str, Any]
) -> None:
    server.always = listed(odd, row("a@x"))
    assert [one.id for one in provider.calendars()] == ["a@x"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"summary": "a\x1b[31mb\u202ec"}, "a[31mbc"),
        ({"summary": "x" * 500}, "x" * 200),
        ({"summary": ""}, TEAM),
        ({"summary": None}, TEAM),
        ({"summary": 5, "summaryOverride": []}, TEAM),
        ({"summary": "\u202e"}, "?"),
        ({"summary": "Team", "summaryOverride": ""}, "Team"),
        ({"summary": "\ud800 Team"}, "Team"),
    ],
)
def test_a_name_can_be_shown(
    server: Server, provider: GoogleProvider, given: dict[str, Any], name: str
) -> None:
    server.always = listed(row(TEAM, **given))
    (one,) = provider.calendars()
    assert one.name == name


@pytest.mark.parametrize(
    "pages",
    [
        [listed(nextPageToken="p"), listed(nextPageToken="p"), listed()],
        [listed(nextPageToken=5)],
        [listed("x")],
        [Said(200, {"kind": "calendar#calendarList", "items": {}})],
        [Said(200, {"kind": "calendar#events", "items": []})],
    ],
    ids=["a page that names itself", "a number", "a word", "an object", "another list"],
)
def test_a_list_that_does_not_fit_together_is_no_answer(
    server: Server, provider: GoogleProvider, pages: list[Said]
) -> None:
    server.say("GET", CALENDARS, *pages)
    with pytest.raises(Unavailable):
        provider.calendars()
