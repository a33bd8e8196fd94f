"""Listings in pieces, tokens that die, and deletions that say little."""

from __future__ import annotations

from datetime import timedelta

import pytest

from providers.base import (
    CalendarId,
    SyncToken,
    Tombstone,
)
from providers.errors import (
    EventNotFound,
    SyncTokenExpired,
)
from providers.google import GoogleProvider
from syncd.demo.google import (
    GoogleFake,
    Manners,
    refusing,
)
from tests.providers.google.live.conftest import HOME, draft
from tests.providers.google_house import ACCOUNT, SCOPES, STRANGER, GoogleHand, google_of, provider_on
from tests.providers.house import HOUR, START, WINDOW, Watch, entry
from tests.rules.rows import row


@pytest.mark.parametrize(
    "manners",
    [
        Manners(page_size=1),
        Manners(page_size=1, empty_pages=True),
        Manners(page_size=3, empty_pages=True),
        Manners(page_size=2, bare="lists"),
        Manners(empty_pages=True, bare="lists"),
    ],
    ids=["pages of one", "empty ones between", "an empty one first", "bare tombstones", "all of it"],
)
def test_nothing_is_missed_and_nothing_doubled_whatever_the_pages(manners: Manners) -> None:
    with google_of(manners) as google:
        provider, hand = provider_on(google, lambda _: google.token(ACCOUNT, SCOPES)), GoogleHand(google)
        watch = Watch(provider, HOME)
        refs = [hand.add(HOME, entry(START + number * HOUR)) for number in range(7)]
        own = provider.create(HOME, draft()).ref
        assert sorted(one.ref for one in watch.look().changes.items) == sorted([*refs, own])
        for ref in (refs[0], refs[3], own):
            hand.delete(HOME, ref)
        hand.move_time(HOME, refs[1], START + 50 * HOUR)
        new = hand.add(HOME, entry())
        sight = watch.look()
        assert len(sight.changes.items) == 5
        assert set(sight.there) == {refs[1], new}
        assert sight.gone == {refs[0], refs[3], own}
        dug = [one.stamp for one in sight.changes.items if isinstance(one, Tombstone) and one.ref == own]
        assert dug[0] is not None
        assert watch.look().changes.items == ()
        provider.close()


def test_a_token_that_dies_between_two_pages_is_a_full_pass(
    google: GoogleFake, provider: GoogleProvider, hand: GoogleHand
) -> None:
    watch = Watch(provider, HOME)
    watch.look()
    google.manners.page_size = 1
    refs = {hand.add(HOME, entry(START + number * HOUR)) for number in range(3)}
    google.faults.plan(refusing(410, "fullSyncRequired"), "GET", "/events$", nth=2)
    with pytest.raises(SyncTokenExpired):
        watch.look()
    watch.token = None
    assert set(watch.look().there) == refs


def test_a_calendar_that_was_shared_anew_takes_no_older_token(
    google: GoogleFake, provider: GoogleProvider, hand: GoogleHand
) -> None:
    watch = Watch(provider, HOME)
    watch.look()
    ref = hand.add(HOME, entry())
    google.hand(ACCOUNT).share(STRANGER, "reader")
    with pytest.raises(SyncTokenExpired):
        watch.look()
    watch.token = None
    assert set(watch.look().there) == {ref}


def test_a_token_of_another_calendar_is_refused_without_a_request(
    google: GoogleFake, provider: GoogleProvider
) -> None:
    other = CalendarId(google.hand(ACCOUNT).make_calendar("Sport"))
    token = provider.changes(other, None, known={}, window=WINDOW).token
    google.forget_requests()
    with pytest.raises(SyncTokenExpired):
        provider.changes(HOME, token, known={}, window=WINDOW)
    assert google.asked == ()


def test_a_token_that_somebody_made_up_is_refused(provider: GoogleProvider) -> None:
    token = provider.changes(HOME, None, known={}, window=WINDOW).token
    assert token is not None
    with pytest.raises(SyncTokenExpired):
        provider.changes(HOME, SyncToken(f"{token.partition(':')[0]}:made-up"), known={}, window=WINDOW)


@row("2.verdict-stamp-google")
def test_a_deletion_that_says_nothing_is_told_with_its_time(
    google: GoogleFake, provider: GoogleProvider, hand: GoogleHand
) -> None:
    written, foreign = provider.create(HOME, draft()), hand.add(HOME, entry())
    watch = Watch(provider, HOME)
    watch.look()
    google.manners.bare = "lists"
    hand.delete(HOME, written.ref)
    hand.delete(HOME, foreign)
    google.forget_requests()
    stamps = {one.ref: one.stamp for one in watch.look().changes.items if isinstance(one, Tombstone)}
    assert stamps[foreign] is None
    assert abs((stamps[written.ref] or START) - google.clock.now()) < timedelta(seconds=10)
    assert [one.path.rpartition("/")[2] for one in google.asked] == ["events", written.ref]


def test_a_deletion_that_never_says_when_is_told_without_a_time(
    google: GoogleFake, provider: GoogleProvider, hand: GoogleHand
) -> None:
    written = provider.create(HOME, draft())
    watch = Watch(provider, HOME)
    watch.look()
    google.manners.bare = "always"
    hand.delete(HOME, written.ref)
    assert watch.look().changes.items == (Tombstone(written.ref, None),)
    with pytest.raises(EventNotFound) as gone:
        provider.fetch(HOME, written.ref)
    assert gone.value.stamp is None
