"""What an account sees and may do, and eight of them on one service."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from providers.base import (
    BusyTime,
    CalendarId,
    Capability,
    ETag,
    Event,
    Written,
)
from providers.errors import (
    AccessLost,
    Loss,
    Unavailable,
)
from providers.google import GoogleProvider
from syncd.demo.google import (
    LOST,
    GoogleFake,
    broken,
    refusing,
)
from tests.providers.google.live.conftest import HOME, Connect, draft
from tests.providers.google_house import ACCOUNT, SCOPES, STRANGER, GoogleHand
from tests.providers.house import HOUR, MENTOR, START, WINDOW, entry
from tests.rules.rows import row


def test_what_the_account_can_see_is_listed_with_what_can_be_done_there(
    google: GoogleFake, provider: GoogleProvider
) -> None:
    phone = google.hand(ACCOUNT)
    google.hand(STRANGER).share(ACCOUNT, "writer")
    google.hand(MENTOR).share(ACCOUNT, "freeBusyReader")
    sport = phone.make_calendar("Sport")
    entries = {one.id: one for one in provider.calendars()}
    assert set(entries) == {ACCOUNT, STRANGER, MENTOR, sport}
    assert {one.id for one in entries.values() if one.writable} == {ACCOUNT, sport}
    assert {one.id for one in entries.values() if one.times_only} == {STRANGER, MENTOR}
    assert [one.id for one in entries.values() if one.default] == [ACCOUNT]
    assert all(one.events for one in entries.values())


def test_many_calendars_are_listed_page_by_page(google: GoogleFake, provider: GoogleProvider) -> None:
    google.manners.page_size, google.manners.empty_pages = 1, True
    made = {google.hand(ACCOUNT).make_calendar(f"Sport {number}") for number in range(4)}
    assert {one.id for one in provider.calendars()} == {ACCOUNT, *made}


def test_a_calendar_that_shows_only_times_shows_them(google: GoogleFake, provider: GoogleProvider) -> None:
    google.hand(MENTOR).share(ACCOUNT, "freeBusyReader")
    google.hand(MENTOR).add("Lunch", START, START + HOUR)
    found = provider.busy([CalendarId(MENTOR), HOME], WINDOW)
    assert [one.start for one in found[CalendarId(MENTOR)].busy] == [START]
    assert found[HOME] == BusyTime()
    assert len(google.asked) == 3  # five months, sixty days at a time


def test_a_calendar_whose_time_cannot_be_told_is_unknown_beside_the_others(
    google: GoogleFake, provider: GoogleProvider, hand: GoogleHand
) -> None:
    other = CalendarId(google.hand(ACCOUNT).make_calendar("Sport"))
    hand.add(HOME, entry())
    hand.add(other, entry())
    google.manners.busy_errors[other] = "internalError"
    found = provider.busy([HOME, other], WINDOW)
    assert found[other] == BusyTime(unknown=(WINDOW,))
    assert len(found[HOME].busy) == 1
    assert found[HOME].unknown == ()


def test_a_shared_calendar_that_is_shared_no_longer_is_lost(
    google: GoogleFake, provider: GoogleProvider
) -> None:
    google.hand(STRANGER).share(ACCOUNT, "freeBusyReader")
    provider.busy([CalendarId(STRANGER)], WINDOW)
    google.hand(STRANGER).share(ACCOUNT, None)
    with pytest.raises(AccessLost) as lost:
        provider.busy([CalendarId(STRANGER)], WINDOW)
    assert lost.value.loss is Loss.GONE


@row("8.free-google")
def test_working_places_and_birthdays_take_no_time(google: GoogleFake, provider: GoogleProvider) -> None:
    phone = google.hand(ACCOUNT)
    for number, kind in enumerate(("workingLocation", "birthday", "focusTime", "outOfOffice")):
        phone.add(
            kind, START + number * 2 * HOUR, START + (number * 2 + 1) * HOUR, fields={"eventType": kind}
        )
    found = provider.busy([HOME], WINDOW)[HOME]
    assert [one.start for one in found.busy] == [START + 4 * HOUR, START + 6 * HOUR]


NEEDS: dict[str, tuple[str, Callable[[GoogleProvider], object]]] = {
    "busy": ("calendar.freebusy", lambda provider: provider.busy([HOME], WINDOW)),
    "calendars": ("calendar.calendarlist.readonly", lambda provider: provider.calendars()),
    "changes": (
        "calendar.events.owned",
        lambda provider: provider.changes(HOME, None, known={}, window=WINDOW),
    ),
    "create": ("calendar.events.owned", lambda provider: provider.create(HOME, draft())),
}


@pytest.mark.parametrize("act", NEEDS)
def test_a_box_that_was_not_ticked_is_a_permission_that_is_missing(connect: Connect, act: str) -> None:
    missing, ask = NEEDS[act]
    provider = connect(tuple(one for one in SCOPES if one != missing))
    with pytest.raises(AccessLost, match="leave every box ticked") as lost:
        ask(provider)
    assert lost.value.loss is Loss.FORBIDDEN


def test_what_was_allowed_is_enough_for_everything_else(provider: GoogleProvider) -> None:
    assert provider.capabilities() == (
        Capability.FREE_BUSY | Capability.SYNC_TOKEN | Capability.SCHEDULING | Capability.STAMPS
    )


def test_too_many_invitations_stop_writes_and_no_reads(google: GoogleFake, provider: GoogleProvider) -> None:
    for method in ("POST", "PUT", "DELETE"):
        google.faults.plan(refusing(403, "quotaExceeded"), method, "/events")
    ours = draft()
    ref = provider.ref_for(HOME, ours.uid)
    acts: list[Callable[[], object]] = [
        lambda: provider.create(HOME, ours),
        lambda: provider.update(HOME, ref, ours, ETag('"1"')),
        lambda: provider.delete(HOME, ref, ETag('"1"')),
    ]
    for act in acts:
        with pytest.raises(Unavailable) as wait:
            act()
        assert wait.value.retry_after == timedelta(hours=6)
    assert provider.changes(HOME, None, known={}, window=WINDOW).items == ()


def test_a_read_survives_two_failures_and_tells_the_third(
    google: GoogleFake, provider: GoogleProvider
) -> None:
    google.faults.plan(broken(), "GET", times=2)
    assert provider.changes(HOME, None, known={}, window=WINDOW).listed == {}
    google.faults.plan(LOST, "GET", times=3)
    with pytest.raises(Unavailable):
        provider.changes(HOME, None, known={}, window=WINDOW)
    assert google.faults.left() == 0


def test_eight_threads_share_one_service_and_no_answer_is_mixed_up(
    google: GoogleFake, connect: Connect
) -> None:
    calendars = [CalendarId(google.hand(ACCOUNT).make_calendar(f"Sport {number}")) for number in range(8)]
    starts = {calendar: START + number * HOUR for number, calendar in enumerate(calendars)}

    def work(calendar: CalendarId) -> list[tuple[Written, Event, list[datetime | None]]]:
        provider, found = connect(), []
        for number in range(5):
            at = starts[calendar] + timedelta(days=number)
            written = provider.create(calendar, draft(start=at, end=at + HOUR))
            items = provider.changes(calendar, None, known={}, window=WINDOW).items
            listed = [one.start for one in items if isinstance(one, Event)]
            found.append((written, provider.fetch(calendar, written.ref), listed))
        return found

    with ThreadPoolExecutor(8) as pool:
        outcomes = dict(zip(calendars, pool.map(work, calendars), strict=True))
    for calendar, found in outcomes.items():
        expected = [starts[calendar] + timedelta(days=number) for number in range(5)]
        assert [there.start for _, there, _ in found] == expected
        assert all(written.ref == there.ref for written, there, _ in found)
        assert [sorted(filter(None, listed)) for *_, listed in found] == [expected[: n + 1] for n in range(5)]
    assert all(one.status == 200 for one in google.asked)
