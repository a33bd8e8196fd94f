"""Fetching, creating, replacing and removing one event."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from providers.base import ETag, EventDraft, EventRef
from providers.caldav import CalDavProvider
from providers.errors import (
    AccessLost,
    EventExists,
    EventNotFound,
    Loss,
    PreconditionFailed,
    Unavailable,
    Unreadable,
    Unsupported,
)
from tests.providers.caldav.answers import (
    CALENDAR,
    LOGIN,
    PATH,
    TASK,
    Said,
    alive,
    event,
    multi,
    read,
    refused,
    row,
    status,
)
from tests.providers.caldav.conftest import Server

A, NEW = EventRef(PATH + "a.ics"), PATH + "0f0f.ics"
ONE = ETag('"1"')
GOOD = Said(
    200, event(), "text/calendar; charset=utf-8", {"ETag": '"1"', "Date": "Mon, 23 Nov 2026 10:00:00 GMT"}
)
GONE_ROW = multi(row(PATH, status("404 Not Found")))


def test_an_event_is_fetched_past_caches_in_one_request(server: Server, provider: CalDavProvider) -> None:
    server.say("GET", A, GOOD)
    found = provider.fetch(CALENDAR, A)
    assert (found.uid, found.etag, found.start) == ("u", '"1"', datetime(2026, 11, 24, 10, tzinfo=UTC))
    assert found.receipt.date == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert not found.receipt.cached
    assert not found.time.busy
    (asked,) = server.asked
    assert asked.headers["Cache-Control"] == "no-cache"
    assert asked.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(("age", "cached"), [("0", False), ("7", True), ("x", False)])
def test_an_answer_with_an_age_came_from_a_cache(
    server: Server, provider: CalDavProvider, age: str, cached: bool
) -> None:
    server.say("GET", A, Said(200, event(), "text/calendar", {"ETag": '"1"', "Age": age}))
    assert provider.fetch(CALENDAR, A).receipt.cached is cached


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"9"'}])
def test_a_version_that_is_not_told_is_read_together_with_its_body(
    server: Server, provider: CalDavProvider, headers: dict[str, str]
) -> None:
    server.say("GET", A, Said(200, event("old"), "text/calendar", headers))
    server.say("REPORT", PATH, multi(read("a.ics", '"2"', event("new"))))
    found = provider.fetch(CALENDAR, A)
    assert (found.uid, found.etag) == ("new", '"2"')


@pytest.mark.parametrize(("age", "cached"), [("0", False), ("7", True)])
def test_an_absence_with_an_age_came_from_a_cache(
    server: Server, provider: CalDavProvider, age: str, cached: bool
) -> None:
    server.say("GET", A, Said(404, b"", "", {"Age": age}))
    server.say("PROPFIND", PATH, alive())
    with pytest.raises(EventNotFound) as missing:
        provider.fetch(CALENDAR, A)
    assert missing.value.cached is cached


def test_a_404_is_believed_of_a_calendar_that_answers(server: Server, provider: CalDavProvider) -> None:
    server.say("GET", A, Said(404))
    server.say("PROPFIND", PATH, alive())
    with pytest.raises(EventNotFound):
        provider.fetch(CALENDAR, A)


@pytest.mark.parametrize(
    ("answer", "loss"),
    [
        (Said(404), Loss.GONE),
        (Said(410), Loss.GONE),
        (GONE_ROW, Loss.GONE),
        (Said(401), Loss.CREDENTIALS),
        (Said(403), Loss.FORBIDDEN),
    ],
)
def test_a_404_in_a_calendar_that_is_lost_is_the_loss(
    server: Server, provider: CalDavProvider, draft: EventDraft, answer: Said, loss: Loss
) -> None:
    server.always = Said(404)
    server.say("PROPFIND", PATH, answer)
    for act in (
        lambda: provider.fetch(CALENDAR, A),
        lambda: provider.update(CALENDAR, A, draft, ONE),
        lambda: provider.delete(CALENDAR, A, ONE),
        lambda: provider.create(CALENDAR, draft),
    ):
        with pytest.raises(AccessLost) as caught:
            act()
        assert caught.value.loss is loss


@pytest.mark.parametrize("answer", [Said(503), Said(207), multi(), Said(200, LOGIN, "text/html"), Said(500)])
def test_a_404_in_a_calendar_that_does_not_answer_says_nothing(
    server: Server, provider: CalDavProvider, answer: Said
) -> None:
    server.say("GET", A, Said(404))
    server.say("PROPFIND", PATH, answer)
    with pytest.raises(Unavailable):
        provider.fetch(CALENDAR, A)


def test_a_task_is_not_an_event(server: Server, provider: CalDavProvider) -> None:
    server.say("GET", A, Said(200, TASK.format(uid="t"), "text/calendar", {"ETag": '"1"'}))
    with pytest.raises(Unreadable):
        provider.fetch(CALENDAR, A)


@pytest.mark.parametrize("answer", [Said(201, headers={"ETag": '"1"'}), Said(204), Said(200)])
def test_a_new_event_is_one_guarded_request(
    server: Server, provider: CalDavProvider, draft: EventDraft, answer: Said
) -> None:
    server.say("PUT", NEW, answer)
    written = provider.create(CALENDAR, draft)
    assert written.ref == NEW == provider.ref_for(CALENDAR, draft.uid)
    assert written.etag == answer.headers.get("ETag")
    (asked,) = server.asked
    assert asked.headers["If-None-Match"] == "*"
    assert asked.headers["Content-Type"] == "text/calendar"
    assert "Authorization" in asked.headers


def test_a_weak_version_is_no_version(server: Server, provider: CalDavProvider, draft: EventDraft) -> None:
    server.say("PUT", NEW, Said(201, headers={"ETag": 'W/"1"'}))
    assert provider.create(CALENDAR, draft).etag is None


@pytest.mark.parametrize(
    "answer",
    [
        Said(412),
        refused(412, "C:no-uid-conflict"),
        refused(409, "C:no-uid-conflict"),
        refused(403, "C:no-uid-conflict"),
        refused(403, "C:unique-scheduling-object-resource"),
    ],
)
def test_what_stands_already_is_told(
    server: Server, provider: CalDavProvider, draft: EventDraft, answer: Said
) -> None:
    server.say("PUT", NEW, answer)
    with pytest.raises(EventExists):
        provider.create(CALENDAR, draft)


@pytest.mark.parametrize("condition", ["C:valid-calendar-data", "C:supported-calendar-component"])
@pytest.mark.parametrize("code", [403, 409, 412, 415])
def test_a_refused_content_is_a_fault_of_configuration(
    server: Server, provider: CalDavProvider, draft: EventDraft, code: int, condition: str
) -> None:
    server.always = refused(code, condition)
    with pytest.raises(Unsupported):
        provider.create(CALENDAR, draft)
    with pytest.raises(Unsupported):
        provider.update(CALENDAR, A, draft, ONE)


def test_a_change_is_bound_to_the_version(
    server: Server, provider: CalDavProvider, draft: EventDraft
) -> None:
    server.say("PUT", A, Said(204, headers={"ETag": '"2"'}))
    assert provider.update(CALENDAR, A, draft, ONE).etag == '"2"'
    assert server.asked[0].headers["If-Match"] == '"1"'


def test_a_412_of_what_stands_is_a_change(
    server: Server, provider: CalDavProvider, draft: EventDraft
) -> None:
    server.always = Said(412)
    server.say("GET", A, GOOD)
    with pytest.raises(PreconditionFailed):
        provider.update(CALENDAR, A, draft, ONE)
    with pytest.raises(PreconditionFailed):
        provider.delete(CALENDAR, A, ONE)


@pytest.mark.parametrize("code", [404, 412])
def test_a_refused_write_of_what_is_gone_is_a_removal(
    server: Server, provider: CalDavProvider, draft: EventDraft, code: int
) -> None:
    server.always = Said(code)
    server.say("GET", A, Said(404))
    server.say("PROPFIND", PATH, alive())
    with pytest.raises(EventNotFound):
        provider.update(CALENDAR, A, draft, ONE)
    with pytest.raises(EventNotFound):
        provider.delete(CALENDAR, A, ONE)


def test_a_404_on_a_write_of_what_stands_says_nothing(
    server: Server, provider: CalDavProvider, draft: EventDraft
) -> None:
    server.always = Said(404)
    server.say("GET", A, GOOD)
    with pytest.raises(Unavailable):
        provider.update(CALENDAR, A, draft, ONE)


@pytest.mark.parametrize("answer", [Said(204), Said(200), multi(row(PATH + "a.ics", status("200 OK")))])
def test_a_removal_is_one_guarded_request(server: Server, provider: CalDavProvider, answer: Said) -> None:
    server.say("DELETE", A, Said(200, answer.body) if answer.body else answer)
    provider.delete(CALENDAR, A, ONE)
    (asked,) = server.asked
    assert asked.headers["If-Match"] == '"1"'


def test_a_removal_that_failed_inside_is_not_done(server: Server, provider: CalDavProvider) -> None:
    server.say("DELETE", A, Said(200, multi(row(A, status("423 Locked"))).body))
    with pytest.raises(Unavailable):
        provider.delete(CALENDAR, A, ONE)


def test_a_server_that_ignores_conditions_is_looked_at_first(
    server: Server, provider: CalDavProvider
) -> None:
    server.say("GET", A, Said(200, event(), "text/calendar", {"ETag": '"gcs00000002"'}))
    server.say("DELETE", A, Said(204))
    with pytest.raises(PreconditionFailed):
        provider.delete(CALENDAR, A, ETag('"gcs00000001"'))
    assert server.methods() == ["GET"]
    provider.delete(CALENDAR, A, ETag('"gcs00000002"'))


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("30", timedelta(seconds=30)),
        ("999999999999", timedelta(days=1)),
        ("-5", None),
        ("Mon, 23 Nov 2026 10:01:00 GMT", timedelta(minutes=1)),
        ("Mon, 23 Nov 2026 09:00:00 GMT", timedelta(0)),
        ("Fri, 23 Nov 2029 09:00:00 GMT", timedelta(days=1)),
        ("soon", None),
    ],
)
@pytest.mark.parametrize("code", [423, 429, 503])
def test_a_server_may_ask_us_to_wait_a_day_at_most(
    server: Server, provider: CalDavProvider, code: int, asked: str, wait: timedelta | None
) -> None:
    server.always = Said(code, headers={"Retry-After": asked, "Date": "Mon, 23 Nov 2026 10:00:00 GMT"})
    with pytest.raises(Unavailable) as caught:
        provider.fetch(CALENDAR, A)
    assert caught.value.retry_after == wait


def test_an_error_names_neither_the_event_nor_the_password(server: Server, provider: CalDavProvider) -> None:
    server.always = Said(503, "Secret", "text/plain")
    with pytest.raises(Unavailable) as caught:
        provider.fetch(CALENDAR, EventRef(PATH + "lunch-with-anna.ics"))
    assert str(caught.value) == f"{CALENDAR}: the server fails (503)"


def test_bodies_are_not_logged(
    server: Server, provider: CalDavProvider, caplog: pytest.LogCaptureFixture
) -> None:
    server.always = Said(200, "<html>Secret</html>", "text/html")
    with caplog.at_level(0), pytest.raises(Unavailable):
        provider.fetch(CALENDAR, A)
    assert "Secret" not in caplog.text


def test_construction_asks_nothing(server: Server, provider: CalDavProvider) -> None:
    assert provider.ref_for(CALENDAR, "x") == PATH + "x.ics"
    assert server.asked == []


def test_name_and_password_are_sent_in_utf_8(server: Server, connect: Callable[..., CalDavProvider]) -> None:
    server.say("GET", A, GOOD)
    connect(password="пароль").fetch(CALENDAR, A)
    sent = b64decode(server.asked[0].headers["Authorization"].removeprefix("Basic "))
    assert sent.decode() == "student:пароль"
