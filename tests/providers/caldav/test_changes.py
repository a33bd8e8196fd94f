"""What a delta and a complete listing make of a server's rows."""

from __future__ import annotations

import pytest

from policy.interval import Interval
from providers.base import (
    BEHIND,
    BusyTime,
    Changes,
    ETag,
    Event,
    EventRef,
    RefKey,
    SyncToken,
    Tombstone,
    Unread,
    key_of,
)
from providers.caldav import CalDavProvider
from providers.errors import AccessLost, Loss, SyncTokenExpired, Unavailable, Unsupported
from tests.providers.caldav.answers import (
    ALIVE,
    CALENDAR,
    PATH,
    TASK,
    Said,
    alive,
    event,
    gone,
    multi,
    props,
    read,
    refused,
    row,
    standing,
    status,
)
from tests.providers.caldav.conftest import Server

A, B = EventRef(PATH + "a.ics"), EventRef(PATH + "b.ics")


def delta(provider: CalDavProvider, window: Interval, **known: str) -> Changes:
    return provider.changes(CALENDAR, SyncToken("t0"), known=_known(known), window=window)


def listing(provider: CalDavProvider, window: Interval, **known: str) -> Changes:
    return provider.changes(CALENDAR, None, known=_known(known), window=window)


def _known(etags: dict[str, str]) -> dict[RefKey, ETag]:
    return {key_of(EventRef(f"{PATH}{name}.ics")): ETag(etag) for name, etag in etags.items()}


def test_an_idle_delta_is_one_request(server: Server, provider: CalDavProvider, window: Interval) -> None:
    server.say("REPORT", PATH, multi(token="t1"))
    found = delta(provider, window)
    assert (found.items, found.token, found.listed) == ((), "t1", None)
    assert server.methods() == ["REPORT"]
    assert server.asked[0].headers["Depth"] == "0"
    assert "limit" not in str(server.asked[0].body)


@pytest.mark.parametrize(("changed", "requests"), [(1, 2), (100, 2), (101, 3), (250, 4)])
def test_changes_are_read_a_hundred_at_a_time(
    server: Server, provider: CalDavProvider, window: Interval, changed: int, requests: int
) -> None:
    names = [f"{n}.ics" for n in range(changed)]
    batches = [multi(*(read(name) for name in names[at : at + 100])) for at in range(0, changed, 100)]
    server.say("REPORT", PATH, multi(*(standing(name) for name in names), token="t1"), *batches)
    found = delta(provider, window)
    assert len(found.items) == changed
    assert all(isinstance(one, Event) and one.time.busy for one in found.items)
    assert len(server.asked) == requests


