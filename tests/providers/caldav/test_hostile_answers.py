"""Each hostile answer of the corpus, from a server that answers everything else well."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

import pytest
import requests

from policy.interval import Interval
from providers.base import (
    Changes,
    ETag,
    Event,
    EventDraft,
    EventRef,
    RefKey,
    SyncToken,
    Tombstone,
    Unread,
    key_of,
)
from providers.caldav import CalDavProvider
from providers.caldav.dav import ROWS, conditions, multistatus
from providers.caldav.href import meant_by, odd_ref
from providers.errors import (
    AccessLost,
    ProviderError,
    SyncTokenExpired,
    Unavailable,
    Unreadable,
    Unsupported,
)
from providers.transport import TooLong
from tests.providers.caldav.answers import (
    ALIVE,
    CALENDAR,
    HOST,
    PATH,
    Said,
    event,
    gone,
    multi,
    props,
    read,
    row,
    standing,
)
from tests.providers.caldav.conftest import Server
from tests.providers.caldav.hostile import (
    AGES,
    DATES,
    FOREIGN_CASES,
    HELD,
    HELD_CASES,
    HIDING_CASES,
    LOOKED,
    ODD_REMOVALS,
    OURS,
    READ,
    READ_CASES,
    VAGUE_CASES,
    fetches,
    homes,
    impossible,
    multigets,
    page,
)

CASES = {
    **HELD_CASES,
    **READ_CASES,
    **{f"our row: {name}": case for name, case in VAGUE_CASES.items()},
    **{f"our name: {name}": case for name, case in HIDING_CASES.items()},
    **{f"another name: {name}": case for name, case in FOREIGN_CASES.items()},
}
REF = EventRef(PATH + OURS)
OTHER = EventRef(PATH + "b.ics")
KNOWN = {key_of(REF): ETag('"1"'), key_of(OTHER): ETag('"1"')}
HARMLESS = (Unavailable, AccessLost, Unsupported, SyncTokenExpired)
HANGS = 30.0
"""Seconds of computing after which an answer has hung us; most take none, and a collection of garbage takes one."""


class Well:
    """A calendar that holds our event and another, and answers rightly but for what is put in."""

    def __init__(self, **bent: Said) -> None:
        self.bent = bent
        self.missing: set[str] = set()

    def __call__(self, request: requests.PreparedRequest) -> Said:
        kind = self._kind(request)
        return self.bent.get(kind) or self._well(kind, request)

    def _kind(self, request: requests.PreparedRequest) -> str:
        if request.method != "REPORT":
            return str(request.method)
        if b"calendar-multiget" in _body(request):
            return "multiget"
        return "listing" if b"<sync-token></sync-token>" in _body(request) else "delta"

    def _well(self, kind: str, request: requests.PreparedRequest) -> Said:
        names = [name for name in (OURS, "b.ics") if name not in self.missing]
        match kind:
            case "PROPFIND" if request.headers.get("Depth") == "1":
                return multi(row(PATH, props(ALIVE)), *map(standing, names))
            case "PROPFIND":
                return multi(row(PATH, props(ALIVE)))
            case "GET":
                name = unquote(urlsplit(str(request.url)).path).rpartition("/")[2]
                good = Said(200, event(name), "text/calendar", {"ETag": '"1"'})
                return good if name in names else Said(404)
            case "multiget":
                asked = unquote(_body(request).decode())
                return multi(*(read(name) for name in names if f"{PATH}{name}<" in asked))
            case "listing" | "delta":
                return multi(*map(standing, names), token="t")
        return Said(599)


def _body(request: requests.PreparedRequest) -> bytes:
    return request.body.encode() if isinstance(request.body, str) else bytes(request.body or b"")


def ask(
    provider: CalDavProvider, window: Interval, since: str | None, known: Mapping[RefKey, ETag] | None = None
) -> Changes:
    token = None if since is None else SyncToken(since)
    return provider.changes(CALENDAR, token, known=known or {}, window=window)


def refs(changes: Changes, kind: type) -> set[str]:
    return {item.ref for item in changes.items if isinstance(item, kind)}


def versions(changes: Changes) -> list[str]:
    read_ones = [item.etag for item in changes.items if isinstance(item, Event | Unread)]
    return [*read_ones, *(changes.listed or {}).values()]


def usable(version: str) -> bool:
    """Tell whether *version* can be written into a header again."""
    return len(version) <= 1024 and version.isascii() and (version.isprintable() or not version)


@pytest.mark.parametrize("since", [None, "t0"], ids=["a listing", "a delta"])
@pytest.mark.parametrize("name", CASES)
def test_a_hostile_answer_is_held_or_looked_behind(
    server: Server, provider: CalDavProvider, window: Interval, name: str, since: str | None
) -> None:
    case, well = CASES[name], Well()
    server.chooses = well
    said = case.said()
    well.bent = {"listing": said, "delta": said}
    expected = case.listing if since is None else case.delta
    began = time.process_time()
    if expected == HELD:
        with pytest.raises(HARMLESS) as caught:
            ask(provider, window, since)
        assert caught.value.where == HOST + PATH
    else:
        changes = ask(provider, window, since, KNOWN if expected == LOOKED else None)
        assert REF not in refs(changes, Tombstone)
        assert all(usable(etag) for etag in versions(changes))
        if expected in {LOOKED, READ}:
            assert REF in refs(changes, Event)
            assert refs(changes, Unread) == set()
        else:
            (unread,) = [item for item in changes.items if isinstance(item, Unread)]
            assert (unread.time.unknown, unread.notes) == ((window,), ("address-odd",))
            assert changes.listed is not None
            assert unread.ref in changes.listed
            assert unread.ref.startswith("?")
    assert time.process_time() - began < HANGS


@pytest.mark.parametrize("name", HELD_CASES)
def test_a_hostile_answer_to_everything_is_held_by_every_question(
    server: Server, provider: CalDavProvider, window: Interval, draft: EventDraft, name: str
) -> None:
    said = HELD_CASES[name].said()
    server.always = said
    for act in (
        provider.calendars,
        provider.capabilities,
        lambda: provider.fetch(CALENDAR, REF),
        lambda: provider.update(CALENDAR, REF, draft, ETag('"1"')),
        lambda: provider.delete(CALENDAR, REF, ETag('"1"')),
        lambda: provider.create(CALENDAR, draft),
    ):
        if said.status == 204:
            if act is provider.calendars:
                with pytest.raises(HARMLESS):
                    act()
            continue  # to a write, a 204 is a yes
        with pytest.raises(HARMLESS):
            act()


@pytest.mark.parametrize("name", ODD_REMOVALS)
def test_a_removal_under_an_impossible_name_removes_nothing(
    server: Server, provider: CalDavProvider, window: Interval, name: str
) -> None:
    server.chooses = Well(delta=page(ODD_REMOVALS[name])())
    changes = ask(provider, window, "t0", KNOWN)
    assert refs(changes, Tombstone) == set()
    assert changes.listed == {REF: '"1"', OTHER: '"1"'}


def test_an_event_of_ours_that_is_gone_is_gone_whatever_odd_row_stands_beside_it(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    well = Well(listing=page(row(f"https://evil.example{REF}", props('<getetag>"1"</getetag>')))())
    well.missing = {OURS}
    server.chooses = well
    changes = ask(provider, window, None, KNOWN)
    (unread,) = [item for item in changes.items if isinstance(item, Unread)]
    assert changes.listed == {unread.ref: ""}


def test_one_impossible_name_is_no_bar_to_the_rest_and_ends_with_its_cause(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    odd = row("/cal/life/a%0D%0Ab.ics", props("<getetag>1</getetag>"))
    server.chooses = well = Well(listing=page(standing(OURS) + standing("b.ics") + odd)())
    changes = ask(provider, window, None)
    assert refs(changes, Event) == {REF, OTHER}
    (hidden,) = refs(changes, Unread)
    assert changes.listed is not None
    assert set(changes.listed) == {REF, OTHER, hidden}
    well.bent = {}
    after = ask(provider, window, None)
    assert after.listed is not None
    assert hidden not in after.listed


def test_many_impossible_names_are_an_answer_about_something_else(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    rows = "".join(row(f"/elsewhere/{n}.ics", props("<getetag>1</getetag>")) for n in range(21))
    server.chooses = Well(listing=page(standing(OURS) + rows)())
    with pytest.raises(Unavailable):
        ask(provider, window, None)


def test_a_calendar_that_calls_itself_otherwise_is_not_read_around(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    rows = standing(OURS) + row("/alias/b.ics", props("<getetag>1</getetag>"))
    server.chooses = Well(listing=page(rows)(), PROPFIND=multi(row("/alias/", props(ALIVE))))
    with pytest.raises(Unavailable):
        ask(provider, window, None)


@pytest.mark.parametrize("plain", [False, True], ids=["with tokens", "without"])
def test_impossible_names_are_looked_behind_with_tokens_or_without(
    server: Server, provider: CalDavProvider, window: Interval, plain: bool
) -> None:
    odd = row(f"https://evil.example{REF}", props("<getetag>1</getetag>"))
    said = multi(row(PATH, props(ALIVE)), odd) if plain else page(odd)()
    server.chooses = Well(**({"listing": Said(501), "PROPFIND": said} if plain else {"listing": said}))
    changes = ask(provider, window, None)
    assert refs(changes, Event) == {REF}
    assert changes.listed == {REF: '"1"'}


@pytest.mark.parametrize("name", multigets())
def test_a_multiget_that_says_something_else_is_asked_one_by_one(
    server: Server, provider: CalDavProvider, window: Interval, name: str
) -> None:
    server.chooses = Well(multiget=page(multigets()[name])())
    changes = ask(provider, window, None)
    assert all(usable(etag) for etag in versions(changes))
    assert refs(changes, Tombstone) == set()
    assert refs(changes, Event) | refs(changes, Unread) == {REF, OTHER}
    assert {one.uid for one in changes.items if isinstance(one, Event) and one.ref == REF} <= {OURS, "ours"}


@pytest.mark.parametrize("name", fetches())
def test_a_hostile_answer_for_an_event_is_not_its_absence(
    server: Server, provider: CalDavProvider, window: Interval, name: str
) -> None:
    server.chooses = well = Well(GET=fetches()[name]())
    well.bent["multiget"] = multi()
    with pytest.raises((*HARMLESS, Unreadable)):
        provider.fetch(CALENDAR, REF)
    well.bent["listing"] = page(standing(OURS))()
    try:
        changes = ask(provider, window, None)
    except HARMLESS:
        return
    (item,) = changes.items
    assert isinstance(item, Unread)
    assert item.time.unknown == (window,)


def test_a_calendar_that_says_two_things_of_itself_is_not_gone(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    nowhere, here = row(PATH, "<status>HTTP/1.1 404 Not Found</status>"), row(PATH, props(ALIVE))
    for both in (nowhere + here, here + nowhere):
        server.chooses = Well(GET=Said(404), PROPFIND=page(both)(), listing=page("")())
        with pytest.raises(Unavailable):
            provider.fetch(CALENDAR, REF)
        with pytest.raises(Unavailable):
            ask(provider, window, None)


def test_a_calendar_that_is_nowhere_inside_a_report_is_lost_only_if_it_says_so_itself(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    nowhere = page(row(PATH, "<status>HTTP/1.1 404 Not Found</status>"))()
    server.chooses = well = Well(delta=nowhere)
    with pytest.raises(Unavailable):
        ask(provider, window, "t0")
    well.bent["PROPFIND"] = nowhere
    with pytest.raises(AccessLost):
        ask(provider, window, "t0")


@pytest.mark.parametrize("odd", [f"https://evil.example{REF}", f"{REF}%0D%0A"])
def test_a_removal_told_beside_an_impossible_name_is_not_believed(
    server: Server, provider: CalDavProvider, odd: str
) -> None:
    done = "<status>HTTP/1.1 200 OK</status>"
    server.chooses = well = Well(DELETE=Said(200, page(row(REF, done))().body))
    provider.delete(CALENDAR, REF, ETag('"1"'))
    well.bent["DELETE"] = Said(200, page(row(REF, done) + row(odd, done))().body)
    with pytest.raises(Unavailable):
        provider.delete(CALENDAR, REF, ETag('"1"'))


def test_an_account_with_a_garbled_row_is_not_taken_for_its_readable_half(
    server: Server, provider: CalDavProvider
) -> None:
    home = "<C:calendar-home-set><href>/me/</href></C:calendar-home-set>"
    good, bad = row(PATH, props(ALIVE)), row("/cal/other/", "<status>so so</status>" + props(ALIVE))
    server.say("PROPFIND", "/me/", multi(row("/me/", props(home))), multi(row("/me/", props("")), good, bad))
    with pytest.raises(Unavailable):
        provider.calendars()


def test_an_event_whose_version_is_not_told_bars_no_others(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    untold = row(PATH + "c.ics", props("<getetag/>"))
    server.chooses = Well(
        listing=page(standing(OURS) + untold)(),
        GET=Said(200, event("c"), "text/calendar"),
        multiget=multi(read(OURS)),
    )
    changes = ask(provider, window, None)
    assert refs(changes, Event) == {REF}
    (item,) = [one for one in changes.items if isinstance(one, Unread)]
    assert (item.ref, item.notes) == (f"{PATH}c.ics", ("version-missing",))


def test_a_delta_that_calls_everything_gone_is_checked_against_a_listing(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    server.chooses = well = Well(delta=page(gone(OURS) + gone("b.ics"))())
    changes = ask(provider, window, "t0", KNOWN)
    assert refs(changes, Tombstone) == set()
    assert changes.listed == {REF: '"1"', OTHER: '"1"'}
    well.missing = {OURS, "b.ics"}
    assert ask(provider, window, "t0", KNOWN).listed == {}
    well.bent["PROPFIND"] = multi()
    with pytest.raises(Unavailable):
        ask(provider, window, "t0", KNOWN)


def test_one_event_that_is_gone_costs_no_further_question(
    server: Server, provider: CalDavProvider, window: Interval
) -> None:
    server.chooses = Well(delta=page(gone(OURS))())
    for known in (KNOWN, {key_of(REF): ETag('"1"')}):
        server.asked.clear()
        assert refs(ask(provider, window, "t0", known), Tombstone) == {REF}
        assert server.methods() == ["REPORT"]


@pytest.mark.parametrize("date", DATES)
def test_a_date_that_is_none_is_none(
    server: Server, provider: CalDavProvider, window: Interval, date: str
) -> None:
    headers = {"ETag": '"1"', "Date": date}
    server.chooses = Well(GET=Said(200, event(OURS), "text/calendar", headers))
    found = provider.fetch(CALENDAR, REF).receipt.date
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize("age", AGES)
def test_an_age_that_is_none_harms_nobody(server: Server, provider: CalDavProvider, age: str) -> None:
    server.chooses = Well(GET=Said(200, event(OURS), "text/calendar", {"ETag": '"1"', "Age": age}))
    assert provider.fetch(CALENDAR, REF).uid == OURS


@pytest.mark.parametrize("name", [name for name in HELD_CASES if "Retry-After" in name])
def test_nobody_waits_for_longer_than_a_day(server: Server, provider: CalDavProvider, name: str) -> None:
    server.always = HELD_CASES[name].said()
    with pytest.raises(Unavailable) as caught:
        provider.fetch(CALENDAR, REF)
    wait = caught.value.retry_after
    assert wait is None or timedelta(0) <= wait <= timedelta(days=1)


@pytest.mark.parametrize("name", homes())
def test_a_calendar_with_an_impossible_name_is_left_out_of_the_account(
    server: Server, provider: CalDavProvider, name: str
) -> None:
    home = "<C:calendar-home-set><href>/me/</href></C:calendar-home-set>"
    server.say("PROPFIND", "/me/", multi(row("/me/", props(home))), homes()[name])
    assert [one.name for one in provider.calendars()] == ["Work"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [("a\tb\n c", "ab c"), ("\u009b31mred", "31mred"), ("\u202egnp.exe", "gnp.exe"), ("x" * 999, "x" * 200), ("\u200b", "?")],
    ids=["breaks", "a colour", "turned", "endless", "invisible"],
)  # fmt: skip
def test_a_calendars_name_cannot_write_on_a_terminal(
    server: Server, provider: CalDavProvider, given: str, shown: str
) -> None:
    home = "<C:calendar-home-set><href>/me/</href></C:calendar-home-set>"
    named = row(PATH, props(f"{ALIVE}<displayname>{given}</displayname>"))
    server.say("PROPFIND", "/me/", multi(row("/me/", props(home))), multi(row("/me/", props("")), named))
    assert [one.name for one in provider.calendars()] == [shown]


def test_a_refusal_is_told_in_our_words_alone(
    server: Server, provider: CalDavProvider, draft: EventDraft
) -> None:
    said = '<error xmlns="DAV:" xmlns:m="m"><m:MARK/><no-uid-conflict/></error>'
    assert conditions(said.encode()) == {"another-condition", "no-uid-conflict"}
    server.always = Said(403, '<error xmlns="DAV:" xmlns:m="m"><m:MARK>MARK</m:MARK></error>')
    for act in (lambda: provider.create(CALENDAR, draft), lambda: provider.fetch(CALENDAR, REF)):
        with pytest.raises(ProviderError) as caught:
            act()
        assert "MARK" not in repr(vars(caught.value))


def test_where_it_sends_us_on_to_is_told_without_its_path(server: Server, provider: CalDavProvider) -> None:
    server.always = Said(302, headers={"Location": f"{HOST}:8443/MARK?MARK"})
    server.say("GET", "/MARK", Said(404))
    with pytest.raises(Unavailable, match=r"sends us on to dav\.school\.example:") as caught:
        provider.fetch(CALENDAR, REF)
    assert "MARK" not in repr(vars(caught.value))


@pytest.mark.parametrize("rows", [ROWS, 500])
def test_as_many_rows_as_are_permitted_are_read_and_no_more(rows: int) -> None:
    def body(count: int) -> bytes:
        return str(multi(*(standing(f"{n}.ics") for n in range(count))).body).encode()

    assert len(multistatus(body(rows), "text/xml", HOST, rows).rows) == rows
    with pytest.raises(TooLong, match=f"more than {rows} rows"):
        multistatus(body(rows + 1), "text/xml", HOST, rows)


WEIGHED = """
import resource

