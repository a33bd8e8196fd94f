"""Principal, homes and calendars."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from providers.base import CalendarEntry, CalendarId, Capability
from providers.caldav import CalDavProvider
from providers.errors import AccessLost, Loss, Unavailable, Unsupported
from tests.providers.caldav.answers import ALIVE, CALENDAR, HOST, PATH, Said, multi, props, row
from tests.providers.caldav.conftest import Server

HOME = "/cal/"
TOKENS = "<supported-report-set><supported-report><report><sync-collection/></report></supported-report></supported-report-set>"


def principal(*extra: str) -> Said:
    home = f"<C:calendar-home-set><href>{HOME}</href></C:calendar-home-set>"
    return multi(row("/me/", props("<resourcetype><principal/></resourcetype>" + home + "".join(extra))))


def home(*rows: str) -> Said:
    return multi(row(HOME, props("<resourcetype><collection/></resourcetype>")), *rows)


def calendar(path: str, inner: str = "") -> str:
    return row(path, props(ALIVE + inner))


def components(*names: str) -> str:
    inner = "".join(f'<C:comp name="{name}"/>' for name in names)
    return f"<C:supported-calendar-component-set>{inner}</C:supported-calendar-component-set>"


def privileges(*names: str) -> str:
    inner = "".join(f"<privilege><{name}/></privilege>" for name in names)
    return f"<current-user-privilege-set>{inner}</current-user-privilege-set>"


def test_calendars_are_two_requests(server: Server, provider: CalDavProvider) -> None:
    server.say("PROPFIND", "/me/", principal())
    server.say(
        "PROPFIND",
        HOME,
        home(
            calendar(PATH, "<displayname>Work</displayname>" + components("VEVENT") + privileges("all")),
            calendar("/cal/read%20only/", privileges("read")),
            calendar("/cal/tasks/", "<displayname>Tasks</displayname>" + components("VTODO")),
            row("/cal/in/", props("<resourcetype><collection/><C:schedule-inbox/></resourcetype>")),
            row("/cal/files/", props("<resourcetype><collection/></resourcetype>")),
        ),
    )
    assert provider.calendars() == (
        CalendarEntry(CalendarId(f"{HOST}/cal/tasks/"), "Tasks", writable=True, events=False),
        CalendarEntry(CALENDAR, "Work", writable=True, events=True),
        CalendarEntry(CalendarId(f"{HOST}/cal/in/"), "in", writable=True, events=False),
        CalendarEntry(CalendarId(f"{HOST}/cal/read%20only/"), "read only", writable=False, events=True),
    )
    assert len(server.asked) == 2


def test_the_inbox_names_the_default(server: Server, provider: CalDavProvider) -> None:
    inbox = "<C:schedule-inbox-URL><href>/me/inbox</href></C:schedule-inbox-URL>"
    server.say("PROPFIND", "/me/", principal(inbox))
    server.say("PROPFIND", HOME, home(calendar("/cal/a/"), calendar(PATH)))
    named = "<C:schedule-default-calendar-URL><href>/cal/life</href></C:schedule-default-calendar-URL>"
    server.say("PROPFIND", "/me/inbox", multi(row("/me/inbox/", props(named))))
    assert [one.id for one in provider.calendars() if one.default] == [CALENDAR]


def test_from_the_root_the_way_leads_over_the_principal(
    server: Server, connect: Callable[..., CalDavProvider]
) -> None:
    who = "<current-user-principal><href>/me/</href></current-user-principal>"
    server.say("PROPFIND", "/", multi(row("/", props(who))))
    server.say("PROPFIND", "/me/", principal())
    server.say("PROPFIND", HOME, home(calendar(PATH)))
    assert [one.id for one in connect(HOST + "/").calendars()] == [CALENDAR]


def test_a_calendar_by_itself_is_an_account_of_one(
    server: Server, connect: Callable[..., CalDavProvider]
) -> None:
    server.say("PROPFIND", PATH, multi(calendar(PATH, "<sync-token>t</sync-token>")))
    alone = connect(CALENDAR)
    assert [one.id for one in alone.calendars()] == [CALENDAR]
    assert alone.capabilities() == Capability.SYNC_TOKEN


OUTBOX = "<C:schedule-outbox-URL><href>/me/out/</href></C:schedule-outbox-URL>"
AUTO = "1, calendar-access, calendar-auto-schedule"


def known_as(*hrefs: str) -> str:
    inner = "".join(f"<href>{href}</href>" for href in hrefs)
    return f"<C:calendar-user-address-set>{inner}</C:calendar-user-address-set>"


KNOWN = known_as("/me/", "mailto:Student@School.example")


@pytest.mark.parametrize(
    ("told", "headers", "can"),
    [
        (OUTBOX + KNOWN, {"DAV": AUTO}, Capability.SYNC_TOKEN | Capability.SCHEDULING),
        (OUTBOX + KNOWN, {"DAV": "1, calendar-access"}, Capability.SYNC_TOKEN),
        (OUTBOX + KNOWN, {"DAV": AUTO, "X-DAViCal-Version": "DAViCal/1.1.12"}, Capability.SYNC_TOKEN),
        (KNOWN, {"DAV": AUTO}, Capability.SYNC_TOKEN),
        (OUTBOX, {"DAV": AUTO}, Capability.SYNC_TOKEN),
        (OUTBOX + known_as("mailto:other@school.example"), {"DAV": AUTO}, Capability.SYNC_TOKEN),
    ],
)
def test_scheduling_needs_the_word_an_outbox_the_owners_address_and_a_server_that_keeps_it(
    server: Server, provider: CalDavProvider, told: str, headers: dict[str, str], can: Capability
) -> None:
    server.say("PROPFIND", "/me/", principal(told))
    server.say("PROPFIND", HOME, home(calendar(PATH, TOKENS)))
    server.say("OPTIONS", HOME, Said(200, headers=headers))
    assert provider.capabilities() == can


def test_davicals_boxes_are_no_calendars(server: Server, provider: CalDavProvider) -> None:
    server.say("PROPFIND", "/me/", principal())
    listed = home(calendar("/cal/.in/"), calendar("/cal/.out/"), calendar(PATH))
    server.say("PROPFIND", HOME, Said(207, listed.body, headers={"X-DAViCal-Version": "DAViCal/1.1.12"}))
    assert [one.id for one in provider.calendars() if one.events] == [CALENDAR]


@pytest.mark.parametrize(
    ("host", "where"),
    [("evil.example", f"{HOST}/me/"), ("p12.school.example", "https://p12.school.example:443/cal/")],
)
def test_a_home_on_a_neighbour_is_asked_and_elsewhere_not(
    server: Server, provider: CalDavProvider, host: str, where: str
) -> None:
    away = f"<C:calendar-home-set><href>https://{host}:443/cal/</href></C:calendar-home-set>"
    server.say("PROPFIND", "/me/", multi(row("/me/", props(away))))
    with pytest.raises(Unavailable) as caught:  # the neighbour has no answer prepared
        provider.calendars()
    assert caught.value.where == where


def test_an_account_without_calendars_is_unsupported(server: Server, provider: CalDavProvider) -> None:
    server.say("PROPFIND", "/me/", multi(row("/me/", props("<resourcetype><collection/></resourcetype>"))))
    with pytest.raises(Unsupported):
        provider.calendars()


def test_an_account_that_is_gone_is_lost(server: Server, provider: CalDavProvider) -> None:
    server.say("PROPFIND", "/me/", multi(row("/me/", "<status>HTTP/1.1 404 Not Found</status>")))
    with pytest.raises(AccessLost) as caught:
        provider.calendars()
    assert caught.value.loss is Loss.GONE


def test_an_empty_answer_is_not_an_account_without_calendars(
    server: Server, provider: CalDavProvider
) -> None:
    server.say("PROPFIND", "/me/", principal())
    server.say("PROPFIND", HOME, multi())
    with pytest.raises(Unavailable):
        provider.calendars()