def test_a_known_version_is_not_read_again(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    server.say("REPORT", PATH, multi(standing("a.ics"), token="t1"))
    assert delta(provider, window, a='"1"').items == ()
    assert len(server.asked) == 1


def test_a_version_that_counts_per_href_is_read_again_in_a_delta(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    counted = '"gcs00000000"'
    server.say("REPORT", PATH, multi(standing("a.ics", counted), token="t1"), multi(read("a.ics", counted)))
    assert [one.ref for one in delta(provider, window, a=counted).items] == [A]


def test_a_row_that_says_404_and_nothing_else_is_a_tombstone(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    server.say("REPORT", PATH, multi(gone("a.ics"), token="t1"))
    assert delta(provider, window).items == (Tombstone(A),)


def test_a_row_that_says_404_and_gives_a_version_is_looked_at(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    both = row(A, status("404 Not Found") + props("<getetag>1</getetag>"))
    server.say("REPORT", PATH, multi(both, token="t1"), multi(read("a.ics")))
    (found,) = delta(provider, window).items
    assert isinstance(found, Event)


@pytest.mark.parametrize("line", ["403 Forbidden", "418 Teapot", "500 Oops", "410 Gone"])
def test_a_row_with_any_other_status_is_looked_at(
    server: Server, provider: CalDavProvider, window: Interval, line: str
) -> None:
    server.say("REPORT", PATH, multi(row(A, status(line)), token="t1"), multi(read("a.ics")))
    (found,) = delta(provider, window).items
    assert isinstance(found, Event)


def test_a_row_without_a_version_is_looked_at(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    missing = row(A, props("<getetag/>", "404 Not Found"))
    server.say("REPORT", PATH, multi(missing, token="t1"), multi(read("a.ics")))
    (found,) = delta(provider, window).items
    assert isinstance(found, Event)


def test_a_version_under_a_bad_status_is_not_taken(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    doubtful = row(A, props('<getetag>"1"</getetag>', "404 Not Found"))
    server.say("REPORT", PATH, multi(doubtful, token="t1"), multi(read("a.ics")))
    assert len(delta(provider, window, a='"1"').items) == 1


@pytest.mark.parametrize("left", ["", gone("a.ics"), row(A, status("500 Oops"))])
def test_what_a_multiget_leaves_out_is_asked_for_by_itself(
    server: Server, provider: CalDavProvider, window: Interval, left: str
) -> None:
    server.say("REPORT", PATH, multi(standing("a.ics"), token="t1"), multi(left))
    server.say("GET", A, Said(200, event(), "text/calendar", {"ETag": '"2"'}))
    (found,) = delta(provider, window).items
    assert isinstance(found, Event)
    assert (found.etag, found.notes) == ('"2"', (BEHIND,))


def test_what_is_listed_and_not_there_is_unknown(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    server.say("REPORT", PATH, multi(standing("a.ics"), token="t1"), multi())
    server.say("GET", A, Said(404))
    server.say("PROPFIND", PATH, alive())
    assert delta(provider, window).items == (Unread(A, ETag(""), BusyTime(unknown=(window,)), (BEHIND,)),)


def test_what_is_listed_with_two_versions_and_is_not_there_is_a_tombstone(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    twice = (standing("a.ics", '"1"'), standing("a.ics", '"2"'))
    server.say("REPORT", PATH, multi(*twice, token="t1"), multi())
    server.say("GET", A, Said(404))
    server.say("PROPFIND", PATH, alive())
    assert delta(provider, window).items == (Tombstone(A),)


def test_a_404_from_a_calendar_that_is_gone_is_no_tombstone(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    server.say("REPORT", PATH, multi(standing("a.ics"), token="t1"), multi())
    server.say("GET", A, Said(404))
    server.say("PROPFIND", PATH, Said(404))
    with pytest.raises(AccessLost) as caught:
        delta(provider, window)
    assert caught.value.loss is Loss.GONE


@pytest.mark.parametrize(
    "answer",
    [refused(403, "valid-sync-token"), refused(412, "valid-sync-token"), Said(412), Said(400), Said(507)],
)
def test_a_refused_token_is_expired(
    server: Server, provider: CalDavProvider, window: Interval, answer: Said
) -> None:
    server.say("REPORT", PATH, answer)
    with pytest.raises(SyncTokenExpired):
        delta(provider, window)


def test_a_403_that_names_no_token_is_a_loss(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    server.say("REPORT", PATH, refused(403, "need-privileges"))
    with pytest.raises(AccessLost) as caught:
        delta(provider, window)
    assert caught.value.loss is Loss.FORBIDDEN


def test_every_page_is_followed(server: Server, provider: CalDavProvider, window: Interval) -> None:
    more = row(PATH, status("507 Insufficient Storage"))
    pages = (multi(gone("a.ics"), more, token="t1"), multi(gone("b.ics"), token="t2"))
    server.say("REPORT", PATH, *pages)
    found = delta(provider, window)
    assert (found.items, found.token) == ((Tombstone(A), Tombstone(B)), "t2")
    assert "<sync-token>t1</sync-token>" in _text(server.asked[1].body)


def test_pages_that_lead_nowhere_end(server: Server, provider: CalDavProvider, window: Interval) -> None:
    server.say("REPORT", PATH, multi(row(PATH, status("507 Insufficient Storage")), token="t1"))
    with pytest.raises(Unavailable):
        delta(provider, window)


def test_an_event_that_came_back_on_a_later_page_is_no_tombstone(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    more = row(PATH, status("507 Insufficient Storage"))
    server.say(
        "REPORT",
        PATH,
        multi(gone("a.ics"), more, token="t1"),
        multi(standing("a.ics"), token="t2"),
        multi(read("a.ics")),
    )
    assert [type(one) for one in delta(provider, window).items] == [Event]


def test_a_complete_listing_names_all_and_reads_what_is_new(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    own = row(PATH, props("<getetag>x</getetag>"))
    inner = row(PATH + "folder/", props("<getetag>x</getetag>"))
    server.say(
        "REPORT",
        PATH,
        multi(own, inner, standing("a.ics"), standing("b.ics"), token="t1"),
        multi(read("b.ics")),
    )
    found = listing(provider, window, a='"1"')
    assert found.listed == {A: '"1"', B: '"1"'}
    assert [one.ref for one in found.items] == [B]
    assert "<sync-token></sync-token>" in _text(server.asked[0].body)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "refusal", [Said(501), Said(405), Said(415), Said(400), Said(507), refused(403, "supported-report")]
)
def test_a_server_without_tokens_is_listed_the_plain_way_once(
    server: Server, provider: CalDavProvider, window: Interval, refusal: Said
) -> None:
    server.say("REPORT", PATH, refusal, multi(read("a.ics")))
    server.say("PROPFIND", PATH, multi(row(PATH, props(ALIVE)), standing("a.ics")))
    found = listing(provider, window)
    assert (found.listed, found.token) == ({A: '"1"'}, None)
    assert server.methods() == ["REPORT", "PROPFIND", "REPORT"]


def test_a_plain_listing_that_is_cut_is_refused(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    server.say("REPORT", PATH, Said(501))
    cut = row(PATH, status("507 Insufficient Storage"))
    server.say("PROPFIND", PATH, multi(row(PATH, props(ALIVE)), standing("a.ics"), cut))
    with pytest.raises(Unavailable):
        listing(provider, window)


def test_a_plain_listing_of_no_calendar_is_unsupported(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    server.say("REPORT", PATH, Said(501))
    server.say("PROPFIND", PATH, multi(row(PATH, props("<resourcetype><collection/></resourcetype>"))))
    with pytest.raises(Unsupported):
        listing(provider, window)


def test_an_event_that_goes_during_a_listing_is_unknown(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    server.say("REPORT", PATH, multi(standing("a.ics"), token="t1"), multi(gone("a.ics")))
    server.say("GET", A, Said(404))
    server.say("PROPFIND", PATH, alive())
    found = listing(provider, window)
    assert found.listed == {A: ""}
    assert found.items == (Unread(A, ETag(""), BusyTime(unknown=(window,)), (BEHIND,)),)


def test_a_listing_carries_the_version_that_was_read(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    server.say("REPORT", PATH, multi(standing("a.ics", '"1"'), token="t1"), multi(read("a.ics", '"2"')))
    assert listing(provider, window).listed == {A: '"2"'}


@pytest.mark.parametrize(
    ("listed", "shown", "notes"),
    [('"1"', '"2"', (BEHIND,)), ('"1"', '"1"', ()), ('W/"1"', '"1"', ()), ("1", '"1"', ())],
)
def test_what_is_listed_in_another_version_than_it_is_shown_is_marked(
    server: Server,
    provider: CalDavProvider,
    window: Interval,
    listed: str,
    shown: str,
    notes: tuple[str, ...],
) -> None:
    server.say("REPORT", PATH, multi(standing("a.ics", listed), token="t1"), multi(read("a.ics", shown)))
    (found,) = delta(provider, window).items
    assert isinstance(found, Event)
    assert found.notes == notes


def test_what_cannot_be_read_is_unknown(server: Server, provider: CalDavProvider, window: Interval) -> None:
    server.say("REPORT", PATH, multi(standing("a.ics"), token="t1"), multi(read("a.ics", body="BEGIN:VCARD")))
    (found,) = delta(provider, window).items
    assert isinstance(found, Unread)
    assert found.time.unknown == (window,)


def test_a_task_is_listed_and_takes_no_time(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    task = TASK.format(uid="t")
    server.say("REPORT", PATH, multi(standing("a.ics"), token="t1"), multi(read("a.ics", body=task)))
    found = listing(provider, window)
    assert (found.items, found.listed) == ((), {A: '"1"'})


def test_an_event_that_became_a_task_is_told(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    task = TASK.format(uid="t")
    server.say("REPORT", PATH, multi(standing("a.ics"), token="t1"), multi(read("a.ics", body=task)))
    (found,) = delta(provider, window, a='"0"').items
    assert isinstance(found, Unread)
    assert not found.time.unknown


def test_an_answer_that_is_too_long_is_asked_for_in_parts(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    long = Said(207, b"x" * (8 * 1024 * 1024 + 1))
    rows = multi(standing("a.ics"), standing("b.ics"), token="t1")
    server.say("REPORT", PATH, rows, long, multi(read("a.ics")), long)
    server.say("GET", B, Said(200, b"x" * (8 * 1024 * 1024 + 1), "text/calendar"))
    a, b = delta(provider, window).items
    assert isinstance(a, Event)
    assert isinstance(b, Unread)
    assert b.time.unknown == (window,)


def test_hrefs_are_compared_decoded_and_asked_for_as_they_stand(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    listed = row(PATH + "a%20odd%40x%2By%2Fz%25.ics", props("<getetag>1</getetag>"))
    server.say("REPORT", PATH, multi(listed, token="t1"), multi())
    server.say("GET", PATH + "a%20odd@x+y%2Fz%25.ics", Said(200, event(), "text/calendar", {"ETag": '"2"'}))
    (found,) = delta(provider, window).items
    assert found.ref == PATH + "a odd@x+y%2Fz%25.ics"


def test_absolute_hrefs_of_the_same_server_are_taken(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    server.say("REPORT", PATH, multi(row(CALENDAR + "a.ics", status("404 Not Found")), token="t1"))
    assert delta(provider, window).items == (Tombstone(A),)


def test_busy_is_read_from_every_event(server: Server, provider: CalDavProvider, window: Interval) -> None:
    server.say(
        "REPORT",
        PATH,
        multi(standing("a.ics"), standing("b.ics"), token="t"),
        multi(read("a.ics"), read("b.ics", body="x")),
    )
    time = provider.busy([CALENDAR], window)[CALENDAR]
    assert len(time.busy) == 1
    assert time.unknown == (window,)


def _text(body: object) -> str:
    return body.decode() if isinstance(body, bytes) else str(body)
