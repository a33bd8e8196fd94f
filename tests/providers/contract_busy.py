"""What takes a person's time: the same whether asked for at once or piece by piece."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from policy.interval import Interval, merge
from providers.base import BusyTime, Capability, Changes, Event, Tombstone, key_of
from providers.errors import Unreadable
from tests.providers.entries import Entry
from tests.providers.house import HOUR, MENTOR, START, STUDENT, WINDOW, House, entry

ONE = Interval(START, START + HOUR)


class BusyContract:
    """Free, busy, tentative, unknown."""

    def test_an_empty_calendar_is_free(self, house: House) -> None:
        assert _busy(house) == BusyTime()

    def test_an_event_takes_its_time(self, house: House) -> None:
        assert _busy(house, entry()) == BusyTime(busy=(ONE,))

    def test_our_own_session_takes_its_time(self, house: House) -> None:
        house.provider.create(house.calendar, house.draft())
        assert _busy(house) == BusyTime(busy=(ONE,))

    def test_overlapping_events_are_merged(self, house: House) -> None:
        found = _busy(house, entry(), entry(START + HOUR), entry(START + HOUR / 2))
        assert found == BusyTime(busy=(Interval(START, START + 2 * HOUR),))

    def test_a_transparent_event_takes_no_time(self, house: House) -> None:
        assert _busy(house, entry(transparent=True)) == BusyTime()

    def test_a_cancelled_event_takes_no_time(self, house: House) -> None:
        assert _busy(house, entry(status="CANCELLED")) == BusyTime()

    def test_what_the_owner_declined_takes_no_time(self, house: House) -> None:
        assert _busy(house, entry(answers={STUDENT: "DECLINED", MENTOR: "ACCEPTED"})) == BusyTime()

    def test_what_somebody_else_declined_takes_the_owners_time(self, house: House) -> None:
        found = _busy(house, entry(answers={STUDENT: "ACCEPTED", MENTOR: "DECLINED"}))
        assert found == BusyTime(busy=(ONE,))

    def test_tentative_time_is_told_apart(self, house: House) -> None:
        found = _busy(house, entry(status="TENTATIVE"), entry(START + 5 * HOUR))
        sure = Interval(START + 5 * HOUR, START + 6 * HOUR)
        told, untold = BusyTime(busy=(sure,), tentative=(ONE,)), BusyTime(busy=(ONE, sure))
        assert found == (told if house.tells_tentative else untold)

    def test_a_whole_day_is_a_day_where_the_owner_lives(self, house: House) -> None:
        found = _busy(house, _day(date(2026, 12, 5)))
        assert found.busy == (Interval(_utc(12, 4, 23), _utc(12, 5, 23)),)

    def test_a_day_on_which_clocks_change_has_its_own_length(self, house: House) -> None:
        found = _busy(house, _day(date(2027, 3, 28)))
        assert found.busy == (Interval(_utc(3, 27, 23, 2027), _utc(3, 28, 22, 2027)),)

    def test_a_weekly_event_keeps_its_wall_time_over_a_clock_change(self, house: House) -> None:
        found = _busy(house, _weekly())
        assert found.busy == tuple(_hour(*at) for at in ((3, 15, 16), (3, 22, 16), (3, 29, 15), (4, 5, 15)))

    def test_what_was_taken_out_of_a_series_is_free(self, house: House) -> None:
        found = _busy(house, _weekly(without=(_utc(3, 22, 16, 2027), _utc(4, 5, 15, 2027))))
        assert found.busy == (_hour(3, 15, 16), _hour(3, 29, 15))

    def test_a_moved_instance_takes_its_new_time_only(self, house: House) -> None:
        found = _busy(house, _weekly(moved={_utc(3, 29, 15, 2027): _utc(3, 30, 17, 2027)}))
        assert found.busy == tuple(_hour(*at) for at in ((3, 15, 16), (3, 22, 16), (3, 30, 17), (4, 5, 15)))

    def test_a_series_is_one_recurring_event(self, house: House) -> None:
        ref = house.outside.add(house.calendar, _weekly(moved={_utc(3, 29, 15, 2027): _utc(3, 30, 17, 2027)}))
        event = house.provider.fetch(house.calendar, ref)
        assert (event.recurring, event.start) == (True, _utc(3, 15, 16, 2027))

    def test_an_endless_series_ends_with_the_window(self, house: House) -> None:
        found = _busy(house, entry(rule="FREQ=DAILY"))
        assert found.busy[0] == ONE
        assert len(found.busy) == (WINDOW.end - START).days + 1

    def test_time_is_clipped_to_the_window(self, house: House) -> None:
        house.outside.add(house.calendar, entry(end=START + 4 * HOUR))
        house.outside.add(house.calendar, entry(START + 10 * HOUR))
        window = Interval(START + HOUR, START + 2 * HOUR)
        assert _both(house, window) == BusyTime(busy=(window,))

    def test_calendars_are_asked_together_and_answered_apart(self, house: House) -> None:
        house.outside.add(house.calendar, entry())
        house.outside.add(house.other, entry(START + 2 * HOUR))
        found = house.provider.busy([house.calendar, house.other], WINDOW)
        assert found == {
            house.calendar: BusyTime(busy=(ONE,)),
            house.other: BusyTime(busy=(Interval(START + 2 * HOUR, START + 3 * HOUR),)),
        }

    def test_what_cannot_be_read_is_unknown_and_never_free(self, house: House) -> None:
        house.outside.hide_time(house.calendar)
        found = _both(house, WINDOW)
        assert found.unknown
        assert found.busy == ()

    def test_an_unreadable_neighbour_leaves_the_others_alone(self, house: House) -> None:
        bad = house.outside.add_unreadable(house.calendar)
        good = house.outside.add(house.calendar, entry())
        changes = _changes(house, WINDOW)
        assert {one.ref for one in changes.items} == {bad, good} == set(changes.listed or ())
        (event,) = (one for one in changes.items if one.ref == good)
        assert isinstance(event, Event)
        assert event.start == START
        assert _both(house, WINDOW).busy == (ONE,)

    def test_what_cannot_be_read_is_not_read_again_and_never_mistaken_for_an_event(
        self, house: House
    ) -> None:
        bad = house.outside.add_unreadable(house.calendar)
        (item,) = _changes(house, WINDOW).items
        assert not isinstance(item, Tombstone)
        again = house.provider.changes(house.calendar, None, known={key_of(bad): item.etag}, window=WINDOW)
        assert (again.items, again.listed) == ((), {bad: item.etag})
        with pytest.raises(Unreadable):
            house.provider.fetch(house.calendar, bad)


def _busy(house: House, *entries: Entry) -> BusyTime:
    for one in entries:
        house.outside.add(house.calendar, one)
    return _both(house, WINDOW)


def _both(house: House, window: Interval) -> BusyTime:
    """Return what ``busy`` says, once it is what ``changes`` says piece by piece."""
    asked = house.provider.busy([house.calendar], window)[house.calendar]
    times = [one.time for one in _changes(house, window).items if not isinstance(one, Tombstone)]
    pieces = BusyTime(
        busy=merge(part for time in times for part in time.busy),
        tentative=merge(part for time in times for part in time.tentative),
        unknown=merge(part for time in times for part in time.unknown),
    )
    assert pieces == (BusyTime() if Capability.FREE_BUSY in house.provider.capabilities() else asked)
    return asked


def _changes(house: House, window: Interval) -> Changes:
    return house.provider.changes(house.calendar, None, known={}, window=window)


def _day(on: date) -> Entry:
    return Entry(f"day-{on}", on, on + timedelta(days=1))


def _weekly(**other: object) -> Entry:
    monday = _utc(3, 15, 16, 2027)  # 17:00 in Berlin; clocks change on the 28th
    return entry(monday, zone="Europe/Berlin", rule="FREQ=WEEKLY;COUNT=4", **other)


def _utc(month: int, day: int, hour: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def _hour(month: int, day: int, hour: int) -> Interval:
    return Interval(_utc(month, day, hour, 2027), _utc(month, day, hour, 2027) + HOUR)