from providers.caldav.dav import multistatus
from providers.transport import TooLong
from tests.providers.caldav.hostile import MANY, page

body = str(page("<response/>" * MANY)().body).encode()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    multistatus(body, "application/xml", "https://dav.example")
except TooLong:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
"""In a process of its own: the most that a process has ever used does not tell what was used since."""


def test_a_million_rows_are_never_made_into_a_tree() -> None:
    weighed = subprocess.run([sys.executable, "-c", WEIGHED], capture_output=True, text=True, check=True)
    assert int(weighed.stdout) < 20_000, "KiB"


def test_a_calendar_of_many_large_events_is_read_in_smaller_lots(
    server: Server, connect: Callable[..., CalDavProvider], window: Interval
) -> None:
    names = [f"{n}.ics" for n in range(8)]
    body = event("u").replace("SUMMARY", "X-A" + ";P=1" * 600 + ":x\r\nSUMMARY")

    def chooses(request: requests.PreparedRequest) -> Said:
        if b"calendar-multiget" in _body(request):
            asked = unquote(_body(request).decode())
            return multi(*(read(name, body=body) for name in names if f"{PATH}{name}<" in asked))
        return multi(*map(standing, names), token="t")

    server.chooses = chooses
    provider = connect(max_rows=100)
    changes = provider.changes(CALENDAR, None, known={}, window=window)
    assert len(refs(changes, Event)) == len(names)
    assert server.methods() == ["REPORT"] * 4


@pytest.mark.parametrize("odd", dict(impossible(OURS)).values())
def test_a_name_of_ours_is_among_what_an_impossible_one_may_have_meant(odd: str) -> None:
    assert OURS in meant_by(odd)
    assert OURS not in odd_ref(odd)


@pytest.mark.parametrize(
    "href", ["", "a b", "..", "x" * 999 + ".ics", "a.icsx", "/a.ics/" * 99, "\ud800.ics"]
)
def test_what_a_name_may_have_meant_is_never_more_than_a_few_names(href: str) -> None:
    meant = meant_by(href)
    assert len(meant) <= 4
    assert all(len(name) <= 204 and "/" not in name for name in meant)
    assert odd_ref(href + "\ud800") != odd_ref(href)


def test_the_window_of_these_tests_holds_the_event(window: Interval) -> None:
    assert window.start <= datetime(2026, 11, 24, 10, tzinfo=UTC) < window.end
