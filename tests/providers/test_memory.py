"""What the server in dictionaries adds to the contract: switches, raw bytes, a person's hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from policy.interval import Interval
from providers.base import (
    BusyTime,
    CalendarId,
    Capability,
    ETag,
    Event,
    EventRef,
    PartStat,
    SyncToken,
    Tombstone,
    Unread,
)
from providers.errors import (
    AccessLost,
    EventExists,
    EventNotFound,
    Loss,
    SyncTokenExpired,
    Unreadable,
    Unsupported,
)
from providers.memory import MemoryProvider, MemoryServer
from syncd.clock import MovableClock
from tests.providers.entries import ics
from tests.providers.hands import MemoryHand
from tests.providers.house import HOUR, MENTOR, OWNER, START, WINDOW, Watch, draft, entry

NOW = START - timedelta(days=7)


class Rig:
    """A server with a clock that stands still, and one account with one calendar."""

    def __init__(self, capabilities: Capability = Capability.SYNC_TOKEN) -> None:
        self.clock = MovableClock(NOW)
        self.server = MemoryServer(self.clock.now)
        self.server.add_account("student", "right")
        self.calendar = self.server.add_calendar("student", "School")
        self.provider = MemoryProvider(self.server, "student", "right", OWNER, capabilities)
        self.ref = self.provider.ref_for(self.calendar, "foreign")

    def put(self, text: str) -> None:
        self.server.put(self.calendar, self.ref, text.encode())


def test_bytes_that_are_no_calendar_are_unread_and_their_time_is_unknown() -> None:
    rig = Rig()
    rig.server.put(rig.calendar, rig.ref, b"\xff no calendar")
    (item,) = rig.provider.changes(rig.calendar, None, known={}, window=WINDOW).items
    assert isinstance(item, Unread)
    assert item.time == BusyTime(unknown=(WINDOW,))
    with pytest.raises(Unreadable):
        rig.provider.fetch(rig.calendar, rig.ref)


def test_a_task_takes_no_time_and_is_no_event() -> None:
    rig = Rig()
    rig.put("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nUID:t\r\nEND:VTODO\r\nEND:VCALENDAR\r\n")
    changes = rig.provider.changes(rig.calendar, None, known={}, window=WINDOW)
    assert (changes.items, set(changes.listed or ())) == ((), {rig.ref})
    assert rig.provider.busy([rig.calendar], WINDOW) == {rig.calendar: BusyTime()}
    with pytest.raises(Unreadable):
        rig.provider.fetch(rig.calendar, rig.ref)


def test_with_free_busy_the_changes_carry_no_time_and_busy_is_the_only_source() -> None:
    rig = Rig(Capability.FREE_BUSY)
    rig.put(ics(entry()))
    (item,) = rig.provider.changes(rig.calendar, None, known={}, window=WINDOW).items
    assert isinstance(item, Event)
    assert (item.start, item.time) == (START, BusyTime())
    asked = rig.provider.busy([rig.calendar], WINDOW)[rig.calendar]
    assert asked.busy == (Interval(START, START + HOUR),)


def test_without_tokens_every_answer_is_a_listing() -> None:
    rig = Rig(Capability.NONE)
    rig.put(ics(entry()))
    for _ in range(2):
        changes = rig.provider.changes(rig.calendar, None, known={}, window=WINDOW)
        assert (changes.token, len(changes.items), set(changes.listed or ())) == (None, 1, {rig.ref})


def test_stamps_are_the_servers_own_time_of_the_last_change_and_of_a_deletion() -> None:
    rig = Rig(Capability.SYNC_TOKEN | Capability.STAMPS)
    rig.put(ics(entry()))
    first = rig.provider.changes(rig.calendar, None, known={}, window=WINDOW)
    (event,) = first.items
    assert isinstance(event, Event)
    assert event.stamp == NOW
    rig.clock.sleep(HOUR)
    rig.server.remove(rig.calendar, rig.ref)
    rig.clock.sleep(HOUR)
    second = rig.provider.changes(rig.calendar, first.token, known={}, window=WINDOW)
    assert second.items == (Tombstone(rig.ref, NOW + HOUR),)


def test_without_stamps_nobody_is_told_when() -> None:
    rig = Rig()
    rig.put(ics(entry()))
    assert rig.provider.fetch(rig.calendar, rig.ref).stamp is None


def test_a_scheduling_server_invites_and_uninvites_by_itself() -> None:
    rig = Rig(Capability.SCHEDULING)
    written = rig.provider.create(rig.calendar, draft("one", silent=False))
    assert written.etag is not None
    rig.provider.delete(rig.calendar, written.ref, written.etag)
    sent = [(one.method, one.uid, one.address) for one in rig.server.invitations]
    assert sent == [("REQUEST", "one", MENTOR), ("CANCEL", "one", MENTOR)]


@pytest.mark.parametrize(
    ("capabilities", "silent"), [(Capability.SCHEDULING, True), (Capability.SYNC_TOKEN, False)]
)
def test_nobody_is_invited_unless_the_server_schedules_and_may(
    capabilities: Capability, silent: bool
) -> None:
    rig = Rig(capabilities)
    written = rig.provider.create(rig.calendar, draft(silent=silent))
    assert written.etag is not None
    rig.provider.delete(rig.calendar, written.ref, written.etag)
    assert rig.server.invitations == ()


def test_a_receipt_counts_whole_seconds_of_the_servers_clock() -> None:
    rig = Rig()
    rig.put(ics(entry()))
    rig.clock.sleep(timedelta(seconds=90, milliseconds=700))
    assert rig.provider.fetch(rig.calendar, rig.ref).receipt.date == NOW + timedelta(seconds=90)


def test_a_restored_event_stands_in_its_old_version() -> None:
    rig = Rig()
    rig.put(ics(entry()))
    before = rig.server.refs(rig.calendar)
    rig.server.remove(rig.calendar, rig.ref)
    with pytest.raises(EventNotFound):
        rig.provider.fetch(rig.calendar, rig.ref)
    rig.server.restore(rig.calendar, rig.ref)
    assert rig.server.refs(rig.calendar) == before


def test_a_restored_calendar_keeps_its_events_and_its_tokens() -> None:
    rig = Rig()
    rig.put(ics(entry()))
    watch = Watch(rig.provider, rig.calendar)
    watch.look()
    rig.server.delete_calendar(rig.calendar)
    with pytest.raises(AccessLost) as lost:
        watch.look()
    assert lost.value.loss is Loss.GONE
    rig.server.restore_calendar(rig.calendar)
    assert watch.look().changes.items == ()


def test_a_forgotten_token_is_refused_and_a_new_one_is_not() -> None:
    rig = Rig()
    old = rig.provider.changes(rig.calendar, None, known={}, window=WINDOW).token
    rig.server.forget_tokens(rig.calendar)
    with pytest.raises(SyncTokenExpired):
        rig.provider.changes(rig.calendar, old, known={}, window=WINDOW)
    new = rig.provider.changes(rig.calendar, None, known={}, window=WINDOW).token
    assert rig.provider.changes(rig.calendar, new, known={}, window=WINDOW).items == ()


def test_a_token_of_a_time_to_come_is_refused() -> None:
    rig = Rig()
    old = rig.provider.changes(rig.calendar, None, known={}, window=WINDOW).token
    with pytest.raises(SyncTokenExpired):
        rig.provider.changes(rig.calendar, SyncToken(f"{old}9"), known={}, window=WINDOW)


def test_a_changed_password_and_a_closed_account_are_access_lost() -> None:
    rig = Rig()
    rig.server.change_password("student", "new")
    with pytest.raises(AccessLost):
        rig.provider.calendars()
    again = MemoryProvider(rig.server, "student", "new", OWNER)
    assert [one.id for one in again.calendars()] == [rig.calendar]
    rig.server.close_account("student")
    with pytest.raises(AccessLost):
        again.calendars()


def test_a_calendar_made_read_only_can_still_be_read() -> None:
    rig = Rig()
    rig.put(ics(entry()))
    rig.server.set_writable(rig.calendar, writable=False)
    assert rig.provider.fetch(rig.calendar, rig.ref).start == START
    assert [one.writable for one in rig.provider.calendars()] == [False]
    with pytest.raises(AccessLost) as lost:
        rig.provider.create(rig.calendar, draft())
    assert lost.value.loss is Loss.FORBIDDEN


def test_another_persons_calendar_is_neither_listed_nor_read() -> None:
    rig = Rig()
    rig.server.add_account("stranger", "other")
    theirs = rig.server.add_calendar("stranger", "Theirs")
    assert [one.id for one in rig.provider.calendars()] == [rig.calendar]
    with pytest.raises(AccessLost):
        rig.provider.busy([theirs], WINDOW)


def test_a_calendar_of_tasks_takes_no_events() -> None:
    rig = Rig()
    tasks = rig.server.add_calendar("student", "Tasks", events=False)
    with pytest.raises(Unsupported):
        rig.provider.create(tasks, draft())


def test_many_threads_lose_no_write() -> None:
    rig = Rig()

    def act(number: int) -> EventRef:
        return rig.provider.create(rig.calendar, draft(f"uid-{number}")).ref

    with ThreadPoolExecutor(8) as pool:
        written = set(pool.map(act, range(64)))
    assert written == set(rig.server.refs(rig.calendar))
    assert rig.server.requests == 64


def test_a_calendar_nobody_ever_made_is_not_there() -> None:
    with pytest.raises(AccessLost) as lost:
        Rig().provider.busy([CalendarId("memory:/student/none/")], WINDOW)
    assert lost.value.loss is Loss.GONE


# --- as at Google ------------------------------------------------------------------------

JOINT = Capability.SYNC_TOKEN | Capability.SCHEDULING | Capability.STAMPS


class Pair(Rig):
    """The same with a guest, whose copies and answers are those of one event; it was written an hour ago."""

    def __init__(self) -> None:
        super().__init__(JOINT)
        self.server.joint = True
        self.server.add_account("mentor", "right")
        self.home = self.server.add_calendar("mentor", "Work")
        self.server.host(MENTOR, self.home, "")
        self.guest = MemoryProvider(self.server, "mentor", "right", OWNER, JOINT)
        self.hand = MemoryHand(self.server)
        self.ref = self.provider.create(self.calendar, draft("one", silent=False)).ref
        self.there = self.guest.ref_for(self.home, "one")
        self.clock.sleep(HOUR)

    def answer(self) -> PartStat | None:
        return self.provider.fetch(self.calendar, self.ref).partstats.get(MENTOR)


def test_a_guests_copy_has_the_events_own_ref_and_nothing_is_said_of_its_delivery() -> None:
    pair = Pair()
    assert set(pair.server.refs(pair.home)) == {pair.there}
    seen = pair.provider.fetch(pair.calendar, pair.ref)
    assert (dict(seen.deliveries), seen.silent, seen.session) == ({}, False, "s-0001")
    assert pair.guest.fetch(pair.home, pair.there).session is None, "that is the organizer's alone"
    assert pair.answer() is PartStat.NEEDS_ACTION


def test_what_a_guest_answers_shows_in_the_organizers_event() -> None:
    pair = Pair()
    pair.hand.decline(pair.home, pair.there, MENTOR)
    assert pair.answer() is PartStat.DECLINED
    assert pair.provider.fetch(pair.calendar, pair.ref).stamp == pair.clock.now()


def test_a_guest_who_deletes_the_copy_has_declined() -> None:
    pair = Pair()
    pair.hand.delete(pair.home, pair.there)
    assert pair.answer() is PartStat.DECLINED
    assert pair.server.refs(pair.home) == {}


@pytest.mark.parametrize("by", ["hand", "provider"])
def test_the_organizers_removal_takes_the_copies_along(by: str) -> None:
    pair = Pair()
    if by == "hand":
        pair.hand.delete(pair.calendar, pair.ref)
    else:
        pair.provider.delete(pair.calendar, pair.ref, pair.server.refs(pair.calendar)[pair.ref])
    assert pair.server.refs(pair.home) == {}
    with pytest.raises(EventNotFound) as gone:
        pair.guest.fetch(pair.home, pair.there)
    assert gone.value.stamp == pair.clock.now()


def test_what_the_organizer_changes_shows_in_the_copies() -> None:
    pair = Pair()
    pair.hand.move_time(pair.calendar, pair.ref, START + HOUR)
    assert pair.guest.fetch(pair.home, pair.there).start == START + HOUR


def test_a_silent_copy_is_joined_to_nothing() -> None:
    pair = Pair()
    mine = pair.guest.create(pair.home, draft("two", silent=True)).ref
    pair.hand.delete(pair.home, mine)
    assert pair.answer() is PartStat.NEEDS_ACTION


def test_a_ref_that_was_used_is_never_taken_again_and_who_asks_is_told_since_when() -> None:
    rig = Rig(Capability.SYNC_TOKEN | Capability.STAMPS)
    rig.server.once = True
    made = rig.provider.create(rig.calendar, draft("one"))
    rig.clock.sleep(HOUR)
    rig.server.remove(rig.calendar, made.ref)
    rig.clock.sleep(HOUR)
    with pytest.raises(EventExists):
        rig.provider.create(rig.calendar, draft("one"))
    assert made.etag is not None
    for act in (
        lambda: rig.provider.fetch(rig.calendar, made.ref),
        lambda: rig.provider.update(rig.calendar, made.ref, draft("one"), made.etag or ETag("")),
        lambda: rig.provider.delete(rig.calendar, made.ref, made.etag or ETag("")),
    ):
        with pytest.raises(EventNotFound) as gone:
            act()
        assert gone.value.stamp == NOW + HOUR
    rig.provider.create(rig.calendar, draft("two"))


def test_without_stamps_what_is_gone_has_none() -> None:
    rig = Rig()
    made = rig.provider.create(rig.calendar, draft("one"))
    rig.server.remove(rig.calendar, made.ref)
    with pytest.raises(EventNotFound) as gone:
        rig.provider.fetch(rig.calendar, made.ref)
    assert gone.value.stamp is None
    assert rig.provider.create(rig.calendar, draft("one")).ref == made.ref


def test_a_calendar_that_shows_only_times_is_asked_for_nothing_else() -> None:
    rig = Rig(Capability.FREE_BUSY)
    rig.put(ics(entry()))
    rig.server.set_times_only(rig.calendar, times_only=True)
    (shown,) = rig.provider.calendars()
    assert (shown.times_only, shown.writable, shown.events) == (True, False, True)
    assert rig.provider.busy([rig.calendar], WINDOW)[rig.calendar].busy == (Interval(START, START + HOUR),)
    for act in (
        lambda: rig.provider.changes(rig.calendar, None, known={}, window=WINDOW),
        lambda: rig.provider.fetch(rig.calendar, rig.ref),
        lambda: rig.provider.create(rig.calendar, draft()),
    ):
        with pytest.raises(AccessLost) as lost:
            act()
        assert lost.value.loss is Loss.FORBIDDEN
    rig.server.set_times_only(rig.calendar, times_only=False)
    assert rig.provider.fetch(rig.calendar, rig.ref).start == START


def test_the_times_of_several_calendars_are_one_request() -> None:
    rig = Rig(Capability.FREE_BUSY)
    every = [rig.calendar, *(rig.server.add_calendar("student", name) for name in ("Sport", "Choir"))]
    before = rig.server.requests
    assert set(rig.provider.busy(every, WINDOW)) == set(every)
    assert rig.server.requests == before + 1
