"""Pages, tokens and tombstones, good and bad."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from policy.interval import Interval
from providers.base import BusyTime, CalendarId, ETag, Event, EventRef, SyncToken, Tombstone, Unread, key_of
from providers.errors import AccessLost, SyncTokenExpired, Unavailable
from providers.google import GoogleProvider
from providers.google.listing import QUERY
from providers.transport import TooLong
from providers.uids import google_id
from tests.providers.google.acts import REF, TOKEN
from tests.providers.google.answers import CALENDAR, EVENTS, Said, deleted, event, page, refused
from tests.providers.google.conftest import Server

OWN = f"{EVENTS}/{REF}"
FOREIGN = EventRef("abcde")
DUG = datetime(2026, 11, 21, 10, tzinfo=UTC)


def queries(server: Server) -> list[dict[str, str]]:
    return [
        {name: one[-1] for name, one in parse_qs(urlsplit(str(asked.url)).query).items()}
        for asked in server.asked
        if urlsplit(str(asked.url)).path == EVENTS
    ]


def test_a_listing_follows_every_page(server: Server, provider: GoogleProvider, window: Interval) -> None:
    server.say(
        "GET",
        EVENTS,
        page(nextPageToken="p1"),
        page(event("aaaaa"), nextPageToken="p2"),
        page(nextPageToken="p3"),
        page(event("bbbbb"), nextSyncToken="s"),
    )
    found = provider.changes(CALENDAR, None, known={}, window=window)
    assert [one.ref for one in found.items] == ["aaaaa", "bbbbb"] == list(found.listed or ())
    assert [query.get("pageToken") for query in queries(server)] == [None, "p1", "p2", "p3"]
    assert found.token is not None
    assert found.token.endswith(":s")


def test_all_pages_are_asked_for_alike_and_a_delta_as_the_listing_before_it(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.always = page(nextSyncToken="s")
    server.say(
        "GET", EVENTS, page(nextPageToken="p"), page(nextSyncToken="s"), page(nextPageToken="q"), page()
    )
    token = provider.changes(CALENDAR, None, known={}, window=window).token
    provider.changes(CALENDAR, token, known={}, window=window)
    asked = queries(server)
    assert [query.pop("syncToken", None) for query in asked] == [None, None, "s", "s"]
    assert [query.pop("pageToken", None) for query in asked] == [None, "p", None, "q"]
    assert all(query == asked[0] for query in asked)
    assert asked[0]["showDeleted"] == "true"
    assert not {"timeMin", "timeMax", "orderBy", "q", "updatedMin", "singleEvents"} & asked[0].keys()


def test_what_is_told_twice_holds_as_it_was_told_last(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.say(
        "GET",
        EVENTS,
        page(event("aaaaa", etag='"1"'), event("bbbbb"), deleted("ccccc"), nextPageToken="p1"),
        page(event("aaaaa", etag='"2"'), deleted("bbbbb"), event("ccccc"), nextSyncToken="s"),
    )
    found = provider.changes(CALENDAR, TOKEN, known={}, window=window)
    assert {one.ref: type(one) for one in found.items} == {"aaaaa": Event, "bbbbb": Tombstone, "ccccc": Event}
    assert [one.etag for one in found.items if one.ref == "aaaaa" and isinstance(one, Event)] == ['"2"']
    assert len(found.items) == 3


def test_a_listing_has_no_tombstones_and_a_delta_has_them(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.always = page(event("aaaaa"), deleted("bbbbb"))
    listing = provider.changes(CALENDAR, None, known={}, window=window)
    assert ([one.ref for one in listing.items], list(listing.listed or ())) == (["aaaaa"], ["aaaaa"])
    delta = provider.changes(CALENDAR, TOKEN, known={}, window=window)
    assert delta.listed is None
    assert Tombstone(EventRef("bbbbb"), DUG) in delta.items


def test_known_versions_are_named_and_not_told_again(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.always = page(event("aaaaa", etag='"1"'), event("bbbbb", etag='"2"'), deleted("ccccc"))
    known = {key_of(EventRef(ref)): ETag('"1"') for ref in ("aaaaa", "bbbbb", "ccccc")}
    delta = provider.changes(CALENDAR, TOKEN, known=known, window=window)
    assert delta.same == {"aaaaa"}
    assert [one.ref for one in delta.items] == ["bbbbb", "ccccc"]
    listing = provider.changes(CALENDAR, None, known=known, window=window)
    assert [one.ref for one in listing.items] == ["bbbbb"]
    assert listing.listed == {"aaaaa": '"1"', "bbbbb": '"2"'}


def test_an_item_without_a_version_is_never_known(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.always = page(event("aaaaa", etag=None))
    known = {key_of(EventRef("aaaaa")): ETag("")}
    (item,) = provider.changes(CALENDAR, TOKEN, known=known, window=window).items
    assert item == Unread(EventRef("aaaaa"), ETag(""), BusyTime(), ("version-missing",))


def test_an_odd_item_does_not_hide_the_others(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.always = page(event("aaaaa", start=None), event("bbbbb"))
    odd, good = provider.changes(CALENDAR, None, known={}, window=window).items
    assert isinstance(odd, Unread)
    assert isinstance(good, Event)
    assert good.time == BusyTime()


def test_a_pass_is_dated_by_its_first_page_and_cached_if_one_of_them_was(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    first = replace(page(nextPageToken="p"), headers={"Date": "Tue, 24 Nov 2026 10:00:00 GMT"})
    last = replace(page(), headers={"Date": "Tue, 24 Nov 2026 10:00:09 GMT", "Age": "7"})
    server.say("GET", EVENTS, first, last)
    receipt = provider.changes(CALENDAR, TOKEN, known={}, window=window).receipt
    assert (receipt.date, receipt.cached) == (datetime(2026, 11, 24, 10, tzinfo=UTC), True)


# --- what must not be believed -----------------------------------------------------------


@pytest.mark.parametrize("since", [None, TOKEN])
@pytest.mark.parametrize(
    "pages",
    [
        pytest.param(
            [page(nextPageToken="p"), page(nextPageToken="p"), page()], id="a page that names itself"
        ),
        pytest.param(
            [page(nextPageToken="p"), page(nextPageToken="q"), page(nextPageToken="p"), page()],
            id="pages that go round",
        ),
        pytest.param([page(nextSyncToken=None)], id="no token at the end"),
        pytest.param([page(nextSyncToken="")], id="an empty token"),
        pytest.param([page(nextSyncToken=5)], id="a token that is a number"),
        pytest.param([page(nextSyncToken="a\nb")], id="a token with a line break"),
        pytest.param([page(nextSyncToken="x" * 4097)], id="an endless token"),
        pytest.param([page(nextPageToken=5), page()], id="a page token that is a number"),
        pytest.param([page(nextPageToken=""), page()], id="an empty page token"),
        pytest.param([page(nextPageToken={}), page()], id="a page token that is an object"),
        pytest.param([page("x")], id="an item that is a word"),
        pytest.param([page(None)], id="an item that is nothing"),
        pytest.param([page({})], id="an item that says nothing"),
        pytest.param([page({"status": "cancelled"})], id="a deletion of nothing"),
        pytest.param([page(event("aaaaa", id=7))], id="an item whose id is a number"),
        pytest.param([page(event("aaaaa", id="a\nb"))], id="an item whose id has a line break"),
        pytest.param([page(event("aaaaa", id="ü"))], id="an item whose id has letters that no id has"),
        pytest.param([Said(200, {"items": {}, "nextSyncToken": "s"})], id="items that are no list"),
        pytest.param([page(nextPageToken="p"), Said(200, "<html>", "text/html")], id="a page in HTML"),
        pytest.param([page(nextPageToken="p"), refused(400, "invalid")], id="a page token that is not taken"),
        pytest.param([page(nextPageToken="p"), refused(500)], id="a page that fails"),
    ],
)
def test_pages_that_do_not_fit_together_are_no_answer(
    server: Server, provider: GoogleProvider, window: Interval, since: SyncToken | None, pages: list[Said]
) -> None:
    server.say("GET", EVENTS, *pages)
    # A delta may as well give up its token: a full pass is harmless.
    with pytest.raises((Unavailable, SyncTokenExpired) if since else Unavailable):
        provider.changes(CALENDAR, since, known={}, window=window)


def test_a_token_that_expires_between_two_pages_is_expired(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.say("GET", EVENTS, page(deleted(REF), nextPageToken="p"), refused(410, "fullSyncRequired"))
    with pytest.raises(SyncTokenExpired):
        provider.changes(CALENDAR, TOKEN, known={}, window=window)


def test_a_calendar_that_is_lost_between_two_pages_is_lost(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.say("GET", EVENTS, page(deleted(REF), nextPageToken="p"), refused(403, "forbidden"))
    with pytest.raises(AccessLost):
        provider.changes(CALENDAR, TOKEN, known={}, window=window)


@pytest.mark.parametrize("token", ["", "sync-0", "sync:0", TOKEN.partition(":")[0], f"{TOKEN[:5]}:sync-0"])
def test_a_token_that_is_not_of_this_calendar_is_refused_without_a_request(
    server: Server, provider: GoogleProvider, window: Interval, token: str
) -> None:
    with pytest.raises(SyncTokenExpired):
        provider.changes(CALENDAR, SyncToken(token), known={}, window=window)
    with pytest.raises(SyncTokenExpired):
        provider.changes(CalendarId("other@example.org"), TOKEN, known={}, window=window)
    assert server.asked == []


def test_a_token_holds_for_one_query_alone() -> None:
    # Whoever changes the query changes the digest with it, and every token is asked for anew.
    assert QUERY.keys() == {"showDeleted", "fields"}
    assert TOKEN == "8812e36f0c3a7cefad8aa12b:sync-0"


def test_pages_that_are_too_long_are_asked_for_in_smaller_ones(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    long = Said(200, f'{{"items": [], "nextSyncToken": "s", "x": [{"[]," * 700_000}[]]}}')
    server.say("GET", EVENTS, page(nextPageToken="p"), long, page(event("aaaaa"), nextPageToken="p"), page())
    found = provider.changes(CALENDAR, None, known={}, window=window)
    assert [one.ref for one in found.items] == ["aaaaa"]
    assert [query["maxResults"] for query in queries(server)] == ["2500", "2500", "250", "250"]


def test_pages_that_are_too_long_however_small_are_not_read(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.always = Said(200, f'{{"items": [], "nextSyncToken": "s", "x": [{"[]," * 700_000}[]]}}')
    with pytest.raises(TooLong):
        provider.changes(CALENDAR, None, known={}, window=window)
    assert len(server.asked) == 2


# --- when a tombstone was dug ------------------------------------------------------------


def told(server: Server, provider: GoogleProvider, window: Interval, *items: dict[str, Any]) -> list[object]:
    server.say("GET", EVENTS, page(*items))
    return list(provider.changes(CALENDAR, TOKEN, known={}, window=window).items)


def test_a_tombstone_of_ours_that_says_nothing_is_asked_for_once(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.say("GET", OWN, Said(200, deleted(REF)))
    assert told(server, provider, window, deleted(REF, updated=None)) == [Tombstone(REF, DUG)]
    assert len(server.asked) == 2


def test_a_tombstone_of_ours_that_says_nothing_at_all_has_no_stamp(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.say("GET", OWN, Said(200, deleted(REF, updated=None)))
    assert told(server, provider, window, deleted(REF, updated=None)) == [Tombstone(REF, None)]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "said", [Said(503), refused(403, "quotaExceeded"), refused(404), Said(200, "<html>", "text/html")]
)
def test_a_tombstone_stays_one_if_more_cannot_be_learned(
    server: Server, provider: GoogleProvider, window: Interval, said: Said
) -> None:
    server.say("GET", OWN, said)
    server.say("GET", EVENTS, page(deleted(REF, updated=None)), Said(200, {"kind": "calendar#events"}))
    found = provider.changes(CALENDAR, TOKEN, known={}, window=window)
    assert found.items == (Tombstone(REF, None),)


def test_a_grant_that_ends_meanwhile_ends_the_round(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.say("GET", OWN, refused(401))
    with pytest.raises(AccessLost):
        told(server, provider, window, deleted(REF, updated=None))


def test_an_event_that_was_restored_meanwhile_stands(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    server.say("GET", OWN, Said(200, event(REF)))
    (found,) = told(server, provider, window, deleted(REF, updated=None))
    assert isinstance(found, Event)
    assert found.ref == REF


def test_other_peoples_tombstones_are_not_asked_for(
    server: Server, provider: GoogleProvider, window: Interval
) -> None:
    series = EventRef(f"{google_id('own-appointment')}_20261124T100000Z")
    items = [deleted(ref, updated=None) for ref in (FOREIGN, series)]
    assert told(server, provider, window, *items) == [Tombstone(FOREIGN), Tombstone(series)]
    assert len(server.asked) == 1
