"""Writing and reading back one event, and never over what somebody else wrote."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from providers.base import BusyTime, CalendarProvider, Capability, ETag, PartStat, Status, Written
from providers.errors import EventExists, EventNotFound, PreconditionFailed, ProviderError, Unavailable
from syncd.clock import SystemClock
from tests.providers.entries import Shown
from tests.providers.house import HOUR, MENTOR, START, STUDENT, House, entry, version

ODD = 'Übung; "a, b" \\ c\\n 100 % <b>&amp;</b> 👩‍🏫 ' + "日本語" * 30


class WritesContract:
    """Create, fetch, update, delete."""

    most_winners = 1
    """How many of several updates at once the server takes."""

    def test_a_new_event_reads_back_as_it_was_written(self, house: House) -> None:
        ours = house.draft()
        written = house.provider.create(house.calendar, ours)
        event = house.provider.fetch(house.calendar, written.ref)
        assert (event.uid, event.start, event.end) == (ours.uid, ours.start, ours.end)
        assert (event.session, event.sequence, event.status) == ("s-0001", 0, Status.CONFIRMED)
        assert (event.all_day, event.recurring) == (False, False)
        assert event.partstats == {STUDENT: PartStat.ACCEPTED, MENTOR: PartStat.NEEDS_ACTION}
        assert event.ref == written.ref
        assert written.etag in {None, event.etag}

    def test_a_fetched_event_carries_no_busy_time(self, house: House) -> None:
        written = house.provider.create(house.calendar, house.draft())
        assert house.provider.fetch(house.calendar, written.ref).time == BusyTime()

    def test_a_new_event_stands_where_it_was_said_it_would(self, house: House) -> None:
        ours = house.draft()
        foretold = house.provider.ref_for(house.calendar, ours.uid)
        assert house.provider.create(house.calendar, ours).ref == foretold
        assert house.provider.fetch(house.calendar, foretold).uid == ours.uid

    def test_foretelling_a_place_makes_no_request_and_is_stable(self, house: House) -> None:
        before = house.requests()
        places = [house.provider.ref_for(house.calendar, uid) for uid in ("one", "two", "one")]
        with house.outage():
            assert house.another().ref_for(house.calendar, "one") == places[0] == places[2] != places[1]
        assert house.requests() == before

    def test_an_update_replaces_the_event_and_makes_a_new_version(self, house: House) -> None:
        ours = house.draft()
        first = house.provider.create(house.calendar, ours)
        old = version(house, first)
        moved = replace(ours, start=START + HOUR, end=START + 2 * HOUR, sequence=1)
        second = house.provider.update(house.calendar, first.ref, moved, old)
        event = house.provider.fetch(house.calendar, first.ref)
        assert second.ref == first.ref
        assert second.etag in {None, event.etag}
        assert event.etag != old
        assert (event.start, event.sequence, event.uid) == (START + HOUR, 1, ours.uid)

    def test_an_update_can_cancel(self, house: House) -> None:
        ours = house.draft()
        written = house.provider.create(house.calendar, ours)
        off = replace(ours, status=Status.CANCELLED, sequence=1)
        house.provider.update(house.calendar, written.ref, off, version(house, written))
        with _gone_unless(standing=house.cancelled_stands):
            assert house.provider.fetch(house.calendar, written.ref).status is Status.CANCELLED

    def test_a_deleted_event_is_not_found(self, house: House) -> None:
        written = house.provider.create(house.calendar, house.draft())
        house.provider.delete(house.calendar, written.ref, version(house, written))
        with pytest.raises(EventNotFound):
            house.provider.fetch(house.calendar, written.ref)

    def test_what_is_not_there_any_more_cannot_be_touched(self, house: House) -> None:
        ours = house.draft()
        written = house.provider.create(house.calendar, ours)
        etag = version(house, written)
        house.outside.delete(house.calendar, written.ref)
        with pytest.raises(EventNotFound):
            house.provider.update(house.calendar, written.ref, ours, etag)
        with pytest.raises(EventNotFound):
            house.provider.delete(house.calendar, written.ref, etag)
        with pytest.raises(EventNotFound):
            house.provider.fetch(house.calendar, written.ref)

    def test_what_never_was_there_cannot_be_touched(self, house: House) -> None:
        ours = house.draft()
        nowhere, etag = house.provider.ref_for(house.calendar, ours.uid), ETag('"0"')
        with pytest.raises(EventNotFound):
            house.provider.fetch(house.calendar, nowhere)
        with pytest.raises(EventNotFound):
            house.provider.update(house.calendar, nowhere, ours, etag)
        with pytest.raises(EventNotFound):
            house.provider.delete(house.calendar, nowhere, etag)

    def test_an_update_of_an_older_version_is_refused_and_changes_nothing(self, house: House) -> None:
        ours = house.draft()
        written = house.provider.create(house.calendar, ours)
        old = version(house, written)
        house.outside.move_time(house.calendar, written.ref, START + 3 * HOUR)
        with pytest.raises(PreconditionFailed):
            house.provider.update(house.calendar, written.ref, replace(ours, sequence=1), old)
        assert house.provider.fetch(house.calendar, written.ref).start == START + 3 * HOUR

    def test_a_delete_of_an_older_version_is_refused_and_removes_nothing(self, house: House) -> None:
        written = house.provider.create(house.calendar, house.draft())
        old = version(house, written)
        house.outside.decline(house.calendar, written.ref, STUDENT)
        with pytest.raises(PreconditionFailed):
            house.provider.delete(house.calendar, written.ref, old)
        assert house.provider.fetch(house.calendar, written.ref).partstats[STUDENT] is PartStat.DECLINED

    def test_a_version_that_never_was_is_refused(self, house: House) -> None:
        ours = house.draft()
        written = house.provider.create(house.calendar, ours)
        with pytest.raises(PreconditionFailed):
            house.provider.update(house.calendar, written.ref, ours, ETag('"never"'))
        with pytest.raises(PreconditionFailed):
            house.provider.delete(house.calendar, written.ref, ETag('"never"'))
        assert house.provider.fetch(house.calendar, written.ref).uid == ours.uid

    def test_creating_twice_is_refused_and_overwrites_nothing(self, house: House) -> None:
        ours = house.draft()
        written = house.provider.create(house.calendar, ours)
        first = house.provider.fetch(house.calendar, written.ref)
        with pytest.raises(EventExists):
            house.provider.create(house.calendar, replace(ours, start=START + HOUR, end=START + 2 * HOUR))
        again = house.provider.fetch(house.calendar, written.ref)
        assert (again.start, again.etag) == (START, first.etag)

    def test_a_uid_that_stands_elsewhere_in_the_calendar_is_not_created_again(self, house: House) -> None:
        ours = house.draft()
        house.outside.add(house.calendar, entry(uid=ours.uid, name="elsewhere.ics"))
        with pytest.raises(EventExists):
            house.provider.create(house.calendar, ours)

    def test_a_place_that_somebody_else_took_is_not_overwritten(self, house: House) -> None:
        ours = house.draft()
        place = house.provider.ref_for(house.calendar, ours.uid)
        own = entry(START + 5 * HOUR, name=place.rpartition("/")[2])
        assert house.outside.add(house.calendar, own) == place
        with pytest.raises(EventExists):
            house.provider.create(house.calendar, ours)
        there = house.provider.fetch(house.calendar, place)
        assert (there.start, there.session) == (START + 5 * HOUR, None)

    def test_a_create_whose_answer_was_lost_can_be_repeated(self, house: House) -> None:
        ours = house.draft()
        house.provider.create(house.calendar, ours)
        with pytest.raises(EventExists):
            house.provider.create(house.calendar, ours)
        adopted = house.provider.fetch(house.calendar, house.provider.ref_for(house.calendar, ours.uid))
        assert (adopted.session, adopted.uid) == (ours.session, ours.uid)

    def test_an_update_whose_answer_was_lost_can_be_repeated(self, house: House) -> None:
        ours = house.draft()
        written = house.provider.create(house.calendar, ours)
        old, moved = (
            version(house, written),
            replace(ours, start=START + HOUR, end=START + 2 * HOUR, sequence=1),
        )
        house.provider.update(house.calendar, written.ref, moved, old)
        with pytest.raises(PreconditionFailed):
            house.provider.update(house.calendar, written.ref, moved, old)
        adopted = house.provider.fetch(house.calendar, written.ref)
        assert (adopted.start, adopted.sequence) == (START + HOUR, 1)

    def test_a_delete_whose_answer_was_lost_can_be_repeated(self, house: House) -> None:
        written = house.provider.create(house.calendar, house.draft())
        etag = version(house, written)
        house.provider.delete(house.calendar, written.ref, etag)
        with pytest.raises(EventNotFound):
            house.provider.delete(house.calendar, written.ref, etag)

    def test_of_several_creates_at_once_one_wins(self, house: House) -> None:
        ours = house.draft()
        outcomes = _at_once(house, lambda provider: provider.create(house.calendar, ours))
        assert sum(isinstance(one, Written) for one in outcomes) == 1
        assert all(isinstance(one, Written | EventExists | Unavailable) for one in outcomes)

    def test_of_several_updates_at_once_one_wins(self, house: House) -> None:
        ours = house.draft()
        written = house.provider.create(house.calendar, ours)
        etag, times = version(house, written), iter(range(1, 100))

        def update(provider: CalendarProvider) -> Written:
            number = next(times)
            moved = replace(
                ours, start=START + number * HOUR, end=START + (number + 1) * HOUR, sequence=number
            )
            return provider.update(house.calendar, written.ref, moved, etag)

        outcomes = _at_once(house, update)
        assert 1 <= sum(isinstance(one, Written) for one in outcomes) <= self.most_winners
        assert all(isinstance(one, Written | PreconditionFailed | Unavailable) for one in outcomes)

    def test_odd_text_survives(self, house: House) -> None:
        ours = house.draft(summary=ODD, description=f"{ODD}\n\nsecond line", location="Raum 7; 1. OG, links")
        written = house.provider.create(house.calendar, ours)
        seen = house.outside.show(house.calendar, written.ref)
        assert seen == Shown(ODD, f"{ODD}\n\nsecond line", "Raum 7; 1. OG, links")

    def test_our_mark_survives_a_change_from_outside(self, house: House) -> None:
        written = house.provider.create(house.calendar, house.draft(session="s-77"))
        house.outside.retitle(house.calendar, written.ref, "Mathe mit Frau K.")
        assert house.provider.fetch(house.calendar, written.ref).session == "s-77"

    def test_an_event_of_somebody_else_carries_no_mark_of_ours(self, house: House) -> None:
        own = entry()
        event = house.provider.fetch(house.calendar, house.outside.add(house.calendar, own))
        assert (event.session, event.uid, event.start) == (None, own.uid, START)

    def test_an_answer_is_dated_by_the_server_and_not_from_a_cache(self, house: House) -> None:
        written = house.provider.create(house.calendar, house.draft())
        before = SystemClock().now() - timedelta(seconds=2)
        receipt = house.provider.fetch(house.calendar, written.ref).receipt
        assert receipt.date is not None
        assert before <= receipt.date <= SystemClock().now()
        assert not receipt.cached

    def test_capabilities_do_not_change_while_they_are_used(self, house: House) -> None:
        can = house.provider.capabilities()
        house.provider.create(house.calendar, house.draft())
        assert isinstance(can, Capability)
        assert house.another().capabilities() == can


def _gone_unless(*, standing: bool) -> AbstractContextManager[object]:
    return nullcontext() if standing else pytest.raises(EventNotFound)


def _at_once(house: House, act: Callable[[CalendarProvider], Written]) -> list[Written | ProviderError]:
    def outcome(provider: CalendarProvider) -> Written | ProviderError:
        try:
            return act(provider)
        except ProviderError as error:
            return error
        finally:
            provider.close()

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(outcome, [house.another() for _ in range(4)]))
