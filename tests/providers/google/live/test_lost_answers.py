"""Writes whose answers are lost, cut or false: done once, and found again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from providers.base import (
    ETag,
    EventRef,
)
from providers.errors import (
    EventExists,
    EventNotFound,
    PreconditionFailed,
    Unavailable,
)
from providers.google import GoogleProvider
from providers.uids import google_id
from syncd.demo.google import (
    CUT,
    LOGGED_OUT,
    LOST,
    REFUSED_UNHEARD,
    Fault,
    GoogleFake,
    broken,
    elsewhere,
    refusing,
)
from tests.providers.google.live.conftest import HOME, draft
from tests.providers.google_house import ACCOUNT, GoogleHand
from tests.providers.house import HOUR, MENTOR, START


def etag_of(provider: GoogleProvider, ref: EventRef) -> ETag:
    return provider.fetch(HOME, ref).etag


SPOILED = {"lost": LOST, "cut": CUT}


@pytest.mark.parametrize("fault", SPOILED.values(), ids=SPOILED)
def test_an_insert_whose_answer_is_lost_is_one_event(
    google: GoogleFake, provider: GoogleProvider, fault: Fault
) -> None:
    ours = draft()
    google.faults.plan(fault, "POST", "/events$")
    with pytest.raises(Unavailable):
        provider.create(HOME, ours)
    assert google.count("POST", "/events") == 1
    with pytest.raises(EventExists):
        provider.create(HOME, ours)
    assert google.count("POST", "/events") == 2
    assert list(google.hand(ACCOUNT).events()) == [google_id(ours.uid)]
    assert list(google.hand(MENTOR).events()) == [google_id(ours.uid)]
    assert [letter.kind for letter in google.letters] == ["REQUEST"]
    assert provider.fetch(HOME, provider.ref_for(HOME, ours.uid)).session == ours.session


def test_an_insert_that_never_arrived_is_one_event_after_all(
    google: GoogleFake, provider: GoogleProvider
) -> None:
    ours = draft()
    google.faults.plan(REFUSED_UNHEARD, "POST", "/events$")
    with pytest.raises(Unavailable):
        provider.create(HOME, ours)
    assert google.hand(ACCOUNT).events() == {}
    provider.create(HOME, ours)
    assert list(google.hand(ACCOUNT).events()) == [google_id(ours.uid)]


@pytest.mark.parametrize("fault", SPOILED.values(), ids=SPOILED)
def test_an_update_whose_answer_is_lost_is_done_once(
    google: GoogleFake, provider: GoogleProvider, fault: Fault
) -> None:
    ours = draft()
    written = provider.create(HOME, ours)
    before = etag_of(provider, written.ref)
    moved = replace(ours, start=START + HOUR, end=START + 2 * HOUR, sequence=1)
    google.faults.plan(fault, "PUT")
    with pytest.raises(Unavailable):
        provider.update(HOME, written.ref, moved, before)
    with pytest.raises(PreconditionFailed):
        provider.update(HOME, written.ref, moved, before)
    assert google.count("PUT") == 2
    there = provider.fetch(HOME, written.ref)
    assert (there.start, there.sequence) == (START + HOUR, 1)
    assert list(google.hand(ACCOUNT).events()) == [written.ref]
    assert len(google.letters) == 2


@pytest.mark.parametrize("fault", SPOILED.values(), ids=SPOILED)
def test_a_removal_whose_answer_is_lost_is_done_once(
    google: GoogleFake, provider: GoogleProvider, fault: Fault
) -> None:
    written = provider.create(HOME, draft())
    before = etag_of(provider, written.ref)
    google.faults.plan(fault, "DELETE")
    with pytest.raises(Unavailable):
        provider.delete(HOME, written.ref, before)
    with pytest.raises(EventNotFound):
        provider.delete(HOME, written.ref, before)
    assert google.count("DELETE") == 2
    assert google.hand(ACCOUNT).events() == {} == google.hand(MENTOR).events()
    assert [letter.kind for letter in google.letters] == ["REQUEST", "CANCEL"]


FAILURES = {
    "a 500": refusing(500, "backendError"),
    "a 502": broken(),
    "a 503": broken(503),
    "a rate limit": refusing(403, "rateLimitExceeded"),
    "a log-in page": LOGGED_OUT,
    "a redirect": elsewhere("/log-in"),
}


@pytest.mark.parametrize("fault", FAILURES)
def test_a_write_that_failed_was_sent_once_and_can_be_sent_again(
    google: GoogleFake, provider: GoogleProvider, fault: str
) -> None:
    ours = draft()
    ref = provider.ref_for(HOME, ours.uid)
    acts: dict[str, Callable[[], object]] = {
        "POST": lambda: provider.create(HOME, ours),
        "PUT": lambda: provider.update(HOME, ref, replace(ours, summary="Maths"), etag_of(provider, ref)),
        "DELETE": lambda: provider.delete(HOME, ref, etag_of(provider, ref)),
    }
    for method, act in acts.items():
        google.faults.plan(FAILURES[fault], method)
        google.forget_requests()
        with pytest.raises(Unavailable):
            act()
        assert google.count(method) == 1
        act()
    assert google.hand(ACCOUNT).events() == {}


def test_an_event_that_was_deleted_is_not_brought_back_by_an_update(
    google: GoogleFake, provider: GoogleProvider, hand: GoogleHand
) -> None:
    ours = draft()
    written = provider.create(HOME, ours)
    before = etag_of(provider, written.ref)
    hand.delete(HOME, written.ref)
    with pytest.raises(EventNotFound) as gone:
        provider.update(HOME, written.ref, replace(ours, sequence=1), before)
    assert gone.value.stamp is not None
    assert google.hand(ACCOUNT).events() == {}


def test_an_id_is_used_for_good_even_when_nothing_is_left(
    google: GoogleFake, provider: GoogleProvider, hand: GoogleHand
) -> None:
    ours = draft()
    written = provider.create(HOME, ours)
    hand.delete(HOME, written.ref)
    google.hand(ACCOUNT).purge(written.ref)
    with pytest.raises(EventExists):
        provider.create(HOME, ours)
    with pytest.raises(EventNotFound) as gone:
        provider.fetch(HOME, written.ref)
    assert gone.value.stamp is None
