"""A server that lists another version of something than it shows: a replica is behind, or an index is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from policy.life import State
from providers.base import (
    BEHIND,
    BusyTime,
    Changes,
    ETag,
    Event,
    EventRef,
    Item,
    Receipt,
    Tombstone,
    Unread,
    key_of,
)
from syncd import poll, work
from syncd.behind import receipt_of
from syncd.notes import limited
from syncd.store.rows import Account, Calendar
from tests.syncd.engine.house import HOUR, LAG, MINUTE, Play
from tests.syncd.engine.test_acts import booked

SECOND = timedelta(seconds=1)
NEW = EventRef("/amina/lessons/new")
HIDDEN = Unread(NEW, ETag(""), BusyTime(), (BEHIND,))


def own_calendar(play: Play) -> tuple[Account, Calendar]:
    with play.db.read() as tx:
        account = tx.accounts.of(play.people["amina"].id)[0]
        calendar = tx.calendars.sessions_calendar(account.person_id)
        assert calendar is not None
        return account, calendar


def told(play: Play, *items: Item, listed: bool = False) -> Calendar:
    """Return the student's calendar after a round that brought *items*, beside all that is known if it was *listed*."""
    account, calendar = own_calendar(play)
    with play.db.write() as tx:
        known = tx.calendars.known(calendar.id)
        standing = {EventRef(item.ref): ETag("") for item in items} if listed else None
        now = play.clock.now()
        assert calendar.window is not None
        found = poll.Round(calendar, calendar.window, now, now, Changes(items, calendar.token, standing))
        poll.write_down(play.house, tx, account, play.people["amina"], replace(found, known=known))
        return tx.calendars.get(calendar.id)


def known(play: Play) -> set[str]:
    _, calendar = own_calendar(play)
    with play.db.read() as tx:
        return set(tx.calendars.known(calendar.id))


def test_what_is_listed_and_not_shown_is_listed_anew(play: Play) -> None:
    booked(play)
    play.after(HOUR)
    assert told(play, HIDDEN).full_at is None
    assert key_of(NEW) in known(play), "it may take its time"
    with play.db.read() as tx:
        (one,) = limited(tx, play.people["amina"])
    assert one.what == (
        "1 event in 'lessons' may be out of date (the server lists another version of it than it shows);"
        " the calendar is read again within minutes"
    )


def test_what_no_replica_can_be_behind_with_any_more_is_not_there(play: Play) -> None:
    booked(play)
    play.after(HOUR)
    told(play, HIDDEN)
    play.clock.sleep(LAG)
    assert told(play, HIDDEN, listed=True).full_at is None
    assert key_of(NEW) in known(play), "so long a replica may be behind"
    play.clock.sleep(SECOND)
    assert told(play, HIDDEN, listed=True).full_at == play.clock.now()
    assert key_of(NEW) not in known(play)


def test_a_version_that_is_shown_for_longer_than_a_replica_can_be_behind_holds(play: Play) -> None:
    booked(play)
    play.after(HOUR)
    shown = Event(NEW, ETag('"1"'), "theirs", None, None, notes=(BEHIND,))
    assert told(play, shown).full_at is None
    play.clock.sleep(LAG + SECOND)
    other = replace(shown, etag=ETag('"2"'))
    assert told(play, other, listed=True).full_at is None, "this version is new"
    play.clock.sleep(LAG + SECOND)
    assert told(play, other, listed=True).full_at == play.clock.now()


@pytest.mark.parametrize("own", [True, False], ids=["in its own round", "in that of an event"])
def test_the_calendar_is_asked_again_once_no_replica_can_be_behind(play: Play, *, own: bool) -> None:
    booked(play)
    play.after(HOUR)
    account, calendar = own_calendar(play)
    now, key = play.clock.now(), work.account_key(account.id)
    assert calendar.window is not None
    found = poll.Round(calendar, calendar.window, now, now, Changes((HIDDEN,), calendar.token))
    with play.db.write() as tx:
        if own:
            at = poll.next_round(play.house, tx, play.people["amina"], [found])
        else:
            poll.write_others(play.house, tx, account, play.people["amina"], [found])
            row = tx.due.get(work.SYNC, key)
            assert row is not None
            at = row.due_at
    assert at == now + LAG


def test_of_our_own_event_it_says_nothing(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    before = play.facts(session)
    told(play, replace(HIDDEN, ref=play.copy(session).ref))
    assert play.facts(session) == before
    assert play.state(session) is State.BOOKED


@pytest.mark.parametrize(
    ("changes", "item", "cached"),
    [
        (Receipt(), Receipt(), False),
        (Receipt(cached=True), Receipt(), True),
        (Receipt(), Receipt(cached=True), True),
    ],
)
def test_an_event_is_no_fresher_than_the_answer_that_it_is_in(
    changes: Receipt, item: Receipt, *, cached: bool
) -> None:
    event = Event(NEW, ETag('"1"'), "ours", None, None, receipt=item)
    whole = Changes((event,), None, None, changes)
    assert receipt_of(whole, event).cached is cached
    assert receipt_of(whole, replace(event, notes=(BEHIND,))).cached
    assert receipt_of(whole, Tombstone(NEW)) == changes


def test_what_was_to_be_read_again_since_it_was_asked_is_listed_anew(play: Play) -> None:
    session = booked(play)
    play.after(HOUR)
    account, calendar = own_calendar(play)
    ref = play.copy(session).ref
    with play.db.write() as tx:
        before = tx.calendars.known(calendar.id)
        tx.calendars.list_anew(calendar.id)
        asked = tx.calendars.get(calendar.id)
        tx.calendars.drop_resource(calendar.id, key_of(ref))
        now = play.clock.now()
        assert asked.window is not None
        listed = Changes((), asked.token, {ref: before[key_of(ref)]})
        found = poll.Round(asked, asked.window, now, now, listed, known=before)
        poll.write_down(play.house, tx, account, play.people["amina"], found)
        assert tx.calendars.get(calendar.id).full_at is None
    play.after(MINUTE)
    assert key_of(ref) in known(play)
